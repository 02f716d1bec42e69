"""Latents as arrays and as files: what a job may give, what is believed of what lies beside a fit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from runner.contract import Context, Output
from runner.execution.fits import Cache, Fit
from runner.execution.latents import KeptLatents
from runner.execution.outputs import checked
from runner.findings import ArtefactDamaged, JobFailed


def split(rows: int) -> Any:
    """Return a split of so many rows."""
    return SimpleNamespace(rows=rows, width=2, positions=None)


SPLITS = cast("Any", SimpleNamespace(train=split(5), val=split(3), test=split(4)))
GOOD = {"train": np.ones((5, 2)), "val": np.ones((3, 2)), "test": np.ones((4, 2))}
SAID = {"val": np.zeros(3), "test": np.zeros(4)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"val": None}, "it returns no val latents"),
        ({"train": None}, "it returns no train latents"),
        ({"test": np.ones((3, 2))}, r"test latents have shape \(3, 2\), \(4, n\) is due, with one n for all rows"),
        ({"val": np.ones((3, 1))}, r"val latents have shape \(3, 1\), \(3, n\) is due, with one n"),
        ({"train": np.ones(5)}, r"train latents have shape \(5,\), \(5, n\) is due"),
        ({"train": np.float64(1)}, r"train latents have shape \(\), \(5, n\) is due"),
        ({name: values[:, :0] for name, values in GOOD.items()}, r"train latents have shape \(5, 0\)"),
        ({"test": np.full((4, 2), np.nan)}, "8 test latents are not finite"),
        ({"test": np.array([[1e39, 0], [0, -1e39], [0, 0], [0, 0]])}, "2 test latents are not finite"),
        ({"val": np.full((3, 2), "a")}, "val latents are <U1, real numbers are due"),
        ({"val": np.ones((3, 2), dtype=bool)}, "val latents are bool, real numbers are due"),
    ],
)
def test_latents_that_nobody_could_use_are_refused(change: dict[str, Any], message: str) -> None:
    """As many finite real numbers for each row of every split, or none at all."""
    given = {name: values for name, values in {**GOOD, **change}.items() if values is not None}

    with pytest.raises(JobFailed, match=message):
        checked(Output(SAID, latents=given), SPLITS)


def test_good_latents_are_single_precision() -> None:
    """Whole numbers, views and doubles are taken as what is kept; no latents are none."""
    given = {name: np.arange(values.size).reshape(values.shape[::-1]).T for name, values in GOOD.items()}
    found = checked(Output(SAID, latents=given), SPLITS).latents

    assert found is not None
    for name, values in given.items():
        assert (str(found[name].dtype), found[name].flags.c_contiguous) == ("float32", True)
        np.testing.assert_array_equal(found[name], values)
    assert checked(Output(SAID), SPLITS).latents == {}


def test_who_was_told_the_truth_gives_no_latents() -> None:
    """A sibling would predict from them."""
    with pytest.raises(JobFailed, match="it asked for the truth of the test rows"):
        checked(Output(bounds=np.zeros(4), latents=GOOD), SPLITS, told=True)


def test_a_context_without_a_workshop_has_none() -> None:
    """A job that is called by hand is told so."""
    with pytest.raises(JobFailed, match="this run is given no latents of `a`"):
        Context().latents("a", "val")


def kept(root: Path) -> Fit:
    """Keep a fit with latents, which lets go of them, and take it out again."""
    cache = Cache(root)
    latents = {name: values.astype(np.float32) for name, values in GOOD.items()}
    assert isinstance(cache.keep("key", Fit(SAID, latents=latents)).latents, KeptLatents)
    found = cache.take("key")
    assert found is not None
    return found


def test_latents_of_one_split_mean_nothing_beside_those_of_another_fit(tmp_path: Path) -> None:
    """Where one file is lost all are, whichever is asked for first."""
    fit = kept(tmp_path)
    (tmp_path / ".logg/cache/fits/key.test.npy").unlink()

    assert fit.represented("train", "a") is None
    again = kept(tmp_path)
    np.testing.assert_array_equal(again.represented("test", "a"), GOOD["test"])


def test_latents_that_change_between_two_splits_are_refused(tmp_path: Path) -> None:
    """Half of one fit and half of another would go unnoticed otherwise."""
    fit = kept(tmp_path)
    assert fit.represented("train", "a") is not None
    with (tmp_path / ".logg/cache/fits/key.val.npy").open("wb") as file:
        np.save(file, np.zeros((3, 2), dtype=np.float32))

    with pytest.raises(ArtefactDamaged, match="changed while it was used"):
        fit.represented("val", "a")


def test_latents_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    """To take a fit from the cache is to read its predictions alone; a file is no less a fit without them."""
    fit = kept(tmp_path)
    for split in GOOD:
        (tmp_path / f".logg/cache/fits/key.{split}.npy").unlink()

    assert Cache(tmp_path).take("key") is not None
    assert (fit.latents or {}).keys() == GOOD.keys()
