"""The schema of front matters: it is one in both drafts, fits every document there is, and refuses what is misspelt."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from runner.documents import experiment, judged, protocol, reading
from runner.documents.reading import Plugins, read_draft
from runner.documents.schema import schema
from runner.documents.settings import Settings, load_plugins
from runner.safety import bounded_yaml as yaml
from tests import knowledge
from tests.documents.made_up_jobs import made_up

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = sorted((ROOT / "logg").rglob("*.md"))
DRAFTS = [Draft7Validator, Draft202012Validator]
TOYS = {"protocol": knowledge.PROTOCOL, "experiment": knowledge.EXPERIMENT, "hub": knowledge.HUB}


@cache
def validators() -> list[Any]:
    """Return the schema of the jobs there are, and of some made up, as each draft understands it."""
    own = load_plugins(Path(), Settings())
    both = Plugins({**own.jobs, **made_up()}, own.sources, own.figures)
    text = json.dumps(schema(both))
    return [draft(json.loads(text)) for draft in DRAFTS]


def complaints(front: str) -> set[str]:
    """Return where a front matter does not fit, the same in both drafts."""
    value = yaml.to_python(yaml.load(front))
    first, second = ({"/".join(map(str, e.absolute_path)) for e in v.iter_errors(value)} for v in validators())
    assert first == second
    return first


def test_schema_is_one_in_both_drafts() -> None:
    """Editors differ in the draft they know; this schema means the same in both."""
    for draft, validator in zip(DRAFTS, validators(), strict=True):
        draft.check_schema(validator.schema)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_documents_of_this_knowledge_base_fit(path: Path) -> None:
    """What the reader accepts, the schema accepts."""
    front = read_draft(path, ROOT).front
    if front is not None:
        for validator in validators():
            validator.validate(yaml.to_python(front))


@pytest.mark.parametrize("text", TOYS.values(), ids=TOYS)
def test_documents_of_the_tests_fit(text: str) -> None:
    """The toy base, which nearly every test reads, fits too."""
    assert complaints(text.split("---\n")[1]) == set()


EXP = "kind: exp\nid: A\ntitle: a\nprotocol: tiny@1\n"
HUB = "kind: hub\nid: A\ntitle: a\n"
MAP = "kind: roadmap\nid: A\ntitle: a\n"
ROWS = "kind: protocol\nid: a\nversion: 1\ntitle: a\ntarget: x\n"
MIX = EXP + "train: 1k\njobs:\n  a: "
FITTING = [
    EXP + "train: 32k\nnoise: 5 %\ntrain_noise: .5\njobs: {a: {job: ridge}}\n",
    EXP + "sweep: {seed: [1, 2], train: 1M, a.x.y: [p, 1]}\n",
    MIX + "{job: mix, router: mlp, experts: {job: line, alpha: 1e-3}, features: {pca: none}, after: b}\n",
    MIX + "{job: mix, router: {kind: mlp, hidden: 1k}, beside: [b, c], weights: {x: 20%}}\n",
    MIX + "{like: e9.oracle, anything: {goes: here}}\n",
    MIX + "{like: b, job: bound}\n",
    MIX + "{job: mix, beside: b, features: {best: 3}}\n",
    EXP + "jobs: {}\npublished:\n  - {source: x, population: same, facts: {a.r2: 0.9, b: {r2: '0.9 [0.8, 1]'}}}\n",
    EXP + "jobs: {}\nwithdrawn:\n  - {source: x, facts: {a.r2: 0.9}, why: wrong}\nretired: {by: B, why: old}\n",
    EXP + "jobs: {}\nexpect:\n  A: human\n  B:\n    a.r2 > 0: {do: this, opens: [M-1]}\n    else: that\n",
    HUB + "claims: {K1: a.r2 > 0, P1: K1, Q1: human, Q2: 'vit:MVP-1'}\n",
    HUB + "signed: {K1: holds 5be1c07a 2025-12-28}\nprotocol: tiny@1\nnoise: 0\n",
    MAP + "phases: {12: [MVP-1], 13: MVP-2}\nnow: 12\npriority: {P0: [MVP-1]}\n",
    MAP + "gates:\n  Gate-1: {after: Gate-0.1, sure: 0.9, a.r2 > 0: x, else: y}\n",
    ROWS + "data: {source: arrays, path: a.npz}\nrows: {val: 1k, test: grid}\n",
    ROWS + "axes: {noise: [0], mag: [20.5]}\nmetrics: [r2]\nreplaces: pfs@1\n",
    ROWS + "metrics: [bound, r2max, sigma]\nvariance: 1.667\n",
    ROWS + "slices:\n  a: x < 3\n  b: {by: x, edges: [1, 2]}\n  c: {by: [x, y], edges: [[1, 2], [3, 4]], names: [p]}\n",
]  # fmt: skip


@pytest.mark.parametrize("front", FITTING)
def test_grammar_fits(front: str) -> None:
    """Every field of the grammar, in the ways it may be written."""
    assert complaints(front) == set()


WRONG = [
    ("kind: exq\nid: A\ntitle: a\n", "kind"),
    ("kind: exp\nid: A\n", ""),
    (EXP + "trane: 1k\n", ""),
    (EXP + "train: many\n", "train"),
    (EXP + "date: soon\n", "date"),
    (EXP + "lang: xx\n", "lang"),
    (EXP + "define: {Gain: a.r2}\n", "define"),
    (EXP + "expect: {h: a.r2 > 0}\n", "expect"),
    (EXP + "expect: {H: {a.r2 > 0: x}}\n", "expect/H"),
    (EXP + "retired: {by: B}\n", "retired"),
    (EXP + "published: [{source: x, facts: {}}]\n", "published/0"),
    (MIX + "ridge\n", "jobs/a"),
    (MIX + "{alpha: 1}\n", "jobs/a"),
    (MIX + "{job: rigde}\n", "jobs/a/job"),
    (MIX + "{job: ridge, alhpa: 1}\n", "jobs/a"),
    (MIX + "{job: ridge, alpha: vla}\n", "jobs/a/alpha"),
    (MIX + "{job: bound}\n", "jobs/a"),
    (MIX + "{job: bound, label: x, like: b, lable: y}\n", "jobs/a"),
    (MIX + "{job: line, scale: 1}\n", "jobs/a/scale"),
    (MIX + "{job: mix, router: mpl}\n", "jobs/a/router"),
    (MIX + "{job: mix, router: {kind: mlp, hiden: 1}}\n", "jobs/a/router"),
    (MIX + "{job: mix, router: {hidden: 1}}\n", "jobs/a/router"),
    (MIX + "{job: mix, experts: {job: line, alhpa: 1}}\n", "jobs/a/experts"),
    (MIX + "{job: mix, after: B}\n", "jobs/a/after"),
    (MIX + "{job: mix, beside: {a: b}}\n", "jobs/a/beside"),
    (HUB + "claims: {K1: [a]}\n", "claims/K1"),
    (HUB + "jobs: {}\n", ""),
    (MAP + "gates: {Gate-1: {a > 0: {opens: [M]}, else: x}}\n", "gates/Gate-1"),
    (ROWS + "metrics: [r3]\n", "metrics/0"),
    (ROWS + "metrics: [bound]\nvariance: wide\n", "variance"),
    (ROWS + "data: {source: arrasy}\n", "data/source"),
    (ROWS + "data: {source: arrays, pth: x}\n", "data"),
    (ROWS + "data: {source: arrays, path: x, val: 3}\n", "data"),
    (ROWS + "rows: {train: 3}\n", "rows"),
    (ROWS + "rows: {test: gird}\n", "rows/test"),
]


@pytest.mark.parametrize(("front", "place"), WRONG)
def test_mistake_does_not_fit(front: str, place: str) -> None:
    """An editor can underline what the reader would refuse, at about the same place."""
    assert place in complaints(front)


def test_reader_and_schema_know_the_same_fields() -> None:
    """A field that one learns the other must learn."""
    bodies = {
        branch["if"]["properties"]["kind"]["const"]: list(branch["then"]["properties"])
        for branch in validators()[0].schema["allOf"]
    }
    axes = ["noise", "mag"]

    assert set(bodies["exp"]) == {*reading.COMMON, *experiment.FIELDS, *axes}
    assert set(bodies["protocol"]) == {*reading.COMMON, *protocol.FIELDS}
    assert set(bodies["hub"]) == {*reading.COMMON, "claims", "signed", "protocol", *axes}
    assert set(bodies["roadmap"]) == {*reading.COMMON, "gates", "phases", "now", "priority", "signed"}
    ladder = json.dumps(bodies) + json.dumps(validators()[0].schema)
    assert all(f'"{word}": ' in ladder for word in judged.BESIDE)
