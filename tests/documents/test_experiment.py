"""The front matter of an experiment: its jobs and their parameters, and every way to get them wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents.kinds import Experiment
from runner.documents.library import load_library
from runner.expressions.names import suggestion
from tests.documents.marked import NAME, edited, expected, listed, plugins, read, unmarked
from tests.knowledge import EXPERIMENT, PROTOCOL, write

ALPHA, DUE = "LG203 `alpha` of `ridge`", "a number or val or cv is due"
SINGLE = [
    ("train: 200", "§trane: 200\ntrain: 200", "LG202 unknown field `trane` -> did you mean `train`?"),
    ("train: 200", "train: §-3", "LG203 `train` is `-3`, a whole number from 0 up is due -> write 500, 32k or 1M"),
    ("train: 200", "train: §much", "LG203 `train` is `much`, a whole number from 0 up is due -> write 500, 32k or 1M"),
    ("noise: 1", "noise: §[0, 1]", "LG203 `noise` is a collection, a number from 0 up is due -> write 0.5"),
    ("train: 200", "train: 200\ntrain_noise: §x", "LG203 `train_noise` is `x`, a number from 0 up is due -> write 0.5"),
    ("tiny@1", "§[tiny@1]", "LG203 `protocol` takes one value, not several"),
    ("job: ridge, alpha: 1e4", "job: §rigde", "LG204 unknown job `rigde` -> did you mean `ridge`?"),
    ("{job: ridge, alpha: 1e4}", "§ridge", "LG203 job `weak` takes a map -> write `weak: {job: ridge}`"),
    ("alpha: 1e4", "§alhpa: 1e4", "LG205 `ridge` has no parameter `alhpa` -> did you mean `alpha`?"),
    ("alpha: 1e4", "alpha: §vla", f"{ALPHA}: `vla` where {DUE} -> did you mean `val`?"),
    ("alpha: 1e4", "alpha: §1e400", f"{ALPHA}: `1e400` where {DUE} -> there is cv, val"),
    ("alpha: 1e4", "alphas: §{a: 1}", "LG203 `alphas` of `ridge`: a collection where a list (each a number) is due"),
    ("alpha: 1e4", "alphas: [1, §x]", "LG203 `alphas` of `ridge`: `x` where a number is due"),
    ("  weak: ", "  §Weak: ", "LG203 the job `Weak` is not lower-case letters, digits and _ -> choose another name"),
    ("  weak: ", "  §max: ", "LG203 the job `max` is a word of the language -> choose another name"),
    ("strong.r2 > 0.5", "§weak.r2", "LG304 `H-B` is a quantity, a predicate is due -> compare it: weak.r2 > 0"),
    ("gain: strong.r2 - weak.r2", "gain: strong.r2 §− weak.r2", "LG301 `−` has no meaning in an expression -> write -"),
]  # fmt: skip
REQUIRED = [("protocol", "tiny@1"), ("train", "200"), ("id", "TOY-1"), ("title", "A toy"), ("kind", "exp")]


def experiment(folder: Path, text: str) -> Experiment:
    """Return the experiment a text declares, which is without a finding."""
    document = read(folder, text)
    assert not document.findings
    assert document.experiment is not None
    return document.experiment


def test_values_are_those_written_or_declared(tmp_path: Path) -> None:
    """Sizes and numbers are converted, parameters left out take the default of the job's file."""
    found = experiment(tmp_path, edited(EXPERIMENT, ("train: 200", "train: 32k\nmvp: moe:MVP-1")))
    contract = plugins().jobs["ridge"]

    assert (found.protocol, found.axes, found.train, found.mvp) == ("tiny@1", {"noise": 1.0}, 32_000, "moe:MVP-1")
    assert (found.train_noise, found.sweep, found.published, found.withdrawn, found.retired) == (None, {}, (), (), None)
    assert list(found.jobs) == ["weak", "strong"]
    assert found.jobs["weak"].params == {n: p.default for n, p in contract.parameters.items()} | {"alpha": 1e4}
    assert found.jobs["strong"].params["alpha"] == "val"
    assert list(found.expect) == ["H-A", "H-B"]


def test_job_carries_the_contract_it_was_read_against(tmp_path: Path) -> None:
    """Version, code and use of the validation rows are those of the job's file; the place is the name's."""
    text, places = unmarked(edited(EXPERIMENT, ("  weak: ", "  §weak: ")))
    job, contract = experiment(tmp_path, text).jobs["weak"], plugins().jobs["ridge"]

    assert (job.job, job.version, job.code) == ("ridge", contract.version, contract.code)
    assert [str(job.place)] == [f"logg/toy/exp/toy.md:{place}" for place in places]


def test_axis_left_out_is_not_set(tmp_path: Path) -> None:
    """What it then is, is for the protocol to say."""
    assert experiment(tmp_path, edited(EXPERIMENT, ("noise: 1\n", ""))).axes == {}


def test_noise_of_the_training_rows_may_be_another(tmp_path: Path) -> None:
    """None at all is a level too."""
    for written, value in (("0", 0.0), ("20%", 0.2)):
        text = edited(EXPERIMENT, ("noise: 1\n", f"noise: 1\ntrain_noise: {written}\n"))
        assert experiment(tmp_path, text).train_noise == value


def test_training_rows_that_vary_need_not_be_set(tmp_path: Path) -> None:
    """The sweep says how many there are."""
    found = experiment(tmp_path, edited(EXPERIMENT, ("train: 200", "sweep: {train: [100, 200]}")))

    assert (found.train, found.sweep["train"].values) == (0, (100.0, 200.0))
    assert [job.axes for job in found.jobs.values()] == [("train",), ("train",)]


def test_axes_are_those_of_the_protocol(tmp_path: Path) -> None:
    """Each may be set by its name; one that the protocol lacks is an unknown field."""
    protocol = edited(PROTOCOL, ("noise: [0, 1]", "noise: [0, 1]\n  depth: [20, 21.5]"))
    text, places = unmarked(edited(EXPERIMENT, ("noise: 1\n", "noise: 1\ndepth: 21.5\n§width: 3\n")))
    write(tmp_path, {"protocols/tiny.md": protocol, NAME: text})
    found = load_library(tmp_path).named("TOY-1")

    assert found.experiment is not None
    assert found.experiment.axes == {"noise": 1.0, "depth": 21.5}
    assert [line.split()[:2] for line in listed(found.findings)] == [[f"{places[0]}:", "LG202"]]


@pytest.mark.parametrize(("old", "new", "message"), SINGLE)
def test_mistake_is_one_finding_at_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    """One mistake, one line: where, what, and what to write."""
    text, places = unmarked(edited(EXPERIMENT, (old, new)))

    assert listed(read(tmp_path, text).findings) == expected(places, message)


@pytest.mark.parametrize("job", ["§{alpha: 1e4}", "{job: §[ridge]}"])
def test_job_that_does_not_say_which_is_told_which_there_are(tmp_path: Path, job: str) -> None:
    """The jobs there are come from the plug-in files."""
    text, places = unmarked(edited(EXPERIMENT, ("{job: ridge, alpha: 1e4}", job)))
    message = f"LG204 `weak` does not say which job it is -> {suggestion('', plugins().jobs)}"

    assert listed(read(tmp_path, text).findings) == expected(places, message)


@pytest.mark.parametrize(("key", "value"), REQUIRED)
@pytest.mark.parametrize("empty", [True, False])
def test_missing_field_is_a_finding(tmp_path: Path, key: str, value: str, *, empty: bool) -> None:
    """A field without a value is shown where it stands, one that is not there at the first field."""
    text = edited(EXPERIMENT, (f"{key}: {value}\n", f"{key}:§\n" if empty else ""))
    text, places = unmarked(text if empty else text.replace("---\n", "---\n§", 1))

    assert listed(read(tmp_path, text).findings) == expected(places, f"LG202 `{key}` is missing -> add `{key}:`")


@pytest.mark.parametrize("jobs", ["jobs:\n", "jobs: {}\n", ""])
def test_experiment_without_jobs_is_one_that_is_planned(tmp_path: Path, jobs: str) -> None:
    """What it will run is written later, training rows included."""
    start, end = EXPERIMENT.index("train:"), EXPERIMENT.index("define:")
    document = read(tmp_path, EXPERIMENT[:start] + jobs + EXPERIMENT[end:])

    assert document.jobless
    assert not document.findings


def test_experiment_whose_only_job_is_wrong_is_not_without_jobs(tmp_path: Path) -> None:
    """It declares one, which has to be mended."""
    text = edited(EXPERIMENT, ("job: ridge, alpha: 1e4", "job: rigde"), ("  strong: {job: ridge, alpha: val}\n", ""))

    assert not read(tmp_path, text).jobless
