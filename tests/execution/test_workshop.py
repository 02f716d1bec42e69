"""The workshop: what a run is shown, what it may ask for, and what happens when what it needs has failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from runner.contract import Context, JobSpec, Output
from runner.documents.kinds import Job
from runner.execution import plugins
from runner.execution.fits import Cache, Fit
from runner.execution.keeping import Keeper
from runner.execution.progress import Progress
from runner.execution.workshop import Workshop
from runner.findings import Place, UsageError
from runner.plans.specs import JobRun
from runner.results.arrays import rounded

Run = Callable[[Any, Any, Context], Output]
NOWHERE = Place("exp.md")


@dataclass
class Rows:
    """A split that remembers what it was asked for."""

    name: str
    rows: int
    axes: Mapping[str, float]


@dataclass
class Source:
    """A source that makes such splits."""

    asked: list[Rows] = field(default_factory=list)

    def split(self, name: str, rows: int, *, axes: Mapping[str, float], **_: Any) -> Rows:
        """Return a split and remember it."""
        self.asked.append(Rows(name, rows, dict(axes)))
        return self.asked[-1]


def zeros(_params: Any, data: Any, _context: Context) -> Output:
    """Predict nothing but zero."""
    return Output({"val": np.zeros(data.val.rows), "test": np.zeros(data.test.rows)})


def broken(*_: Any) -> Output:
    """Fail."""
    raise ZeroDivisionError("division by zero")


def counted(calls: list[int]) -> Run:
    """Return a job that predicts thirds and lists how many test rows it was given each time."""

    def run(_params: Any, data: Any, _context: Context) -> Output:
        calls.append(data.test.rows)
        return Output({"val": np.ones(data.val.rows), "test": np.arange(data.test.rows) / 3})

    return run


def asking(split: str) -> Run:
    """Return a job that predicts zero and asks for what `a` predicted."""

    def run(params: Any, data: Any, context: Context) -> Output:
        context.predicted("a", split)
        return zeros(params, data, context)

    return run


def run_of(name: str, *needs: str, job: str = "", **more: Any) -> JobRun:
    """Return a run of a job of its own name on 10 rows."""
    declared = Job(name, job or name, 1, "", params={}, place=NOWHERE)
    axes = {"train": 10.0, "noise": 1.0, "seed": 5.0}
    return replace(JobRun(name, declared, {}, axes, "data", f"fit-{name}", "asked", needs), **more)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Run]:
    """Return the jobs there are, to be filled by a test."""
    found: dict[str, Run] = {}

    def load(_family: str, name: str, _path: Path | None = None) -> Any:
        return SimpleNamespace(run=found[name], Params=SimpleNamespace)

    monkeypatch.setattr(plugins, "load", load)
    monkeypatch.setattr(plugins, "params_of", lambda _module, values: SimpleNamespace(**values))
    return found


def workshop(jobs: Mapping[str, Run], cache: Cache | None = None) -> Workshop:
    """Return a workshop for these jobs."""
    protocol = SimpleNamespace(val=3, test=4, seed=7, target="weight", axes={"noise": (0.0, 1.0)})
    contracts = {name: SimpleNamespace(name=name, code="", path=Path(f"{name}.py"), origin=False) for name in jobs}
    source = cast("Any", Source())
    return Workshop(source, cast("Any", protocol), cast("Any", contracts), Path(), "cpu", cache=cache)


def test_rows_a_job_learns_from_may_have_a_noise_of_their_own(jobs: dict[str, Run]) -> None:
    """Training and validation rows take `train_noise`, test rows the noise that is asked for."""
    jobs["a"] = zeros
    at = workshop(jobs)

    at.make(run_of("a", axes={"train": 10.0, "noise": 1.0, "train_noise": 0.0}))

    assert cast("Any", at.source).asked == [
        Rows("train", 10, {"noise": 0.0}),
        Rows("val", 3, {"noise": 0.0}),
        Rows("test", 4, {"noise": 1.0}),
    ]


def test_a_job_knows_its_seed_and_tells_how_far_it_is(jobs: dict[str, Run]) -> None:
    """The seed is an axis of the run, zero for a job that draws nothing."""
    seen: list[int] = []
    told: list[str] = []

    def run(params: Any, data: Any, context: Context) -> Output:
        seen.append(context.seed)
        context.progress(1, 2, "epoch")
        return zeros(params, data, context)

    class Told(Progress):
        def step(self, run: str, done: int, total: int, note: str) -> None:
            told.append(f"{run} {note} {done} {total}")

    jobs["a"] = run
    for axes in ({"train": 10.0, "noise": 1.0, "seed": 5.0}, {"train": 10.0, "noise": 1.0}):
        at = workshop(jobs)
        at.progress = Told()
        at.make(run_of("a", axes=axes))

    assert (seen, told) == ([5, 0], ["a epoch 1 2"] * 2)


def test_a_job_that_needs_a_failed_one_fails_in_one_line_and_others_go_on(jobs: dict[str, Run]) -> None:
    """What is missing is passed on along the whole chain."""
    jobs.update(bad=broken, good=zeros)
    at = workshop(jobs)

    made = [at.make(run_of(name, *needs)) for name, *needs in (["bad"], ["good"])]
    made += [at.make(run_of(name, need, job="good")) for name, need in (("b", "bad"), ("c", "b"), ("d", "good"))]

    assert [fit.failed for fit in made] == [
        "ZeroDivisionError: division by zero", "", "needs `bad`, which failed", "needs `b`, which failed", "",
    ]  # fmt: skip


def test_a_job_is_given_what_those_it_needs_predicted(jobs: dict[str, Run]) -> None:
    """Validation and test predictions are those filed; training rows take the place of test rows in a second run."""
    calls: list[int] = []
    got: dict[str, np.ndarray] = {}

    def b(params: Any, data: Any, context: Context) -> Output:
        got.update({split: context.predicted("a", split) for split in ("train", "val", "test", "train")})
        return zeros(params, data, context)

    jobs.update(a=counted(calls), b=b)
    at = workshop(jobs)
    at.make(replace(run_of("a"), name="a(train=10)"))
    assert not at.make(run_of("b", "a(train=10)")).failed

    assert calls == [4, 10]
    np.testing.assert_array_equal(got["val"], np.ones(3))
    np.testing.assert_array_equal(got["test"], rounded(np.arange(4) / 3))
    np.testing.assert_array_equal(got["train"], rounded(np.arange(10) / 3))


def test_predictions_on_training_rows_are_kept_like_any_fit(jobs: dict[str, Run], tmp_path: Path) -> None:
    """A second command takes them from the cache, and does not take them for the fit itself."""
    calls: list[int] = []
    jobs.update(a=counted(calls), b=asking("train"))

    for fit in ("one", "two"):
        at = workshop(jobs, Cache(tmp_path))
        at.make(run_of("a"))
        assert not at.make(run_of("b", "a", fit=fit)).failed

    assert calls == [4, 10]


@pytest.mark.parametrize(
    ("split", "change", "message"),
    [
        ("test", {"needs": ()}, "b does not declare that it needs `a`"),
        ("test", {"asked": "other"}, "`a` was made on other test rows than b"),
        ("train", {"axes": {"train": 9.0, "noise": 1.0, "seed": 5.0}}, "`a` was made on other train rows than b"),
        ("train", {"axes": {"train": 10.0, "noise": 1.0, "train_noise": 0.0}}, "`a` was made on other train rows"),
        ("valid", {}, "there are no `valid` rows -> ask for train, val or test"),
    ],
)
def test_predictions_for_other_rows_are_refused(
    jobs: dict[str, Run], split: str, change: dict[str, Any], message: str
) -> None:
    """A job is never given numbers that belong to rows it does not have."""
    jobs.update(a=zeros, b=asking(split))
    at = workshop(jobs)
    at.make(run_of("a"))

    assert message in at.make(run_of("b", "a", **change)).failed


def test_a_job_inside_a_job_runs_on_the_data_it_is_given(jobs: dict[str, Run]) -> None:
    """A nested job sees the same device, a seed of its own where one is given, and may nest again."""
    seen: list[tuple[str, int, int]] = []

    def inner(params: Any, data: Any, context: Context) -> Output:
        seen.append((params.word, data.train.rows, context.seed))
        if params.word == "outer":
            context.fit(JobSpec("inner", 1, {"word": "deep"}), data, seed=9)
        return zeros(params, data, context)

    def outer(_params: Any, data: Any, context: Context) -> Output:
        few = SimpleNamespace(train=Rows("train", 2, {}), val=data.val, test=data.test)
        return context.fit(JobSpec("inner", 1, {"word": "outer"}), cast("Any", few))

    jobs.update(inner=inner, outer=outer)

    assert not workshop(jobs).make(run_of("outer")).failed
    assert seen == [("outer", 2, 5), ("deep", 2, 9)]


def test_what_is_laid_ready_is_not_made_again(jobs: dict[str, Run]) -> None:
    """A fit that is filed as declared is used as it is, by those that need it too."""

    def b(_params: Any, data: Any, context: Context) -> Output:
        return Output({"val": np.zeros(data.val.rows), "test": context.predicted("a", "test")})

    jobs.update(a=broken, b=b)
    at = workshop(jobs)
    at.put(run_of("a"), Fit({"val": np.ones(3), "test": np.ones(4)}))

    np.testing.assert_array_equal(at.make(run_of("b", "a")).predictions["test"], np.ones(4))
    assert at.make(run_of("a")).predictions["test"].sum() == 4


def test_two_runs_of_one_fit_are_made_once(jobs: dict[str, Run]) -> None:
    """Two names for one computation cost one computation, forced or not."""
    calls: list[int] = []
    jobs["a"] = counted(calls)
    at = workshop(jobs)

    at.make(run_of("a"))
    at.make(run_of("b", job="a", fit="fit-a"))

    assert calls == [4]


def test_a_split_is_known_by_all_its_rows_depend_on(jobs: dict[str, Run]) -> None:
    """Data, split, rows, target, draw and axes: what differs in one of them has a key of its own."""
    keys: list[str] = []

    def run(params: Any, data: Any, context: Context) -> Output:
        keys.extend([data.train.key, data.val.key, data.test.key])
        return zeros(params, data, context)

    jobs["a"] = run

    def train(at: Workshop, **more: Any) -> str:
        at.make(run_of("a", fit=f"fit-{len(keys)}", **more))
        return keys[-3]

    one, other = workshop(jobs), workshop(jobs)
    first = train(one)
    assert len(set(keys)) == 3
    assert train(one, axes={"train": 10.0, "noise": 1.0, "seed": 6.0}) == first
    changed = {train(one, data="other data"), train(one, axes={"train": 9.0, "noise": 1.0})}
    changed.add(train(one, axes={"train": 10.0, "noise": 0.5}))
    cast("Any", other.protocol).target = "age"
    changed.add(train(other))
    cast("Any", other.protocol).seed = 8
    changed.add(train(other))
    other.limit = 5
    changed.add(train(other))
    assert len(changed | {first}) == 7


def test_rows_from_the_end_of_a_file_are_known_by_what_stands_behind_them(jobs: dict[str, Run]) -> None:
    """Validation rows of a file are those before its test rows: with more of these they are others."""
    keys: list[str] = []

    def run(params: Any, data: Any, context: Context) -> Output:
        keys.append(data.val.key)
        return zeros(params, data, context)

    def val(test: int, *, stored: bool) -> str:
        at = workshop(jobs)
        at.stored, cast("Any", at.protocol).test = stored, test
        at.make(run_of("a"))
        return keys[-1]

    jobs["a"] = run

    assert val(4, stored=True) != val(5, stored=True)
    assert val(4, stored=False) == val(5, stored=False)


def test_files_are_let_go_of_after_each_run(jobs: dict[str, Run], tmp_path: Path) -> None:
    """Whatever became of a run, its files may be removed; those of a run that waits for another one stay."""

    def written(path: Path) -> None:
        path.write_text("much")

    def used() -> set[str]:
        other = Keeper(tmp_path / "kept", tmp_path / "locks", force=True, most=0)
        with other.using():
            other.kept("other", written, lambda _: None)
        return {path.name for path in (tmp_path / "kept").glob("[abc]-*[0-9a-f]")}

    def keeping(name: str, ask: str = "") -> Run:
        def run(params: Any, data: Any, context: Context) -> Output:
            path = context.kept(name, [], written)
            if ask:
                context.predicted(ask, "train")
            assert path.name in used()
            return zeros(params, data, context) if name != "c" else broken()

        return run

    jobs.update(a=keeping("a"), b=keeping("b", "a"), c=keeping("c"))
    at = workshop(jobs)
    at.keeper = Keeper(tmp_path / "kept", tmp_path / "locks")

    for name, failed in (("a", ""), ("b", ""), ("c", "ZeroDivisionError: division by zero")):
        assert at.make(run_of(name, *("a" if name == "b" else ""))).failed == failed
        assert used() == set()


def test_a_card_that_is_not_there_is_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, whatever torch would say; one that is there, and the processor, are taken."""
    torch = plugins.load_torch()
    for there in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert plugins.device_there("cpu") == "cpu"
        if there:
            assert plugins.device_there("cuda") == "cuda"
            continue
        with pytest.raises(UsageError, match="torch sees no CUDA device here"):
            plugins.device_there("cuda")
