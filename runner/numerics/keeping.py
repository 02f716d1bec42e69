"""Arrays that a job makes once and later runs take from where they were kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runner.contract import Context
from runner.numerics.npz import load_numbers

LARGEST = 1 << 33  # bytes of one file


def kept_arrays(
    context: Context, what: str, of: Sequence[Any], make: Callable[[], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return arrays by name, made now or in an earlier run: `of` says all that they depend on."""
    if context.keeper is None:
        return dict(make())

    def write(path: Path) -> None:
        arrays: dict[str, Any] = dict(make())
        with path.open("wb") as stream:
            np.savez(stream, **arrays)

    return load_numbers(context.kept(what, of, write), f"the kept file of {what}", LARGEST)
