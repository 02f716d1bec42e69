"""Runs of a sweep: one for every point, each after those it is given, equal ones under equal keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.documents.library import load_library
from runner.plans.specs import JobRun, job_runs
from runner.plans.staleness import Reason, reasons
from runner.verdicts.knowledge import gather
from tests.swept import EXPERIMENT, PROTOCOL, file, runs, swept

CHAIN = """---
kind: exp
id: TOY-C
title: One after another
date: 2026-01-02
protocol: wide@1
noise: 1
train: 200
sweep: {line.alpha: [1, 2], seed: [1, 2]}
jobs:
  last:   {job: mix, beside: [middle, line]}
  middle: {job: mix, after: line}
  alone:  {job: mix}
  line:   {job: line}
---
"""
DEEP = """---
kind: exp
id: TOY-D
title: Parameters in the depths
date: 2026-01-02
protocol: wide@1
noise: 1
train: 200
sweep: {net.router.hidden: [8, 16], net.experts.alpha: [1e-3, 5], net.features.pca: [3, 40k], edge.label: [a, b]}
jobs:
  net:  {job: mix, router: {kind: mlp, rows: 0.5}, experts: {job: line, scale: false}, features: {best: [1]}}
  edge: {job: bound, label: c}
---
"""


def planned(folder: Path, experiment: str = EXPERIMENT, protocol: str = PROTOCOL, identity: str = "") -> list[JobRun]:
    """Return the runs an experiment declares, in which nothing is wrong."""
    library = load_library(swept(folder, experiment, protocol))
    assert library.findings == []
    found = next(document.id for document in library.experiments)
    return job_runs(library.named(identity or found), library)


def named(runs: list[JobRun]) -> dict[str, JobRun]:
    """Return runs by their names, each of which stands once."""
    found = {run.name: run for run in runs}
    assert len(found) == len(runs)
    return found


def replaced(old: str, new: str, text: str = EXPERIMENT) -> str:
    """Replace what stands there once."""
    assert text.count(old) == 1
    return text.replace(old, new)


def test_every_point_is_a_run(tmp_path: Path) -> None:
    """Each job expands over what it depends on; a run knows its point and everything that is set for it."""
    runs = named(planned(tmp_path))

    assert list(runs) == [
        *(f"net(seed={seed}, train={train})" for seed in (1, 2, 3) for train in (50000, 1000000)),
        *("line(train=50000)", "line(train=1000000)", "edge"),
    ]
    assert runs["net(seed=2, train=50000)"].point == {"seed": 2.0, "train": 5e4}
    assert runs["net(seed=2, train=50000)"].axes == {"noise": 1.0, "seed": 2.0, "train": 5e4}
    assert runs["line(train=50000)"].axes == {"noise": 1.0, "train": 5e4}
    assert runs["edge"].axes == {"noise": 1.0}
    assert len({run.fit for run in runs.values()}) == len(runs)
    assert len({run.asked for run in runs.values()}) == 1


def test_points_at_other_noise_ask_for_other_rows(tmp_path: Path) -> None:
    """Trained at one noise, a run that is only scored at another has the same fit; trained as scored, it has not."""
    swept_noise = replaced(
        "noise: 1\n", "", replaced("train: [50k, 1M]\n  seed: [1, 2, 3]", "noise: [0, 1]\n  train: 1k")
    )
    swept_noise = swept_noise.replace(
        "  gap: net.r2 - line.r2\n  step: net(1M).r2 - net(50k).r2\n", "  gap: net(0).r2\n"
    )
    fixed = swept_noise.replace("sweep:", "train_noise: 1\nsweep:")
    as_scored, apart = (named(planned(tmp_path / name, text)) for name, text in (("a", swept_noise), ("b", fixed)))
    quiet, loud = "net(noise=0, train=1000)", "net(noise=1, train=1000)"

    assert as_scored[quiet].fit != as_scored[loud].fit == apart[loud].fit == apart[quiet].fit
    assert as_scored[quiet].asked == apart[quiet].asked != apart[loud].asked
    assert (apart[quiet].axes["noise"], apart[quiet].axes["train_noise"]) == (0.0, 1.0)
    assert "train_noise" not in apart[loud].axes
    assert apart["edge(noise=0)"].fit != apart["edge(noise=1)"].fit


def test_equal_fits_of_two_experiments_are_one(tmp_path: Path) -> None:
    """Swept here and fixed there, beside other jobs and under another name: what is learnt is the same."""
    single = replaced("sweep:\n  train: [50k, 1M]\n  seed: [1, 2, 3]\n", "train: 1M\nsweep: {seed: 2}\n")
    single = replaced("  net:  {job: mix}", "  other: {job: mix}", single.replace("net(1M).r2 - net(50k).r2", "1"))
    single = replaced("net.r2 - line.r2", "1", single)
    many, one = named(planned(tmp_path / "a")), named(planned(tmp_path / "b", single))

    for name, same in (
        ("other(seed=2)", "net(seed=2, train=1000000)"),
        ("line", "line(train=1000000)"),
        ("edge", "edge"),
    ):
        assert (one[name].fit, one[name].asked) == (many[same].fit, many[same].asked)


def test_swept_parameters_are_set_where_they_stand(tmp_path: Path) -> None:
    """At any depth and as their job takes them; what stands beside stays."""
    runs = named(planned(tmp_path, DEEP))
    params = runs["net(alpha=0.001, hidden=16, pca=40000)"].job.params

    assert len(runs) == 8 + 2
    assert params["router"] == {"kind": "mlp", "hidden": 16, "rows": 0.5}
    assert params["experts"] == {"job": "line", "version": 3, "params": {"alpha": 0.001, "scale": False}}
    assert params["features"] == {"pca": 40000, "best": (1,)}
    assert [type(params["router"]["hidden"]), type(params["features"]["pca"])] == [int, int]
    whole = runs["net(alpha=5, hidden=8, pca=3)"].job.params["experts"]["params"]["alpha"]
    assert (whole, type(whole)) == (5.0, float)
    assert [runs[f"edge(label={label})"].job.params["label"] for label in "ab"] == ["a", "b"]
    assert len({run.fit for run in runs.values()}) == len(runs)


def test_a_swept_parameter_is_the_parameter(tmp_path: Path) -> None:
    """Whether a value was swept or written is no part of a fit: it is computed once."""
    written = replaced("sweep: {net.router.hidden: [8, 16], net.experts.alpha: [1e-3, 5], ", "sweep: {", DEEP)
    written = replaced("net.features.pca: [3, 40k], ", "", written)
    written = replaced("{kind: mlp, rows: 0.5}", "{kind: mlp, rows: 0.5, hidden: 16}", written)
    written = replaced("{job: line, scale: false}", "{job: line, scale: false, alpha: 5}", written)
    written = replaced("{best: [1]}", "{best: [1], pca: 40k}", written)

    many, one = named(planned(tmp_path / "a", DEEP)), named(planned(tmp_path / "b", written))
    assert one["net"].fit == many["net(alpha=5, hidden=16, pca=40000)"].fit


def test_runs_stand_after_those_they_are_given(tmp_path: Path) -> None:
    """Each names the runs whose predictions it is given, at its own point."""
    runs = named(planned(tmp_path, CHAIN))
    order = list(runs)

    assert runs["middle(alpha=2, seed=1)"].needs == ("line(alpha=2)",)
    assert set(runs["last(alpha=2, seed=1)"].needs) == {"middle(alpha=2, seed=1)", "line(alpha=2)"}
    assert runs["alone(seed=1)"].needs == ()
    for run in runs.values():
        assert all(order.index(needed) < order.index(run.name) for needed in run.needs)
    assert [name for name in order if name.startswith("alone")] == ["alone(seed=1)", "alone(seed=2)"]


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("{job: line}", "{job: line, scale: false}", {"line", "middle", "last"}),
        ("{job: mix, after: line}", "{job: mix, after: line, router: mlp}", {"middle", "last"}),
        ("{job: mix, beside: [middle, line]}", "{job: mix, beside: [middle]}", {"last"}),
        ("{job: mix}", "{job: mix, router: mlp}", {"alone"}),
    ],
)
def test_a_fit_depends_on_those_it_is_given(tmp_path: Path, old: str, new: str, moved: set[str]) -> None:
    """However many lie between, and on no others."""
    before, after = (
        named(planned(tmp_path / name, text)) for name, text in (("a", CHAIN), ("b", replaced(old, new, CHAIN)))
    )

    assert before.keys() == after.keys()
    assert {after[name].job.name for name in before if before[name].fit != after[name].fit} == moved


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda text: replaced("val: 40", "val: 39", text), {"net"}),
        (lambda text: replaced("test: 80", "test: 79", text), set()),
        (lambda text: replaced("seed: 7", "seed: 8", text), {"net", "line", "edge"}),
        (lambda text: replaced("target: weight", "target: age", text), {"net", "line", "edge"}),
        (lambda text: replaced("young: age < 40", "young: age < 30", text), set()),
        (lambda text: replaced("[20, 30, 40, 60]", "[20, 35, 40, 60]", text), set()),
    ],
)
def test_validation_rows_count_for_those_that_use_them(
    tmp_path: Path, change: Callable[[str], str], moved: set[str]
) -> None:
    """A job says in its file whether it looks at them; test rows and slices nobody looks at."""
    before, after = named(planned(tmp_path / "a")), named(planned(tmp_path / "b", protocol=change(PROTOCOL)))

    assert {after[name].job.name for name in before if before[name].fit != after[name].fit} == moved


def told(root: Path, text: str) -> list[Reason]:
    """Return why runs would be made again after the experiment was changed."""
    (root / "logg/toy/exp/swept.md").write_text(text)
    base = gather(root)
    assert base.library.findings == []
    document = next(document for document in base.library.experiments)
    return reasons(job_runs(document, base.library), base.store.result(document))


def test_a_point_more_is_a_run_more(tmp_path: Path) -> None:
    """A value that is added is new, one that is dropped is no longer declared; all others stay as they are."""
    root = swept(tmp_path)
    file(root)

    assert told(root, EXPERIMENT) == []
    assert told(root, EXPERIMENT.replace("seed: [1, 2, 3]", "seed: [2, 3, 1]")) == []
    assert told(root, EXPERIMENT.replace("seed: [1, 2, 3]", "seed: [1, 2, 3, 4]")) == [
        Reason(f"net(seed=4, train={train})", "new", "no result yet") for train in (50000, 1000000)
    ]
    gone = told(root, EXPERIMENT.replace("seed: [1, 2, 3]", "seed: [1, 2]"))
    assert {reason.run for reason in gone} == {f"net(seed=3, train={train})" for train in (50000, 1000000)}
    assert {(reason.part, reason.text.partition("` ")[2]) for reason in gone} == {("job", "is no longer declared")}


def test_a_run_whose_neighbour_changed_says_so(tmp_path: Path) -> None:
    """The reason is the nearest of those it is given, not its own spec."""
    root = swept(tmp_path, CHAIN)
    file(root, "TOY-C")
    found = {reason.run: reason for reason in told(root, replaced("{job: line}", "{job: line, scale: false}", CHAIN))}

    assert found["line(alpha=1)"] == Reason("line(alpha=1)", "parameters", "scale: True -> False")
    assert found["middle(alpha=1, seed=2)"].text == "it is given `line(alpha=1)`, which changed"
    assert found["last(alpha=1, seed=2)"].part == "job"
    assert not any(name.startswith("alone") for name in found)


def test_the_files_of_a_job_inside_a_job_are_part_of_its_key(tmp_path: Path) -> None:
    """Editing the script of a nested program is another fit, as it is for the program itself."""
    nested = EXPERIMENT.replace(
        "net:  {job: mix}", "net:  {job: mix, experts: {job: command, run: [sh, fit.sh], files: [fit.sh]}}"
    )
    root = swept(tmp_path, nested)
    keys = []
    for script in ("exit 0\n", "exit 1\n"):
        (root / "logg" / "fit.sh").write_text(script)
        keys.append({run.name: run.fit for run in runs(root)})

    moved = {name for name in keys[0] if keys[0][name] != keys[1][name]}
    assert moved == {name for name in keys[0] if name.startswith("net")}
