"""What a job, a source and a figure are, and how their files are read without being imported."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runner.bases import Base
from runner.declarations import Declarations
from runner.findings import JobFailed
from runner.origin import Origin as Origin  # noqa: PLC0414 - a job file finds all it needs here
from runner.partitions import Partition as Partition  # noqa: PLC0414
from runner.shapes import JobName as JobName  # noqa: PLC0414
from runner.shapes import Parameter

if TYPE_CHECKING:
    import numpy as np
    import torch

SPLITS = ("train", "val", "test")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Split(Protocol):
    """The rows of one split, as a job sees them: inputs with their noise, in a fixed order."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    @property
    def width(self) -> int:
        """How many inputs a row has."""

    @property
    def key(self) -> str:
        """The key of all that its rows depend on: splits of one key have the same rows."""

    @property
    def axes(self) -> Mapping[str, float]:
        """The settings of the protocol's axes it is seen at."""

    @property
    def positions(self) -> np.ndarray | None:
        """Where its inputs stand along an axis of their own, float64 [width], None where nobody says it."""

    @property
    def target(self) -> np.ndarray:
        """The target of all rows, float64 [rows]; refused for the test split."""

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the observed inputs, at most `size` rows at a time: float32 [n, width]."""

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs float32 [n, width], target float64 [n]); refused for the test split."""

    def some(self, rows: range) -> torch.Tensor:
        """Return the observed inputs of consecutive rows, from anywhere in the split: float32 [n, width]."""

    def statistics(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the ten numbers a job may know of each row's noise, float32 [n, 10]; refused where none is known."""

    def column(self, name: str) -> np.ndarray:
        """Return a label column, float64 [rows]; the target of the test split is refused."""

    def at(self, **axes: float) -> Split:
        """Return the same rows seen at other settings of the axes; refused for the test split."""

    def redrawn(self, draw: int) -> Split:
        """Return the same rows with another draw of their noise, 0 the first; refused for the test split."""


class Data(Protocol):
    """The three splits a job is given."""

    @property
    def train(self) -> Split:
        """The rows to learn from."""

    @property
    def val(self) -> Split:
        """The rows to choose on."""

    @property
    def test(self) -> Split:
        """The rows that are scored."""

    @property
    def origin(self) -> Origin:
        """What stands behind the rows; refused unless the job's file says `ORIGIN = True`."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job inside another, as its `Params` hold it: which one, in which version, with which parameters."""

    job: str
    version: int
    params: Mapping[str, Any]


Job = JobSpec  # what the annotation of such a parameter is called


def key_at(key: str, axes: Mapping[str, float], draw: int = 0) -> str:
    """Return the key of the rows of a key, seen at these settings of the axes with this draw of their noise."""
    drawn = f" draw {draw}" if draw else ""
    return f"{key.partition(' at ')[0]} at {json.dumps(dict(axes), sort_keys=True)}{drawn}"


class Checkpoint(Protocol):
    """Where a long training puts what it needs to go on after it was stopped."""

    def load(self) -> bytes | None:
        """Return what was saved last and is whole, None where there is nothing."""

    def due(self, *, ended: bool = False) -> bool:
        """Tell whether it is time to save: the last one is old enough, or the run is asked to stop.

        With `ended` no step is left, and what was computed is saved unless it is quickly computed again.
        """

    def save(self, make: Callable[[], bytes]) -> None:
        """Save the state that `make` returns in the place of the last one; a run that is asked to stop ends here."""


class Source(Protocol):
    """An opened data source: knows its rows and can show them at any value of its axes."""

    columns: Mapping[str, str]  # label column -> unit

    def size(self, split: str) -> int:
        """Return how many rows the split can offer."""

    def labels(self, split: str, rows: int, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Return the label columns of the first `rows` rows of a split, all or those named: float64."""

    def split(
        self, name: str, rows: int, *, target: str, axes: Mapping[str, float], seed: int, device: str, draw: int = 0
    ) -> Split:
        """Return the first `rows` rows of a split as a job may see them, at these values of the protocol's axes."""

    def origin(self, train: Split, test: Split) -> Origin:
        """Return what stands behind two splits it has opened."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a run may know about its surroundings: where to compute, the seed, whom to tell.

    `progress(done, total, note)`: a note that begins with epoch, step or tree counts those, any other counts rows;
    what stands behind a colon in it is news of the same phase.
    """

    device: str = "cpu"
    seed: int = 0
    progress: Callable[[int, int, str], None] = lambda _done, _total, _note: None
    nested: Callable[[JobSpec, Data, int], Output] | None = None
    predictions: Callable[[str, str], np.ndarray] | None = None
    folder: Path = Path()  # of the knowledge base: where paths in parameters start
    keeper: Callable[[str, Callable[[Path], None]], Path] | None = None
    files: tuple[str, ...] = ()  # what the files hold that the parameters name, of jobs inside it, too
    checkpoints: Callable[[str], Checkpoint] | None = None
    latents_of: Callable[[str, str], np.ndarray] | None = None

    def fit(self, spec: JobSpec, data: Data, seed: int | None = None) -> Output:
        """Run a nested job on data of your choosing, with your own seed unless another is given."""
        if self.nested is None:
            raise JobFailed("this run can fit no job inside another")
        return self.nested(spec, data, self.seed if seed is None else seed)

    def predicted(self, sibling: str, split: str) -> np.ndarray:
        """Return what a job named in your parameters predicted for the `train`, `val` or `test` rows."""
        if self.predictions is None:
            raise JobFailed(f"this run is given no predictions of `{sibling}`")
        _refuse_no_split(split)
        return self.predictions(sibling, split)

    def latents(self, sibling: str, split: str) -> np.ndarray:
        """Return what a job named in your parameters made of the `train`, `val` or `test` rows: float32 [rows, n]."""
        if self.latents_of is None:
            raise JobFailed(f"this run is given no latents of `{sibling}`")
        _refuse_no_split(split)
        return self.latents_of(sibling, split)

    def checkpoint(self, of: Sequence[Any]) -> Checkpoint | None:
        """Return where a training saves itself, None where nothing can be saved: `of` is as for `kept`."""
        return None if self.checkpoints is None else self.checkpoints(_digest([self.device, self.seed, *of]))

    def kept(self, what: str, of: Sequence[Any], make: Callable[[Path], None]) -> Path:
        """Return a file that `make` writes, now or in an earlier run: `of` says all that it depends on.

        `of` holds the keys of splits, parameters, versions of what writes it: strings, numbers, maps and lists of them.
        """
        if self.keeper is None:
            raise JobFailed("this run can keep no files")
        named = _digest([what, self.device, list(of), *([list(self.files)] if self.files else [])])
        return self.keeper(f"{what}-{named}", make)


@dataclass(frozen=True, slots=True)
class Output:
    """What a job returns; the engine scores, slices, resamples and draws it."""

    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)  # 'val' and 'test' -> [rows], or none at all
    bounds: np.ndarray | None = None  # per test row, what squared errors come to at least, on average over the rows
    scalars: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, float] | Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    profiles: Mapping[str, np.ndarray] = field(default_factory=dict)  # one number per input, such as weights
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)  # one number per epoch, all of one length
    latents: Mapping[str, np.ndarray] = field(default_factory=dict)  # 'train', 'val', 'test' -> [rows, n], for siblings


@dataclass(frozen=True)
class Contract:
    """What a plug-in file declares, read without running it."""

    name: str
    path: Path
    docstring: str
    version: int
    parameters: Mapping[str, Parameter]
    uses_val: bool  # its fit depends on the validation rows,
    uses_seed: bool  # on the seed,
    uses_train: bool  # on the training rows at all
    close: float  # how far predictions made on another machine may be off, relative to their spread
    origin: bool  # it may look at what stands behind the rows
    ceiling: bool  # its bounds hold for every estimator that sees the inputs alone
    columns: Mapping[str, str] | None  # of a source that makes its own rows: name -> unit
    axes: Mapping[str, tuple[str, ...]]  # of a source: axis a protocol may have -> the label columns that follow it
    grids: Mapping[str, Mapping[str, int]]  # of a source: option -> its value -> test rows of the grid it then makes
    files: tuple[str, ...]  # the parameters that name data files
    shared: str  # of a source: the array of its npz file that it shares out between the splits
    inputs: str  # of a source: what the positions of its inputs are, with their unit
    text: bytes = field(repr=False)
    base: Base | None = field(repr=False)  # the other file that its parameters begin in

    def grid(self, options: Mapping[str, Any]) -> int:
        """Return the test rows of the regular grid a source makes with these options, 0 where it makes none."""
        return next((rows[options[name]] for name, rows in self.grids.items() if options.get(name) in rows), 0)

    @property
    def summary(self) -> str:
        """Return the first line of what the file says about itself."""
        return self.docstring.split("\n")[0]

    @cached_property
    def code(self) -> str:
        """Return the digest of what the file does: comments, docstrings and layout left out.

        The file its parameters begin in is left out, too: whatever counts there is in the parameters of every run.
        """
        return _code_digest(ast.parse(self.text))


def involved(name: str, params: Any, contracts: Mapping[str, Contract]) -> Iterator[tuple[Contract, Mapping[str, Any]]]:
    """Yield a job and every job inside its accepted parameters, each with its own parameters."""
    yield contracts[name], params
    for spec in _specs(params):
        yield from involved(spec["job"], spec["params"], contracts)


def _specs(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the nested job specs of a value, the outermost of each branch."""
    if isinstance(value, Mapping) and set(value) == {"job", "version", "params"}:
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _specs(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _specs(inner)


def contracts(folder: Path) -> dict[str, Contract]:
    """Read every plug-in file of a folder; the file name is the plug-in's name."""
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: read_contract(path) for path in files}


def read_contract(path: Path) -> Contract:
    """Read one plug-in file: docstring, literals and the fields of Params."""
    text = path.read_bytes()
    known = _contract(path, text)
    if known.base is None or not known.base.moved:
        return known
    _contract.cache_clear()
    return _contract(path, text)


@lru_cache(maxsize=256)  # whoever reads the library again, as `serve` does, parses only what changed
def _contract(path: Path, text: bytes) -> Contract:
    file = Declarations(path, text)
    version = file.literal("VERSION", 0, "whole number")
    if not version:
        raise file.refused(1, "has no literal VERSION = <whole number>")
    return Contract(
        name=path.stem,
        path=path,
        docstring=file.docstring,
        version=version,
        parameters=file.parameters(),
        uses_val=file.literal("USES_VAL", default=False, due="True or False"),
        uses_seed=file.literal("USES_SEED", default=True, due="True or False"),
        uses_train=file.literal("USES_TRAIN", default=True, due="True or False"),
        close=file.literal("CLOSE", 1e-6, "number"),
        origin=file.literal("ORIGIN", default=False, due="True or False"),
        ceiling=file.literal("CEILING", default=False, due="True or False"),
        columns=file.literal("COLUMNS", {}, "map of names") or None,
        axes=file.literal("AXES", {}, "map of names"),
        grids=file.literal("GRIDS", {}, "map of options"),
        files=file.literal("FILES", (), "list of names"),
        shared=file.literal("SHARED", "", "name"),
        inputs=file.literal("INPUTS", "", "name"),
        text=text,
        base=file.base,
    )


def _refuse_no_split(name: str) -> None:
    if name not in SPLITS:
        raise JobFailed(f"there are no `{name}` rows", fix="ask for train, val or test")


def _digest(of: Sequence[Any]) -> str:
    """Return the key of strings, numbers, maps and lists of them."""
    return hashlib.sha256(json.dumps(list(of), sort_keys=True).encode()).hexdigest()[:32]


def _code_digest(tree: ast.Module) -> str:
    """Hash what the file does: its tree without docstrings (taken out here), comments and layout."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(_spelled(tree).encode()).hexdigest()[:12]


def _spelled(node: object) -> str:
    """Write a tree out, empty fields left out: those are what differs between versions of Python."""
    if isinstance(node, list):
        return f"[{','.join(map(_spelled, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = (f"{name}={_spelled(value)}" for name, value in ast.iter_fields(node) if value not in (None, []))
    return f"{type(node).__name__}({','.join(fields)})"
