"""What others published for an experiment: its front matter, and the long list beside its result."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from functools import lru_cache

from runner.documents.kinds import Published, Stated
from runner.documents.library import Library
from runner.documents.published import address_of, bare, stated
from runner.documents.reading import Document
from runner.documents.sweeps import spelled
from runner.expressions.parse import parse
from runner.expressions.syntax import Expression, Reference, Segment
from runner.expressions.tokens import ExpressionRefused
from runner.findings import Finding, Place
from runner.results import places
from runner.results.addresses import NOWHERE
from runner.results.points import SEED, At, Lacking

COLUMNS = ("source", "population", "address", "value", "low", "high")
LARGEST = 5_000_000  # bytes of a list
CODE = "LG216"
Sources = dict[tuple[str, str], tuple[Place, dict[str, Stated]]]  # by source and population


@dataclass(frozen=True, slots=True)
class Listing:
    """A long list as read: its sources, and what is wrong with its lines."""

    sources: tuple[Published, ...] = ()
    findings: tuple[Finding, ...] = ()


def published(document: Document, library: Library) -> tuple[Published, ...]:
    """Return what was published for an experiment, the long list first: the front matter has the last word."""
    if document.experiment is None:
        return ()
    return (*listing(document, library).sources, *document.experiment.published)


def listing(document: Document, library: Library) -> Listing:
    """Return the long list of an experiment, an empty one where there is no file."""
    path = places.published_file(library, document)
    name = library.name_of(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Listing()
    except OSError as error:
        return _unreadable(name, f"cannot be read: {error.strerror}")
    if len(content) > LARGEST:
        return _unreadable(name, f"larger than {LARGEST // 1_000_000} MB")
    return _read(content, name)


def lookup(
    asked: str | Expression, document: Document, library: Library, at: At = NOWHERE
) -> tuple[Stated, Published] | None:
    """Return the last published value of an address of a document; one only in `withdrawn` comes with its `why`."""
    reference = parse(asked) if isinstance(asked, str) else asked
    if not isinstance(reference, Reference):
        return None
    home, addresses = _home(reference, document, library)
    addresses = [placed for address in addresses for placed in _placed(address, at)]
    if home is None or home.experiment is None:
        return None
    for entries in (published(home, library), home.experiment.withdrawn):
        for entry in reversed(entries):
            found = _value(entry, addresses)
            if found is not None:
                return found, entry
    return None


def cited(asked: Expression, document: Document, library: Library, at: At = NOWHERE) -> tuple[Stated, Published]:
    """Return the published value of an address, or refuse one that is unknown or withdrawn."""
    found = lookup(asked, document, library, at)
    called = f"`{address_of(asked)}`" if isinstance(asked, Reference) else "this"
    if found is None:
        fix = "add it under `published:` of its experiment"
        raise Lacking(f"no source gives {called}", asked.start, asked.end, fix=fix, code="LG302")
    if found[1].why:
        message = f"{called} was withdrawn: {found[1].why}"
        fix = f"strike the number out: ~~{found[0].value:g}~~"
        raise ExpressionRefused(message, asked.start, asked.end, fix=fix, code="LG113")
    return found


def _home(reference: Reference, document: Document, library: Library) -> tuple[Document | None, list[str]]:
    """Return the experiment whose sources are asked, and the ways its authors may have written the address."""
    first, *rest = reference.segments
    cite = document.names.cites.get(first.name)
    if cite is None:
        return document, [address_of(reference)]
    home = library.find(cite.experiment)
    if cite.run is not None:
        return home, [_address([replace(cite.run, point=(*cite.run.point, *first.point)), *rest])]
    jobs = list(home.experiment.jobs) if home is not None and home.experiment is not None else []
    heads = [Segment(jobs[0], first.point, first.start, first.end)] if len(jobs) == 1 else []
    return home, [_address(segments) for segments in (rest, [*heads, *rest]) if segments]


def _address(segments: list[Segment]) -> str:
    return address_of(Reference(tuple(segments), segments[0].start, segments[-1].end))


def _placed(address: str, at: At) -> list[str]:
    """Return an address with the point it is asked at, all axes or one, and as it is."""
    name, dot, rest = address.partition(".")
    axes = [f"{axis}={spelled(value)}" for axis, value in sorted(at.items()) if axis != SEED]
    if not axes or name.endswith(")"):
        return [address]
    return [*(f"{name}({point}){dot}{rest}" for point in (", ".join(axes), *axes)), address]


def _value(entry: Published, addresses: list[str]) -> Stated | None:
    """Return the value an entry gives; a point may leave out the name of its axis on either side."""
    for address in addresses:
        if address in entry.values:
            return entry.values[address]
    for address in addresses:
        alike = [v for known, v in entry.values.items() if address == bare(known) or bare(address) == known]
        if len(alike) == 1:
            return alike[0]
    return None


@lru_cache(maxsize=256)
def _read(content: bytes, name: str) -> Listing:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unreadable(name, f"not UTF-8 at byte {error.start}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    sources: Sources = {}
    findings: list[Finding] = []
    try:
        if tuple(next(reader, ())) != COLUMNS:
            return _unreadable(name, f"the columns are not {', '.join(COLUMNS)}")
        for cells in filter(None, reader):
            place = Place(name, reader.line_num, 1)
            trouble = _add(sources, [cell.strip() for cell in cells], place)
            findings += [Finding(CODE, place, trouble, "mend or drop this line")] if trouble else []
    except csv.Error as error:
        findings.append(Finding(CODE, Place(name, reader.line_num, 1), f"no CSV: {error}", "mend this line"))
    entries = (Published(*key, values, place) for key, (place, values) in sources.items())
    return Listing(tuple(entries), tuple(findings))


def _add(sources: Sources, cells: list[str], place: Place) -> str:
    """Add the value of one line to its source, or say what is wrong with the line."""
    if len(cells) != len(COLUMNS) or not all(cells[:4]):
        return "a line has source, population, address, value, and perhaps low and high"
    source, population, written, value, low, high = cells
    try:
        tree = parse(written)
    except ExpressionRefused as error:
        return error.message
    if not isinstance(tree, Reference) or "*" in written:
        return f"`{written}` is no address"
    found, address = stated(f"{value} [{low}, {high}]" if low or high else value), address_of(tree)
    if found is None:
        return f"`{' '.join(filter(None, (value, low, high)))}` is no value with its interval"
    _, values = sources.setdefault((source, population), (place, {}))
    return "" if values.setdefault(address, found) is found else f"`{address}` is given twice"


def _unreadable(name: str, message: str) -> Listing:
    return Listing(findings=(Finding(CODE, Place(name), message, f"write the columns {','.join(COLUMNS)}"),))
