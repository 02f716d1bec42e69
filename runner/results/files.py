"""The result file: six maps that a rerun must reproduce, sealed by their own hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.documents.kinds import Value
from runner.findings import ArtefactDamaged, Place
from runner.safety import canonical

FORMAT = 2
NOTHING = "nothing was promised"  # so that what is written after the first result never passes for a promise
LARGEST = 1e300  # beyond it nothing was measured


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

    def as_map(self) -> dict[str, Any]:
        """Return the run as the result file stores it."""
        kept = {name: getattr(self, name) for name in self.__slots__ if name != "failed"}
        return {**kept, "failed": self.failed} if self.failed else kept


@dataclass(frozen=True, slots=True)
class Result:
    """Everything one experiment filed."""

    runs: Mapping[str, Run]
    populations: Mapping[str, tuple[str, int]]  # hash -> name, number of rows
    facts: Mapping[str, tuple[float | None, str]]  # address -> value, population
    scalars: Mapping[str, float]
    promises: Mapping[str, str]  # "<compute key>/<expectation>" -> text

    @property
    def data(self) -> str:
        """Return the digest of the data its runs were fitted on."""
        return next((run.data for run in self.runs.values()), "")

    def scalars_of(self, run: str) -> dict[str, float]:
        """Return the scalars of one run by their own names."""
        start = f"{run}."
        return {name.removeprefix(start): v for name, v in self.scalars.items() if name.startswith(start)}

    def dumps(self) -> str:
        """Write the result in canonical form, with its seal."""
        content = self._content()
        return canonical.dumps({**content, "seal": canonical.digest(content)})

    def _content(self) -> dict[str, Any]:
        return {
            "facts": {address: list(fact) for address, fact in self.facts.items()},
            "format": FORMAT,
            "populations": {key: list(population) for key, population in self.populations.items()},
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
    return Result(
        runs={name: _run(run) for name, run in _map(content["runs"]).items()},
        populations={key: (_text(name), _whole(n)) for key, (name, n) in _map(content["populations"]).items()},
        facts={
            address: (None if value is None else _number(value), _text(key))
            for address, (value, key) in _map(content["facts"]).items()
        },
        scalars={name: _number(value) for name, value in _map(content["scalars"]).items()},
        promises={name: _text(text) for name, text in _map(content["promises"]).items()},
    )


def _run(content: Any) -> Run:
    run = Run(**_map(content))
    _map(run.params)
    texts = (run.job, run.code, run.fit, run.asked, run.data, run.failed, *_map(run.arrays).values())
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
    return f"restore it from git, or file it again: runner execute {path.stem}"
