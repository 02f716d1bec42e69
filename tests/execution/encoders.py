"""A job that gives latents, and one that reads them and says whether they are those of its own rows."""

import numpy as np

TURN = np.arange(18.0).reshape(6, 3) / 7  # how the first one turns its rows

ENCODER = '''"""It turns its rows by a matrix, shifted by what the machine says, and counts its calls."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runner.contract import Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What may be set."""


def rows(split):
    """Return all inputs of a split."""
    return np.concatenate([x.numpy() for x in split.inputs(17)]).astype(np.float64)


def run(params, data, context):
    """Predict the first number of each row; give three for each to the others."""
    here = Path(__file__).parent
    with (here / "calls").open("a") as calls:
        calls.write("x\\n")
    shift = float((here / "machine").read_text())
    turn = np.arange(18.0).reshape(6, 3) / 7
    latents = {name: (rows(getattr(data, name)) + shift) @ turn for name in ("train", "val", "test")}
    return Output({name: rows(getattr(data, name))[:, 0] + shift for name in ("val", "test")}, latents=latents)
'''
READER = '''"""It predicts the first latent, and says how far all of them are from what its own rows would give."""

from dataclasses import dataclass

import numpy as np

from runner.contract import JobName, Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # whose latents
    of: JobName | None = None
    # whether the training rows are asked for as well, and predictions
    train: bool = True
    predictions: bool = False
    # makes another fit of it
    salt: int = 0


def first(split):
    """Return the first number of each row."""
    return np.concatenate([x.numpy() for x in split.inputs(64)])[:, 0]


def run(params, data, context):
    """Ask, and compare."""
    turn = np.arange(18.0).reshape(6, 3) / 7
    names = ("train", "val", "test") if params.train else ("val", "test")
    told = {name: context.latents(params.of, name) for name in names}
    off = {}
    if params.predictions:
        context.predicted(params.of, "train")
        off["off_said"] = float(np.abs(context.predicted(params.of, "test") - first(data.test)).max())
    for name, latents in told.items():
        assert latents.dtype == np.float32
        own = np.concatenate([x.numpy() for x in getattr(data, name).inputs(64)]) @ turn
        off[f"off_{name}"] = float(np.abs(latents - own).max())
    return Output({name: told[name][:, 0] for name in ("val", "test")}, scalars=off)
'''
