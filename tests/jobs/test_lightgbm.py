"""The lightgbm job, against LightGBM on whole arrays, a tree of scikit-learn's, and the formula of a leaf."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import torch
from sklearn.tree import DecisionTreeRegressor

from runner.contract import Context, Output
from runner.findings import JobFailed
from runner.jobs import lightgbm as job
from runner.jobs.lightgbm import Params, run
from runner.numerics import binned_rows
from runner.numerics.observation import Observed
from runner.numerics.portions import Joined, Portion, Splits

RANDOM = np.random.default_rng(5)
CLEAN = RANDOM.normal(size=(1500, 30)).astype(np.float32)
TARGET = CLEAN[:, 0] * CLEAN[:, 1] + np.abs(CLEAN[:, 2]) + CLEAN[:, 3:9].sum(1) + RANDOM.normal(size=1500)
SIGMA = np.full_like(CLEAN, 0.3)


def split(name: str, part: slice) -> Observed:
    """Some of the made-up rows as one split, known by its name and size."""
    made = Observed(CLEAN[part], SIGMA[part], TARGET[part], split=name, noise=1.0, seed=1)
    made.key = f"{name} {made.rows}"
    return made


DATA = Splits(split("train", slice(1000)), split("val", slice(1000, 1300)), split("test", slice(1300, None)))


def rows(part: Any) -> np.ndarray:
    """All observed inputs of a split."""
    return torch.cat(list(part.inputs(100))).numpy()


def targets(part: Any) -> np.ndarray:
    """All targets of a split."""
    return torch.cat([y for _, y in part.pairs(100)]).numpy()


def ran(data: Any = DATA, seed: int = 0, **params: Any) -> Output:
    """What the job returns on the made-up rows."""
    return run(Params(**params), data, Context(seed=seed))


def keeper(folder: Path, made: list[str]) -> Callable[[str, Callable[[Path], None]], Path]:
    """A keeper of files that notes which it had to make."""

    def kept(name: str, make: Callable[[Path], None]) -> Path:
        path = folder / name
        if not path.exists():
            made.append(name)
            path.touch()  # a place taken, as by `tempfile`
            make(path)
        return path

    return kept


def dense(seed: int, metric: str = "l1", **more: Any) -> lgb.Booster:
    """LightGBM on whole arrays, its own metric and its own early stopping: the published settings of 32 000 rows."""
    params = {
        "num_leaves": 31, "max_depth": 7, "learning_rate": 0.1, "feature_fraction": 0.8, "bagging_fraction": 0.8,
        "bagging_freq": 5, "seed": seed, "metric": metric, "objective": "regression", "early_stopping_round": 20,
        "feature_pre_filter": False, "force_col_wise": True, "num_threads": 1, "verbosity": -1, **more,
    }  # fmt: skip
    train = lgb.Dataset(rows(DATA.train), targets(DATA.train), params=params)
    val = lgb.Dataset(rows(DATA.val), targets(DATA.val), reference=train, params=params)
    return lgb.train(params, train, 300, valid_sets=[val], keep_training_booster=True)


def test_the_published_preset_is_lightgbm_on_whole_arrays() -> None:
    """Predictions, the best tree and the importance are those of the library with everything in memory, bit by bit."""
    output, whole = ran(trees=300, patience=20, seed=7), dense(7)
    gains = whole.feature_importance("gain")

    for name, part in (("val", DATA.val), ("test", DATA.test)):
        np.testing.assert_array_equal(output.predictions[name], whole.predict(rows(part)))
    assert output.scalars["best_tree"] == whole.best_iteration < 280
    assert output.scalars["grown_trees"] == whole.best_iteration + 20
    assert (output.scalars["train_rows"], output.scalars["watched_rows"]) == (1000, 300)
    np.testing.assert_allclose(output.profiles["importance"], gains / gains.sum(), rtol=1e-12)
    assert output.profiles["importance"].sum() == pytest.approx(1)


def test_every_parameter_reaches_lightgbm() -> None:
    """The regularised experts of the mixtures, and the quick preset, are what they are called."""
    given = {"depth": 5, "lr": 0.05, "leaves": 20, "input_share": 0.3, "row_share": 0.7, "min_rows": 50}
    expert = ran(trees=300, patience=20, seed=3, **given, l1=1, l2=1, redraw=2, metric="mse")
    whole = dense(
        3, "l2", max_depth=5, learning_rate=0.05, num_leaves=20, feature_fraction=0.3, bagging_fraction=0.7,
        min_data_in_leaf=50, lambda_l1=1, lambda_l2=1, bagging_freq=2,
    )  # fmt: skip
    quick = dense(3, max_bin=63, feature_fraction=0.2)

    np.testing.assert_array_equal(expert.predictions["test"], whole.predict(rows(DATA.test)))
    np.testing.assert_array_equal(
        ran(preset="quick", trees=300, patience=20, seed=3).predictions["test"], quick.predict(rows(DATA.test))
    )


@pytest.mark.parametrize("leaves", [2, 5, 12])
def test_one_tree_at_full_rate_is_scikit_learns(leaves: int) -> None:
    """Where every bin is one value, best-first growth on the squared error gives the same tree elsewhere."""
    steps = (2 * CLEAN).round().clip(-3, 3)
    train, test = (
        Observed(steps[part], None, TARGET[part], split=name, noise=0, seed=1)
        for name, part in (("train", slice(500)), ("test", slice(500, None)))
    )
    one = {"trees": 1, "lr": 1, "depth": -1, "min_rows": 1, "redraw": 0, "input_share": 1}
    output = ran(Splits(train, DATA.val, test), leaves=leaves, **one)
    tree = DecisionTreeRegressor(max_leaf_nodes=leaves).fit(rows(train), targets(train))

    np.testing.assert_allclose(output.predictions["test"], tree.predict(rows(test)), rtol=1e-5, atol=1e-6)


def test_a_leaf_says_what_the_formula_says() -> None:
    """The weight of each side of a stump is -S(G) / (n + l2)."""
    output = ran(trees=1, lr=0.5, leaves=2, l1=40, l2=100, redraw=0, input_share=1)
    at = int(output.profiles["importance"].argmax())
    x, y = rows(DATA.train)[:, at], targets(DATA.train)
    mean, low = y.mean(), output.predictions["test"] == output.predictions["test"].min()
    border = (rows(DATA.test)[low, at].max(), rows(DATA.test)[~low, at].min())
    assert border[0] < border[1]
    sides = []
    for cut in np.unique(x[(x >= border[0]) & (x <= border[1])]):
        for side in (x <= cut, x > cut):
            pull = (mean - y[side]).sum()
            sides.append(mean - 0.5 * np.sign(pull) * max(abs(pull) - 40, 0) / (side.sum() + 100))

    for said in np.unique(output.predictions["test"]):
        assert np.abs(np.array(sides) - said).min() < 1e-6


def test_no_prediction_depends_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread and two give the same bytes, and so does the same again."""
    said = []
    for threads in (1, 2, 1):
        monkeypatch.setattr(job, "_threads", lambda _, threads=threads: threads)
        said.append(ran(trees=3, leaves=7).predictions["test"].tobytes())

    assert len(set(said)) == 1
    assert ran(trees=3, leaves=7, seed=1).predictions["test"].tobytes() != said[0]


def test_binned_rows_are_kept_for_every_way_to_grow_trees(tmp_path: Path) -> None:
    """Only other bins make another file; from the file come the same predictions as without one."""
    made: list[str] = []
    context = Context(keeper=keeper(tmp_path, made))
    first, again, larger = (run(Params(trees=30, min_rows=n), DATA, context) for n in (20, 20, 90))

    assert len(made) == 1
    for there, fresh in ((first, ran(trees=30)), (again, ran(trees=30)), (larger, ran(trees=30, min_rows=90))):
        np.testing.assert_array_equal(there.predictions["test"], fresh.predictions["test"])
    run(Params(trees=3, bins=20), DATA, context)
    assert len(made) == 2
    assert made[0].startswith("lightgbm-data-")


def test_kept_rows_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run asks nothing of the training rows."""
    context = Context(keeper=keeper(tmp_path, []))
    first = run(Params(trees=5), DATA, context)
    for name in ("inputs", "pairs"):
        monkeypatch.setattr(DATA.train, name, lambda _: pytest.fail("read"))

    np.testing.assert_array_equal(run(Params(trees=5), DATA, context).predictions["val"], first.predictions["val"])


def test_uneven_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that arrive in batches of any size, or out of several splits, are the same rows."""
    whole = ran(trees=20).predictions["test"]
    chosen = np.arange(1000) < 333
    joined = Joined([Portion(DATA.train, chosen), Portion(DATA.train, ~chosen)])
    np.testing.assert_array_equal(ran(Splits(joined, DATA.val, DATA.test), trees=20).predictions["test"], whole)

    monkeypatch.setattr(job, "BATCH", 77)
    monkeypatch.setattr(binned_rows.Rows, "batch_size", 130)
    np.testing.assert_array_equal(ran(trees=20).predictions["test"], whole)


@pytest.mark.parametrize("count", [0, 29])
def test_few_validation_rows_decide_nothing(count: int) -> None:
    """All trees predict, no learning curve is told, and a number says that nobody watched."""
    val = split("val", slice(1000, 1000 + count))
    output = ran(Splits(DATA.train, val, DATA.test), trees=120, patience=1)

    assert output.scalars == {"best_tree": 120, "grown_trees": 120, "train_rows": 1000, "watched_rows": 0}
    assert output.tables == {"val_mae": {}}
    assert output.predictions["val"].shape == (count,)


def test_without_patience_all_trees_predict_and_the_curve_is_told() -> None:
    """Every hundredth tree has its validation error, the last one that of the predictions."""
    output = ran(trees=200, patience=0, metric="mse")

    assert output.scalars["best_tree"] == 200
    assert list(output.tables["val_mse"]) == ["100", "200"]
    error = np.square(output.predictions["val"] - targets(DATA.val)).mean()
    assert output.tables["val_mse"]["200"] == pytest.approx(error, rel=1e-6)


def test_the_edges_of_bins_come_from_rows_spread_over_all() -> None:
    """First and last part of the rows count alike, and never more rows than were meant to be held."""
    batches = [torch.arange(start, min(start + 7, 100), dtype=torch.float32)[:, None] for start in range(0, 100, 7)]

    np.testing.assert_array_equal(binned_rows.spread(batches, 100, 4, 1)[:, 0], [0, 25, 50, 75])
    np.testing.assert_array_equal(binned_rows.spread(batches, 100, 100, 1)[:, 0], np.arange(100))
    assert [binned_rows.sample_size(width) for width in (13, 4096, 1 << 20)] == [200_000, 4096, 1024]


def test_edges_from_few_rows_serve_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the rows gives bins in which the fit is about as good."""
    truth, whole = targets(DATA.val), ran(trees=100).predictions["val"]
    monkeypatch.setattr(binned_rows, "sample_size", lambda _: 100)
    part = ran(trees=100).predictions["val"]

    assert not np.array_equal(part, whole)
    assert np.square(part - truth).mean() < 1.1 * np.square(whole - truth).mean()


def test_inputs_that_say_nothing_give_the_mean(capfd: pytest.CaptureFixture[str]) -> None:
    """Constant inputs, and too few rows for a split, end in no error and no noise."""
    same = Observed(np.ones((50, 3), np.float32), None, TARGET[:50], split="train", noise=0, seed=1)
    for train in (same, split("train", slice(5))):
        data = Splits(train, split("val", slice(0)), train) if train is same else Splits(train, DATA.val, DATA.test)
        output = ran(data, trees=3)

        np.testing.assert_allclose(output.predictions["test"], targets(train).mean(), rtol=1e-6)
        assert not output.profiles["importance"].any()
    assert capfd.readouterr() == ("", "")


def test_progress_counts_rows_and_trees() -> None:
    """The rows go by twice, then the trees, then what is predicted."""
    told: list[tuple[int, int, str]] = []
    run(Params(trees=3), DATA, Context(progress=lambda *news: told.append(news)))

    assert [note for _, _, note in told] == ["bins", "train", "val", "tree", "tree", "tree", "val", "test"]
    assert told[3:6] == [(1, 3, "tree"), (2, 3, "tree"), (3, 3, "tree")]
    assert told[0] == (1000, 1000, "bins")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"trees": 0}, "trees is 0"),
        ({"leaves": 1}, "leaves is 1"),
        ({"bins": 1}, "bins is 1"),
        ({"l2": -1.0}, "l2 is -1"),
        ({"l1": float("nan")}, "l1 is nan"),
        ({"lr": 0.0}, "lr is 0"),
        ({"input_share": 1.5}, "input_share is 1.5"),
        ({"depth": 0}, "depth is 0"),
        ({"row_share": 1e-4}, "1000 training rows, and a tree would see none"),
    ],
)
def test_what_lightgbm_would_end_on_is_refused(params: dict[str, Any], message: str) -> None:
    """Each with the name it has in an experiment."""
    with pytest.raises(JobFailed, match=message):
        ran(**params)


MEMORY = """
import json
import torch
from runner.numerics import binned_rows

ROWS, WIDTH = 20_000, 512
def pairs():
    generator = torch.Generator().manual_seed(1)
    for start in range(0, ROWS, 500):
        x = torch.randn(500, WIDTH, generator=generator)
        yield x, x[:, 0].double()
def held(what):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(what))

binned_rows.SAMPLED = 1 << 19
binned_rows.edges([torch.randn(500, WIDTH)], 500, WIDTH, 255)
now = held("VmRSS")
by = binned_rows.edges((x for x, _ in pairs()), ROWS, WIDTH, 255)
data = binned_rows.binned(pairs(), ROWS, WIDTH, by, 255)
print(json.dumps({"grown": held("VmHWM") - now, "raw": ROWS * WIDTH * 4, "rows": data.num_data()}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of a process")
def test_raw_rows_are_never_held_whole() -> None:
    """Binning takes less memory than the raw rows alone would."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)

    assert told["rows"] == 20_000
    assert told["grown"] < told["raw"]
