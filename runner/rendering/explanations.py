"""What each finding means and how to mend it: one page per code, written for the person who meets it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from runner.expressions.names import suggestion
from runner.findings import CODES, UsageError
from runner.rendering.shelf import folder
from runner.report import Report


def page_of(code: str) -> Path:
    """Return the file that explains a code."""
    return folder() / "explain" / f"{code}.md"


def explain(word: str) -> Report:
    """Return the page about a code, whichever way it is spelt."""
    code = word.upper()
    if code not in CODES:
        raise UsageError(f"there is no code `{word}`", fix=suggestion(code, CODES))
    page = page_of(code).read_text(encoding="utf-8")
    return Report(page.splitlines(), {"code": code, **asdict(CODES[code]), "page": page})


def overview() -> Report:
    """Return every code with its title, and who mends it."""
    lines = [f"{code}  {kind.severity:<7}  {kind.fixed_by:<7}  {kind.title}" for code, kind in CODES.items()]
    return Report(lines, {"codes": {code: asdict(kind) for code, kind in CODES.items()}})
