"""Files that are damaged, lost or half of a cut: nothing is believed, and the next command repairs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import workflow
from runner.execution import provenance
from runner.findings import ArtefactDamaged, StorageFailed
from runner.jobs import ridge
from runner.safety import atomic, canonical
from tests.executed import (
    EXP,
    PREDICTIONS,
    PROTOCOL,
    RESULT,
    ROWS,
    RUN,
    execute,
    executed,
    read,
    snapshot,
    swap,
)
from tests.knowledge import toy


def cut(path: Path) -> None:
    """Cut a file short."""
    path.write_bytes(path.read_bytes()[:-20])


def without(name: str) -> Callable[[Path], None]:
    """Return a damage that takes an entry out of a note."""

    def damage(path: Path) -> None:
        content = canonical.loads(path.read_text())
        content.pop(name)
        path.write_text(canonical.dumps(content))

    return damage


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        ("json", cut),
        ("json", lambda path: path.write_text("[]\n")),
        ("json", lambda path: path.write_text('{"arrays": 1, "cost": 1, "scalars": {"x": "y"}}\n')),
        ("json", without("arrays")),
        ("json", without("cost")),
        ("json", without("scalars")),
        ("npz", cut),
        ("npz", lambda path: path.write_bytes(b"")),
        ("npz", Path.unlink),
    ],
)
def test_a_damaged_cache_entry_is_computed_again(
    tmp_path: Path, calls: list[ridge.Params], suffix: str, damage: Callable[[Path], None]
) -> None:
    """The cache of fits is never believed: what does not fit its hash is made anew, with the same result."""
    root = executed(tmp_path)
    filed = read(root, RESULT)
    for path in (root / ".logg/cache/fits").glob(f"*.{suffix}"):
        damage(path)
    (root / RESULT).unlink()

    execute(root)

    assert len(calls) == 2
    assert read(root, RESULT) == filed


def test_predictions_of_another_fit_are_not_taken_from_the_cache(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """An array that is whole, but not the one its note vouches for, is computed again."""
    root = executed(tmp_path)
    first, second = sorted((root / ".logg/cache/fits").glob("*.npz"))
    first.write_bytes(second.read_bytes())
    (root / RESULT).unlink()

    execute(root)

    assert len(calls) == 1


class Cut:
    """A disk that refuses the k-th replacement."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: int) -> None:
        """Count replacements from here on."""
        self.seen, self.refused, self.replace = 0, refused, os.replace
        monkeypatch.setattr(os, "replace", self)

    def __call__(self, source: Any, target: Any, **more: Any) -> None:
        """Replace, or refuse."""
        self.seen += 1
        if self.seen == self.refused:
            raise OSError(28, "No space left on device")
        self.replace(source, target, **more)


def first(root: Path) -> Path:
    """Write a base that was never executed."""
    return toy(root)


def changed(root: Path) -> Path:
    """Write an executed base whose spec and protocol changed."""
    executed(root)
    swap(root, EXP, "alpha: 1e4", "alpha: 1e3")
    swap(root, PROTOCOL, "age < 40", "age < 45")
    return root


@pytest.mark.parametrize("start", [first, changed])
def test_a_full_disk_leaves_every_file_old_or_new_and_the_next_command_repairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[[Path], Path]
) -> None:
    """For every write that may be refused: no half-written file, and one more command gives what was due."""
    monkeypatch.setattr(provenance, "now", lambda: "2026-01-01T00:00:00Z")
    old = contents(start(tmp_path / "old"))
    whole = start(tmp_path / "whole")
    with monkeypatch.context() as patched:
        count = Cut(patched, 0)
        execute(whole)
    new, refused = contents(whole), 0

    for k in range(1, count.seen + 1):
        root = start(tmp_path / str(k))
        with monkeypatch.context() as patched:
            Cut(patched, k)
            with pytest.raises(StorageFailed, match="no space left"):
                execute(root)
        refused += 1
        left = contents(root)
        assert {name for name, text in left.items() if text not in (old.get(name), new.get(name))} == set()
        assert execute(root).code == 0
        assert contents(root) == new
        assert workflow.check(root).findings == []
    assert refused >= 7


def contents(root: Path) -> dict[str, bytes]:
    """Return the files of a base as far as they do not depend on how long a run took."""
    found = {name: content for name, (content, _) in snapshot(root).items() if not name.startswith(".logg/locks")}
    timed = {name for name in found if name.endswith(".run.json") or name.startswith(".logg/cache")}
    return {name: b"" if name in timed else untimed(content) for name, content in found.items()}


def untimed(content: bytes) -> bytes:
    """Leave out of a report the line that tells how long its run took, with the hash of its block."""
    head, mark, tail = content.partition(b"<!-- logg: provenance -->")
    return head + mark + tail.partition(b"<!-- logg: sources -->")[2]


def test_what_a_killed_command_left_half_written_is_removed(tmp_path: Path) -> None:
    """Beside results and rows, and in the cache of fits, the next command sweeps up."""
    root = executed(tmp_path)
    folders = ("logg/toy/results", "logg/protocols", ".logg/cache/fits")
    left = [root / folder / f".x.npz.0{atomic.SUFFIX}" for folder in folders]
    for path in left:
        path.write_bytes(b"half")

    execute(root)

    assert [path for path in left if path.exists()] == []


@pytest.mark.parametrize(
    ("name", "damage"),
    [(PREDICTIONS, cut), (PREDICTIONS, Path.unlink), (ROWS, Path.unlink), (ROWS, cut), (RUN, cut), (RUN, Path.unlink)],
)
def test_what_is_lost_beside_a_result_is_made_again_from_the_cache(
    tmp_path: Path, calls: list[ridge.Params], name: str, damage: Callable[[Path], None]
) -> None:
    """Predictions, rows and run file come back with execute, without running a job; the result is not touched."""
    root = executed(tmp_path)
    before = snapshot(root / "logg")
    damage(root / name)
    assert workflow.check(root).code == 1

    execute(root)

    after = snapshot(root / "logg")
    key = RESULT.removeprefix("logg/")
    assert calls == []
    assert after[key] == before[key]
    assert workflow.check(root).findings == []


def test_a_damaged_result_is_not_replaced_because_it_holds_promises(tmp_path: Path) -> None:
    """Execute names the file to restore or delete, and leaves it; forced or not."""
    root = executed(tmp_path)
    swap(root, RESULT, "keep either", "keep all")
    before = snapshot(root)

    for force in (False, True):
        with pytest.raises(ArtefactDamaged, match=r"delete TOY-1\.json: its run file repeats what was promised"):
            execute(root, force=force)

    after = snapshot(root)
    assert {name for name in after if after[name] != before.get(name)} <= {".logg/locks/TOY-1"}
