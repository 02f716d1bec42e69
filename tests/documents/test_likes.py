"""Jobs that are like others: what is inherited, what is dropped, what is copied, and where it goes round in circles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.documents import made_up_jobs
from tests.documents.made_up_jobs import complaints, declared, made_up, read

JOBS = """jobs:
  oracle:   {job: mix, experts: {job: line, alpha: 3}, router: oracle}
  logistic: {like: oracle, router: {kind: logistic, rows: 20%, classes: 4}}
  mlp:      {like: logistic, router: {kind: mlp, hidden: 64}}
"""
THERE = f"""id: E-9
protocol: rows@1
train: 32k
noise: 0.2
{JOBS}  line:     {{job: line, alpha: 7}}
"""
ROWS = "id: rows\naxes: {noise: [0, 0.2], mag: [21, 22]}\n"


def job(entries: str, name: str = "new") -> dict[str, Any]:
    """Return the parameters of a job declared beside the others."""
    return dict(read(f"{JOBS}  {name}: {entries}\n")[name].params)


def copied(entries: str, there: str = THERE, cites: str = "e9: E-9", **others: str) -> Any:
    """Return a job that is copied from another experiment."""
    text = f"id: E-1\ntrain: 5\nnoise: 1\ncites: {{{cites}}}\njobs:\n  new: {entries}\n"
    return read(text, E_9=there, **{"rows@1": ROWS}, **others)["new"]


def test_own_entries_are_merged_into_those_of_the_other() -> None:
    """Maps are merged entry by entry, anything else takes the place of what was there."""
    found = job("{like: logistic, experts: {scale: false}, router: {classes: 5}, features: {pca: 3}}")

    assert found["experts"]["params"] == {"alpha": 3.0, "scale": False}
    assert found["router"] == {"kind": "logistic", "rows": 0.2, "classes": 5}
    assert found["features"] == {"pca": 3, "best": ()}
    assert job("{like: new2, features: {best: [3]}}\n  new2: {like: oracle, features: {best: [1, 2]}}")["features"] == {
        "pca": None, "best": (3,),
    }  # fmt: skip


def test_order_of_the_jobs_does_not_matter() -> None:
    """A job may be like one that stands below it."""
    jobs = read("jobs:\n  b: {like: a, scale: false}\n  a: {job: line, alpha: 5}\n")

    assert jobs["b"].params == {"alpha": 5.0, "scale": False}


def test_another_kind_drops_what_it_has_no_use_for() -> None:
    """Of the logistic router the network inherits the share of rows, not the number of classes."""
    assert read(JOBS)["mlp"].params["router"] == {"kind": "mlp", "hidden": 64, "rows": 0.2}
    assert job("{like: mlp, router: logistic}")["router"] == {"kind": "logistic", "rows": 0.2, "classes": 2}
    assert job("{like: mlp, router: mlp}")["router"] == {"kind": "mlp", "hidden": 64, "rows": 0.2}
    assert job("{like: mlp, router: oracle}")["router"] == {"kind": "oracle"}


def test_another_job_drops_what_it_has_no_use_for() -> None:
    """Inside a job and as a whole, parameters another job does not have stay behind."""
    expert = job("{like: oracle, experts: {job: mix, router: mlp}}")["experts"]

    assert (expert["job"], expert["params"]["router"]["kind"]) == ("mix", "mlp")
    assert job("{like: oracle, job: line, scale: false}") == {"alpha": 1.0, "scale": False}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("{like: mlp, router: {kind: oracle, §rows: 3}}", "`router` of `mix`: `oracle` has no parameter `rows`"),
        ("{like: oracle, job: line, §router: mlp}", "`line` has no parameter `router`"),
        ("{like: oracle, §rooter: mlp}", "`mix` has no parameter `rooter`"),
        ("{like: oracle, experts: {§scael: true}}", "`experts` of `mix`: `line` has no parameter `scael`"),
    ],
)
def test_own_entries_are_never_dropped(entries: str, message: str) -> None:
    """What a person writes here is meant here."""
    (line,) = complaints(f"{JOBS}  new: {entries}\n")

    assert line.startswith(f"LG205 {message}")


def test_mistake_in_the_original_is_told_once() -> None:
    """Those that are like it inherit the mistake, not the finding."""
    text = "jobs:\n  a: {job: line, §alhpa: 3}\n  b: {like: a}\n  c: {like: b, scale: false}\n"

    assert complaints(text) == ["LG205 `line` has no parameter `alhpa` -> did you mean `alpha`?"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {like: §b}", "LG207 there is no job `b` to be like -> there is c"),
        ("a: {like: §cc}", "LG207 there is no job `cc` to be like -> did you mean `c`?"),
        ("a: {like: §[c]}", "LG203 `like` takes the name of one job -> write `like: other`"),
        ("a: {like: §a}", "LG207 `like` goes round in a circle: `a` → `a`"),
        ("a: {like: §b}\n  b: {like: a}\n  d: {like: b}", "LG207 `like` goes round in a circle: `a` → `b` → `a`"),
        ("d: {like: b}\n  a: {like: §b}\n  b: {like: a}", "LG207 `like` goes round in a circle: `a` → `b` → `a`"),
        ("a: {like: §e.x}", "LG207 there is no job `e.x` to be like -> there is c"),
    ],
)
def test_like_that_leads_nowhere_is_one_finding(text: str, message: str) -> None:
    """The first job that cannot be worked out is named, those behind it are not."""
    assert complaints(f"jobs:\n  c: {{job: line}}\n  {text}\n") == [message]


def test_copies_of_copies_end_somewhere() -> None:
    """Twenty steps are more than anyone can follow; a longer way is a finding and no overflow."""
    chain = "".join(f"  a{i}: {{like: a{i - 1}}}\n" for i in range(1, 1200))
    jobs, findings = declared(f"jobs:\n  a0: {{job: line}}\n{chain}")

    assert list(jobs) == [f"a{i}" for i in range(21)]
    assert {finding.message for finding in findings} == {"`like` leads through more than 20 jobs"}
    assert [finding.place.line for finding in findings] == list(range(23, 1202))


def test_copy_brings_its_settings() -> None:
    """The spec comes with training rows, axes and seed of its experiment: the same fit, found in the cache."""
    new = copied("{like: e9.mlp}")

    assert new.params == read(JOBS)["mlp"].params
    assert new.fixed == {"noise": 0.2, "mag": 21.0, "train": 32_000.0, "train_noise": 0.2, "seed": 0.0}


def test_copy_may_be_altered() -> None:
    """Own entries win over those that were copied."""
    assert copied("{like: e9.mlp, router: {hidden: 3}}").params["router"] == {"kind": "mlp", "hidden": 3, "rows": 0.2}


def test_settings_are_those_the_job_depends_on() -> None:
    """A job without draws copies no seed, one without training no rows."""
    bound = THERE + "  bound: {job: bound, label: x}\n"

    assert copied("{like: e9.line}").fixed.keys() == {"noise", "mag", "train", "train_noise"}
    assert copied("{like: e9.bound}", bound).fixed.keys() == {"noise", "mag"}


@pytest.mark.parametrize(
    ("cites", "like"),
    [("e9: E-9", "e9.line"), ("e9: E-9/line", "e9"), ("e9: E-9/mlp", "e9.line"), ("e9: E-9/line(1M)", "e9")],
)
def test_alias_of_an_experiment_or_of_a_job_leads_to_it(cites: str, like: str) -> None:
    """`e9.line` names the job here, `e9` where the alias does or where there is one job only."""
    assert copied(f"{{like: {like}}}", cites=cites).params["alpha"] == 7


def test_only_job_need_not_be_named() -> None:
    """`like: e9` is enough where the other experiment declares one job."""
    assert copied("{like: e9}", "id: E-9\ntrain: 9\njobs:\n  x: {job: line, alpha: 4}\n").params["alpha"] == 4


def test_axis_with_one_value_is_a_setting() -> None:
    """A sweep of one value is no sweep; noise for training may differ from that of the test."""
    there = THERE.replace("noise: 0.2", "sweep: {noise: [1], seed: [3]}\ntrain_noise: 0.5\nmag: 22")

    assert copied("{like: e9.mlp}", there).fixed == {
        "noise": 1.0, "mag": 22.0, "train": 32_000.0, "train_noise": 0.5, "seed": 3.0,
    }  # fmt: skip


def test_copy_of_a_copy_keeps_the_first_settings() -> None:
    """Through several documents a job stays as it was first run, but for what was altered on the way."""
    middle = "id: E-5\nprotocol: rows@1\ntrain: 77\ncites: {e9: E-9}\njobs:\n  m: {like: e9.mlp, router: {rows: 1}}\n"
    new = copied("{like: e5.m}", cites="e5: E-5", E_5=middle)

    assert new.params["router"] == {"kind": "mlp", "hidden": 64, "rows": 1.0}
    assert (new.fixed["train"], new.fixed["noise"]) == (32_000.0, 0.2)


SWEPT = "copy from an experiment without that sweep"
ROUND = "`like` goes round in a circle: "
COPIES = [
    ("e9.mpl", ("", ""), "E-9 has no job `mpl` -> did you mean `e9.mlp`?"),
    ("e9", ("", ""), "E-9 has 4 jobs -> there is e9.line, e9.logistic, e9.mlp, e9.oracle"),
    ("e9.mlp", ("noise: 0.2", "sweep: {noise: [0, 1]}"), f"E-9 has no single `noise` for it -> {SWEPT}"),
    ("e9.mlp", ("noise: 0.2", "sweep: {seed: [0, 1]}"), f"E-9 has no single `seed` for it -> {SWEPT}"),
    ("e9.mlp", ("noise: 0.2", "sweep: {mlp.rows: [1]}"), f"E-9 has no single `mlp.rows` for it -> {SWEPT}"),
    ("e9.mlp", ("train: 32k", "train: many"), f"E-9 has no single `train` for it -> {SWEPT}"),
    ("e9.z", ("jobs:\n", "jobs:\n  z: {like: y}\n  y: {like: z}\n"), f"{ROUND}`z` → `y` → `z`"),
    ("e9.z", ("jobs:\n", "cites: {e1: E-1}\njobs:\n  z: {like: e1.new}\n"), f"{ROUND}`new` → `z` → `new`"),
    ("e9.z", ("jobs:\n", "jobs:\n  z: {like: lime}\n"), "there is no job `lime` to be like -> did you mean `line`?"),
]


@pytest.mark.parametrize(("like", "change", "message"), COPIES)
def test_copy_that_cannot_be_made_is_one_finding_here(like: str, change: tuple[str, str], message: str) -> None:
    """Whatever is wrong in the other document, it is told at the `like` that needs it."""
    text = f"id: E-1\ncites: {{e9: E-9}}\njobs:\n  new: {{like: §{like}}}\n"
    (found,) = complaints(text, E_9=THERE.replace(*change), E_1=text.replace("§", ""), **{"rows@1": ROWS})

    assert found.replace(f"`{like}` cannot be copied: ", "") == f"LG207 {message}"


def test_experiment_that_is_not_there_cannot_be_copied() -> None:
    """An alias that leads to no readable experiment is one finding."""
    text = "cites: {e9: E-8}\njobs:\n  new: {like: §e9.mlp}\n"

    assert complaints(text) == ["LG207 there is no experiment `E-8` to copy from"]


def test_sweep_of_what_a_job_does_not_depend_on_is_no_matter() -> None:
    """A line draws nothing, so three seeds of its experiment are one run of it."""
    there = THERE.replace("noise: 0.2", "noise: 0.2\nsweep: {seed: [0, 1], mlp.router.rows: [0.1, 1]}")

    assert copied("{like: e9.line}", there).params["alpha"] == 7


@pytest.mark.parametrize("mistake", ["alhpa: 3", "alpha: x"])
def test_mistake_in_a_copied_spec_is_told_where_it_is_copied_to(mistake: str) -> None:
    """Lines and columns of another file mean nothing in this one."""
    there = f"id: E-9\ntrain: 1\njobs:\n  line: {{job: line, {mistake}}}\n"

    assert len(complaints("cites: {e9: E-9}\njobs:\n  new: {like: §e9.line}\n", E_9=there)) == 1


def test_neighbour_of_a_copied_job_must_be_here_too() -> None:
    """A job brings its own spec, not those of the jobs it needs."""
    there = "id: E-9\ntrain: 1\njobs:\n  b: {job: line}\n  a: {job: mix, after: b}\n"
    text = "cites: {e9: E-9}\njobs:\n  a: {like: §e9.a}\n"
    here = text.replace("§", "") + "  b: {job: line}\n"
    message = "LG203 `after` of `mix`: `b` where a job of this experiment or nothing is due"

    assert complaints(text, E_9=there) == [message]
    assert read(here, E_9=there)["a"].needs == ("b",)


@pytest.mark.parametrize(
    ("experts", "settings"),
    [
        ("{job: line}", {"train", "train_noise"}),
        ("{job: bound, label: x}", set()),
        ("{job: mix, experts: {job: line}}", {"train", "train_noise", "seed"}),
    ],
)
def test_settings_of_jobs_inside_count(experts: str, settings: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that draws and learns nothing itself is copied with what the job inside it depends on."""
    still = {**made_up(), "shell": replace(made_up()["mix"], name="shell", uses_seed=False, uses_train=False)}
    monkeypatch.setattr(made_up_jobs, "made_up", lambda: still)
    there = f"id: E-9\nprotocol: rows@1\ntrain: 32k\nnoise: 0.2\njobs:\n  a: {{job: shell, experts: {experts}}}\n"

    assert copied("{like: e9.a}", there).fixed.keys() == {"noise", "mag"} | settings
