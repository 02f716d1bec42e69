"""Every job keeps the contract: shapes, finite numbers, the same twice, inputs untouched, no look at test targets."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.contract import Context, Data, JobSpec, Output
from runner.documents.settings import Settings, load_plugins
from runner.execution import plugins
from runner.execution.outputs import checked
from runner.findings import JobFailed
from runner.safety import bounded_yaml as yaml
from runner.shapes import REQUIRED, Scope, bind
from tests.jobs.made_up_data import ROWS, MadeUp

JOBS = load_plugins(Path(), Settings()).jobs
PROGRAM = """
import sys
import numpy as np
np.savez(sys.argv[2], **{split: np.load(f"{sys.argv[1]}/{split}.npz")["X"].sum(1) for split in ("val", "test")})
"""
# What a job needs that has no default; a job whose parameters all have one needs no entry.
GIVEN: Mapping[str, str] = {
    "cnn": "{epochs: 5}",
    "command": f'{{run: [{sys.executable}, fit.py, "{{data}}", "{{out}}"], files: [fit.py]}}',
    "denoiser": "{layers: 2, channels: 4, kernel: 3, epochs: 2}",
    "fisher": "{labels: [heat, metal]}",
    "matched": "{steps: 20}",
    "moe": "{split: {by: heat, edges: [-9, 0, 9]}, experts: {job: ridge}}",
    "template_fit": "{refine: false}",
    "tower": "{families: [pca, ridge, top], components: 3, pixels: 4, segments: 2, epochs: 5}",
    "vit": "{model: p2_h4_L1_a2, epochs: 2}",
}


def ran(name: str, folder: Path, data: Any) -> Output:
    """Return what a job makes of the made-up rows with its own defaults."""
    (folder / "fit.py").write_text(PROGRAM)
    given = yaml.load(GIVEN.get(name, "{}"))
    assert isinstance(given, yaml.Mapping)
    params = bind(JOBS[name], given, "job", _refused, Scope(JOBS))
    return called(JobSpec(name, 1, params), data, Context(nested=nested, folder=folder))


def nested(spec: JobSpec, data: Data, seed: int) -> Output:
    """Run a job inside a job."""
    return called(spec, data, Context(seed=seed, nested=nested))


def called(spec: JobSpec, data: Data, context: Context) -> Output:
    """Import a job and run it."""
    module = plugins.load("jobs", spec.job)
    output: Output = module.run(plugins.params_of(module, spec.params), data, context)
    return output


def _refused(code: str, _node: yaml.Node, message: str, _fix: str) -> None:
    pytest.fail(f"{code} {message}: say it in GIVEN")


@pytest.mark.parametrize("name", JOBS)
def test_predictions_have_the_shape_of_their_rows(name: str, tmp_path: Path) -> None:
    """One finite real number per row of val and test, or bounds alone; scalars and tables are finite numbers, too."""
    output = ran(name, tmp_path, MadeUp())

    assert set(output.predictions) == {"val", "test"} or (not output.predictions and output.bounds is not None)
    for split, values in output.predictions.items():
        assert np.asarray(values).shape == (ROWS[split],)
        assert np.asarray(values).dtype.kind in "fiu"
        assert np.isfinite(values).all()
    checked(output, MadeUp())


@pytest.mark.parametrize("name", JOBS)
def test_the_same_again_is_the_same(name: str, tmp_path: Path) -> None:
    """With one seed a job predicts the same bytes twice."""
    first, second = (ran(name, tmp_path, MadeUp()) for _ in range(2))

    for split, predicted in first.predictions.items():
        assert np.asarray(predicted).tobytes() == np.asarray(second.predictions[split]).tobytes()
    assert np.asarray(first.bounds).tobytes() == np.asarray(second.bounds).tobytes()


@pytest.mark.parametrize("name", JOBS)
def test_inputs_stay_as_they_were(name: str, tmp_path: Path) -> None:
    """A job that scales or sorts does so on a copy: its neighbours see the same rows."""
    data = MadeUp()
    for split in (data.train, data.val, data.test):
        kept = split.numbers()
        split.numbers = lambda kept=kept: kept
    before = {name: [array.copy() for array in getattr(data, name).numbers()] for name in ROWS}
    ran(name, tmp_path, data)

    for split, arrays in before.items():
        for now, then in zip(getattr(data, split).numbers(), arrays, strict=True):
            np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("name", JOBS)
def test_nobody_asks_for_the_test_targets(name: str, tmp_path: Path) -> None:
    """Training rows with their targets, test rows without; what is not used is declared as not used."""
    data = MadeUp()
    output = ran(name, tmp_path, data)

    assert JOBS[name].origin == (data.behind is not None)
    assert not (output.predictions and data.behind and data.behind.truth)
    assert "pairs" not in data.test.asked
    assert JOBS[name].uses_train == bool(data.train.asked)
    assert JOBS[name].uses_val or "pairs" not in data.val.asked


@pytest.mark.parametrize("name", JOBS)
def test_a_job_says_what_it_is(name: str) -> None:
    """A docstring, a comment above every parameter, and defaults of the declared shape."""
    contract = JOBS[name]
    module = plugins.load("jobs", name)

    assert contract.summary.endswith((".", ":"))
    assert [p.name for p in contract.parameters.values() if not p.meaning] == []
    defaults = {p.name: p.default for p in contract.parameters.values() if p.default is not REQUIRED}
    missing = {p: None for p in contract.parameters if p not in defaults}
    made = plugins.params_of(module, {**missing, **defaults})
    assert made == module.Params(**{p: getattr(made, p) for p in contract.parameters})


def test_the_made_up_rows_catch_what_they_are_there_for(tmp_path: Path) -> None:
    """A job that asks for the test targets fails here."""
    with pytest.raises(AssertionError, match="test targets"):
        next(MadeUp().test.pairs(5))
    with pytest.raises(JobFailed):
        called(JobSpec("command", 1, {"run": ("false",)}), MadeUp(), Context(folder=tmp_path))
