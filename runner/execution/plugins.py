"""Import jobs and sources by name; nothing else in the engine does. Figures are imported where they are drawn."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from runner.contract import JobSpec
from runner.findings import InputRefused, UsageError
from runner.shapes import KIND

OURS = {"h5py", "lightgbm", "scipy", "sklearn", "torch"}  # what the extra `jobs` brings
PACKAGE = Path(__file__).parent.parent


def load(family: str, name: str, path: Path | None = None) -> ModuleType:
    """Import the plug-in file `runner/<family>/<name>.py`, or the file of a project at another path."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read once, before torch starts
    try:
        if path is not None and not path.is_relative_to(PACKAGE):
            return _from_file(f"project_{family}.{name}", path)
        return importlib.import_module(f"runner.{family}.{name}")
    except ImportError as error:
        ours = (error.name or "").partition(".")[0] in OURS
        fix = "pip install 'logg[jobs]'" if ours else "install it, or mend the import"
        raise InputRefused(f"{family[:-1]} `{name}` needs {error.name}", code="LG407", fix=fix) from error


def params_of(module: ModuleType, values: Mapping[str, Any]) -> Any:
    """Return the `Params` of a plug-in, its maps turned into the frozen dataclasses its file declares."""
    return _made(module.Params, values)


def default_device() -> str:
    """Return cuda where torch sees one, cpu otherwise."""
    torch = load_torch()
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_there(asked: str) -> str:
    """Return the device that was asked for, refusing a card that torch does not see."""
    if asked == "cuda" and not load_torch().cuda.is_available():
        raise UsageError("torch sees no CUDA device here", fix="leave --device out, or give --device cpu")
    return asked


def load_torch() -> ModuleType:
    """Import torch, which every job computes with."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise InputRefused("jobs need torch", code="LG407", fix="pip install 'logg[jobs]'") from error


def _from_file(name: str, path: Path) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(name=path.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a dataclass looks up the annotations of its own module here
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half a module would pass for a whole one the next time
        raise
    return module


def _made(record: Any, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(record)
    return record(**{name: _of_type(hints.get(name), value) for name, value in values.items()})


def _of_type(due: Any, value: Any) -> Any:
    """Return an accepted value as what its annotation says: a map may be a record, a job inside a job, or a map."""
    if isinstance(value, tuple):
        return tuple(_of_type(_part(due, tuple), item) for item in value)
    if not isinstance(value, Mapping):
        return value
    record = next((part for part in _parts(due) if is_dataclass(part) and _fits(part, value)), None)
    if record is JobSpec:
        return JobSpec(**value)
    if record is not None:
        return _made(record, value)
    return {name: _of_type(_part(due, dict), item) for name, item in value.items()}


def _parts(due: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, or the one type there is."""
    return get_args(due) if get_origin(due) in {Union, UnionType} else (due,)


def _part(due: Any, container: type) -> Any:
    """Return what an annotation says of the items of its list, or of the values of its map."""
    found = next((part for part in _parts(due) if get_origin(part) is container), None)
    return None if found is None else get_args(found)[container is dict]


def _fits(record: Any, values: Mapping[str, Any]) -> bool:
    """Tell whether accepted values are of a record: all of its fields, and its kind where it has one."""
    defaults = {field.name: field.default for field in fields(record)}
    return defaults.keys() == values.keys() and defaults.get(KIND) == values.get(KIND)
