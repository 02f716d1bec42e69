"""Networks that learn a target: on what scale, judged by what, and what comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from torch import nn

from runner.contract import Context, Output, Split
from runner.findings import JobFailed
from runner.numerics.observation import Observed
from runner.numerics.portions import Splits
from runner.numerics.recipe import Recipe
from runner.numerics.regression import Scale, Task, regressed, scale_of, schedule_of

WIDTH = 5
QUICK = Recipe(epochs=60, batch=64, lr=0.03, labels="standard", schedule="cosine")


class Table(Observed):
    """Made-up rows with a target far from 0, and a label beside it."""

    def __init__(self, name: str, rows: int) -> None:
        """Draw them."""
        chance = np.random.default_rng(len(name) * 100 + rows)
        x = chance.normal(size=(rows, WIDTH)).astype(np.float32)
        self.beside = 300 * x[:, 0].astype(float) + 5000
        target = 40 + x.astype(float) @ np.arange(1.0, WIDTH + 1) + 0.5 * chance.normal(size=rows)
        super().__init__(x, None, target, split=name, noise=0.0, seed=0)
        self.key, self.x, self.y = f"{name} {rows}", x, target

    def column(self, _name: str) -> np.ndarray:
        """Return the label beside the target."""
        return self.beside


TRAIN, VAL, TEST, NONE = Table("train", 600), Table("val", 200), Table("test", 300), Table("val", 0)


def line(_rows: Split | None = None) -> nn.Linear:
    """A straight line."""
    return nn.Linear(WIDTH, 1)


def learnt(recipe: Recipe = QUICK, val: Table = VAL, build: Any = line, **task: Any) -> Output:
    """Train on the made-up rows."""
    return regressed(build, recipe, Task(Splits(TRAIN, val, TEST), **task), Context())


@pytest.mark.parametrize("labels", ["standard", "minmax", "none"])
@pytest.mark.parametrize("loss", ["mse", "huber", "l1"])
def test_a_straight_line_is_found_on_any_scale(labels: Any, loss: Any) -> None:
    """The one that least squares finds, from whose noise the other losses find nearly the same."""
    lr = {"standard": 0.03, "minmax": 0.01, "none": 1.0}[labels]
    output = learnt(replace(QUICK, labels=labels, loss=loss, lr=lr))
    due = LinearRegression().fit(TRAIN.x, TRAIN.y).predict(TEST.x)

    np.testing.assert_allclose(output.predictions["test"], due, atol=0.15 if loss == "mse" else 0.35)


def test_epochs_are_judged_by_all_validation_rows_at_once() -> None:
    """What is kept scores as the curve says, in the units of the target."""
    output = learnt(replace(QUICK, epochs=7))
    curve = output.curves["val_r2"]

    assert output.scalars["best_epoch"] == 1 + int(curve.argmax())
    np.testing.assert_allclose(curve.max(), r2_score(VAL.y, output.predictions["val"]), rtol=1e-6)
    np.testing.assert_array_equal(output.curves["rows"], 600 * np.arange(1, 8))
    assert {len(values) for values in output.curves.values()} == {7}
    assert output.scalars["rows_seen"] == 4200


def test_without_validation_rows_some_training_rows_judge() -> None:
    """And are not learnt from."""
    output = learnt(val=NONE)

    assert output.scalars["train_rows"] == 540
    assert r2_score(TEST.y, output.predictions["test"]) > 0.98
    assert output.predictions["val"].shape == (0,)


def test_what_another_model_says_is_taken_off_and_added_again() -> None:
    """A network that can learn nothing leaves what was said as it was; one that can, mends it."""
    said = {name: split.y + 3 * split.x[:, 0] for name, split in (("train", TRAIN), ("val", VAL), ("test", TEST))}

    def mute(_rows: Split) -> nn.Module:
        model = line()
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        return model

    still = learnt(replace(QUICK, lr=1e-12, epochs=1), build=mute, said=said)
    np.testing.assert_allclose(still.predictions["test"], said["test"] + (TRAIN.y - said["train"]).mean(), atol=1e-5)
    np.testing.assert_allclose(learnt(said=said).predictions["test"], TEST.y, atol=0.1)


def test_labels_beside_the_target_are_learnt_and_told_of() -> None:
    """They are no predictions of the run, but the share of their variance is."""
    output = learnt(replace(QUICK, epochs=100), build=lambda _: nn.Linear(WIDTH, 2), also=("heat",))

    assert r2_score(TEST.y, output.predictions["test"]) > 0.98
    assert 0.999 < output.tables["beside_r2"]["heat"] <= 1  # type: ignore[operator]


@pytest.mark.parametrize(
    ("norm", "shift", "spread"),
    [("standard", [2, 5], [2, 1]), ("minmax", [0, 5], [4, 1]), ("none", [0, 0], [1, 1])],
)
def test_scales(norm: str, shift: list[float], spread: list[float]) -> None:
    """A label that is always the same is left in its units; what is scaled comes back."""
    labels = np.array([[0.0, 5.0], [4.0, 5.0]])
    scale = scale_of(labels, norm)

    np.testing.assert_array_equal(scale.shift, shift)
    np.testing.assert_array_equal(scale.spread, spread)
    np.testing.assert_allclose(scale.restored(scale.scaled(labels).double().numpy()), labels)
    assert isinstance(scale, Scale)


def test_steps_are_those_of_the_recipe() -> None:
    """Their number, where the cosine ends, what else is asked for."""
    schedule = schedule_of(Recipe(epochs=3, batch=10, lr=1e-3, lr_end=1e-5, schedule="plateau", clip=0.5), 25)

    assert (schedule.steps, schedule.plateau, schedule.falls, schedule.clip) == (9, True, False, 0.5)
    np.testing.assert_allclose(schedule.end, 0.01)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_are_refused(rows: int) -> None:
    """There must be one to learn from and one to judge by."""
    with pytest.raises(JobFailed, match=r"no rows|too few"):
        regressed(line, QUICK, Task(Splits(Table("train", rows), NONE, TEST)), Context())


def test_labels_that_are_no_numbers_are_refused() -> None:
    """Before anything is trained."""
    broken = Table("train", 30)
    broken.y[3] = np.nan
    with pytest.raises(JobFailed, match="labels of the train rows are not finite"):
        regressed(line, QUICK, Task(Splits(broken, VAL, TEST)), Context())


def test_chance_is_the_seeds() -> None:
    """Two runs give the same bytes, another seed other ones."""
    one, same, other = (
        regressed(line, QUICK, Task(Splits(TRAIN, VAL, TEST)), Context(seed=seed)).predictions["test"].tobytes()
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_what_a_training_depends_on_names_its_checkpoint() -> None:
    """Rows, recipe, labels and what was said: other ones are another training."""
    asked: list[str] = []
    nothing: Any = type("Nothing", (), {"load": lambda _: None, "due": lambda _, **__: False, "save": None})()

    def named(digest: str) -> Any:
        asked.append(digest)
        return nothing

    context = Context(checkpoints=named)
    data = Splits(TRAIN, VAL, TEST)
    said = {"train": np.ones(600), "val": np.ones(200), "test": np.ones(300)}
    quick = replace(QUICK, epochs=1)
    for recipe, task in [
        (quick, Task(data)),
        (quick, Task(data)),
        (replace(quick, lr=0.02), Task(data)),
        (quick, Task(data, said=said)),
        (quick, Task(Splits(Table("train", 30), VAL, TEST))),
    ]:
        regressed(line, recipe, task, context)

    assert asked[0] == asked[1]
    assert len(set(asked)) == 4


def test_inputs_that_are_no_numbers_are_refused() -> None:
    """The loss says so after the first epoch."""
    broken = Table("train", 30)
    broken.x[3, 2] = np.inf
    with pytest.raises(JobFailed, match="not finite"):
        regressed(line, QUICK, Task(Splits(broken, VAL, TEST)), Context())


def test_a_short_split_is_predicted_in_its_order() -> None:
    """As a loop over rows would."""
    torch.manual_seed(0)
    model = line()
    output = learnt(replace(QUICK, lr=1e-12, epochs=1, labels="none"), build=lambda _: model)
    due = [float(model(torch.from_numpy(row[None]))[0, 0].detach()) for row in TEST.x]

    np.testing.assert_allclose(output.predictions["test"], due, atol=1e-5)


@pytest.mark.parametrize(
    ("also", "message"),
    [(("heat", "heat"), "names a label column twice"), (("broken",), "`broken` of the test rows is not finite")],
)
def test_labels_that_could_not_be_told_of_are_refused_at_once(also: tuple[str, ...], message: str) -> None:
    """Before hours of training, not after them."""

    class Half(Table):
        def column(self, name: str) -> np.ndarray:
            return self.beside * (np.nan if name == "broken" and self.rows == 300 else 1.0)

    def build(_rows: Split) -> nn.Module:
        pytest.fail("it was built")

    data = Splits(TRAIN, VAL, Half("test", 300))
    with pytest.raises(JobFailed, match=message):
        regressed(build, QUICK, Task(data, also), Context())


def test_test_rows_that_no_network_can_take_are_refused_at_once() -> None:
    """Their predictions could not be filed."""
    broken = Table("test", 300)
    broken.x[7, 1] = np.nan
    with pytest.raises(JobFailed, match="inputs of the test rows"):
        regressed(line, QUICK, Task(Splits(TRAIN, VAL, broken)), Context())


def test_a_label_that_never_varies_has_no_score() -> None:
    """It is left out of the table."""

    class Flat(Table):
        def column(self, _name: str) -> np.ndarray:
            return np.full(self.rows, 3.0)

    task = Task(Splits(Flat("train", 600), Flat("val", 200), Flat("test", 300)), also=("heat",))
    assert not regressed(lambda _: nn.Linear(WIDTH, 2), replace(QUICK, epochs=1), task, Context()).tables


def test_without_validation_rows_a_network_is_made_of_the_rows_it_learns_from() -> None:
    """Those that judge it shape nothing of it."""
    made: list[int] = []

    def build(rows: Split) -> nn.Module:
        made.append(rows.rows)
        return line()

    learnt(replace(QUICK, epochs=1), val=NONE, build=build)
    assert made == [540]


def test_what_was_said_of_rows_is_not_said_of_them_with_other_noise() -> None:
    """A model to build on has seen the rows as they are."""
    said = {name: np.zeros(rows) for name, rows in (("train", 600), ("val", 200), ("test", 300))}
    with pytest.raises(JobFailed, match="holds for their own noise"):
        learnt(replace(QUICK, fresh=True), said=said)
