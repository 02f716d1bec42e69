"""A table of features in the place of a split's inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from runner.findings import JobFailed
from runner.numerics.feature_table import FeatureTable
from runner.numerics.observation import Observed
from runner.numerics.portions import Portion

X = np.random.default_rng(2).normal(size=(10, 4)).astype(np.float32)
Y = np.arange(10.0)
FEATURES = np.random.default_rng(3).normal(size=(10, 2))


def split(name: str = "train") -> Observed:
    """Ten rows."""
    return Observed(X, np.ones_like(X), Y, split=name, noise=0.0, seed=1)


def test_it_is_a_split_of_its_features() -> None:
    """Inputs, pairs and consecutive rows; labels and what is told of the noise come from the split behind it."""
    table = FeatureTable(split(), FEATURES, "cpu")
    whole = torch.from_numpy(FEATURES).float()
    pairs = list(table.pairs(3))

    assert (table.rows, table.width, table.positions) == (10, 2, None)
    assert [len(x) for x in table.inputs(3)] == [3, 3, 3, 1] == [len(x) for x, _ in pairs]
    assert torch.equal(torch.cat(list(table.inputs(3))), whole)
    assert torch.equal(torch.cat([x for x, _ in pairs]), whole)
    assert torch.equal(torch.cat([y for _, y in pairs]), torch.from_numpy(Y))
    assert torch.equal(table.some(range(3, 7)), whole[3:7])
    assert torch.equal(Portion(table, Y % 2 == 0).some(range(1, 4)), whole[2:7:2])
    np.testing.assert_array_equal(table.target, Y)
    assert next(table.statistics(10)).shape == (10, 10)


def test_other_features_have_another_key() -> None:
    """So that nobody goes on with what was learnt of others."""
    moved = FEATURES.copy()
    moved[3, 1] += 1e-3

    assert FeatureTable(split(), FEATURES, "cpu").key == FeatureTable(split(), FEATURES, "cpu").key
    assert FeatureTable(split(), FEATURES, "cpu").key != FeatureTable(split(), moved, "cpu").key


def test_what_it_cannot_be_asked_is_refused() -> None:
    """The test target, other views of the same rows, and features of other rows."""
    table = FeatureTable(split("test"), FEATURES, "cpu")
    with pytest.raises(JobFailed, match="for scoring only"):
        _ = table.target
    with pytest.raises(JobFailed, match="for scoring only"):
        table.pairs(4)
    with pytest.raises(JobFailed, match="made once"):
        table.at(noise=1.0)
    with pytest.raises(JobFailed, match="made once"):
        table.redrawn(1)
    with pytest.raises(ValueError, match="9 rows of features"):
        FeatureTable(split(), FEATURES[:9], "cpu")
