"""Plug-in files are read, never run: what they declare, what is refused, what counts as a change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from runner.contract import Contract, contracts, read_contract
from runner.findings import InputRefused
from runner.safety import bounded_yaml
from runner.shapes import REQUIRED, Mismatch, Shape, accept

JOB = '''"""A job that does little.

More about it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Path(__file__).with_suffix(".ran").touch()
raise SystemExit("this file was run")

VERSION = 3
USES_VAL = True


@dataclass(frozen=True)
class Params:
    """What may be set."""

    must: int
    alpha: float | Literal["val"] = "val"  # the penalty


def run(params, data, context):
    """Fit."""
    return params.must + 1  # and one
'''
MINIMAL = "VERSION = 1\n"
PARAMS = "VERSION = 1\n@dataclass(frozen=True)\nclass Params:\n"
FIX = "keep plug-in files to literal defaults and plain annotations"


def read(folder: Path, text: str | bytes, name: str = "job.py") -> Contract:
    """Write a plug-in file and read its contract."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_contract(path)


def shape(folder: Path, annotation: str) -> Shape:
    """Return the shape an annotation declares."""
    return read(folder, f"{PARAMS}    a: {annotation}\n").parameters["a"].shape


def given(folder: Path, annotation: str, text: str) -> Any:
    """Return what a front-matter value becomes under an annotation."""
    return accept(shape(folder, annotation), bounded_yaml.load(text))


def test_file_is_read_and_never_run(tmp_path: Path) -> None:
    """A file whose import would leave a mark and leave the program leaves neither."""
    contract = read(tmp_path, JOB)

    assert list(tmp_path.iterdir()) == [tmp_path / "job.py"]
    assert "job" not in sys.modules
    assert (contract.name, contract.summary, contract.version, contract.uses_val) == (
        "job", "A job that does little.", 3, True,
    )  # fmt: skip
    assert {name: p.default for name, p in contract.parameters.items()} == {"must": REQUIRED, "alpha": "val"}


def test_what_a_file_leaves_out_has_a_plain_meaning(tmp_path: Path) -> None:
    """No docstring, no USES_VAL and no Params: no summary, no use of validation rows, no parameters."""
    contract = read(tmp_path, MINIMAL)

    assert (contract.summary, contract.uses_val, dict(contract.parameters)) == ("", False, {})


@pytest.mark.parametrize("name", ["ORIGIN", "CEILING"])
def test_what_a_job_looks_at_and_bounds_is_said_literally(tmp_path: Path, name: str) -> None:
    """Nobody is shown what stands behind the rows, and no bound holds for all, unless the file says so."""
    said = {"ORIGIN": "origin", "CEILING": "ceiling"}[name]

    assert getattr(read(tmp_path, MINIMAL), said) is False
    assert getattr(read(tmp_path, f"{MINIMAL}{name} = True\n"), said) is True
    with pytest.raises(InputRefused, match=f"{name} .*True or False"):
        read(tmp_path, f"{MINIMAL}{name} = 1\n")


def test_folder_offers_its_public_files(tmp_path: Path) -> None:
    """A plug-in is called as its file; what starts with an underscore is shared code."""
    for name in ("b.py", "a.py", "_shared.py", "__init__.py", "notes.md"):
        (tmp_path / name).write_text(MINIMAL)

    assert list(contracts(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize(
    ("annotation", "default", "value"),
    [
        ("int", "1", 1),
        ("int", "1e3", 1000),
        ("float", "-2.5", -2.5),
        ("float", "1", 1.0),
        ("float | None", "1", 1.0),
        ("Literal['val'] | float", "2", 2.0),
        ("str | None", "'x'", "x"),
        ("str | None", "None", None),
        ("bool", "False", False),
        ("Literal['a', 1]", "'a'", "a"),
        ("tuple[float, ...]", "(1, 2.5)", (1.0, 2.5)),
        ("tuple[int, ...]", "()", ()),
    ],
)
def test_default_is_what_a_front_matter_would_give(
    tmp_path: Path, annotation: str, default: str, value: object
) -> None:
    """A fit keeps its key whether a value is left to the file or written out: `1` for a number is `1.0` in both."""
    found = read(tmp_path, f"{PARAMS}    a: {annotation} = {default}\n").parameters["a"].default

    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("annotation", "default", "due"),
    [
        ("float", "'many'", "a number"),
        ("float", "True", "a number"),
        ("float", "1e400", "a number"),
        ("float", "None", "a number"),
        ("int", "1.5", "a whole number"),
        ("bool", "1", "true or false"),
        ("str", "1", "text"),
        ("Literal[1, 2]", "True", "1 or 2"),
        ("float | Literal['val']", "'vla'", "a number or val"),
        ("tuple[int, ...]", "(1, 'x')", "a list (each a whole number)"),
        ("tuple[int, ...]", "1", "a list (each a whole number)"),
    ],
)
def test_default_of_another_shape_is_refused(tmp_path: Path, annotation: str, default: str, due: str) -> None:
    """What no document could write stands in no file either."""
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, f"{PARAMS}    a: {annotation} = {default}\n")
    assert (caught.value.code, caught.value.message) == ("LG407", f"job.py gives `a` a default that is not {due}")
    assert str(caught.value.place) == f"{tmp_path / 'job.py'}:4:1"


@pytest.mark.parametrize(("annotation", "default"), [("dict[str, str]", "{'a': 'b'}"), ("tuple[int, ...]", "[1]")])
def test_default_that_can_change_is_refused(tmp_path: Path, annotation: str, default: str) -> None:
    """Python would refuse the file when it runs it, hours later."""
    with pytest.raises(InputRefused, match="gives `a` a default that can change, which no dataclass takes"):
        read(tmp_path, f"{PARAMS}    a: {annotation} = {default}\n")


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        ("bool", "true", True),
        ("bool", "false", False),
        ("int", "32k", 32_000),
        ("int", "1e3", 1000),
        ("float", "1e-3", 0.001),
        ("float", "5 %", 0.05),
        ("str", "1e-3", "1e-3"),
        ("str", "no", "no"),
        ("float | None", "none", None),
        ("float | None", "null", None),
        ("None | float | bool", "true", True),
        ("Literal['a', 'b']", "b", "b"),
        ("Literal['val']", "val", "val"),
        ("Literal[1, -2]", "-2", -2),
        ("float | Literal['val']", "val", "val"),
        ("float | Literal['val']", "0.5", 0.5),
        ("tuple[float, ...]", "[1, 2k]", (1.0, 2000.0)),
        ("tuple[float, ...]", "[]", ()),
        ("tuple[float, ...]", "2k", (2000.0,)),
        ("dict[str, int]", "{a: 1, b: 2}", {"a": 1, "b": 2}),
        ("dict[str, tuple[int, ...]] | None", "{a: [1]}", {"a": (1,)}),
    ],
)
def test_value_takes_the_declared_shape(tmp_path: Path, annotation: str, text: str, value: object) -> None:
    """A front matter writes values as people do; the annotation says what they become."""
    found = given(tmp_path, annotation, text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        ("bool", "yes", "`yes` where true or false is due"),
        ("int", "1.5", "`1.5` where a whole number is due"),
        ("int", "1e400", "`1e400` where a whole number is due"),
        ("int", "true", "`true` where a whole number is due"),
        ("float", "null", "`null` where a number is due"),
        ("float", "much", "`much` where a number is due"),
        ("float", "1e400", "`1e400` where a number is due"),
        ("str", "[a]", "a collection where text is due"),
        ("None", "5", "`5` where nothing is due"),
        ("float | None", "x", "`x` where a number or nothing is due"),
        ("float | Literal['val']", "{a: 1}", "a collection where a number or val is due"),
        ("Literal['a', 'b']", "c", "`c` where a or b is due"),
        ("tuple[float, ...]", "''", "`` where a list (each a number) is due"),
        ("tuple[float, ...]", "{a: 1}", "a collection where a list (each a number) is due"),
        ("tuple[float, ...]", "[1, x]", "`x` where a number is due"),
        ("dict[str, int]", "[1]", "a collection where a map (each value a whole number) is due"),
        ("dict[str, int]", "{a: x}", "`x` where a whole number is due"),
    ],
)
def test_value_of_another_shape_is_refused(tmp_path: Path, annotation: str, text: str, message: str) -> None:
    """The refusal quotes what is written and says in words what is due."""
    with pytest.raises(Mismatch) as caught:
        given(tmp_path, annotation, text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("annotation", "written"),
    [
        ("list[int]", "list[int]"),
        ("tuple[int, int]", "tuple[int, int]"),
        ("dict[int, str]", "dict[int, str]"),
        ("Literal[MODES]", "Literal[MODES]"),
        ("complex", "complex"),
        ("'float'", "'float'"),
        ("Path | None", "Path"),
    ],
)
def test_annotation_that_no_front_matter_expresses_is_refused(tmp_path: Path, annotation: str, written: str) -> None:
    """The refusal names the file, the line and the annotation."""
    with pytest.raises(InputRefused) as caught:
        shape(tmp_path, annotation)
    assert (caught.value.code, caught.value.fix) == ("LG407", FIX)
    assert str(caught.value.place) == f"{tmp_path / 'job.py'}:4:1"
    assert caught.value.message == f"job.py has an annotation a front matter cannot express: {written}"


@pytest.mark.parametrize("default", ["field(default_factory=list)", "WIDTH", "2 * 3", "{[]: 1}", "lambda: 0"])
def test_default_that_must_be_computed_is_refused(tmp_path: Path, default: str) -> None:
    """A default is known without running the file, or it is none."""
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, f"{PARAMS}\n    b: int = 1\n    a: int = {default}\n")
    assert (caught.value.code, caught.value.message) == ("LG407", "job.py gives `a` a default that is no literal")
    assert str(caught.value.place) == f"{tmp_path / 'job.py'}:6:1"


@pytest.mark.parametrize(
    "text", ["", "VERSION = '1'\n", "VERSION = True\n", "VERSION = 1 + 1\n", "VERSION = {[]: 1}\n"]
)
def test_version_is_a_whole_number_written_down(tmp_path: Path, text: str) -> None:
    """Without a literal version nobody can tell whether a result is stale."""
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, text)
    assert (caught.value.code, caught.value.message) == ("LG407", "job.py has no literal VERSION = <whole number>")
    assert str(caught.value.place) == f"{tmp_path / 'job.py'}:1:1"


@pytest.mark.parametrize(
    ("text", "line"), [(b"VERSION = 1\ndef run(:\n", 2), (b"x = '\xff'\n", 1), (b"x = '\x00'\n", 1)]
)
def test_file_that_is_no_python_is_refused_at_its_line(tmp_path: Path, text: bytes, line: int) -> None:
    """A broken file is one finding, not a traceback."""
    with pytest.raises(InputRefused) as caught:
        read(tmp_path, text)
    assert (caught.value.code, str(caught.value.place)) == ("LG407", f"{tmp_path / 'job.py'}:{line}:1")
    assert caught.value.message.startswith("job.py is not Python: ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# the penalty", "# another comment"),
        ("A job that does little.", "A job that does much."),
        ('"""Fit."""', '"""Fit, said otherwise."""'),
        ('    """Fit."""\n', ""),
        ('    """What may be set."""\n\n', ""),
        ("params.must + 1", "(params.must  +  1)"),
        ('"val"  #', "'val'  #"),
        ("\n\n\n", "\n"),
        ('"""A job', '\ufeff"""A job'),
    ],
)
def test_comments_docstrings_and_layout_do_not_change_the_code(tmp_path: Path, old: str, new: str) -> None:
    """The digest is that of what the file does, not of how it is written."""
    assert old in JOB
    assert read(tmp_path, JOB.replace(old, new)).code == read(tmp_path, JOB).code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+ 1", "+ 2"),
        ('= "val"', "= 0.5"),
        ("VERSION = 3", "VERSION = 4"),
        ("must: int", "must: float"),
        ("return params", "yield params"),
        ('    """Fit."""\n', '    "Fit." + "!"\n'),
    ],
)
def test_every_change_of_code_changes_the_digest(tmp_path: Path, old: str, new: str) -> None:
    """A number, a name, a default: what may change a result changes the digest."""
    assert old in JOB
    assert read(tmp_path, JOB.replace(old, new)).code != read(tmp_path, JOB).code


def test_async_docstring_is_a_docstring(tmp_path: Path) -> None:
    """Coroutines are functions, too."""
    text = 'VERSION = 1\nasync def a():\n    """{}"""\n'

    assert read(tmp_path, text.format("One.")).code == read(tmp_path, text.format("Two.")).code


def test_a_source_says_what_its_positions_are(tmp_path: Path) -> None:
    """As an axis of a figure would be called; one that says nothing has none."""
    named = read(tmp_path, f'{MINIMAL}INPUTS = "length (cm)"\n').inputs

    assert (named, read(tmp_path, MINIMAL).inputs) == ("length (cm)", "")
    with pytest.raises(InputRefused, match="has no literal INPUTS"):
        read(tmp_path, f"{MINIMAL}INPUTS = 3\n")
