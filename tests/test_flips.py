"""One byte that is not the one that was filed: `check` names the file, or nothing depends on that byte.

Every kind of file of a base is damaged in the same three ways: a byte becomes another, the end is cut off, a byte is
added. Where the places are is drawn once and for all; each place is a seed of its own.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runner import workflow
from runner.contract import read_contract
from runner.documents.scanner import Scan, scan
from runner.execution.fits import Cache, Fit
from runner.execution.keeping import Keeper
from runner.findings import RunnerError
from runner.results import arrays
from tests import knowledge
from tests.executed import EXP, HUB, PREDICTIONS, RESULT, ROWS, RUN, execute
from tests.execution.test_profiles import placed

OWN = "own/middle.py"
DATA = "logg/tiny.npz"
PUBLISHED = "logg/toy/results/TOY-1.published.csv"
TRIES = range(3)  # places per kind of file and of damage,
MANY = range(20)  # and where looking costs nothing

JOB = '''"""The middle of the training targets, whatever is asked.

    y = median(y_i)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.contract import Context, Data, Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # added to the middle
    above: float = 0.0


def run(params: Params, data: Data, context: Context) -> Output:
    """Take the middle, say it everywhere."""
    middle = np.median([float(y) for _, batch in data.train.pairs(64) for y in batch]) + params.above
    path = context.kept("slope", [data.train.key], lambda path: path.write_text("0.5 0.25 0.125"))
    slope = np.resize(np.array(path.read_text().split(), float), data.train.width)
    predictions = {"val": np.full(data.val.rows, middle), "test": np.full(data.test.rows, middle)}
    return Output(predictions, tables={"share": {"low": {"high": 0.5}}}, profiles={"slope": slope})
'''

Damage = Callable[[bytes, random.Random], bytes]


def drawn_for(*what: object) -> random.Random:
    """Return the draws that belong to a damage, the same every time."""
    return random.Random(" ".join(map(str, what)))  # noqa: S311 - places in a file, no secrets


def flipped(content: bytes, drawn: random.Random) -> bytes:
    """Make one byte another one."""
    place = drawn.randrange(len(content))
    return content[:place] + bytes([content[place] ^ drawn.randrange(1, 256)]) + content[place + 1 :]


def cut(content: bytes, drawn: random.Random) -> bytes:
    """Leave out the end."""
    return content[: drawn.randrange(len(content))]


def longer(content: bytes, drawn: random.Random) -> bytes:
    """Add a byte."""
    return content + bytes([drawn.randrange(256)])


@cache
def files() -> dict[str, bytes]:
    """Return the files of an executed base with a job of its own and published values, cache and figures included."""
    with TemporaryDirectory() as folder:
        root = knowledge.toy(Path(folder))
        experiment = root / EXP
        text = experiment.read_text(encoding="utf-8").replace("  weak: ", "  middle: {job: middle}\n  weak: ")
        more = "<!-- logg: published -->\n\n<!-- logg: figure {kind: spectrum, of: [middle.slope]} -->\n"
        experiment.write_text(f"{text}\n{more}", encoding="utf-8", newline="")
        (root / DATA).write_bytes(placed())
        (root / "pyproject.toml").write_text('[tool.runner]\njobs = "own"\n')
        (root / "own").mkdir()
        (root / OWN).write_text(JOB)
        (root / PUBLISHED).parent.mkdir(parents=True)
        (root / PUBLISHED).write_text(
            "source,population,address,value,low,high\nan old scale,same,weak.r2,0.4,0.3,0.5\n", newline=""
        )
        execute(root)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write the executed base; its caches are warm."""
    for name, content in files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def said(root: Path) -> list[str]:
    """Return what check says, a refusal to read the base included; anything else would be a bug."""
    try:
        return [str(finding) for finding in workflow.check(root).findings]
    except RunnerError as refusal:
        return [str(refusal)]


def unnamed(root: Path, name: str, damage: Damage, words: tuple[str, ...]) -> list[bytes]:
    """Return the damaged contents of a file of which check says nothing that holds one of these words."""
    content, quiet = files()[name], []
    for attempt in TRIES:
        damaged = damage(content, drawn_for(name, damage.__name__, attempt))
        (root / name).write_bytes(damaged)
        if not any(word in line for line in said(root) for word in words):
            quiet.append(damaged)
    return quiet


def test_the_base_agrees_before_it_is_damaged(root: Path) -> None:
    """What is found below is the damage."""
    assert said(root) == []


@pytest.mark.parametrize("damage", [flipped, cut, longer])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        (RESULT, ("TOY-1.json",)),
        ("bars", ("bars-",)),
        ("spectrum", ("spectrum-",)),
        (PUBLISHED, ("TOY-1.published.csv", "the block `published`")),
        (DATA, ("(data)",)),
    ],
)
def test_what_is_filed_is_named(root: Path, name: str, words: tuple[str, ...], damage: Damage) -> None:
    """Whatever byte of a result, a figure, published values or the data is another, check names the file or its use."""
    path = next(path for path in files() if name in path and path.startswith("logg/"))

    assert unnamed(root, path, damage, words) == []


@pytest.mark.parametrize("damage", [flipped, cut, longer])
@pytest.mark.parametrize("name", [PREDICTIONS, ROWS])
def test_arrays_are_named_or_are_the_same_arrays(root: Path, name: str, damage: Damage, tmp_path: Path) -> None:
    """What check does not name is a byte of the archive that no reader looks at: every number is as it was."""
    (tmp_path / "filed.npz").write_bytes(files()[name])
    filed = arrays.digests(arrays.unpack(tmp_path / "filed.npz", name))

    for quiet in unnamed(root, name, damage, (name,)):
        (tmp_path / "quiet.npz").write_bytes(quiet)
        assert arrays.digests(arrays.unpack(tmp_path / "quiet.npz", name)) == filed


@pytest.mark.parametrize("damage", [flipped, cut, longer])
def test_a_run_is_named_or_says_the_same_on_every_page(root: Path, damage: Damage) -> None:
    """What a run cost is quoted by no page; the rest of the file about it is, or cannot be read."""
    filed = json.loads(files()[RUN])

    for quiet in unnamed(root, RUN, damage, (RUN, "the block `provenance`")):
        changed = {name for name, value in json.loads(quiet).items() if value != filed.get(name)}
        assert changed <= {"fits"}


@pytest.mark.parametrize("damage", [flipped, cut, longer])
def test_a_job_of_the_project_is_named_or_does_the_same(root: Path, damage: Damage, tmp_path: Path) -> None:
    """What check does not name is a comment, a docstring or a blank: the code is as it was."""
    (tmp_path / "filed").mkdir()
    (tmp_path / "filed/middle.py").write_bytes(files()[OWN])
    filed = read_contract(tmp_path / "filed/middle.py").code

    for quiet in unnamed(root, OWN, damage, ("middle", OWN)):
        (tmp_path / "quiet.py").write_bytes(quiet)
        assert read_contract(tmp_path / "quiet.py").code == filed


def blocks(found: Scan) -> list[tuple[int, int]]:
    """Return where generated text stands, definitions left out."""
    return [(block.body_start, block.body_end) for block in found.blocks if block.name != "sources"]


def definitions(found: Scan) -> list[tuple[int, int]]:
    """Return where generated definitions stand."""
    return [(block.body_start, block.body_end) for block in found.blocks if block.name == "sources"]


def digits(found: Scan) -> list[tuple[int, int]]:
    """Return where the digits of cited numbers stand."""
    numbers = [citation for citation in found.citations if citation.text.strip("+0123456789. ") == ""]
    return [
        (citation.text_start + place, citation.text_start + place + 1)
        for citation in numbers
        for place, letter in enumerate(citation.text)
        if letter.isdecimal()
    ]


def other_digit(content: bytes, drawn: random.Random) -> bytes:
    """Make a digit another one."""
    return str((int(content) + drawn.randrange(1, 10)) % 10).encode()


@pytest.mark.parametrize("name", [EXP, HUB])
@pytest.mark.parametrize(
    ("where", "damage"), [(blocks, flipped), (definitions, flipped), (digits, other_digit)], ids=lambda f: f.__name__
)
def test_generated_text_is_named(
    root: Path, name: str, where: Callable[[Scan], list[tuple[int, int]]], damage: Damage
) -> None:
    """Whatever byte of a block or a definition, whatever digit of a number is another, check names the document."""
    text = files()[name].decode()
    drawn = drawn_for(name, where.__name__)
    spans = where(scan(text))

    for start, end in [drawn.choice(spans) for _ in (*TRIES, *TRIES)] if spans else []:
        head, body, tail = (part.encode() for part in (text[:start], text[start:end], text[end:]))
        (root / name).write_bytes(head + damage(body, drawn) + tail)
        assert any(name in line for line in said(root)), body


@pytest.mark.parametrize("damage", [flipped, cut, longer])
def test_a_damaged_fit_in_the_cache_is_never_used(tmp_path: Path, damage: Damage) -> None:
    """Check does not read the cache; execute computes again whatever is not the fit that was kept."""
    cache = Cache(tmp_path)
    notes = {Path(name).name: content for name, content in files().items() if "cache/fits/" in name}
    cache.folder.mkdir(parents=True)
    for name, content in notes.items():
        (cache.folder / name).write_bytes(content)

    for name, content in notes.items():
        kept = cache.take(Path(name).stem)
        assert kept is not None
        for attempt in MANY:
            (cache.folder / name).write_bytes(damage(content, drawn_for(name, damage.__name__, attempt)))
            taken = cache.take(Path(name).stem)
            assert taken is None or same(taken, kept)
        (cache.folder / name).write_bytes(content)


def same(one: Fit, other: Fit) -> bool:
    """Tell whether two fits predicted the same and found the same numbers and profiles at the same cost."""
    return (one.scalars, one.cost, one.digests) == (other.scalars, other.cost, other.digests)


@pytest.mark.parametrize("damage", [flipped, cut, longer])
def test_a_damaged_kept_file_is_made_again(tmp_path: Path, damage: Damage) -> None:
    """A job is given what it wrote, whatever byte of the file or of its note is another one."""
    kept = {Path(name).name: content for name, content in files().items() if "cache/kept/" in name}
    (name,) = (name for name in kept if not name.endswith(".json"))

    def make(path: Path) -> None:
        path.write_bytes(kept[name])

    for damaged, content in kept.items():
        for attempt in MANY:
            keeper = Keeper(tmp_path / "kept", tmp_path / "locks")
            with keeper.using():
                keeper.kept(name, make, lambda _: None)
                (keeper.folder / damaged).write_bytes(damage(content, drawn_for(damaged, damage.__name__, attempt)))
            anew = Keeper(keeper.folder, keeper.locks)
            with anew.using():
                assert anew.kept(name, make, lambda _: None).read_bytes() == kept[name]
