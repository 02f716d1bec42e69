"""File results made elsewhere: predictions for the rows of a protocol, or facts that come without rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from runner.documents.published import address_of, bare, stated
from runner.documents.reading import Document
from runner.execution import provenance
from runner.execution.filing import file_result, file_rows, filed, recorded_run, rows_to_file
from runner.execution.fits import HIDDEN
from runner.execution.workshop import open_source
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Reference
from runner.expressions.tokens import ExpressionRefused, quantity
from runner.findings import ArtefactDamaged, InputRefused, Place
from runner.plans.specs import JobRun, compute_key, data_digest, job_runs
from runner.results import arrays, places
from runner.results.addresses import FactAddress, ScalarAddress, resolve
from runner.results.files import Recorded
from runner.results.runs import last_run
from runner.safety import atomic, canonical
from runner.verdicts.knowledge import Knowledge, over

COLUMNS = ("address", "value", "low", "high", "n", "population")
LARGEST = 5_000_000  # bytes of a list of facts
T = TypeVar("T")


@dataclass
class Recording:
    """What a file holds for the runs of an experiment."""

    runs: set[str] = field(default_factory=set)
    predictions: dict[str, np.ndarray] = field(default_factory=dict)  # `<run>/<split>`
    facts: dict[str, Recorded] = field(default_factory=dict)
    scalars: dict[str, float] = field(default_factory=dict)


def record(document: Document, path: Path, knowledge: Knowledge) -> Recording:
    """File what a file holds; the runs it names are replaced, all others stay as they were filed."""
    library = knowledge.library
    protocol_document, protocol = library.protocol_document(document), library.protocol(document)
    if protocol_document is None or protocol is None:
        raise InputRefused(f"{document.id} has no readable protocol", code="LG207")
    with atomic.lock(library.root / HIDDEN / "locks" / document.id):
        knowledge = over(library)  # another command may have filed since this one read
        declared = job_runs(document, library, data=data_digest(library, protocol) or "")
        content = _content(path)
        read = _facts if path.suffix == ".csv" else _predictions
        found = read(content, path, document, declared, knowledge)
        if not places.rows_file(protocol_document).is_file():
            rows = rows_to_file(document, open_source(protocol, knowledge), knowledge)
            file_rows(document, rows, knowledge)
        _file(document, found, declared, canonical.digest_bytes(content, 32), path.name, knowledge)
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fix = "give the path of an npz or csv file"
        raise InputRefused(f"cannot be read: {error.strerror}", place=Place(path.name), fix=fix) from error


def _file(
    document: Document, found: Recording, declared: list[JobRun], fit: str, name: str, knowledge: Knowledge
) -> None:
    old = filed(document, knowledge)
    runs = {run.name: recorded_run(run, fit, _hashes(run.name, found)) for run in declared if run.name in found.runs}
    told = last_run(document, knowledge.library) or _nothing_ran(knowledge)
    told["runs"] |= {run: {"file": name, "fresh": True} for run in runs}
    file_result(
        document,
        {**_others(old.runs if old else {}, found), **runs},
        {**_others(knowledge.store.predictions(document) if old else {}, found), **found.predictions},
        {**_others(old.scalars if old else {}, found), **found.scalars},
        knowledge,
        compute_key(declared),
        told=told,
        recorded=found.facts,
    )


def _nothing_ran(knowledge: Knowledge) -> dict[str, Any]:
    """Return the run file of an experiment of which nothing ran here."""
    here = provenance.surroundings(knowledge.library.root, "elsewhere")
    return {**here, "format": 1, "runs": {}, "seconds": 0.0, "started": provenance.now()}


def _others(entries: Mapping[str, T], found: Recording) -> dict[str, T]:
    """Return the entries of the runs that are not recorded anew."""
    starts = tuple(f"{run}{sign}" for run in found.runs for sign in "./")
    return {name: entry for name, entry in entries.items() if name not in found.runs and not name.startswith(starts)}


def _hashes(run: str, found: Recording) -> dict[str, str]:
    splits = {name.rpartition("/")[2]: name for name in found.predictions if name.startswith(f"{run}/")}
    return arrays.digests({split: found.predictions[name] for split, name in splits.items()})


def _predictions(
    content: bytes, path: Path, document: Document, declared: list[JobRun], knowledge: Knowledge
) -> Recording:
    """Read predictions of declared runs for the rows of the protocol."""
    del content
    protocol = knowledge.library.protocol(document)
    rows = {"test": protocol.test, "val": protocol.val} if protocol else {}
    found = Recording()
    try:
        stored = arrays.unpack(path, path.name)
    except ArtefactDamaged as error:
        fix = "write it with numpy.savez, one array `<run>/test` per run"
        raise InputRefused(error.message, place=Place(path.name), fix=fix) from error
    for name, values in stored.items():
        written, _, split = name.rpartition("/")
        run = _named(written or name, declared, path)
        if split not in rows:
            raise _refused(path, 0, f"`{name}` is of no split", f"call it {run}/test or {run}/val")
        if values.shape != (rows[split],) or not np.isfinite(values).all():
            message = f"`{name}` is not one finite number for each of the {rows[split]} {split} rows"
            raise _refused(path, 0, message, "predict the rows of the protocol, in their order")
        found.runs.add(run)
        found.predictions[f"{run}/{split}"] = arrays.rounded(values)
    for run in found.runs:
        if f"{run}/test" not in found.predictions:
            raise _refused(path, 0, f"`{run}` has no predictions for the test rows", f"add {run}/test")
    return found


def _named(written: str, declared: list[JobRun], path: Path) -> str:
    """Return the run that is called so, as results or people spell it."""
    try:
        tree = parse(written)
    except ExpressionRefused:
        tree = None
    spelt = address_of(tree) if isinstance(tree, Reference) else written
    alike = [run.name for run in declared if spelt in (run.name, bare(run.name))]
    if len(alike) != 1:
        raise _refused(path, 0, f"no run is called `{written}`", suggestion(written, [run.name for run in declared]))
    return alike[0]


def _facts(content: bytes, path: Path, document: Document, declared: list[JobRun], knowledge: Knowledge) -> Recording:
    """Read facts without rows: their value, their interval if they bring one, and the rows they speak of."""
    del declared
    found = Recording()
    for line, cells in _lines(content, path):
        try:
            _add(found, cells, document, knowledge)
        except InputRefused as error:
            raise _refused(path, line, error.message, error.fix) from error
    return found


def _lines(content: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a list below its header."""
    if len(content) > LARGEST:
        raise _refused(path, 0, f"larger than {LARGEST // 1_000_000} MB", "file predictions instead")
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if tuple(next(reader, ())) != COLUMNS:
            raise _refused(path, 1, f"the columns are not {', '.join(COLUMNS)}", f"write {','.join(COLUMNS)}")
        for cells in filter(None, reader):
            yield reader.line_num, [cell.strip() for cell in cells]
    except UnicodeDecodeError as error:
        raise _refused(path, 0, f"not UTF-8 at byte {error.start}", "save the file as UTF-8") from error
    except csv.Error as error:
        raise _refused(path, reader.line_num, f"no CSV: {error}", "mend this line") from error


def _add(found: Recording, cells: list[str], document: Document, knowledge: Knowledge) -> None:
    if len(cells) != len(COLUMNS) or not all(cells[:2]):
        raise InputRefused("a line has address, value, and perhaps low, high, n and population")
    written, value, low, high, n, population = cells
    number = stated(f"{value} [{low}, {high}]" if low or high else value)
    if number is None:
        raise InputRefused(f"`{' '.join(filter(None, (value, low, high)))}` is no value with its interval")
    address = _address(written, document, knowledge)
    if address.key in found.facts or address.key in found.scalars:
        raise InputRefused(f"`{address.key}` is given twice", fix="give it once")
    found.runs.add(address.run)
    if isinstance(address, ScalarAddress):
        if low or high or n or population:
            fix = "leave low, high, n and population empty"
            raise InputRefused(f"`{written}` is no metric on a slice, so it stands on no rows", fix=fix)
        found.scalars[address.key] = number.value
        return
    rows = quantity(n)
    if not population or rows is None or rows < 1 or rows % 1:
        raise InputRefused(f"`{written}` does not say on which and on how many rows", fix="fill in population and n")
    found.facts[address.key] = Recorded(number.value, population, int(rows), number.interval)


def _address(written: str, document: Document, knowledge: Knowledge) -> FactAddress | ScalarAddress:
    """Return the fact or scalar of one declared run that an address means."""
    tree = parse(written)
    meaning = resolve(tree, document, knowledge.library) if isinstance(tree, Reference) else None
    if not isinstance(meaning, FactAddress | ScalarAddress) or meaning.document is not document:
        raise InputRefused(f"`{written}` is no fact of one run of {document.id}", fix="write job(point).slice.metric")
    return meaning


def _refused(path: Path, line: int, message: str, fix: str) -> InputRefused:
    return InputRefused(message, place=Place(path.name, line, 1 if line else 0), fix=fix)
