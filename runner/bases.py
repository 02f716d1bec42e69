"""The class of another file that the `Params` of a plug-in are built on: where it stands, found without an import."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Base:
    """A class of the package, and the file that holds it."""

    name: str
    path: Path
    text: bytes

    @property
    def moved(self) -> bool:
        """Tell whether the file says something else by now."""
        return _text(self.path) != self.text


def imported(tree: ast.Module, name: str) -> Base | None:
    """Return the class that a module imports by this name from a file of the package, None where there is no file."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _base(alias.name, node.module or "")
    return None


def _base(name: str, module: str) -> Base | None:
    package, *parts = module.split(".")
    path = PACKAGE.joinpath(*parts).with_suffix(".py")
    text = _text(path) if package == PACKAGE.name else None
    return None if text is None else Base(name, path, text)


def _text(path: Path) -> bytes | None:
    """Return what a file holds, None where there is none, or can be none of this name."""
    try:
        return path.read_bytes()
    except OSError:
        return None
