"""Paths written in documents: relative, inside the tree, and linked so that every renderer follows them."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

from runner.findings import InputRefused

CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
DRIVE: Final = re.compile(r"[A-Za-z]:")
LONGEST: Final = 1000
SHOWN: Final = 60
LINK_SAFE: Final = "/@+,="


def inside(root: Path, relative: str, what: str) -> Path:
    """Return root/relative, or refuse a path that does not stay inside root; `what` names its use."""
    if reason := _unfit(relative):
        raise InputRefused(f"{what}: {_shown(relative)} {reason}", fix="write a path relative to the folder")
    path = root / posixpath.normpath(relative)
    # Compared part by part: a prefix of the text is no folder, /data-private is not inside /data.
    if not _real(path).is_relative_to(_real(root)):
        raise InputRefused(f"{what}: {_shown(relative)} is a link that leaves the folder")
    return path


def relative_link(source: Path, target: Path) -> str:
    """Return the link from a document to a file, POSIX and percent-encoded."""
    return quote(Path(os.path.relpath(target, source.parent)).as_posix(), safe=LINK_SAFE)


def _unfit(relative: str) -> str:
    """Say what is wrong with the text of a path, or nothing."""
    normal = posixpath.normpath(relative)
    rules = (
        (not relative.strip() or normal == ".", "names no file"),
        (len(relative) > LONGEST, "is too long"),
        (CONTROL.search(relative), "holds an invisible character"),
        ("\\" in relative, "holds a backslash"),
        (relative.startswith("/") or DRIVE.match(relative), "is absolute"),
        (normal == ".." or normal.startswith("../"), "leaves the folder"),
    )
    return next((reason for holds, reason in rules if holds), "")


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _shown(relative: str) -> str:
    plain = CONTROL.sub("?", relative)
    return f"'{plain}'" if len(plain) <= SHOWN else f"'{plain[:SHOWN]}...'"
