"""Maps pooled to rows of numbers, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from runner.findings import JobFailed
from runner.numerics.layers.pooling import numbers, pooled

MAPS = np.random.default_rng(4).normal(size=(3, 5, 24)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 2, 3, 8, 24])
def test_segments_are_means_of_stretches(k: int) -> None:
    """Those of one channel side by side."""
    due = MAPS.reshape(3, 5, k, 24 // k).mean(-1).reshape(3, 5 * k)

    np.testing.assert_allclose(pooled(torch.from_numpy(MAPS), f"seg_mean_K{k}"), due, rtol=1e-5, atol=1e-6)
    assert numbers(f"seg_mean_K{k}") == k


@pytest.mark.parametrize("places", [1, 3, 13])
def test_segments_that_do_not_divide_evenly_reach_to_whole_places(places: int) -> None:
    """However few places there are, each segment holds one at least."""
    maps = MAPS[:, :, :places]
    cuts = [(k * places // 8, -(-(k + 1) * places // 8)) for k in range(8)]
    due = np.stack([maps[:, :, first:end].mean(-1) for first, end in cuts], -1).reshape(3, -1)

    np.testing.assert_allclose(pooled(torch.from_numpy(maps), "seg_mean_K8"), due, rtol=1e-5, atol=1e-6)


def test_mean_and_largest_value_of_every_channel() -> None:
    """All means first."""
    np.testing.assert_allclose(pooled(torch.from_numpy(MAPS), "mean"), MAPS.mean(-1), rtol=1e-5, atol=1e-6)
    both = pooled(torch.from_numpy(MAPS), "mean_max")
    np.testing.assert_allclose(both, np.concatenate([MAPS.mean(-1), MAPS.max(-1)], 1), rtol=1e-5, atol=1e-6)
    assert (numbers("mean"), numbers("mean_max")) == (1, 2)


@pytest.mark.parametrize("how", ["max", "seg_mean_K0", "seg_mean_K", "seg_mean_K8 ", "seg_mean_K12345", ""])
def test_other_words_are_refused(how: str) -> None:
    """With those there are."""
    with pytest.raises(JobFailed, match="no way to make latents") as refusal:
        numbers(how)
    assert "seg_mean_K8" in str(refusal.value.fix)
