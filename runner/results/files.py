"""The result file: six maps that a rerun must reproduce, sealed by their own hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from runner.documents.kinds import Value
from runner.documents.metrics import METRICS
from runner.findings import ArtefactDamaged, Place
from runner.safety import canonical

FORMAT = 2
RECORDED = "recorded"  # the job of a run that was made elsewhere
NOTHING = "nothing was promised"  # so that what is written after the first result never passes for a promise
LARGEST = 1e300  # beyond it nothing was measured
RARE = {"failed", "profiles", "curves"}  # what a run is stored without where it has none
CURVE = "curve"  # before the name of a curve among the arrays of a run
T = TypeVar("T")


def beside(profiles: Mapping[str, T], curves: Mapping[str, T]) -> dict[str, T]:
    """Return what belongs to profiles and curves by the names of their arrays, `weights` and `curve/loss`."""
    return {**profiles, **{f"{CURVE}/{name}": value for name, value in curves.items()}}


@dataclass(frozen=True, slots=True)
class Run:
    """One job run: what was fitted on what, and the hashes of what it predicted."""

    job: str
    version: int
    code: str
    fit: str  # key of the training
    asked: str  # key of the rows it predicted
    params: Mapping[str, Any]
    axes: Mapping[str, Value]
    data: str
    arrays: Mapping[str, str] = field(default_factory=dict)
    failed: str = ""
    profiles: Mapping[str, str] = field(default_factory=dict)  # of what it says of each input
    curves: Mapping[str, str] = field(default_factory=dict)  # of what it says of each epoch

    @property
    def beside(self) -> dict[str, str]:
        """Return the hashes of what it filed beside the rows."""
        return beside(self.profiles, self.curves)

    def gives(self, metric: str) -> bool:
        """Tell whether a metric can be computed from what it filed."""
        return METRICS[metric].of in self.arrays

    def as_map(self) -> dict[str, Any]:
        """Return the run as the result file stores it: what few runs have only where they have it."""
        stored = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in stored.items() if value or name not in RARE}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact without rows: its value, the rows it is said to stand on, and the interval it brings, if any."""

    value: float
    population: str
    n: int
    interval: tuple[float, float] | None = None

    @property
    def key(self) -> str:
        """Return the hash of its rows, of which nothing is known but what is said."""
        return canonical.digest([RECORDED, self.population, self.n])


@dataclass(frozen=True, slots=True)
class Result:
    """Everything one experiment filed."""

    runs: Mapping[str, Run]
    populations: Mapping[str, tuple[str, int]]  # hash -> name, number of rows
    facts: Mapping[str, tuple[float | None, str]]  # address -> value, population
    scalars: Mapping[str, float]
    promises: Mapping[str, str]  # "<compute key>/<expectation>" -> text
    recorded: Mapping[str, Recorded] = field(default_factory=dict)  # facts without rows by address
    inputs: str = ""  # the hash of where the inputs stand that profiles speak of

    @property
    def data(self) -> str:
        """Return the digest of the data its runs were fitted on."""
        return next((run.data for run in self.runs.values() if run.data), "")

    def scalars_of(self, run: str) -> dict[str, float]:
        """Return the scalars of one run by their own names."""
        start = f"{run}."
        return {name.removeprefix(start): v for name, v in self.scalars.items() if name.startswith(start)}

    def metrics_of(self, run: str, known: Iterable[str]) -> tuple[str, ...]:
        """Return which of some metrics a run has: from its predictions, from its bounds, or recorded without rows."""
        filed, recorded = self.runs[run], {address.rpartition(".")[2] for address in self.recorded_of(run)}
        return tuple(metric for metric in known if filed.gives(metric) or metric in recorded)

    def recorded_of(self, run: str) -> dict[str, Recorded]:
        """Return the facts without rows of one run."""
        return {address: fact for address, fact in self.recorded.items() if address.startswith(f"{run}.")}

    def dumps(self) -> str:
        """Write the result in canonical form, with its seal."""
        content = self._content()
        return canonical.dumps({**content, "seal": canonical.digest(content)})

    def _content(self) -> dict[str, Any]:
        recorded = {a: [fact.value, fact.key, *(fact.interval or (None, None))] for a, fact in self.recorded.items()}
        said = {fact.key: [fact.population, fact.n] for fact in self.recorded.values()}
        placed = {"inputs": self.inputs} if self.inputs else {}
        return placed | {
            "facts": {address: list(fact) for address, fact in self.facts.items()} | recorded,
            "format": FORMAT,
            "populations": {key: list(population) for key, population in self.populations.items()} | said,
            "promises": dict(self.promises),
            "runs": {name: run.as_map() for name, run in self.runs.items()},
            "scalars": dict(self.scalars),
        }


def read_result(path: Path, name: str) -> Result:
    """Read a result file, refusing one that is not what was filed."""
    place = Place(name)
    content = load_json(path, name)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else "none"
        raise ArtefactDamaged(f"result format {found}, {FORMAT} is due", place=place, code="LG401", fix=_again(path))
    seal = content.pop("seal", "")
    if seal != canonical.digest(content):
        raise ArtefactDamaged("the seal does not fit the content", place=place, code="LG401", fix=_again(path))
    try:
        return _result(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtefactDamaged(f"not a result: {error}", place=place, code="LG401", fix=_again(path)) from error


def load_json(path: Path, name: str) -> Any:
    """Read a canonical JSON file strictly, naming the file when it is damaged."""
    try:
        return canonical.loads(path.read_text(encoding="utf-8"))
    except (ArtefactDamaged, UnicodeDecodeError) as error:
        message = getattr(error, "message", "not UTF-8")
        raise ArtefactDamaged(message, place=Place(name), code="LG401", fix=_again(path)) from error


def _result(content: dict[str, Any]) -> Result:
    """Build a result, every value checked: the seal is a public hash, it vouches for no one."""
    populations = {key: (_text(name), _whole(n)) for key, (name, n) in _map(content["populations"]).items()}
    facts = {address: _fact(fact, populations) for address, fact in _map(content["facts"]).items()}
    recorded = {address: fact for address, fact in facts.items() if isinstance(fact, Recorded)}
    said = {fact.key for fact in recorded.values()}
    return Result(
        runs={name: _run(run) for name, run in _map(content["runs"]).items()},
        populations={key: population for key, population in populations.items() if key not in said},
        facts={address: fact for address, fact in facts.items() if not isinstance(fact, Recorded)},
        scalars={name: _number(value) for name, value in _map(content["scalars"]).items()},
        promises={name: _text(text) for name, text in _map(content["promises"]).items()},
        recorded=recorded,
        inputs=_text(content.get("inputs", "")),
    )


def _fact(content: Any, populations: Mapping[str, tuple[str, int]]) -> tuple[float | None, str] | Recorded:
    """Read a value with its population; one without rows has two bounds behind them."""
    value, key, *bounds = content
    if not bounds:
        return (None if value is None else _number(value), _text(key))
    low, high = bounds
    fact = Recorded(_number(value), *populations[_text(key)])
    if fact.key != key:
        raise ValueError(f"`{key}` is not the hash of {fact.population}")
    return fact if low is None and high is None else replace(fact, interval=(_number(low), _number(high)))


def _run(content: Any) -> Run:
    run = Run(**_map(content))
    _map(run.params)
    texts = (run.job, run.code, run.fit, run.asked, run.data, run.failed, *_map(run.arrays).values())
    texts += (*_map(run.profiles).values(), *_map(run.curves).values())
    for text in texts:
        _text(text)
    for value in _map(run.axes).values():
        _text(value) if isinstance(value, str) else _number(value)
    _whole(run.version)
    return run


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.40} where a map is due")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} where text is due")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST:
        raise TypeError(f"{value!r:.40} where a number is due")
    return float(value)


def _whole(value: Any) -> int:
    if _number(value) != int(value):
        raise TypeError(f"{value!r:.40} where a whole number is due")
    return int(value)


def _again(path: Path) -> str:
    return f"restore it from git, or delete it and file it again: runner execute {path.stem}"
