"""Plug-ins are imported by name, and what is missing for them is one line."""

from __future__ import annotations

import importlib
import sys

import pytest

from runner.execution import plugins
from runner.findings import InputRefused


def test_a_job_is_the_module_of_its_name() -> None:
    """The file name is the name of the plug-in."""
    assert plugins.load("jobs", "ridge").__name__ == "runner.jobs.ridge"


def test_a_missing_library_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in that cannot be imported says which package is missing and how to get it."""
    monkeypatch.setitem(sys.modules, "runner.numerics.gram", None)
    monkeypatch.delitem(sys.modules, "runner.jobs.ridge", raising=False)

    with pytest.raises(InputRefused, match=r"job `ridge` needs runner.numerics.gram -> pip install 'logg\[jobs\]'"):
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
