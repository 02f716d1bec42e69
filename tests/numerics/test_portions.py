"""Portions of splits and splits in a row, against the arrays behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from runner.contract import Split
from runner.data.mockstar import Mockstar, Params
from runner.findings import JobFailed
from runner.numerics.portions import Joined, Portion

SOURCE = Mockstar(Params(val=40, test=30))
CHOSEN = np.random.default_rng(1).random(90) < 0.3


def split(name: str, rows: int, noise: float = 0.2) -> Any:
    """A split of made-up stars."""
    opened: Any = SOURCE.split(name, rows, target="logg", axes={"noise": noise}, seed=1, device="cpu")
    opened.key = f"{name} {rows} {noise}"
    return opened


def whole(part: Split) -> np.ndarray:
    """All inputs of a split."""
    return torch.cat(list(part.inputs(17))).numpy()


TRAIN, VAL, TEST = split("train", 90), split("val", 40), split("test", 30)
INPUTS = whole(TRAIN)


def test_a_portion_is_the_chosen_rows_in_their_order() -> None:
    """Inputs, targets, labels and statistics are those of the chosen rows, whatever the size of a batch."""
    part = Portion(TRAIN, CHOSEN)
    pairs = list(part.pairs(7))

    assert part.rows == CHOSEN.sum()
    assert [len(x) for x, _ in pairs] == [7] * (part.rows // 7) + ([part.rows % 7] if part.rows % 7 else [])
    np.testing.assert_array_equal(torch.cat([x for x, _ in pairs]).numpy(), INPUTS[CHOSEN])
    np.testing.assert_array_equal(torch.cat([y for _, y in pairs]).numpy(), TRAIN.column("logg")[CHOSEN])
    np.testing.assert_array_equal(part.column("mh"), TRAIN.column("mh")[CHOSEN])
    told = torch.cat(list(part.statistics(11))).numpy()
    np.testing.assert_array_equal(told, torch.cat(list(TRAIN.statistics(90))).numpy()[CHOSEN])
    assert part.positions is TRAIN.positions
    assert part.axes == {"noise": 0.2}


def test_no_rows_chosen_are_no_batches() -> None:
    """A portion may be empty, and all rows of a split are its rows."""
    assert list(Portion(TRAIN, np.zeros(90, bool)).inputs(8)) == []
    np.testing.assert_array_equal(whole(Portion(TRAIN, np.ones(90, bool))), INPUTS)


def test_other_rows_have_another_key() -> None:
    """What a fit of a portion depends on is told by its key."""
    same, other = Portion(TRAIN, CHOSEN.copy()), Portion(TRAIN, ~CHOSEN)

    assert Portion(TRAIN, CHOSEN).key == same.key
    assert len({same.key, other.key, Portion(split("train", 90, 1.0), CHOSEN).key}) == 3


def test_a_portion_is_seen_at_other_settings_like_its_split() -> None:
    """The same rows with other noise."""
    part = Portion(TRAIN, CHOSEN).at(noise=1.0)

    np.testing.assert_array_equal(whole(part), whole(split("train", 90, 1.0))[CHOSEN])
    assert part.axes == {"noise": 1.0}


def test_joined_splits_are_one_after_the_other() -> None:
    """Inputs and labels in the order of the splits, and what was predicted comes back split by split."""
    joined = Joined([Portion(TRAIN, CHOSEN), VAL, TEST])
    rows = [int(CHOSEN.sum()), 40, 30]

    np.testing.assert_array_equal(whole(joined), np.concatenate([INPUTS[CHOSEN], whole(VAL), whole(TEST)]))
    np.testing.assert_array_equal(joined.column("mh")[-30:], TEST.column("mh"))
    assert torch.cat(list(joined.statistics(9))).shape == (sum(rows), 10)
    assert [len(part) for part in joined.parts(np.arange(joined.rows))] == rows
    assert joined.parts(np.arange(joined.rows))[1][0] == rows[0]
    assert joined.axes == {"noise": 0.2}
    assert Joined([VAL, split("test", 30, 1.0)]).axes == {}


def test_what_is_behind_stays_out_of_reach() -> None:
    """Test targets are refused at once, of a portion as of joined rows; so are other settings of test rows."""
    for part in (Portion(TEST, np.ones(30, bool)), Joined([VAL, TEST])):
        with pytest.raises(JobFailed, match="scoring only"):
            part.pairs(5)
        with pytest.raises(JobFailed, match="scoring only"):
            part.column("logg")
        with pytest.raises(JobFailed, match="no other way"):
            part.at(noise=0.0)


def test_what_cannot_be_chosen_or_joined_is_refused() -> None:
    """A mask has one truth value a row."""
    with pytest.raises(ValueError, match=r"bool \[90\]"):
        Portion(TRAIN, np.arange(90))
