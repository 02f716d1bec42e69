"""Import jobs and sources by name; nothing else in the engine does. Figures are imported where they are drawn."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from runner.findings import InputRefused


def load(family: str, name: str) -> ModuleType:
    """Import the plug-in file `runner/<family>/<name>.py`."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read once, before torch starts
    try:
        return importlib.import_module(f"runner.{family}.{name}")
    except ImportError as error:
        fix = "pip install 'logg[jobs]'"
        raise InputRefused(f"{family[:-1]} `{name}` needs {error.name}", code="LG407", fix=fix) from error


def default_device() -> str:
    """Return cuda where torch sees one, cpu otherwise."""
    torch = load_torch()
    return "cuda" if torch.cuda.is_available() else "cpu"


def load_torch() -> ModuleType:
    """Import torch, which every job computes with."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise InputRefused("jobs need torch", code="LG407", fix="pip install 'logg[jobs]'") from error
