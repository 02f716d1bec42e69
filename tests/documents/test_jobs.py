"""The jobs of an experiment: records, jobs inside jobs, names of neighbours, and every way to get them wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runner.safety import bounded_yaml as yaml
from runner.safety import canonical
from runner.shapes import accept, parameter_at
from tests.documents.made_up_jobs import complaints, made_up, read

ORACLE = {"kind": "oracle"}
LINE = {"alpha": 1.0, "scale": True}


def params(entries: str, more: str = "") -> dict[str, Any]:
    """Return the parameters of one mixture."""
    return dict(read(f"jobs:\n  a: {{job: mix, {entries}}}\n{more}")["a"].params)


def test_defaults_are_filled_in_to_the_depths() -> None:
    """What is not written is known all the same: results are keyed by all of it."""
    found = params("router: {kind: logistic, rows: 20%}, features: {best: [1, 2k]}, experts: {job: line, alpha: 1e-3}")

    assert found["router"] == {"kind": "logistic", "rows": 0.2, "classes": 2}
    assert found["features"] == {"pca": None, "best": (1, 2000)}
    assert found["experts"] == {"job": "line", "version": 3, "params": {"alpha": 0.001, "scale": True}}
    assert (found["weights"], found["after"], found["beside"]) == (None, None, ())


def test_bare_word_is_short_for_a_kind() -> None:
    """`router: mlp` says what `router: {kind: mlp}` says."""
    assert params("router: mlp") == params("router: {kind: mlp}")
    assert params("router: oracle")["router"] == ORACLE


def test_accepted_values_go_into_a_key() -> None:
    """Maps, lists and names are plain enough for canonical JSON, and come back as they went."""
    found = params("after: b, beside: [b], router: mlp, experts: {job: line}", "  b: {job: line}\n")

    assert canonical.loads(canonical.dumps(found)) == json.loads(json.dumps(found))


def test_job_needs_those_it_names() -> None:
    """Each neighbour counts once, wherever its name stands."""
    text = "jobs:\n  a: {job: mix, after: c, beside: [b, c]}\n  b: {job: line}\n  c: {job: line}\n"

    assert {name: job.needs for name, job in read(text).items()} == {"a": ("c", "b"), "b": (), "c": ()}


def test_nothing_needs_a_neighbour_by_chance() -> None:
    """A word that is only text names no job."""
    assert read("jobs:\n  a: {job: bound, label: b}\n  b: {job: line}\n")["a"].needs == ()


WRONG = [
    ("router: {kind: §mpl}", "LG203 `mpl` where oracle or logistic or mlp is due", "did you mean `mlp`?"),
    ("router: §mpl", "LG203 `mpl` where oracle or logistic or mlp is due", "did you mean `mlp`?"),
    ("router: §{hidden: 3}", "LG203 a map without `kind`", "there is logistic, mlp, oracle"),
    ("router: §[mlp]", "LG203 a collection where oracle or logistic or mlp is due", ""),
    ("router: {kind: mlp, §hiden: 3}", "LG205 `mlp` has no parameter `hiden`", "did you mean `hidden`?"),
    ("router: {kind: mlp, hidden: §much}", "LG203 `hidden` of `mlp`: `much` where a whole number is due", ""),
    ("router: {kind: oracle, §rows: 1}", "LG205 `oracle` has no parameter `rows`", "there is kind"),
    ("features: {§pac: 3}", "LG205 `features` has no parameter `pac`", "did you mean `pca`?"),
    ("features: §3", "LG203 `3` where a map of pca, best is due", ""),
    ("features: {best: [1, §x]}", "LG203 `best` of `features`: `x` where a whole number is due", ""),
    ("experts: {job: §lin}", "LG204 unknown job `lin`", "did you mean `line`?"),
    ("experts: §{alpha: 3}", "LG204 it does not say which job it is", "there is bound, line, mix"),
    ("experts: {job: line, §alhpa: 3}", "LG205 `line` has no parameter `alhpa`", "did you mean `alpha`?"),
    ("experts: {job: line, scale: §1}", "LG203 `scale` of `line`: `1` where true or false is due", ""),
    ("experts: §{job: bound}", "LG205 `bound` needs `label`", "add `label:`"),
    ("experts: §line", "LG203 `line` where a job or nothing is due", "write {job: line}"),
    ("experts: {job: mix, experts: {job: line, alpha: §x}}",
     "LG203 `experts` of `mix`: `alpha` of `line`: `x` where a number is due", ""),
    ("weights: {a: §x}", "LG203 `x` where a number is due", ""),
    ("after: §lime", "LG203 `lime` where a job of this experiment or nothing is due", "did you mean `line`?"),
    ("beside: [line, §lime]", "LG203 `lime` where a job of this experiment is due", "did you mean `line`?"),
    ("beside: [§a]", "LG203 `a` where a job of this experiment is due", "there is line"),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "message", "fix"), WRONG)
def test_mistake_is_one_finding_at_its_place(entries: str, message: str, fix: str) -> None:
    """However deep it stands, a mistake is shown where it is, with the word that was probably meant."""
    text = f"jobs:\n  line: {{job: line}}\n  a: {{job: mix, {entries}}}\n"

    message = message.replace(" ", f" `{entries.partition(':')[0]}` of `mix`: ", 1)
    assert complaints(text) == [f"{message} -> {fix}" if fix else message]


def test_several_mistakes_are_several_findings() -> None:
    """Each parameter of each job is checked, whatever is wrong with the one before."""
    text = "jobs:\n  a: {job: line, §alhpa: 1, scale: §x}\n  b: §{job: bound, §lab: x}\n"

    assert [line.partition(" ")[0] for line in complaints(text)] == ["LG205", "LG203", "LG205", "LG205"]


def test_jobs_that_wait_for_each_other_are_a_finding() -> None:
    """A circle is told once, at one of its jobs."""
    needs = {"d": "a", "§a": "c", "b": "a", "c": "b"}
    text = "jobs:\n" + "".join(f"  {name}: {{job: mix, after: {need}}}\n" for name, need in needs.items())
    message = "LG207 jobs wait for each other: `a` → `c` → `b` → `a`"

    assert complaints(text) == [f"{message} -> let one of them stand on its own"]


def shape_at(path: str, entries: str) -> str:
    """Return in words what a sweep may set at a path of a mixture."""
    shape = parameter_at(made_up()["mix"], path.split("."), made_up(), params(entries))
    return str(shape)


def test_parameter_is_found_however_deep_it_stands() -> None:
    """A sweep over `a.router.hidden` is checked against the router that is there."""
    entries = "router: {kind: mlp}, experts: {job: mix, router: logistic}"

    assert shape_at("router.hidden", entries) == "a whole number"
    assert shape_at("experts.router.classes", entries) == "a whole number"
    assert shape_at("features.best", entries) == "a list (each a whole number)"
    assert shape_at("after", entries) == "a job of this experiment or nothing"
    for nowhere in ("router.classes", "rooter", "router.hidden.x", "experts.alpha", "experts.job", "weights.a"):
        assert shape_at(nowhere, entries) == "None"


def test_values_of_a_deep_parameter_are_accepted_like_any_other() -> None:
    """What a sweep writes becomes what the job takes."""
    shape = parameter_at(made_up()["mix"], ("router", "rows"), made_up(), params("router: mlp"))

    assert shape is not None
    assert accept(shape, yaml.load("20%")) == 0.2
