"""The mixture of experts, against scikit-learn fits of each bin, ridges of all rows, and sums by hand."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from runner.contract import Context, Data, JobName, JobSpec, Output, Partition
from runner.documents.settings import Settings, load_plugins
from runner.execution import plugins
from runner.findings import JobFailed
from runner.jobs import moe
from runner.jobs.moe import Linear, Logistic, Mlp, Oracle, Params, Pseudo, Quantiles, Router
from runner.numerics import gates, windows
from runner.numerics.mixtures import Plan
from runner.numerics.portions import Splits, share_of
from runner.safety import bounded_yaml as yaml
from runner.shapes import Scope, Unagreed, bind

JOBS = load_plugins(Path(), Settings()).jobs
ROWS = {"train": 800, "val": 240, "test": 300}
WIDTH = 12
NINE = Partition(
    ("heat", "metal"),
    ((0.0, 1.0, 2.0, 3.0), (-2.0, -1.0, 0.0, 0.5)),
    tuple(f"{heat}_{metal}" for heat in ("cool", "mid", "hot") for metal in ("poor", "solar", "rich")),
)
THREE = Partition(("metal",), ((-2.0, -1.0, 0.0, 0.5),), ("poor", "solar", "rich"))
ONE = Partition(("heat",), ((-1.0, 4.0),), ("all",))


@dataclass
class Rows:
    """A split of arrays in memory."""

    name: str
    x: np.ndarray
    y: np.ndarray
    labels: dict[str, np.ndarray]
    told: np.ndarray
    asked: list[str] = field(default_factory=list)
    axes: dict[str, float] = field(default_factory=dict)
    positions: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.x)

    @property
    def width(self) -> int:
        """The number of inputs."""
        return int(self.x.shape[1])

    @property
    def key(self) -> str:
        """What the rows depend on."""
        return f"{self.name} {hash((self.x.tobytes(), self.y.tobytes(), self.told.tobytes()))}"

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """The inputs in batches."""
        return (torch.from_numpy(self.x[start : start + size]) for start in range(0, self.rows, size))

    @property
    def target(self) -> np.ndarray:
        """The target of all rows."""
        assert self.name != "test", "a job asked for the test targets"
        self.asked.append("pairs")
        return self.y

    def some(self, rows: range) -> torch.Tensor:
        """The inputs of consecutive rows."""
        return torch.from_numpy(self.x[rows.start : rows.stop])

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Inputs and targets in batches."""
        assert self.name != "test", "a job asked for the test targets"
        self.asked.append("pairs")
        y = torch.from_numpy(self.y)
        return ((x, y[size * place : size * place + size]) for place, x in enumerate(self.inputs(size)))

    def statistics(self, size: int) -> Iterator[torch.Tensor]:
        """What stands for the ten numbers of the noise."""
        return (torch.from_numpy(self.told[start : start + size]) for start in range(0, self.rows, size))

    def column(self, name: str) -> np.ndarray:
        """A label column."""
        return self.labels[name]

    def at(self, **axes: float) -> Rows:
        """There is no other way to see these rows."""
        raise JobFailed(f"no {sorted(axes)}")

    def redrawn(self, draw: int) -> Rows:
        """There is no other noise to draw."""
        raise JobFailed(f"no draw {draw}")


def rows(name: str, width: int = WIDTH) -> Rows:
    """Rows whose target depends on the inputs in another way in every bin; a tenth of them are in no bin."""
    random = np.random.default_rng(list(ROWS).index(name))
    n = ROWS[name]
    heat, metal = random.uniform(0, 3, n), random.uniform(-2.4, 0.5, n)
    heat[:9], metal[:9] = [0, 1, 2, 3, 0, 1, 2, 3, 1.5], [-2, -1, 0, 0.5, 0.5, 0, -1, -2, 0]
    x = random.normal(size=(n, width)).astype(np.float32)
    x[:, 0], x[:, 1] = heat - 1.5, metal
    slopes = np.sin(np.arange(width) + 2 * np.floor(heat)[:, None] + np.floor(metal)[:, None])
    y = (x * slopes).sum(1) + 0.1 * random.normal(size=n) + 3
    told = np.column_stack([heat, metal, random.normal(size=(n, 8))]) + 0.05 * random.normal(size=(n, 10))
    return Rows(name, x, y, {"heat": heat, "metal": metal}, told.astype(np.float32))


DATA: Any = Splits(rows("train"), rows("val"), rows("test"))
TRAIN, VAL, TEST = DATA.train, DATA.val, DATA.test


def ridge(**params: Any) -> JobSpec:
    """The spec of a ridge regression, in full."""
    defaults = {name: parameter.default for name, parameter in JOBS["ridge"].parameters.items()}
    return JobSpec("ridge", JOBS["ridge"].version, {**defaults, "alpha": 1.0, **params})


def fitted(spec: JobSpec, data: Data, seed: int) -> Output:
    """Run a job inside a job."""
    module = plugins.load("jobs", spec.job)
    output: Output = module.run(plugins.params_of(module, spec.params), data, Context(seed=seed, nested=fitted))
    return output


def ran(split: Any = NINE, data: Any = DATA, context: Context | None = None, **params: Any) -> Output:
    """What the job returns."""
    given = Params(**{"split": split, "experts": ridge(), **params})
    return moe.run(given, data, context or Context(nested=fitted))


def table(output: Output, name: str) -> dict[str, Any]:
    """A table that was returned."""
    return dict(output.tables[name])


def bins(part: Any, partition: Partition = NINE) -> np.ndarray:
    """The bin of every row, by comparing each with every bin's edges; -1 in none."""
    found = np.full(part.rows, -1)
    sizes = [len(row) - 1 for row in partition.edges]
    for number in range(len(partition.names)):
        inside = np.ones(part.rows, dtype=bool)
        for place, name, row in zip(np.unravel_index(number, sizes), partition.by, partition.edges, strict=True):
            label, last = part.column(name), place == len(row) - 2
            inside &= (label >= row[place]) & ((label < row[place + 1]) | (last & (label == row[-1])))
        found[inside] = number
    return found


def oracle(number: int, keep: Any = 1, alpha: float = 1.0) -> Ridge:
    """The scikit-learn fit on the training rows of one bin."""
    mask = (bins(TRAIN) == number) & np.asarray(keep, dtype=bool)
    return Ridge(alpha=alpha, solver="svd").fit(TRAIN.x[mask].astype(float), TRAIN.y[mask])


GENERAL = Ridge(alpha=1.0, solver="svd").fit(TRAIN.x.astype(float), TRAIN.y)
COVERED = bins(TEST) >= 0


# ---- experts ----


def test_oracle_routing_is_nine_separate_fits() -> None:
    """Every row is predicted by scikit-learn's ridge on the training rows of its own bin, weights and all."""
    output = ran()

    for number, name in enumerate(NINE.names):
        fit, mask = oracle(number), bins(TEST) == number
        np.testing.assert_allclose(output.predictions["test"][mask], fit.predict(TEST.x[mask]), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(output.profiles[f"weights({name})"], fit.coef_, rtol=1e-7, atol=1e-9)
        assert table(output, "rows")[name] == (bins(TRAIN) == number).sum()
    np.testing.assert_allclose(output.profiles["weights"], GENERAL.coef_, rtol=1e-7)
    assert output.scalars == {"n_outside": float((~COVERED).sum())}


@pytest.mark.parametrize("params", [{}, {"alpha": "val"}, {"alpha": "cv"}, {"standardise": True, "alpha": "cv"}])
def test_one_bin_is_ridge(params: dict[str, Any]) -> None:
    """With all rows in one bin the mixture is the ridge job on the same data, and its global ridge is the same rule."""
    spec = ridge(**params)
    alone, output = fitted(spec, DATA, 0), ran(ONE, experts=spec)

    for split in ("val", "test"):
        np.testing.assert_allclose(output.predictions[split], alone.predictions[split], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(output.profiles["weights(all)"], alone.profiles["weights"], rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(output.profiles["weights"], output.profiles["weights(all)"])
    assert dict(output.tables["alpha"]) == {"all": alone.scalars["alpha"], "global": alone.scalars["alpha"]}


def test_every_bin_chooses_its_own_alpha_on_its_own_rows() -> None:
    """With `val` each alpha has the smallest error on the validation rows of the bin, by a loop of fits."""
    output = ran(experts=ridge(alpha="val"))

    for number, name in enumerate(NINE.names):
        mask = bins(VAL) == number
        errors = {
            alpha: ((oracle(number, alpha=alpha).predict(VAL.x[mask]) - VAL.y[mask]) ** 2).mean()
            for alpha in JOBS["ridge"].parameters["alphas"].default
        }
        assert output.tables["alpha"][name] == min(errors, key=lambda alpha: errors[alpha])


def test_folds_go_bin_by_bin_and_make_the_same_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many bins a pass takes, nothing changes but its cost."""
    spec = ridge(alpha="cv")
    two = ran(experts=spec)
    monkeypatch.setattr("runner.numerics.bin_ridges.AT_ONCE", 10)
    passes = len(TRAIN.asked)
    ten = ran(experts=spec)

    assert len(TRAIN.asked) - passes == 1
    assert two.tables == ten.tables
    assert two.predictions["test"].tobytes() == ten.predictions["test"].tobytes()


def test_rows_of_all_passes_are_counted_together() -> None:
    """With folds every bin takes a pass: the time left is that of all of them."""
    told: list[tuple[int, int]] = []
    context = Context(nested=fitted, progress=lambda done, total, note: told.append((done, total)) if note else None)
    ran(context=context, experts=ridge(alpha="cv"), router=Oracle())

    passes = [done for done, _ in told]
    assert passes == sorted(set(passes))
    assert {total for _, total in told} == {10 * DATA.train.rows}
    assert passes[-1] == 10 * DATA.train.rows


def test_an_expert_fitted_as_a_job_is_the_one_from_sums() -> None:
    """All bins by jobs of their own, on portions of the rows, equal all bins from one pass."""
    other = ridge(alpha=2.0)
    by_jobs = ran(instead=dict.fromkeys(NINE.names, other), outside="global")
    by_sums = ran(experts=other)

    np.testing.assert_allclose(by_jobs.predictions["test"][COVERED], by_sums.predictions["test"][COVERED], rtol=1e-8)
    np.testing.assert_allclose(by_jobs.predictions["test"][~COVERED], GENERAL.predict(TEST.x[~COVERED]), rtol=1e-5)
    assert by_jobs.tables["train_rows"] == by_jobs.tables["rows"]


def test_a_named_bin_may_take_another_expert() -> None:
    """One bin's expert is replaced, and only its rows change."""
    usual, output = ran(), ran(instead={"mid_poor": ridge(alpha=50.0)})
    mine = bins(TEST) == NINE.names.index("mid_poor")
    nearest = usual.predictions["test"] != output.predictions["test"]

    assert mine.sum() > 10
    np.testing.assert_allclose(output.predictions["test"][mine], oracle(3, alpha=50.0).predict(TEST.x[mine]), rtol=1e-5)
    assert not (nearest & COVERED & ~mine).any()
    assert output.tables["alpha"] == {**usual.tables["alpha"], "mid_poor": 50.0}


# ---- rows in no bin ----


def test_rows_in_no_bin_go_to_the_nearest_one() -> None:
    """Edge clamp: each is predicted by the expert of the bin it is next to."""
    output, labels = ran(), np.stack([TEST.column("heat"), TEST.column("metal").clip(-2, 0.5)], 1)

    for row in np.flatnonzero(~COVERED):
        number = 3 * min(int(labels[row, 0]), 2) + int(np.digitize(labels[row, 1], [-1, 0]))
        assert output.predictions["test"][row] == pytest.approx(oracle(number).predict(TEST.x[[row]])[0], rel=1e-5)


@pytest.mark.parametrize("outside", ["global", "expert"])
def test_rows_in_no_bin_have_a_rule_of_their_own(outside: Any) -> None:
    """The ridge of all rows, or an expert fitted on training rows in no bin; rows in bins do not notice."""
    output, usual = ran(outside=outside), ran()
    fit = GENERAL if outside == "global" else oracle(-1)

    np.testing.assert_allclose(output.predictions["test"][~COVERED], fit.predict(TEST.x[~COVERED]), rtol=1e-5)
    np.testing.assert_array_equal(output.predictions["test"][COVERED], usual.predictions["test"][COVERED])


@pytest.mark.parametrize("outside", ["clamp", "global", "expert"])
def test_a_gate_learns_of_rows_in_no_bin_where_there_is_someone_for_them(outside: Any) -> None:
    """With `clamp` they teach it nothing; else they are one more class, which the test rows are sent to."""
    output = ran(outside=outside, router=Logistic(features=("snr10",), c=100.0))
    held = share_of(TRAIN, 0.2)
    used = held & (bins(TRAIN) >= 0) if outside == "clamp" else held

    assert output.scalars["n_gate"] == used.sum()
    assert output.scalars["n_outside"] == (~COVERED).sum()
    confusion, weight = table(output, "confusion"), table(output, "weight")
    assert set(confusion) == {*NINE.names, "outside"}
    assert sum(confusion["outside"].values()) == (~COVERED).sum()
    assert ("outside" in confusion["mid_rich"]) == (outside != "clamp")
    if outside != "clamp":
        assert weight["outside"]["outside"] > 2 * max(weight[name]["outside"] for name in ("mid_solar", "hot_solar"))


# ---- gates ----


def learned(
    router: Router, monkeypatch: pytest.MonkeyPatch, weigh: Callable[[np.ndarray], np.ndarray], **params: Any
) -> Output:
    """What the job returns with a gate that weighs a row as `weigh` says of its true bin."""

    class Told:
        scalars: dict[str, float] = {}  # noqa: RUF012 - as a gate has them

        def weights(self, looks: np.ndarray) -> np.ndarray:
            return np.asarray(weigh(looks))

    def looks(_kinds: Any, plan: Plan, *_others: Any) -> dict[str, np.ndarray]:
        return {name: np.maximum(found, 0) for name, found in plan.bins.items()}

    monkeypatch.setattr(windows, "placed", lambda *_: None)
    monkeypatch.setattr(moe, "features_of", looks)
    monkeypatch.setattr(gates, "logistic", lambda *_: Told())
    return ran(router=router, **params)


def test_a_gate_that_knows_the_truth_is_the_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    """One-hot weights at the true bin give the oracle's predictions, bit for bit, and an accuracy of 1."""
    output = learned(Logistic(), monkeypatch, lambda truth: np.eye(9)[truth])
    expected = ran(router=Oracle(rows=0.2))

    np.testing.assert_array_equal(output.predictions["test"][COVERED], expected.predictions["test"][COVERED])
    assert output.scalars["gate_accuracy"] == 1
    assert table(output, "confusion")["hot_poor"]["hot_poor"] == (bins(TEST) == 6).sum()
    assert table(output, "top_weight")["1"] == TEST.rows


def test_soft_mixing_is_the_weighted_sum_and_hard_the_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that lean to the true bin: sum_k p_k e_k by hand over scikit-learn's experts; hard takes the truth."""
    held = share_of(TRAIN, 0.2)
    experts = np.stack([oracle(number, ~held).predict(TEST.x) for number in range(9)], 1)

    def weigh(truth: np.ndarray) -> np.ndarray:
        return np.asarray(0.64 * np.eye(9)[truth] + 0.04)

    soft, hard = (learned(Logistic(mix=mix), monkeypatch, weigh) for mix in ("soft", "hard"))
    by_hand = (weigh(np.maximum(bins(TEST), 0)) * experts).sum(1)

    np.testing.assert_allclose(soft.predictions["test"], by_hand, rtol=1e-5)
    np.testing.assert_allclose(hard.predictions["test"][COVERED], experts[COVERED, bins(TEST)[COVERED]], rtol=1e-5)
    assert table(soft, "weight")["cool_poor"]["cool_poor"] == pytest.approx(0.68)
    assert table(soft, "weight")["cool_poor"]["hot_rich"] == pytest.approx(0.04)
    assert table(soft, "top_weight") == {f"{step / 20:g}": 300.0 * (step == 14) for step in range(1, 21)}


def test_where_nobody_is_trusted_the_ridge_of_all_rows_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows whose largest weight stays below `fallback` are predicted by the global ridge, and their share is told."""
    held = share_of(TRAIN, 0.2)
    general = Ridge(alpha=1.0, solver="svd").fit(TRAIN.x[~held].astype(float), TRAIN.y[~held])

    def weigh(truth: np.ndarray) -> np.ndarray:
        sure = np.where(truth < 3, 0.2, 0.64)[:, None]
        return np.asarray(sure * np.eye(9)[truth] + (1 - sure) / 9)

    output = learned(Logistic(), monkeypatch, weigh, fallback=0.5)
    cool = np.maximum(bins(TEST), 0) < 3

    np.testing.assert_allclose(output.predictions["test"][cool], general.predict(TEST.x[cool]), rtol=1e-5)
    assert not np.allclose(output.predictions["test"][~cool], general.predict(TEST.x[~cool]), rtol=1e-2)
    assert output.scalars["fallback_share"] == pytest.approx(cool.mean())


GATES: dict[str, Router] = {
    "logistic": Logistic(features=("snr10",)),
    "mlp": Mlp(features=("snr10",), hidden=(32,), lr=0.02, epochs=60, batch=16),
    "linear": Linear(features=("snr10",), lr=0.05, epochs=60, batch=16),
}


@pytest.mark.parametrize("kind", GATES)
def test_a_gate_keeps_part_of_what_the_oracle_gains(kind: str) -> None:
    """With features that tell the labels, each gate is worth a quarter of what the oracle is on the same experts."""
    gate, truth = ran(router=replace(GATES[kind], rows=0.5)), ran(router=Oracle(rows=0.5))
    held = share_of(TRAIN, 0.5)
    general = Ridge(alpha=1.0, solver="svd").fit(TRAIN.x[~held].astype(float), TRAIN.y[~held])
    errors = [
        ((said - TEST.y)[COVERED] ** 2).mean()
        for said in (general.predict(TEST.x), gate.predictions["test"], truth.predictions["test"])
    ]

    assert errors[0] - errors[1] > 0.25 * (errors[0] - errors[2])
    assert gate.scalars["gate_accuracy"] > (0.7 if kind == "logistic" else 1 / 9)
    assert ("best_epoch" in gate.scalars) == (kind != "logistic")


def spoilt(where: np.ndarray) -> Any:
    """The same rows with targets that are nonsense where said."""
    return Splits(replace(TRAIN, y=np.where(where, 1e4, TRAIN.y), asked=[]), VAL, TEST)


@pytest.mark.parametrize("instead", [None, dict.fromkeys(NINE.names, ridge(alpha=2.0))], ids=["sums", "jobs"])
def test_no_expert_is_fitted_on_a_row_the_gate_learns_from(instead: Any) -> None:
    """Targets of gate rows may be anything: no weight, and no alpha, of an expert or of the global ridge changes."""
    router = Logistic(features=("snr10",), rows=0.2, c=1.0)
    whole, broken = (ran(router=router, instead=instead, data=data) for data in (DATA, spoilt(share_of(TRAIN, 0.2))))

    assert share_of(TRAIN, 0.2).mean() == pytest.approx(0.2, abs=0.05)
    assert whole.scalars["n_gate"] == (share_of(TRAIN, 0.2) & (bins(TRAIN) >= 0)).sum()
    for name, profile in whole.profiles.items():
        assert profile.tobytes() == broken.profiles[name].tobytes(), name
    assert whole.predictions["test"].tobytes() == broken.predictions["test"].tobytes()
    assert not np.array_equal(ran(data=spoilt(share_of(TRAIN, 0.2))).profiles["weights"], ran().profiles["weights"])


@pytest.mark.parametrize("rows", ["val", "train"])
def test_a_gate_may_learn_from_other_rows(rows: Any) -> None:
    """From the validation rows, or from the experts' own, which then are all training rows."""
    output, part = ran(router=Logistic(features=("snr10",), rows=rows, c=1.0)), {"val": VAL, "train": TRAIN}[rows]

    assert output.scalars["n_gate"] == (bins(part) >= 0).sum()
    assert sum(table(output, "rows").values()) == (bins(TRAIN) >= 0).sum()
    np.testing.assert_array_equal(output.profiles["weights"], ran().profiles["weights"])


def test_gates_of_one_share_have_the_same_experts_whatever_their_seed(tmp_path: Path) -> None:
    """Three gates, two seeds and the oracle on the same share: experts are fitted once, and features found once."""
    made: list[str] = []

    def kept(name: str, make: Callable[[Path], None]) -> Path:
        if not (tmp_path / name).exists():
            make(tmp_path / name)
            made.append(name.rpartition("-")[0])
        return tmp_path / name

    for router in (*GATES.values(), Oracle(rows=0.2), Pseudo(rows=0.2)):
        for seed in (0, 1):
            ran(router=router, context=Context(seed=seed, nested=fitted, keeper=kept))

    assert sorted(made) == ["gate-features", "moe-ridges", "moe-said", "moe-said"]  # with gate rows, and without


def test_what_is_kept_is_told_apart(tmp_path: Path) -> None:
    """Other bins, shares, penalties, rows in no bin or rows asked: files from all others change nothing."""

    def kept(name: str, make: Callable[[Path], None]) -> Path:
        if not (tmp_path / name).exists():
            make(tmp_path / name)
        return tmp_path / name

    variants: list[dict[str, Any]] = [
        {},
        {"split": THREE},
        {"split": replace(THREE, edges=((-2.0, -1.1, 0.0, 0.5),))},
        {"outside": "expert"},
        {"router": Oracle(rows=0.2)},
        {"router": Logistic(features=("snr10",), rows=0.4, c=1.0)},
        {"router": Logistic(features=("snr10",), rows="val", c=1.0)},
        {"experts": ridge(alpha="val")},
        {"experts": ridge(alpha="val", standardise=True)},
        {"instead": {"mid_poor": ridge(alpha=9.0)}},
        {"instead": {"mid_poor": ridge(alpha=8.0)}},
        {"instead": {"hot_poor": ridge(alpha=8.0)}},
        {"data": Splits(TRAIN, VAL, VAL)},
    ]
    for params in variants:
        alone, beside = (ran(context=Context(nested=fitted, keeper=keeper), **params) for keeper in (None, kept))
        assert alone.predictions["test"].tobytes() == beside.predictions["test"].tobytes(), params
        assert alone.tables == beside.tables


def test_files_of_an_older_version_of_the_sums_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes what the same rows give says so by a version, and that makes all its files anew."""
    names: list[str] = []

    def kept(name: str, make: Callable[[Path], None]) -> Path:
        names.append(name)
        make(tmp_path / name)
        return tmp_path / name

    for version in (1, 2):
        monkeypatch.setattr("runner.numerics.bin_ridges.VERSION", version)
        ran(context=Context(nested=fitted, keeper=kept))

    assert len(set(names)) == len(names) == 4


def test_seeds_change_a_trained_gate_and_nothing_else(tmp_path: Path) -> None:
    """The same seed gives the same bytes, kept or not; another seed gives another gate."""

    def kept(name: str, make: Callable[[Path], None]) -> Path:
        make(tmp_path / name)
        return tmp_path / name

    same, again, other = (
        ran(router=GATES["mlp"], context=Context(seed=seed, nested=fitted, keeper=keeper))
        for seed, keeper in ((0, None), (0, kept), (1, None))
    )

    assert same.predictions["test"].tobytes() == again.predictions["test"].tobytes()
    assert (same.scalars, same.tables) == (again.scalars, again.tables)
    assert same.predictions["test"].tobytes() != other.predictions["test"].tobytes()
    assert same.tables["alpha"] == other.tables["alpha"]


def test_a_gate_on_lines_of_a_spectrum_has_components_of_the_experts_rows(tmp_path: Path) -> None:
    """The physical features come with principal components of the rows that are not held out."""
    positions = np.arange(8150.0, 8700.0, 5.0)
    data: Any = Splits(*(replace(rows(name, len(positions)), positions=positions) for name in ROWS))

    def kept(name: str, make: Callable[[Path], None]) -> Path:
        make(tmp_path / name)
        return tmp_path / name

    router = Logistic(features=("physical13", "snr10"), c=1.0)
    ran(THREE, data=data, router=router, context=Context(nested=fitted, keeper=kept))
    (path,) = tmp_path.glob("gate-features-*")
    looks = np.load(path)["test"]
    learnt = data.train.x[~share_of(data.train, 0.2)].astype(float)
    _, _, directions = np.linalg.svd(learnt - learnt.mean(0), full_matrices=False)

    assert looks.shape == (TEST.rows, 23)
    scores = (data.test.x - learnt.mean(0)) @ directions[:4].T
    np.testing.assert_allclose(abs(looks[:, 9:13]), abs(scores), atol=1e-3)


# ---- other routers and bins ----


def test_pseudo_routing_goes_by_predicted_labels() -> None:
    """Rows go to the bin of the labels that scikit-learn's ridge of all rows predicts."""
    output = ran(router=Pseudo())
    labels = [Ridge(1.0).fit(TRAIN.x.astype(float), TRAIN.column(name)).predict(TEST.x) for name in NINE.by]
    sent = replace(TEST, labels={"heat": labels[0].clip(0, 3), "metal": labels[1].clip(-2, 0.5)})
    sure = np.abs(np.subtract.outer(np.concatenate(NINE.edges), labels)).min(axis=(0, 1)) > 1e-4

    for number in range(9):
        mask = (bins(sent) == number) & sure
        np.testing.assert_allclose(output.predictions["test"][mask], oracle(number).predict(TEST.x[mask]), rtol=1e-4)
    assert 0.8 < output.scalars["gate_accuracy"] < 1
    assert "top_weight" in output.tables


def test_jitter_is_noise_on_the_label_that_routes() -> None:
    """No noise routes by the truth; some of it sends rows elsewhere, other ones with another draw, always the same."""
    none, some, again, other = (
        ran(THREE, router=Oracle(jitter=jitter, draw=draw)) for jitter, draw in ((0.0, 0), (0.3, 0), (0.3, 0), (0.3, 1))
    )

    assert "confusion" not in none.tables
    assert 0.6 < some.scalars["gate_accuracy"] < 0.95
    assert some.predictions["test"].tobytes() == again.predictions["test"].tobytes()
    assert some.predictions["test"].tobytes() != other.predictions["test"].tobytes()
    with pytest.raises(JobFailed, match="over several"):
        ran(router=Oracle(jitter=0.1))


def test_quantile_bins_are_found_from_the_training_rows() -> None:
    """Four bins of equal shares with no end: every row is covered, and each bin is a fit of its own."""
    output = ran(Quantiles(by="metal", parts=4))
    edges = np.quantile(TRAIN.column("metal"), [0.25, 0.5, 0.75])
    for number in range(4):
        mine, asked = (np.digitize(part.column("metal"), edges) == number for part in (TRAIN, TEST))
        fit = Ridge(1.0).fit(TRAIN.x[mine].astype(float), TRAIN.y[mine])
        np.testing.assert_allclose(output.predictions["test"][asked], fit.predict(TEST.x[asked]), rtol=1e-4)

    assert table(output, "rows") == {f"q{number}": 200 for number in range(1, 5)}
    assert output.scalars["n_outside"] == 0


def test_calibration_is_the_line_of_least_squares_of_every_bin() -> None:
    """Slopes and offsets are numpy's on the validation rows of the bin, and the predictions are on those lines."""
    plain, output = ran(), ran(calibrate=True)

    for number, name in enumerate(NINE.names):
        mask = bins(VAL) == number
        slope, offset = np.polyfit(oracle(number).predict(VAL.x[mask]), VAL.y[mask], 1)
        assert output.tables["slope"][name] == pytest.approx(slope, rel=1e-4)
        assert output.tables["offset"][name] == pytest.approx(offset, rel=1e-3, abs=1e-4)
        mask = bins(TEST) == number
        moved = slope * plain.predictions["test"][mask] + offset
        np.testing.assert_allclose(output.predictions["test"][mask], moved, rtol=1e-4)


# ---- refusals and limits ----


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"split": replace(NINE, edges=((0.0, 1.0, 2.0, 3.0), (-2.0, -1.0, 0.0, 0.0001)))}, "cool_rich"),
        ({"experts": ridge(alpha="val"), "split": THREE, "data": "no val"}, "poor: alpha: val needs validation rows"),
        ({"calibrate": True, "split": THREE, "data": "no val"}, "validation rows in poor"),
        ({"instead": {"lukewarm": ridge()}}, "`lukewarm`"),
        ({"router": Logistic(features=("snr10",), rows=1.5)}, "`rows` is 1.5"),
        ({"router": Logistic(features=("snr10",), c=0.0)}, "`c` is 0"),
        ({"router": Logistic(features=("physical13",))}, "where the inputs stand"),
        ({"split": Partition(("heat",), ((0.0, 3.0),), ("outside",))}, "called `outside`"),
        ({"experts": JobSpec("mlp", 1, {"residual_on": JobName("base")})}, "cannot build on `base`"),
        ({"fallback": 1.5}, "`fallback` is 1.5"),
    ],
    ids=["rows", "val", "calibrate", "instead", "share", "c", "positions", "outside", "residual", "fallback"],
)
def test_what_cannot_be_done_is_refused_in_one_line(params: dict[str, Any], message: str) -> None:
    """The line names the bin, the parameter or the features."""
    if params.pop("data", ""):
        none = replace(VAL, x=VAL.x[:0], y=VAL.y[:0], labels={name: VAL.column(name)[:0] for name in NINE.by})
        params["data"] = Splits(TRAIN, none, TEST)
    with pytest.raises(JobFailed, match=message):
        ran(**params)


@pytest.mark.parametrize("router", [Logistic(features=("physical13",)), Oracle(jitter=0.1)])
def test_what_no_expert_can_mend_is_refused_before_any_is_fitted(router: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that cannot be found, and noise on several labels: nobody waits for nine fits to hear of them."""
    monkeypatch.setattr(moe, "heard", lambda *_: pytest.fail("an expert was fitted"))

    with pytest.raises(JobFailed):
        ran(router=router)


@pytest.mark.parametrize("alpha", [1.0, "cv"])
def test_rows_go_by_and_are_not_held(alpha: Any) -> None:
    """Of 200 batches no more than a few are alive at any time, fits and predictions included."""
    alive: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()
    most = 0

    @dataclass
    class Long(Rows):
        def inputs(self, size: int) -> Iterator[torch.Tensor]:
            nonlocal most
            for x in super().inputs(min(size, 4)):
                batch = x.clone()
                alive.add(batch)
                gc.collect(0)
                most = max(most, len(alive))
                yield batch

        def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            return ((x, torch.from_numpy(self.y[4 * n : 4 * n + 4])) for n, x in enumerate(self.inputs(size)))

    long: Any = Splits(*(Long(**vars(part)) for part in (TRAIN, VAL, TEST)))
    ran(THREE, data=long, experts=ridge(alpha=alpha), router=GATES["logistic"])

    assert 0 < most < 10


# ---- from a front matter ----


@pytest.mark.parametrize(
    ("written", "router"),
    [
        ("{job: moe, split: bin, experts: {job: ridge, alpha: cv}, router: oracle}", Oracle()),
        (
            "{split: bin, experts: {job: ridge}, router: {kind: logistic, features: physical13, rows: 20%}}",
            Logistic(features=("physical13",), rows=0.2),
        ),
        (
            "{split: bin, experts: {job: ridge}, router: {kind: mlp, hidden: 64, lr: 1e-3, epochs: 100, patience: 10}}",
            Mlp(hidden=(64,)),
        ),
        (
            "{split: {kind: quantiles, parts: 6}, experts: {job: ridge}, router: {kind: linear, rows: val}}",
            Linear(rows="val"),
        ),
        ("{split: {by: metal, edges: [-2, 0, 1]}, experts: {job: ridge}, router: {kind: pseudo}}", Pseudo()),
    ],
    ids=["oracle", "logistic", "mlp", "linear", "pseudo"],
)
def test_documents_say_it_in_few_words(written: str, router: Router) -> None:
    """What the published experiments' front matters say becomes parameters as they stand."""

    def refused(code: str, _node: yaml.Node, message: str, _fix: str) -> None:
        pytest.fail(f"{code} {message}")

    given = yaml.load(written)
    assert isinstance(given, yaml.Mapping)
    scope = Scope(JOBS, agreed=Unagreed({"bin": NINE}, None))
    params = plugins.params_of(moe, bind(JOBS["moe"], given, "job", refused, scope))

    assert params.router == router
    assert params.experts.job == "ridge"
    if "split: bin" in written:
        assert params.split == NINE
