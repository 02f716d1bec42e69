"""Plug-ins are imported by name, and what is missing for them is one line."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.contract import JobSpec
from runner.execution import plugins
from runner.execution.plugins import params_of
from runner.findings import InputRefused


def test_a_job_is_the_module_of_its_name() -> None:
    """The file name is the name of the plug-in."""
    assert plugins.load("jobs", "ridge").__name__ == "runner.jobs.ridge"


def test_a_missing_library_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in that cannot be imported says which package is missing and how to get it."""
    monkeypatch.setitem(sys.modules, "scipy.linalg", None)
    monkeypatch.delitem(sys.modules, "runner.numerics.shrinkage", raising=False)
    monkeypatch.delitem(sys.modules, "runner.jobs.ridge", raising=False)

    with pytest.raises(InputRefused, match=r"job `ridge` needs scipy.linalg -> pip install 'logg\[jobs\]'"):
        plugins.load("jobs", "ridge")


def test_without_torch_nothing_is_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine itself needs no torch; asking for a device without it is refused in one line."""
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(InputRefused, match="jobs need torch"):
        plugins.default_device()


@pytest.mark.parametrize(("there", "device"), [(True, "cuda"), (False, "cpu")])
def test_the_default_device_is_cuda_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, *, there: bool, device: str
) -> None:
    """A card that torch sees is used without being asked for."""
    torch = importlib.import_module("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)

    assert plugins.default_device() == device


@dataclass(frozen=True)
class Deep:
    """A record with a kind."""

    kind: str = "deep"
    width: int = 1


@dataclass(frozen=True)
class Wide:
    """Another with the same fields."""

    kind: str = "wide"
    width: float = 1.0


@dataclass(frozen=True)
class Params:
    """What a job might declare."""

    net: Deep | Wide
    nets: tuple[Deep | Wide, ...] | None
    by_name: dict[str, Wide]
    inner: JobSpec | None
    weights: dict[str, float] | None = None


def test_maps_become_the_records_a_file_declares() -> None:
    """Accepted values are plain maps in keys and files, and frozen dataclasses in the hands of a job."""
    wide: dict[str, Any] = {"kind": "wide", "width": 2.0}
    inner = {"job": "plugin", "version": 1, "params": {"net": wide}}
    values = {"net": wide, "nets": ({"kind": "deep", "width": 3}, wide), "by_name": {"a": wide}, "inner": inner}
    made = params_of(SimpleNamespace(Params=Params), {**values, "weights": {"kind": 1.0}})  # type: ignore[arg-type]

    assert made == Params(
        net=Wide(width=2.0),
        nets=(Deep(width=3), Wide(width=2.0)),
        by_name={"a": Wide(width=2.0)},
        inner=JobSpec("plugin", 1, {"net": wide}),
        weights={"kind": 1.0},
    )
    assert params_of(SimpleNamespace(Params=Params), {**values, "nets": None, "inner": None}).nets is None  # type: ignore[arg-type]


def test_half_a_module_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    """A project's job whose import fails says the same thing every time, and loads once it is mended."""
    job = tmp_path / "mine.py"
    job.write_text("import nowhere_to_be_found\n\ndef run(params, data, context): ...\n")
    for _ in range(2):
        with pytest.raises(InputRefused, match="needs nowhere_to_be_found") as refusal:
            plugins.load("jobs", "mine", job)
        assert refusal.value.fix == "install it, or mend the import"

    job.write_text("def run(params, data, context): ...\n")
    assert hasattr(plugins.load("jobs", "mine", job), "run")
