"""The front matter of a protocol: rows, axes, metrics and slices, and every way to get them wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents.kinds import Protocol
from tests.documents.marked import edited, expected, listed, read, unmarked
from tests.knowledge import PROTOCOL

NAME = "protocols/tiny.md"

WHOLE = "a whole number from 0 up is due -> write 500, 32k or 1M"
MAP_DUE = "where a map (each value text) or nothing is due"
EDGES = "LG203 edges are ascending numbers, two at least -> write edges: [2, 4, 8]"
NUMBERS = "LG203 `noise` takes a list of numbers -> write [0, 0.5, 1]"
NO_AXIS = "is no axis of the rows that are scored -> leave it to `sweep:`"
TOO_MANY = "more than 1000000 rows to score -> train on many, score on fewer"
TWICE = "LG206 `old` names two slices -> rename one of them"
NO_NAME = "is not lower-case letters, digits and _ -> choose another name"
ONE_ROW = "has no value for one row -> use abs, sqrt, log10, min, max, near, or operators"
NO_VARIANCE = "LG203 `variance` is a number above 0 -> leave it out to take that of the rows"
AND_AXIS = "names a slice and an axis -> rename the slice"
AND_METRIC = "names a slice and a metric -> rename the slice"

SINGLE = [
    ("source: arrays", "source: §arays", "LG204 unknown source `arays` -> did you mean `arrays`?"),
    ("  source: arrays\n  path", "  §path", "LG202 `source` is missing -> add `source:`"),
    ("source: arrays\n  path: tiny.npz", "§source: arrays", "LG205 `arrays` needs `path` -> add `path:`"),
    ("path: tiny.npz", "§paht: x\n  path: tiny.npz", "LG205 `arrays` has no parameter `paht` -> did you mean `path`?"),
    ("path: tiny.npz", "path: §[tiny.npz]", "LG203 `path` of `arrays`: a collection where text is due"),
    ("path: tiny.npz", "path: tiny.npz\n  §val: 3", "LG205 `arrays` has no parameter `val` -> there is columns, path"),
    ("{weight: kg, age: years}", "§[weight]", f"LG203 `columns` of `arrays`: a collection {MAP_DUE}"),
    ("val: 40", "§vla: 40", "LG202 unknown field `vla` -> did you mean `val`?"),
    ("test: 80", "test: §much", f"LG203 `test` is `much`, {WHOLE}"),
    ("test: 80", "test: §grid", "LG203 `arrays` makes no grid with this `data:` -> give a number of test rows"),
    ("{val: 40, test: 80}", "§{val: 40}", "LG203 without test rows nothing can be scored -> add `test: 1k`"),
    ("test: 80", "test: 80, §train: 3", "LG202 unknown field `train` -> there is test, val"),
    ("{val: 40, test: 80}", "§{val: 40, test: 2M}", f"LG203 {TOO_MANY}"),
    ("{val: 40, test: 80}", "§80", "LG203 `rows` takes a map of names -> write one `name: value` per line"),
    ("version: 1", "version: §one", f"LG203 `version` is `one`, {WHOLE}"),
    ("seed: 7", "seed: §0.5", f"LG203 `seed` is `0.5`, {WHOLE}"),
    ("noise: [0, 1]", "noise: §[0, x]", NUMBERS),
    ("noise: [0, 1]", "noise:§", NUMBERS),
    ("noise: [0, 1]", "noise: [0, 1]\n  §Mag: 20", f"LG203 the axis `Mag` {NO_NAME}"),
    ("noise: [0, 1]", "noise: [0, 1]\n  §train: [1, 2]", f"LG203 `train` {NO_AXIS}"),
    ("noise: [0, 1]", "noise: [0, 1]\n  §seed: 1", f"LG203 `seed` {NO_AXIS}"),
    ("noise: [0, 1]", "noise: [0, 1]\n  §train_noise: 1", f"LG203 `train_noise` {NO_AXIS}"),
    ("noise: [0, 1]", "noise: §[0, -1]", "LG203 noise `-1` is no number from 0 up"),
    ("noise: [0, 1]", "noise: §[0, 1e400]", NUMBERS),
    ("target: weight", "target: §wieght", "LG302 no column `wieght` -> did you mean `weight`?"),
    ("[r2, mae, rmse, bias]", "§[r2, mea]", "LG302 unknown metric `mea` -> did you mean `mae`?"),
    ("[r2, mae, rmse, bias]", "§[]", "LG202 `metrics` is missing -> add `metrics:`"),
    ("young: age < 40", "young: 1 < §aeg <= 40", "LG302 no column `aeg` -> did you mean `age`?"),
    ("young: age < 40", "young: §age(3) < 40", "LG302 no column `age(3)` -> did you mean `age`?"),
    ("young: age < 40", "young: §age", "LG304 a slice is a predicate over columns -> write column < 40"),
    ("young: age < 40", "young: §ci(age) < 40", "LG304 `ci()` gives two numbers and stands alone -> cite it by itself"),
    ("young: age < 40", "young: §[age]", "LG203 an expression is due, not a collection"),
    ("young: age < 40", "young: {by: age, edges: §[1]}", EDGES),
    ("young: age < 40", "young: {by: §hight, edges: [1, 2, 3]}", "LG302 no column `hight` -> did you mean `weight`?"),
    ("old: age >= 40", "old: age >= 40\n  §bin: {by: age, edges: [1, 2], names: [old]}", TWICE),
    (
        "young: age < 40\n  old: age >= 40",
        "bin: {by: age, edges: [1, 2], names: [old]}\n  §old: age >= 40",
        TWICE,
    ),
    ("old: age >= 40", "§bin: {by: age, edges: [1, 2], names: [bin]}", TWICE.replace("old", "bin")),
    ("young: age < 40", "§Young: age < 40", f"LG203 the slice `Young` {NO_NAME}"),
    ("young: age < 40", "§all: age < 40", "LG203 the slice `all` is a word of the language -> choose another name"),
    ("id: tiny", "id: §../tiny", "LG203 id `../tiny` cannot name a file -> use letters, digits, . _ -"),
    ("test: 80", "test: §eighty", f"LG203 `test` is `eighty`, {WHOLE}"),
    ("{val: 40, test: 80}", "§{val: 40, test: 00}", "LG203 without test rows nothing can be scored -> add `test: 1k`"),
    ("{val: 40, test: 80}", "§{val: 40, test: 0k}", "LG203 without test rows nothing can be scored -> add `test: 1k`"),
    ("{val: 40, test: 80}", "\n  §val: 40\n  test:", "LG203 without test rows nothing can be scored -> add `test: 1k`"),
    ("young: age < 40", "young: 1 < 40 and §mean(age) < 3", f"LG304 `mean` {ONE_ROW}"),
    ("young: age < 40", "young: not §all(age < 3)", f"LG304 `all` {ONE_ROW}"),
    ("young: age < 40", "young: §across(age) < 3", f"LG304 `across` {ONE_ROW}"),
    ("young: age < 40", "young: sqrt(§aeg) < 3", "LG302 no column `aeg` -> did you mean `age`?"),
    ("young: age < 40", "young: §1 < 2", "LG304 a slice is a predicate over columns -> write column < 40"),
    ("young: age < 40", "§r2: age < 40", f"LG206 `r2` {AND_METRIC}"),
    ("young: age < 40", "§n: age < 40", f"LG206 `n` {AND_METRIC}"),
    ("young: age < 40", "§noise: age < 40", f"LG206 `noise` {AND_AXIS}"),
    ("young: age < 40", "§seed: age < 40", f"LG206 `seed` {AND_AXIS}"),
    ("young: age < 40", "§noise: {by: age, edges: [1, 2, 3]}", f"LG206 `noise` {AND_AXIS}"),
    ("young: age < 40", "§bin: {by: age, edges: [1, 2], names: [mae]}", f"LG206 `mae` {AND_METRIC}"),
    ("[r2, mae, rmse, bias]", "§[r2, mae, r2, r2]", "LG206 metric `r2` is given twice -> give it once"),
    ("noise: [0, 1]", "noise: §[0, 1, 1.0]", "LG206 a value of `noise` is given twice -> give each once"),
    ("noise: [0, 1]", "noise: [0, 1]\n  §jobs: [1]", "LG206 `jobs` is a field of front matters -> rename the axis"),
    ("noise: [0, 1]", "noise: [0, 1]\n  §claims: [1]", "LG206 `claims` is a field of front matters -> rename the axis"),
    ("noise: [0, 1]", "noise: [0, 1]\n  §title: [1]", "LG206 `title` is a field of front matters -> rename the axis"),
    ("seed: 7", "seed: 7\nvariance: §0", NO_VARIANCE),
    ("seed: 7", "seed: 7\nvariance: §-1", "LG203 `variance` is `-1`, a number from 0 up is due -> write 0.5"),
    ("seed: 7", "seed: 7\nvariance: §[1]", "LG203 `variance` is a collection, a number from 0 up is due -> write 0.5"),
    ("young: age < 40", "§bound: age < 40", f"LG206 `bound` {AND_METRIC}"),
    ("[r2, mae, rmse, bias]", "§[r2, r2may]", "LG302 unknown metric `r2may` -> did you mean `r2max`?"),
]  # fmt: skip


def protocol(folder: Path, text: str) -> Protocol:
    """Return the protocol a text declares, which is without a finding."""
    document = read(folder, text, NAME)
    assert not document.findings
    assert isinstance(document.body, Protocol)
    return document.body


def test_values_are_those_written(tmp_path: Path) -> None:
    """Rows, seed, levels, metrics, columns and slices are read, the source's own options kept together."""
    found = protocol(tmp_path, PROTOCOL)

    assert (found.version, found.source, found.val, found.test, found.seed) == (1, "arrays", 40, 80, 7)
    assert found.options == {"path": "tiny.npz", "columns": {"weight": "kg", "age": "years"}}
    assert found.columns == {"weight": "kg", "age": "years"}
    assert (found.axes, found.target, found.unit) == ({"noise": (0.0, 1.0)}, "weight", "kg")
    assert (found.partitions, found.grid, found.replaces) == ({}, False, "")
    assert found.metrics == ("r2", "mae", "rmse", "bias")
    assert {name: formula.text for name, formula in found.slices.items()} == {"young": "age < 40", "old": "age >= 40"}


def test_what_a_protocol_leaves_out_has_a_plain_meaning(tmp_path: Path) -> None:
    """Without axes nothing may be set, without a seed it is 0, without units there are none."""
    start, end = PROTOCOL.index("slices:"), PROTOCOL.index("---\n\n")
    text = PROTOCOL[:start] + PROTOCOL[end:]
    cuts = [("seed: 7\n", ""), ("axes:\n  noise: [0, 1]\n", ""), ("  columns: {weight: kg, age: years}\n", "")]
    found = protocol(tmp_path, edited(text, *cuts))

    assert (found.seed, found.axes, found.unit, found.slices) == (0, {}, "", {})


def test_the_variance_of_bounds_may_be_agreed_on(tmp_path: Path) -> None:
    """A number as people write it; without one it is that of the very rows."""
    written = edited(PROTOCOL, ("seed: 7", "seed: 7\nvariance: 1.667"), ("bias]", "bias, bound, r2max_p10]"))
    found = protocol(tmp_path, written)

    assert (found.variance, found.metrics[-2:]) == (1.667, ("bound", "r2max_p10"))
    assert protocol(tmp_path, PROTOCOL).variance is None


def test_one_level_of_noise_needs_no_list(tmp_path: Path) -> None:
    """A word is a list of one."""
    assert protocol(tmp_path, edited(PROTOCOL, ("[0, 1]", "20 %"))).axes == {"noise": (0.2,)}


def test_a_protocol_may_have_axes_of_its_own(tmp_path: Path) -> None:
    """What may be set for all rows at once is named there, in any unit; only noise cannot be negative."""
    text = edited(PROTOCOL, ("[0, 1]", "[0, 1]\n  depth: [-2, 1k, 21.5]"), ("seed: 7", "seed: 7\nreplaces: tiny@0"))
    found = protocol(tmp_path, text)

    assert found.axes == {"noise": (0.0, 1.0), "depth": (-2.0, 1000.0, 21.5)}
    assert found.replaces == "tiny@0"


STARS = edited(
    PROTOCOL,
    ("source: arrays\n  path: tiny.npz\n  columns: {weight: kg, age: years}", "source: mockstar\n  labels: nodes"),
    ("test: 80", "test: grid"),
    ("target: weight", "target: teff"),
    ("young: age < 40\n  old: age >= 40", "faint: mag > 22"),
)


def test_a_grid_has_as_many_rows_as_its_source_says(tmp_path: Path) -> None:
    """All nodes are the test rows: a census."""
    found = protocol(tmp_path, STARS)

    assert (found.test, found.grid) == (30_240, True)
    assert "mag" in found.columns


def test_a_column_that_follows_an_axis_is_none_of_the_rows(tmp_path: Path) -> None:
    """Where the magnitude is an axis, no slice can be cut by the one a row was drawn with."""
    text = edited(STARS, ("[0, 1]", "[0, 1]\n  mag: [18, 20]"), ("faint: mag", "faint: §mag"))
    plain, place = unmarked(text)
    document = read(tmp_path, plain, NAME)

    due = "LG302 no column `mag` -> there is am, cm, logg, mh, teff"
    assert listed(document.findings, NAME) == expected(place, due)


def test_slice_reads_only_columns_that_are_named(tmp_path: Path) -> None:
    """A protocol lists every column it uses, so that its rows file can be complete."""
    text = edited(
        PROTOCOL,
        ("  columns: {weight: kg, age: years}\n", ""),
        ("young: age", "young: §age"),
        ("old: age", "old: §age"),
    )
    text, places = unmarked(text)
    message = "LG302 no column `age` -> name it under `columns:` of `data:`"

    assert listed(read(tmp_path, text, NAME).findings, NAME) == expected(places, message, message)


@pytest.mark.parametrize(("version", "identity"), [("1", "tiny@1"), ("2", "tiny@2"), ("1k", "tiny@1000")])
def test_identity_carries_the_version(tmp_path: Path, version: str, identity: str) -> None:
    """Experiments name a protocol with its version, however that is written."""
    assert read(tmp_path, edited(PROTOCOL, ("version: 1", f"version: {version}")), NAME).id == identity


@pytest.mark.parametrize(("old", "new", "message"), SINGLE)
def test_mistake_is_one_finding_at_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    """One mistake, one line: where, what, and what to write."""
    text, places = unmarked(edited(PROTOCOL, (old, new)))

    assert listed(read(tmp_path, text, NAME).findings, NAME) == expected(places, message)


def test_empty_protocol_is_told_all_it_lacks(tmp_path: Path) -> None:
    """Everything that is missing is listed at once, and once."""
    text, places = unmarked("---\n§kind: protocol\nid: tiny\ntitle: Tiny\n---\n")
    missing = ("version", "data", "rows", "target", "metrics")
    messages = (f"LG202 `{key}` is missing -> add `{key}:`" for key in missing)

    assert listed(read(tmp_path, text, NAME).findings, NAME) == expected(places * len(missing), *messages)
