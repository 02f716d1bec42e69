"""A partition as a parameter: by the protocol's word or written out, and every way to get it wrong."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.contract import Contract, Partition, contracts, read_contract
from runner.data import hdf5
from runner.documents.agreements import agreement
from runner.documents.experiment import read_experiment
from runner.documents.form import Form
from runner.documents.kinds import Experiment
from runner.documents.schema import schema
from runner.documents.settings import load_plugins, read_settings
from runner.execution import plugins
from runner.execution.plugins import params_of
from runner.findings import Finding, InputRefused
from runner.plans.specs import job_runs
from runner.rendering import catalogue
from runner.rendering.configuration import configured
from runner.rendering.desk import lay
from runner.verdicts.knowledge import gather
from tests.documents.made_up_jobs import FILES, NAME, front
from tests.documents.marked import unmarked
from tests.executed import put
from tests.knowledge import PROTOCOL, base

SPLIT = '''"""A job that looks at rows bin by bin."""
from dataclasses import dataclass
from typing import Literal

from runner.contract import Job, Output, Partition

VERSION = 1


@dataclass(frozen=True)
class Quantiles:
    """As many rows in each part."""

    kind: Literal["quantiles"] = "quantiles"
    by: str = "age"
    parts: int = 4


@dataclass(frozen=True)
class Inner:
    """A record with bins of its own."""

    bins: Partition | None = None


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # which rows go together
    split: Partition | Quantiles
    # what else
    inner: Inner = Inner()
    experts: Job | None = None
    several: tuple[Partition, ...] = ()


def run(params, data, context):
    """Say nothing."""
    return Output({"val": [0.0] * data.val.rows, "test": [0.0] * data.test.rows})
'''
ROWS = """kind: protocol
id: rows
data: {source: arrays, path: x.npz, columns: {weight: kg, age: years, size: cm}}
rows: {val: 40, test: 80}
target: weight
metrics: [r2]
slices:
  young: age < 40
  build: {by: [age, size], edges: [[20, 40, 60], [1, 2]], names: [small, large]}
  decade: {by: age, edges: [20, 30, 40.5]}
"""
BUILD = {"by": ("age", "size"), "edges": ((20.0, 40.0, 60.0), (1.0, 2.0)), "names": ("small", "large")}
DECADE = {"by": ("age",), "edges": ((20.0, 30.0, 40.5),), "names": ("25", "35.25")}


@cache
def jobs() -> Mapping[str, Contract]:
    """Return the contracts of the made-up jobs and of one that takes bins."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (FILES | {"split": SPLIT}).items():
            (Path(folder) / f"{name}.py").write_text(text)
        return contracts(Path(folder))


@cache
def sources() -> Mapping[str, Contract]:
    """Return the contracts of two sources that read files."""
    folder = Path(hdf5.__file__).parent
    return {name: read_contract(folder / f"{name}.py") for name in ("arrays", "hdf5")}


def declared(entries: str, more: str = "", rows: str = ROWS) -> tuple[Experiment, list[str]]:
    """Return an experiment of one job with these entries, and what is wrong with it at the marks."""
    text = f"id: A-1\nprotocol: rows@1\ntrain: 10\njobs:\n  a: {{job: split, {entries}}}\n{more}"
    bare, places = unmarked(text)
    node = front(bare)
    findings: list[Finding] = []
    others = {"rows@1": front(rows)}.get
    experiment = read_experiment(Form(node, NAME, findings), jobs(), others, agreement(node, sources(), others))
    assert [str(finding.place) for finding in findings] == [f"{NAME}:{place}" for place in places]
    return experiment, [str(finding).partition(": ")[2] for finding in findings]


def params(entries: str, more: str = "", **else_: Any) -> dict[str, Any]:
    """Return the parameters of a job in which nothing is wrong."""
    experiment, findings = declared(entries, more, **else_)
    assert findings == []
    return dict(experiment.jobs["a"].params)


def test_a_word_is_the_partition_of_the_protocol() -> None:
    """Its columns, edges and names are what the job is given; bins without names are called by their middles."""
    assert params("split: build")["split"] == BUILD
    assert params("split: decade")["split"] == DECADE


def test_bins_written_out_are_the_same_bins() -> None:
    """So an experiment may divide its rows in ways its protocol does not score."""
    written = "split: {by: [age, size], edges: [[20, 40, 60], [1, 2]], names: [small, large]}"

    assert params(written)["split"] == BUILD
    assert params("split: {by: age, edges: [20, 30, 40.5]}")["split"] == DECADE


def test_bins_stand_wherever_a_value_may() -> None:
    """In records, in lists, in jobs inside jobs, and beside records that have a kind."""
    found = params("split: {kind: quantiles, parts: 3}, inner: {bins: decade}, several: [build, decade]")
    assert found["split"] == {"kind": "quantiles", "by": "age", "parts": 3}
    assert (found["inner"], found["several"]) == ({"bins": DECADE}, (BUILD, DECADE))
    assert params("split: quantiles")["split"] == {"kind": "quantiles", "by": "age", "parts": 4}

    inside = params("split: build, experts: {job: split, split: decade}")["experts"]
    assert inside["params"]["split"] == DECADE


def test_columns_are_free_where_only_the_data_know_them() -> None:
    """Label columns of stored sets are seen when the file is opened."""
    rows = ROWS.replace(
        "{source: arrays, path: x.npz, columns: {weight: kg, age: years, size: cm}}", "{source: hdf5, path: x.h5}"
    )

    assert params("split: {by: height, edges: [1, 2]}", rows=rows)["split"]["by"] == ("height",)


def test_a_job_like_another_takes_its_bins_over_or_writes_its_own() -> None:
    """Bins are replaced whole: names of other edges would not fit."""
    more = "  b: {like: a}\n  c: {like: a, split: {by: age, edges: [0, 1, 2, 3]}}\n"
    more += "  d: {like: a, split: {kind: quantiles}}\n"
    experiment, findings = declared(
        "split: {by: [age, size], edges: [[20, 40, 60], [1, 2]], names: [small, large]}", more
    )

    assert findings == []
    found = {name: job.params["split"] for name, job in experiment.jobs.items()}
    assert found["b"] == BUILD
    assert found["c"] == {"by": ("age",), "edges": ((0.0, 1.0, 2.0, 3.0),), "names": ("0.5", "1.5", "2.5")}
    assert found["d"]["kind"] == "quantiles"


def test_a_word_that_is_copied_keeps_its_meaning() -> None:
    """Under another protocol `build` may be other bins: those of the experiment it is copied from are meant."""
    there = """id: E-9
protocol: there@1
train: 10
jobs:
  b: {job: split, split: build, inner: {bins: build}, several: [build], experts: {job: split, split: build}}
  q: {job: split, split: quantiles}
"""
    other = ROWS.replace("id: rows", "id: there").replace("[1, 2]]", "[1, 3]]")
    fronts = {"rows@1": front(ROWS), "there@1": front(other), "E-9": front(there)}
    text = """id: A-1
protocol: rows@1
train: 10
cites: {e: E-9}
jobs:
  a: {like: e.b}
  c: {like: e.b, several: [build]}
  q: {like: e.q}
"""
    findings: list[Finding] = []
    node = front(text)
    experiment = read_experiment(Form(node, NAME, findings), jobs(), fronts.get, agreement(node, sources(), fronts.get))

    assert findings == []
    found, copied = experiment.jobs["a"].params, {**BUILD, "edges": ((20.0, 40.0, 60.0), (1.0, 3.0))}
    assert (found["split"], found["inner"], found["several"]) == (copied, {"bins": copied}, (copied,))
    assert found["experts"]["params"]["split"] == copied
    assert experiment.jobs["c"].params["several"] == (BUILD,)
    assert experiment.jobs["q"].params["split"]["kind"] == "quantiles"


WRITTEN_OUT = "write {by: column, edges: [0, 1, 2]}"
DUE = "a partition of the protocol or a map of bins or quantiles"
WRONG = [
    ("split: §biuld", f"LG203 `split` of `split`: `biuld` where {DUE} is due -> did you mean `build`?"),
    ("split: §[build]", f"LG203 `split` of `split`: a collection where {DUE} is due -> {WRITTEN_OUT}"),
    ("split: {by: §aeg, edges: [1, 2]}", "LG302 `split` of `split`: no column `aeg` -> did you mean `age`?"),
    ("split: {by: [age, §siez], edges: [[1, 2], [1, 2]], names: [a]}", "LG302 `split` of `split`: no column `siez`"),
    ("split: §{edges: [1, 2]}", "LG202 `split` of `split`: `by` is missing -> add `by:`"),
    ("split: §{by: age}", "LG202 `split` of `split`: `edges` is missing -> add `edges:`"),
    ("split: {by: age, edges: §3}", "LG203 `split` of `split`: edges are ascending numbers, two at least"),
    ("split: {by: age, edges: §[3, 2]}", "LG203 `split` of `split`: edges are ascending numbers, two at least"),
    ("split: {by: age, edges: §[[1, 2], [1, 2]]}", "LG203 `split` of `split`: 2 lists of edges for 1 columns"),
    ("split: §{by: [age, size], edges: [[1, 2], [1, 2]]}",
     "LG203 `split` of `split`: the bins over 2 columns need names -> add `names:`"),
    ("split: {by: age, edges: [1, 2], names: §[a, b]}", "LG203 `split` of `split`: 2 names for 1 bins"),
    ("split: {by: age, edges: [1, 2], §nmaes: [a]}", "LG202 `split` of `split`: unknown field `nmaes`"),
    ("split: {kind: §quantlies}", f"LG203 `split` of `split`: `quantlies` where {DUE} is due"),
    ("split: build, inner: {bins: §small}", "LG203 `inner` of `split`: `bins` of `inner`: `small` where a partition"),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "message"), WRONG)
def test_a_mistake_is_named_where_it_stands(entries: str, message: str) -> None:
    """In the words a protocol's own slices get, with what to write."""
    assert declared(entries)[1][0].startswith(message)


def test_without_a_protocol_no_word_is_known() -> None:
    """The remedy is then to write the bins out."""
    assert WRITTEN_OUT in declared("split: §build", rows=ROWS[: ROWS.index("slices")])[1][0]


@pytest.mark.parametrize("axis", ["a.split", "a.inner.bins"])
def test_no_sweep_varies_bins(axis: str) -> None:
    """A point is a number or a word, and a word would not say which bins it was once the protocol moves on."""
    more = f"sweep: {{{axis}: [§build, §decade]}}\n"
    _, findings = declared("split: build, inner: {bins: decade}", more)

    assert findings[0] == f"LG203 `{axis}` takes bins, no sweep varies them -> declare two jobs instead"


@pytest.mark.parametrize("annotation", ["Partition | Other", "Partition | dict[str, int]"])
def test_what_no_front_matter_could_tell_from_bins_is_refused(tmp_path: Path, annotation: str) -> None:
    """A map without a kind is the bins."""
    other = "@dataclass(frozen=True)\nclass Other:\n    a: int = 1\n"
    path = tmp_path / "job.py"
    path.write_text(f"VERSION = 1\n{other}@dataclass(frozen=True)\nclass Params:\n    a: {annotation}\n")

    with pytest.raises(InputRefused, match="apart by no `kind`"):
        read_contract(path)


def test_the_job_is_given_a_partition(tmp_path: Path) -> None:
    """Not a map: what the contract calls `Partition`, wherever it stands, also after a fit was filed as JSON."""
    folder = tmp_path / "jobs"
    put(tmp_path, "jobs/split.py", SPLIT)
    module = plugins.load("jobs", "split", folder / "split.py")
    made = params_of(module, params("split: build, inner: {bins: decade}, several: [decade]"))

    decade = Partition(("age",), ((20.0, 30.0, 40.5),), ("25", "35.25"))
    assert made.split == Partition(("age", "size"), ((20.0, 40.0, 60.0), (1.0, 2.0)), ("small", "large"))
    assert (made.inner.bins, made.several, decade.bins) == (decade, (decade,), 2)


def test_a_fit_is_keyed_by_the_bins_and_not_by_their_word(tmp_path: Path) -> None:
    """The same bins under another word are the same fit; other edges or names are another."""

    def fit(slices: str, split: str) -> str:
        put(tmp_path, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
        put(tmp_path, "jobs/split.py", SPLIT)
        head = "---\nkind: exp\nid: A-1\ntitle: t\nprotocol: tiny@1\nnoise: 0\ntrain: 10\n"
        text = f"{head}jobs:\n  a: {{job: split, split: {split}}}\n---\n"
        base(tmp_path, **{"a__exp__a": text, "protocols/tiny": PROTOCOL.replace("slices:\n", f"slices:\n  {slices}\n")})
        library = gather(tmp_path).library
        return job_runs(library.named("A-1"), library)[0].fit

    one = fit("half: {by: age, edges: [20, 40, 60]}", "half")
    assert fit("parts: {by: age, edges: [20, 40, 60]}", "parts") == one
    assert fit("half: {by: age, edges: [20, 40, 60]}", "{by: age, edges: [20, 40, 60]}") == one
    assert fit("half: {by: age, edges: [20, 41, 60]}", "half") != one
    assert fit("half: {by: age, edges: [20, 40, 60], names: [x, z]}", "half") != one


def test_a_page_shows_the_word_or_the_columns(tmp_path: Path) -> None:
    """Nine names and twelve edges are more than a cell of a table holds."""
    put(tmp_path, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(tmp_path, "jobs/split.py", SPLIT)
    slices = "slices:\n  half: {by: age, edges: [20, 40, 60]}\n"
    written = "{by: [age, weight], edges: [[1, 2, 3], [1, 2, 3]], names: [a, b, c, d]}"
    text = f"""---
kind: exp
id: A-1
title: t
protocol: tiny@1
noise: 0
train: 10
jobs:
  a: {{job: split, split: half, inner: {{bins: {written}}}, experts: {{job: split, split: half}}}}
---
"""
    base(tmp_path, **{"a__exp__a": text, "protocols/tiny": PROTOCOL.replace("slices:\n", slices)})
    knowledge = gather(tmp_path)

    (found,) = configured(lay(knowledge.library.named("A-1"), knowledge))

    shown = dict(found.parameters)
    assert (shown["split"], shown["inner"]) == ("half", "{bins: age × weight, 4 bins}")
    assert shown["experts"].startswith("{job: split, split: half")


def test_the_schema_takes_a_word_or_a_map_and_the_list_of_jobs_says_so(tmp_path: Path) -> None:
    """Editors complete `by`, `edges` and `names`; `runner jobs` says what is due."""
    put(tmp_path, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(tmp_path, "jobs/split.py", SPLIT)
    base(tmp_path)

    text = json.dumps(schema(load_plugins(tmp_path, read_settings(tmp_path))))
    assert '"required": ["by", "edges"]' in text

    report = catalogue.described(tmp_path, "split")
    assert f"split: {DUE} (must be given)" in report.lines
    due = {entry["name"]: entry["due"] for entry in report.data["parameters"]}
    assert due["several"] == "a list (each a partition of the protocol or a map of bins)"


def test_middles_lie_in_their_bins() -> None:
    """Names made from edges are those the result file uses for the parts of the same partition."""
    rng = np.random.default_rng(2)
    edges = np.sort(rng.normal(size=9) * 100).round(3).tolist()
    made = params(f"split: {{by: age, edges: {edges}}}")["split"]["names"]

    assert np.digitize([float(name) for name in made], edges).tolist() == list(range(1, 9))
