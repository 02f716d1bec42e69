"""What a plug-in file may declare beyond plain parameters: literals, records, jobs, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.contract import Contract, read_contract
from runner.findings import InputRefused
from runner.shapes import REQUIRED

RECORDS = '''
from dataclasses import dataclass
from typing import Literal
from runner.contract import Job, JobName

VERSION = 1

@dataclass(frozen=True)
class Oracle:
    """Knows."""
    kind: Literal["oracle"] = "oracle"

@dataclass(frozen=True)
class Mlp:
    """Learns."""
    hidden: int
    kind: Literal["mlp"] = "mlp"
    lr: float = 1e-3

@dataclass(frozen=True)
class Features:
    """What it sees."""
    pca: int | None = None

@dataclass(frozen=True)
class Params:
    # the fit of one part,
    # made anew in each
    expert: Job
    after: JobName | None = None
    router: Oracle | Mlp = Mlp(hidden=8)
    features: Features = Features()
    layers: tuple[Features, ...] = ()  # not this

    # how far apart
    split: float = 1.0
'''


PARAMS = "VERSION = 1\n@dataclass(frozen=True)\nclass Params:\n"


def read(folder: Path, text: str) -> Contract:
    """Write a plug-in file and read its contract."""
    path = folder / "job.py"
    path.write_text(text)
    return read_contract(path)


def refused(folder: Path, text: str) -> str:
    """Return the line and the message with which a file is refused."""
    with pytest.raises(InputRefused) as caught:
        read(folder, text)
    assert caught.value.code == "LG407"
    assert caught.value.place is not None
    return f"{caught.value.place.line}: {caught.value.message.removeprefix('job.py ')}"


def test_literals_say_what_a_fit_depends_on(tmp_path: Path) -> None:
    """What is left out has the plain meaning; a whole number serves as a number."""
    plain = read(tmp_path, "VERSION = 1\n")
    text = "VERSION: Final = 2\nUSES_SEED = False\nUSES_TRAIN: Final = False\nUSES_VAL = True\nCLOSE = 1\n"
    told = read(tmp_path, f"{text}FILES = ('path',)\n")

    assert (plain.uses_seed, plain.uses_train, plain.uses_val, plain.close, plain.files) == (
        True,
        True,
        False,
        1e-6,
        (),
    )
    assert (told.version, told.uses_seed, told.uses_train, told.uses_val) == (2, False, False, True)
    assert (told.close, told.files) == (1.0, ("path",))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("USES_SEED = 1", "USES_SEED = <True or False>"),
        ("USES_TRAIN = not True", "USES_TRAIN = <True or False>"),
        ("USES_VAL: bool = bool(1)", "USES_VAL = <True or False>"),
        ("CLOSE = '1e-3'", "CLOSE = <number>"),
        ("CLOSE = True", "CLOSE = <number>"),
        ("FILES = 'path'", "FILES = <list of names>"),
        ("COLUMNS = ['a']", "COLUMNS = <map of names>"),
    ],
)
def test_literal_of_another_kind_is_refused_at_its_line(tmp_path: Path, line: str, message: str) -> None:
    """What must be known without running the file is written down in full, or left out."""
    assert refused(tmp_path, f"VERSION = 1\n\n{line}\n") == f"3: has no literal {message}"


def test_records_and_jobs_are_shapes(tmp_path: Path) -> None:
    """Dataclasses of the same file, a job inside a job and the name of a neighbour are read like any annotation."""
    found = read(tmp_path, RECORDS).parameters

    assert str(found["expert"].shape) == "a job"
    assert str(found["after"].shape) == "a job of this experiment or nothing"
    assert str(found["router"].shape) == "oracle or mlp"
    assert str(found["features"].shape) == "a map of pca"
    assert str(found["layers"].shape) == "a list (each a map of pca)"


def test_default_record_is_the_map_that_would_be_written(tmp_path: Path) -> None:
    """A call of a record with literal arguments is a default; fields it leaves out take their own."""
    found = read(tmp_path, RECORDS).parameters

    assert found["router"].default == {"hidden": 8, "kind": "mlp", "lr": 1e-3}
    assert (
        repr(read(tmp_path, RECORDS.replace("lr: float = 1e-3", "lr: float = 1")).parameters["router"].default["lr"])
        == "1.0"
    )
    assert found["features"].default == {"pca": None}
    assert found["expert"].default is REQUIRED


def test_meaning_is_the_comment_above(tmp_path: Path) -> None:
    """Comments of several lines are one sentence; those behind a field are for its reader alone."""
    meanings = {name: parameter.meaning for name, parameter in read(tmp_path, RECORDS).parameters.items()}

    assert meanings["expert"] == "the fit of one part, made anew in each"
    assert meanings["split"] == "how far apart"
    assert {meanings[name] for name in ("after", "router", "features", "layers")} == {""}


NO_LITERAL = "gives `router` a default that is no literal"
NO_KIND = 'gives `Mlp` a kind that is not `kind: Literal["x"] = "x"`'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Mlp(hidden=8)", "Mlp()", NO_LITERAL),
        ("Mlp(hidden=8)", "Mlp(8)", NO_LITERAL),
        ("Mlp(hidden=8)", "Mlp(hidden=WIDTH)", NO_LITERAL),
        ("Mlp(hidden=8)", "Mlp(hidden=8, depth=2)", NO_LITERAL),
        ("Mlp(hidden=8)", "Features()", NO_LITERAL),
        ("Mlp(hidden=8)", "Mlp(**OPTIONS)", NO_LITERAL),
        ('Literal["mlp"] = "mlp"', 'str = "mlp"', NO_KIND),
        ('Literal["mlp"] = "mlp"', 'Literal["mlp", "net"] = "mlp"', NO_KIND),
        ('    kind: Literal["mlp"] = "mlp"\n', "", "tells Oracle | Mlp apart by no `kind` of their own"),
        (
            'Literal["mlp"] = "mlp"',
            'Literal["oracle"] = "oracle"',
            "tells Oracle | Mlp apart by no `kind` of their own",
        ),
        ("(frozen=True)\nclass Mlp", "(frozen=False)\nclass Mlp", "has a class `Mlp` that is no frozen dataclass"),
        ("@dataclass(frozen=True)\nclass Mlp", "class Mlp", "has a class `Mlp` that is no frozen dataclass"),
        ("@dataclass(frozen=True)\nclass Params", "class Params", "has a class `Params` that is no frozen dataclass"),
        ("(frozen=True)\nclass Params", "\nclass Params", "has a class `Params` that is no frozen dataclass"),
        (
            "dataclass(frozen=True)\nclass Params",
            "f(frozen=True)\nclass Params",
            "has a class `Params` that is no frozen dataclass",
        ),
        ("Mlp(hidden=8)", "Mlp(hidden='x')", "gives `hidden` a default that is not a whole number"),
        ("class Mlp:", "class Mlp(Oracle):", "builds `Mlp` on another class"),
        ("class Params:", "class Params(Mlp, Oracle):", "builds `Params` on what is not one class, by its name"),
        ("class Params:", "class Params(mlp.Mlp):", "builds `Params` on what is not one class, by its name"),
        ("class Params:", "class Params(Other):", "builds `Params` on `Other`, which no file of runner holds"),
        ("class Params:", "class Params(Params):", "builds `Params` on another class"),
        ("class Params:", "class Params(Job):", "builds `Params` on `Job`, which contract.py does not hold"),
        ("hidden: int", "hidden: Mlp", "has an annotation a front matter cannot express: Mlp"),
        ("hidden: int", "hidden: Other", "has an annotation a front matter cannot express: Other"),
    ],
)
def test_record_outside_the_limits_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Records are frozen dataclasses with literal defaults, told apart by their kind, that hold no record like them."""
    text = RECORDS.replace(old, new, 1)

    assert text != RECORDS
    assert refused(tmp_path, text).partition(": ")[2] == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"VERSION = {'-' * 100_000}1", "1: is not Python: "),
        (f"VERSION = 1\nCLOSE = {'-' * 2000}1", "2: has no literal CLOSE = <number>"),
        (f"{PARAMS}    a: {' | '.join(['int'] * 2500)}", "3: nests the annotations of `Params`"),
        (f"{PARAMS}    a: int = {'-' * 2000}1", "4: gives `a` a default that is no literal"),
    ],
    ids=["file", "literal", "annotation", "default"],
)
def test_towers_of_signs_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """A stranger's file may be hostile; it is one line all the same."""
    assert refused(tmp_path, text + "\n").startswith(message)
