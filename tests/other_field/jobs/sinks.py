"""Random features: a linear rule on waves whose directions nobody chose.

    z_j(x) = cos(w_j . x + b_j),  w_j ~ N(0, 1/width^2),  b_j ~ U(0, 2 pi)
    minimise |y - Z v|^2 + alpha |v|^2

Reference: Rahimi & Recht 2008, Advances in Neural Information Processing Systems 21, 1313
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.contract import Context, Data, Output, Split

VERSION = 1
CLOSE = 1e-4

BATCH = 512  # rows at a time


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # how many waves
    waves: int = 20
    # how far apart two rows may be before they have nothing to do with each other
    width: float = 3.0
    # the penalty on the length of the rule
    alpha: float = 0.1


def run(params: Params, data: Data, context: Context) -> Output:
    """Draw the waves from the seed, fit the rule, predict validation and test."""
    generator = np.random.default_rng(context.seed)
    directions = generator.normal(size=(data.train.width, params.waves)) / params.width
    shifts = generator.uniform(0, 2 * np.pi, params.waves)
    pairs = [(x.cpu().numpy(), y.cpu().numpy()) for x, y in data.train.pairs(BATCH)]
    z = np.cos(np.concatenate([x for x, _ in pairs]) @ directions + shifts)
    y = np.concatenate([y for _, y in pairs])
    rule = np.linalg.solve(z.T @ z + params.alpha * np.eye(params.waves), z.T @ (y - y.mean()))

    def predicted(split: Split) -> np.ndarray:
        rows = np.concatenate([x.cpu().numpy() for x in split.inputs(BATCH)])
        return np.asarray(np.cos(rows @ directions + shifts) @ rule + y.mean())

    return Output({"val": predicted(data.val), "test": predicted(data.test)}, scalars={"waves": float(params.waves)})
