"""The settings of a knowledge base: the table `[tool.runner]` of its pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.contract import Contract, contracts
from runner.documents.reading import LANGUAGES, Plugins
from runner.expressions.names import suggestion
from runner.findings import InputRefused
from runner.safety.paths import inside

FILE = "pyproject.toml"
PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """What a project may set: the language of its labels, and the folder of jobs of its own."""

    lang: str = "en"
    jobs: str = ""


def read_settings(root: Path) -> Settings:
    """Read the settings of a knowledge base; without any, everything is as usual."""
    table = _table(root / FILE)
    known = Settings.__dataclass_fields__
    for name, value in table.items():
        if name not in known or not isinstance(value, str):
            what = f"`{name}` is no text" if name in known else f"unknown setting `{name}`"
            raise InputRefused(f"{FILE}: {what}", code="LG203", fix=suggestion(name, known))
    settings = Settings(**table)
    if settings.lang not in LANGUAGES:
        raise InputRefused(f"{FILE}: no labels in `{settings.lang}`", code="LG203", fix="use en or zh")
    return settings


def load_plugins(root: Path, settings: Settings) -> Plugins:
    """Read the contracts of all plug-ins: those of the package, and a project's own jobs beside them."""
    jobs, sources, figures = (contracts(PACKAGE / family) for family in ("jobs", "data", "figures"))
    own = _own_jobs(root, settings.jobs) if settings.jobs else {}
    for name in own.keys() & jobs.keys():
        fix = "rename the file"
        raise InputRefused(f"{FILE}: there is a job `{name}` already: {own[name].path.name}", code="LG206", fix=fix)
    return Plugins({**jobs, **own}, sources, figures)


def _own_jobs(root: Path, folder: str) -> dict[str, Contract]:
    path = inside(root, folder, f"{FILE}: jobs")
    if not path.is_dir():
        raise InputRefused(f"{FILE}: there is no folder `{folder}` of jobs", code="LG207", fix="make it")
    return contracts(path)


def _table(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputRefused(f"{FILE}: {str(error)[:200]}", code="LG201") from error
    for name in ("tool", "runner"):
        table = table.get(name, {})
        if not isinstance(table, dict):
            raise InputRefused(f"{FILE}: `{name}` is no table", code="LG201")
    return table
