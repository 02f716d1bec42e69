"""What the experts of a mixture say of rows they were not fitted on, and what is known of each.

Experts that are the same plain ridge come from `bin_ridges.py`, with the ridge of all rows; any other expert is fitted
as a job of its own on a portion of the training rows, with its portion of the validation rows. Both are kept under the
keys of the rows they were fitted on and are asked of, so that mixtures with the same experts fit them once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from runner.contract import Context, Data, JobSpec, Split
from runner.numerics import bin_ridges as sums
from runner.numerics.bin_ridges import Assigned, Shrinkage, answers, bin_ridges
from runner.numerics.components import Components
from runner.numerics.keeping import kept_arrays
from runner.numerics.penalty import Penalty
from runner.numerics.portions import Joined, Portion, Splits
from runner.numerics.shrinkage import Linear

VERSION = 1  # of what an expert that is a job of its own says
RIDGE = "ridge"
GENERAL = "global"  # what tables call the ridge of all rows
BEYOND = ("front", "conditional", "noises", "label_noise")  # of a ridge that is more than a regression on its inputs
OF_ALL = {  # the ridge of all rows beside experts that are none
    "alpha": "val",
    "alphas": tuple(step * 10.0**power for power in range(-3, 5) for step in (1, 3))[:-1],
    "folds": 5, "products": "auto", "standardise": False,
}  # fmt: skip
TEST = "test"  # the name of the rows whose target nobody knows
PARTS = ("said", "target")
BATCH = 4096  # rows at a time
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Crew:
    """The experts of a mixture: which job each is, whose the rows are, and whom else the rows are needed for."""

    specs: tuple[JobSpec, ...]  # of every expert
    usual: JobSpec  # of those that take no other
    assigned: Assigned
    by: tuple[str, ...]  # labels for which there is a ridge of all rows
    general: bool  # whether the ridge of all rows is needed where no expert is plain

    @property
    def plain(self) -> JobSpec | None:
        """Return the spec of the experts that sums over rows can make, if there are any."""
        return self.usual if is_plain(self.usual) else None


@dataclass
class Said:
    """What experts say of rows by the name of their split, and what is known of the experts."""

    experts: Arrays  # [rows, experts]
    target: Arrays = field(default_factory=dict)  # [rows], of all but the test rows
    general: Arrays = field(default_factory=dict)  # [rows], of the ridge of all rows
    labels: Arrays = field(default_factory=dict)  # [rows, labels], of ridges of all rows
    tables: dict[str, dict[str, float]] = field(default_factory=dict)  # of each expert, by its name
    profiles: Arrays = field(default_factory=dict)
    components: Components | None = None  # of all rows


def is_plain(spec: JobSpec) -> bool:
    """Tell whether a job is a ridge regression on the inputs as they are, which sums over rows can make."""
    return spec.job == RIDGE and not any(spec.params.get(name) for name in BEYOND)


def heard(crew: Crew, data: Data, asked: Mapping[str, Split], context: Context) -> Said:
    """Fit what was not fitted before, and return what the experts say of the rows that they are asked of."""
    crew.assigned.check()
    shape = len(crew.specs)
    said = Said({name: np.empty((split.rows, shape)) for name, split in asked.items()})
    if crew.plain or crew.general:
        _hear_ridges(said, crew, data, asked, context)
    else:
        said.target = {name: _target(split) for name, split in asked.items() if name != TEST}
    for number, spec in enumerate(crew.specs):
        if spec != crew.plain:
            _hear_job(said, number, crew, data, asked, context)
    return said


def _hear_ridges(said: Said, crew: Crew, data: Data, asked: Mapping[str, Split], context: Context) -> None:
    """Take in what the plain ridges and that of all rows say; where no expert is plain, that of all rows alone."""
    assigned, params = crew.assigned, {**OF_ALL, **(crew.plain.params if crew.plain else {})}
    if crew.plain is None:
        assigned = Assigned((), np.minimum(assigned.train, 0), np.minimum(assigned.val, 0))
    settings = {name: params[name] for name in OF_ALL}
    of = [sums.VERSION, settings, data.train.key, data.val.key, _digest(assigned), crew.by]

    def fit() -> Arrays:
        penalty = Penalty(params["alpha"], tuple(params["alphas"]), params["folds"])
        shrinkage = Shrinkage(penalty, params["products"], standardise=params["standardise"])
        return bin_ridges(data.train, data.val, assigned, crew.by, shrinkage, context.progress)

    made = kept_arrays(context, "moe-ridges", of, fit)
    rules = Linear(torch.from_numpy(made["weights"]), torch.from_numpy(made["intercepts"]))

    def ask() -> Arrays:
        told = {name: answers(rules, split, known=name != TEST) for name, split in asked.items()}
        return {f"{part}_{name}": pair[place] for name, pair in told.items() for place, part in enumerate(PARTS)}

    spoken = kept_arrays(context, "moe-said", [*of, [[name, split.key] for name, split in asked.items()]], ask)
    count = len(assigned.names)
    for name in asked:
        values, said.target[name] = (spoken[f"{part}_{name}"] for part in PARTS)
        said.experts[name][:, :count] = values[:, :count]
        said.general[name], said.labels[name] = values[:, count], values[:, count + 1 :]
    said.components = Components(*(torch.from_numpy(made[name]) for name in ("mean", "vectors", "variances")))
    said.profiles["weights"] = made["weights"][:, count]
    mine = {name: place for place, name in enumerate(assigned.names) if crew.specs[place] == crew.plain}
    said.profiles |= {f"weights({name})": made["weights"][:, place] for name, place in mine.items()}
    told = {"alpha": "alphas"} | ({"alpha_at_edge": "at_edge"} if isinstance(params["alpha"], str) else {})
    for what, column in told.items():
        said.tables[what] = {name: float(made[column][place]) for name, place in {**mine, GENERAL: count}.items()}


def _hear_job(said: Said, number: int, crew: Crew, data: Data, asked: Mapping[str, Split], context: Context) -> None:
    """Take in what an expert says that is fitted as a job of its own."""
    spec, name = crew.specs[number], crew.assigned.names[number]
    test = Joined(list(asked.values()))
    own = Splits(
        train=Portion(data.train, crew.assigned.train == number),
        val=Portion(data.val, crew.assigned.val == number),
        test=test,
    )
    of = [VERSION, [spec.job, spec.version, spec.params], context.seed, own.train.key, own.val.key, test.key]

    def fit() -> Arrays:
        output = context.fit(spec, own)
        told = {f"scalar_{what}": np.array(value) for what, value in output.scalars.items()}
        drawn = {f"profile_{what}": values for what, values in output.profiles.items()}
        return {"predicted": output.predictions["test"], **told, **drawn}

    made = kept_arrays(context, "moe-expert", of, fit)
    for where, values in zip(asked, test.parts(made.pop("predicted")), strict=True):
        said.experts[where][:, number] = values
    for key, values in made.items():
        sort, _, what = key.partition("_")
        if sort == "profile":
            said.profiles[f"{what}({name})"] = values
        else:
            said.tables.setdefault(what, {})[name] = float(values)


def _target(split: Split) -> np.ndarray:
    """Return the target of every row."""
    return np.concatenate([np.empty(0), *(y.cpu().numpy() for _, y in split.pairs(BATCH))])


def _digest(assigned: Assigned) -> str:
    """Return what tells one assignment of rows from others: names do not count."""
    digest = hashlib.sha256(f"{len(assigned.names)} {len(assigned.train)}".encode())
    for rows in (assigned.train, assigned.val):
        digest.update(np.ascontiguousarray(rows, dtype=np.int64).tobytes())
    return digest.hexdigest()
