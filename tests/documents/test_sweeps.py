"""Sweeps: what varies, which jobs vary with it, and what their runs are called."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.documents.experiment import read_experiment
from runner.documents.form import Form
from runner.documents.kinds import Experiment, Protocol
from runner.documents.sweeps import count, points, run_name, spelled, spoken, usual
from runner.documents.sweeps import settings as settings_of
from runner.expressions.tokens import quantity
from runner.findings import Finding
from runner.safety import canonical
from tests.documents.made_up_jobs import NAME, front, made_up
from tests.documents.marked import unmarked

ROWS = "id: rows\naxes: {noise: [0, 0.2, 1], depth: [20, 21.5]}\n"
JOBS = """jobs:
  net: {job: mix, router: {kind: mlp}, experts: {job: line}, features: {pca: 3}}
  line: {job: line}
  edge: {job: bound, label: x}
"""
PROTOCOL = Protocol(
    version=1, source="arrays", options={}, columns={}, generated=False, val=1, test=1, seed=0,
    axes={"noise": (0.0, 0.2, 1.0), "depth": (20.0, 21.5)}, target="x", metrics=("r2",), slices={},
)  # fmt: skip
NUMBER = "a number from 0 up is due -> write 500, 32k or 0.5"
WHOLE = "a whole number from 0 up is due -> write 500, 32k or 0.5"
KNOWN = "there is depth, edge.label, line.alpha, line.scale, net.after, net.beside, net.experts, net.features, …"
UNFIT = "cannot stand between parentheses -> use letters, digits and _, or declare two jobs"
PLAIN = "is a number or a word"


def declared(sweep: str, jobs: str = JOBS, more: str = "train: 200\n") -> tuple[Experiment, list[Finding], list[str]]:
    """Return an experiment with this sweep, what is wrong with it, and the places of the marks in its text."""
    text, places = unmarked(f"protocol: rows@1\n{more}sweep: {sweep}\n{jobs}")
    findings: list[Finding] = []
    experiment = read_experiment(Form(front(text), NAME, findings), made_up(), {"rows@1": front(ROWS)}.get)
    return experiment, findings, places


def swept(sweep: str, jobs: str = JOBS, more: str = "") -> Experiment:
    """Return an experiment with this sweep, in which nothing is wrong."""
    more = more if "train:" in sweep + more else f"train: 200\n{more}"
    experiment, findings, _ = declared(sweep, jobs, more)
    assert findings == []
    return experiment


def names(experiment: Experiment) -> dict[str, list[str]]:
    """Return what the runs of each job are called."""
    return {
        name: [run_name(name, point) for point in points(job, experiment.sweep)]
        for name, job in experiment.jobs.items()
    }


@pytest.mark.parametrize(
    ("sweep", "name", "values", "job", "path"),
    [
        ("{train: [50k, 1M]}", "train", (50_000.0, 1e6), "", ()),
        ("{train: 50k}", "train", (50_000.0,), "", ()),
        ("{seed: [3, 1, 2]}", "seed", (3.0, 1.0, 2.0), "", ()),
        ("{train_noise: [0, 20%]}", "train_noise", (0.0, 0.2), "", ()),
        ("{noise: [0.2, 1]}", "noise", (0.2, 1.0), "", ()),
        ("{depth: [20, 21.5]}", "depth", (20.0, 21.5), "", ()),
        ("{net.router.hidden: [8, 16]}", "hidden", (8.0, 16.0), "net", ("router", "hidden")),
        ("{net.features.pca: [3, 2k]}", "pca", (3.0, 2000.0), "net", ("features", "pca")),
        ("{net.experts.alpha: [1e-3, 1]}", "alpha", (0.001, 1.0), "net", ("experts", "alpha")),
        ("{line.alpha: [1e-3, 1]}", "alpha", (0.001, 1.0), "line", ("alpha",)),
        ("{edge.label: [a, 7E1]}", "label", ("a", "7E1"), "edge", ("label",)),
    ],
)
def test_an_axis_is_read(sweep: str, name: str, values: tuple, job: str, path: tuple[str, ...]) -> None:
    """Numbers as people write them, parameters as their job's file declares them, in the order as written."""
    [axis] = swept(sweep).sweep.values()

    assert (axis.name, axis.values, axis.job, axis.path) == (name, values, job, path)
    assert str(axis.place).startswith(f"{NAME}:")


@pytest.mark.parametrize(
    ("sweep", "found"),
    [
        ("{net.router.hidden: [1, 2], net.features.pca: [1, 2]}", ["hidden", "pca"]),
        ("{net.experts.alpha: [1, 2], line.alpha: [1, 2]}", ["net_experts_alpha", "line_alpha"]),
        ("{line.alpha: [1, 2], net.experts.alpha: [1, 2]}", ["line_alpha", "net_experts_alpha"]),
    ],
)
def test_parameters_of_one_name_are_told_apart(sweep: str, found: list[str]) -> None:
    """The last part of a name is enough where it is the only one; else all count, whichever stands first."""
    assert list(swept(sweep).sweep) == found


@pytest.mark.parametrize("name", ["noise", "seed", "train", "depth"])
def test_a_parameter_is_never_taken_for_an_axis_of_the_rows(name: str) -> None:
    """A job may call a parameter as it likes: its sweep moves that parameter, neither rows nor seed."""
    line = made_up()["line"]
    jobs = {**made_up(), "line": replace(line, parameters={name: replace(line.parameters["alpha"], name=name)})}
    text = f"protocol: rows@1\ntrain: 200\nsweep: {{line.{name}: [0.25, 4]}}\njobs: {{line: {{job: line}}}}\n"
    findings: list[Finding] = []
    experiment = read_experiment(Form(front(text), NAME, findings), jobs, {"rows@1": front(ROWS)}.get)

    assert findings == []
    assert list(experiment.sweep) == [f"line_{name}"]
    assert names(experiment) == {"line": [f"line(line_{name}=0.25)", f"line(line_{name}=4)"]}


def test_a_field_of_the_document_is_no_axis() -> None:
    """A swept parameter called like another field of the front matter is not said to stand there twice."""
    swept("{edge.label: [a, b]}", more="train: 200\nlabel: x\n")


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("{§sede: [1, 2]}", "LG202 nothing here is called `sede` -> did you mean `seed`?"),
        ("{§nte.router: [1, 2]}", "LG202 nothing here is called `nte.router` -> did you mean `net.router`?"),
        ("{§alpha: [1, 2]}", "LG202 nothing here is called `alpha` -> did you mean `line.alpha`?"),
        ("{§net: [1, 2]}", f"LG202 nothing here is called `net` -> {KNOWN}"),
        ("{line.alhpa: [§1]}", "LG205 `line` has no parameter `alhpa` -> did you mean `alpha`?"),
        ("{net.router.classes: §2}", "LG205 `mix` has no parameter `router.classes` -> did you mean `router`?"),
        ("{line.alpha: [1, §x]}", "LG203 `line.alpha`: `x` where a number is due"),
        ("{line.scale: [§true]}", f"LG203 a value of `line.scale` {PLAIN} -> declare two jobs instead"),
        ("{net.features.best: [§[1, 2]]}", f"LG203 a value of `net.features.best` {PLAIN} -> write [1, 2, 3]"),
        ("{edge.label: [a, §'a b']}", f"LG203 `a b` of `edge.label` {UNFIT}"),
        ("{edge.label: [§c/d, e]}", f"LG203 `c/d` of `edge.label` {UNFIT}"),
        ("{edge.label: [§'x, y=1']}", f"LG203 `x, y=1` of `edge.label` {UNFIT}"),
        ("{edge.label: [§' a']}", f"LG203 ` a` of `edge.label` {UNFIT}"),
        ("{edge.label: [§'*']}", f"LG203 `*` of `edge.label` {UNFIT}"),
        ("{edge.label: [§'']}", f"LG203 `` of `edge.label` {UNFIT}"),
        ("{seed: §[]}", "LG203 `seed` takes a list of values -> write [1, 2, 3]"),
        ("{seed: §{a: 1}}", f"LG203 a value of `seed` {PLAIN} -> write [1, 2, 3]"),
        ("{seed: [1, §1.5]}", f"LG203 `seed` is `1.5`, {WHOLE}"),
        ("{train: §0.5k1}", f"LG203 `train` is `0.5k1`, {WHOLE}"),
        ("{train: [§-1]}", f"LG203 `train` is `-1`, {WHOLE}"),
        ("{noise: [0, §much]}", f"LG203 `noise` is `much`, {NUMBER}"),
        ("{noise: [0, §1e999]}", f"LG203 `noise` is `1e999`, {NUMBER}"),
        ("{seed: §[1, 2, 1]}", "LG206 a value of `seed` is given twice -> give each once"),
        ("{noise: §[0.2, 20%]}", "LG206 a value of `noise` is given twice -> give each once"),
        ("{noise: §[0.2, 0.20000000000001]}", "LG206 a value of `noise` is given twice -> give each once"),
        ("§[seed]", "LG203 `sweep` takes a map of names -> write one `name: value` per line"),
    ],
)
def test_a_mistake_is_one_finding_at_its_place(sweep: str, message: str) -> None:
    """The axis is left out, with where, what, and what to write."""
    experiment, findings, places = declared(sweep)

    assert [str(finding) for finding in findings] == [f"{NAME}:{place}: {message}" for place in places]
    assert not experiment.sweep


@pytest.mark.parametrize(
    ("line", "sweep"),
    [("noise: §1", "{noise: [0.2, 1]}"), ("train: §200", "{train: [100, 200]}"), ("depth: §20", "{depth: 20}")],
)
def test_an_axis_has_one_value_or_several(line: str, sweep: str) -> None:
    """What is set for all runs cannot vary as well."""
    name = line.partition(":")[0]
    _, findings, places = declared(sweep, more=f"{line}\n" if name == "train" else f"train: 200\n{line}\n")

    message = f"LG206 `{name}` is also under `sweep:` -> leave one of them out"
    assert [str(finding) for finding in findings] == [f"{NAME}:{place}: {message}" for place in places]


@pytest.mark.parametrize(("seeds", "refused"), [(500, False), (501, True)])
def test_the_runs_of_a_job_are_counted(seeds: int, *, refused: bool) -> None:
    """A thousand is a lot, more is a mistake; a job that does not vary may stand beside."""
    sweep = f"§{{noise: [0, 1], seed: [{', '.join(map(str, range(seeds)))}]}}"
    experiment, findings, places = declared(sweep)

    message = "LG203 `net` would run 1002 times -> keep to 1000 runs of a job"
    assert [str(finding) for finding in findings] == ([f"{NAME}:{places[0]}: {message}"] if refused else [])
    assert [count(job, experiment.sweep) for job in experiment.jobs.values()] == [2 * seeds, 2, 2]


@pytest.mark.parametrize(
    ("sweep", "net", "line", "edge"),
    [
        ("{seed: [1, 2]}", ("seed",), (), ()),
        ("{train: [1k, 2k]}", ("train",), ("train",), ()),
        ("{train_noise: [0, 1]}", ("train_noise",), ("train_noise",), ()),
        ("{noise: [0, 1]}", ("noise",), ("noise",), ("noise",)),
        ("{depth: 20}", ("depth",), ("depth",), ("depth",)),
        ("{net.router.hidden: [1, 2]}", ("hidden",), (), ()),
        ("{line.alpha: [1, 2]}", (), ("alpha",), ()),
        ("{train: [1, 2], seed: [1, 2], noise: 1, line.alpha: 1}", ("noise", "seed", "train"),
         ("alpha", "noise", "train"), ("noise",)),
    ],
)  # fmt: skip
def test_a_job_varies_over_what_it_depends_on(
    sweep: str, net: tuple[str, ...], line: tuple[str, ...], edge: tuple[str, ...]
) -> None:
    """Its file says whether seed and training rows matter; a parameter is its own; axes of the rows are everyone's."""
    assert [job.axes for job in swept(sweep).jobs.values()] == [net, line, edge]


def test_a_job_varies_with_those_it_is_given() -> None:
    """What a neighbour depends on reaches a job through its predictions, however many lie between."""
    jobs = """jobs:
  last: {job: mix, after: middle}
  middle: {job: mix, beside: [line]}
  line: {job: line}
  edge: {job: bound, label: x}
"""
    found = swept("{line.alpha: [1, 2], edge.label: [a, b]}", jobs).jobs

    assert {name: job.axes for name, job in found.items()} == {
        "last": ("alpha",), "middle": ("alpha",), "line": ("alpha",), "edge": ("label",),
    }  # fmt: skip


THERE = "id: E-9\nprotocol: rows@1\ntrain: 32k\njobs:\n  net: {job: mix}\n  line: {job: line}\n"
COPIED = "id: E-1\nprotocol: rows@1\ntrain_noise: 1\ncites: {e9: E-9}\nsweep: {train: [1k, 2k], seed: [1, 2]}\njobs:\n"


def copied(jobs: str) -> tuple[Experiment, list[Finding], list[str]]:
    """Return an experiment that varies and copies from one that does not."""
    text, places = unmarked(COPIED + jobs)
    findings: list[Finding] = []
    others = {"rows@1": front(ROWS), "E-9": front(THERE)}
    return read_experiment(Form(front(text), NAME, findings), made_up(), others.get), findings, places


def test_what_was_copied_with_its_settings_does_not_vary() -> None:
    """A job of another experiment keeps its training rows and its seed; what it is given to neither varies for it."""
    experiment, findings, _ = copied("  old: {like: e9.net}\n  new: {job: mix}\n  far: {job: mix, after: old}\n")

    assert findings == []
    assert {name: job.axes for name, job in experiment.jobs.items()} == {
        "old": (),
        "new": ("seed", "train"),
        "far": ("seed", "train"),
    }
    assert experiment.jobs["old"].fixed["train"] == 32_000.0


def test_a_copy_is_not_given_what_varies() -> None:
    """Its training rows are those it was copied with; those of the neighbour it would learn from are many."""
    experiment, findings, places = copied("  §old: {like: e9.net, after: line}\n  line: {job: line}\n")
    message = "LG206 `old` was copied with its train, and is given jobs that vary over it"

    assert [str(finding) for finding in findings] == [
        f"{NAME}:{places[0]}: {message} -> write `old` out, or leave train fixed"
    ]
    assert experiment.jobs["old"].axes == ("train",)


def test_runs_are_called_by_their_axes() -> None:
    """Axes stand in the order of their names, values in full and as written, the first axis slowest."""
    assert names(swept("{train: [1M, 50k], seed: [2, 1], noise: 20%}")) == {
        "net": [
            "net(noise=0.2, seed=2, train=1000000)",
            "net(noise=0.2, seed=2, train=50000)",
            "net(noise=0.2, seed=1, train=1000000)",
            "net(noise=0.2, seed=1, train=50000)",
        ],
        "line": ["line(noise=0.2, train=1000000)", "line(noise=0.2, train=50000)"],
        "edge": ["edge(noise=0.2)"],
    }


def test_without_a_sweep_a_run_is_called_as_its_job() -> None:
    """Even one that varies in nothing has one run."""
    assert names(swept("{}")) == {"net": ["net"], "line": ["line"], "edge": ["edge"]}
    assert names(swept("{line.alpha: 1}"))["line"] == ["line(alpha=1)"]
    assert names(swept("{edge.label: [a, b]}"))["edge"] == ["edge(label=a)", "edge(label=b)"]


@pytest.mark.parametrize(
    ("value", "spoken_", "spelled_"),
    [
        (50_000.0, "50k", "50000"),
        (1e6, "1M", "1000000"),
        (1_500_000.0, "1.5M", "1500000"),
        (1_234_567.0, "1234.567k", "1234567"),
        (12_345_678.0, "12345.678k", "12345678"),
        (999.0, "999", "999"),
        (0.2, "0.2", "0.2"),
        (21.123456, "21.123456", "21.123456"),
        (1e-7, "1e-07", "1e-07"),
        (0.0, "0", "0"),
        ("mlp", "mlp", "mlp"),
    ],
)
def test_values_are_written_as_people_say_them(value: float | str, spoken_: str, spelled_: str) -> None:
    """In tables and titles short, in result files in full."""
    assert (spoken(value), spelled(value)) == (spoken_, spelled_)


@given(st.integers(0, 10**11) | st.decimals(0, 1000, places=6).map(float))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_what_is_said_means_the_value(value: float) -> None:
    """Short or in full, reading it again gives the number."""
    assert quantity(spoken(float(value))) == pytest.approx(float(value), rel=1e-12)
    assert quantity(spelled(float(value))) == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(
    ("job", "more", "expected"),
    [
        ("net", "", {"noise": 0, "depth": 20, "train": 200, "seed": 0}),
        ("line", "noise: 0.2\n", {"noise": 0.2, "depth": 20, "train": 200}),
        ("line", "noise: 1\ntrain_noise: 0\n", {"noise": 1, "depth": 20, "train": 200, "train_noise": 0}),
        ("line", "noise: 1\ntrain_noise: 1\n", {"noise": 1, "depth": 20, "train": 200}),
        ("edge", "noise: 1\ntrain_noise: 0\ndepth: 21.5\n", {"noise": 1, "depth": 21.5}),
    ],
)
def test_everything_that_is_set_for_a_run_is_known(job: str, more: str, expected: dict[str, float]) -> None:
    """Named or usual, and only what the job depends on; training noise only where it differs."""
    experiment = swept("{}", more=f"train: 200\n{more}")
    found = settings_of(experiment, PROTOCOL, experiment.jobs[job], {}, made_up())

    assert found == expected


def test_a_point_of_a_sweep_is_set_for_its_run() -> None:
    """What varies takes its value there, a training noise that is that of the rows goes without saying."""
    experiment = swept(
        "{train: [5, 6], seed: [1, 2], train_noise: [0, 1], net.router.hidden: [3, 4]}", more="noise: 1\n"
    )
    job = experiment.jobs["net"]
    found = [settings_of(experiment, PROTOCOL, job, point, made_up()) for point in points(job, experiment.sweep)]

    assert len(found) == 16
    assert {canonical.dumps({k: v for k, v in each.items() if k != "depth"}) for each in found} == {
        canonical.dumps({"noise": 1.0, "seed": seed, "train": train, **learnt})
        for seed in (1.0, 2.0)
        for train in (5.0, 6.0)
        for learnt in ({}, {"train_noise": 0.0})
    }


@pytest.mark.parametrize(("values", "expected"), [((1.0, 0.0), 0.0), ((0.5, 1.0), 0.5), ((2.0,), 2.0)])
def test_an_axis_left_out_is_zero_or_the_first(values: tuple[float, ...], expected: float) -> None:
    """Rows are as they are unless something is said."""
    assert usual(values) == expected
