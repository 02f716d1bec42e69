"""Where the templates stand: inside an installed package, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def folder() -> Path:
    """Return the folder of templates, words and explanations."""
    inside, beside = PACKAGE / "templates", PACKAGE.parent / "templates"
    return inside if inside.is_dir() else beside
