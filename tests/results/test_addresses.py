"""Addresses: what a dotted name means where it stands, and what it cannot mean."""

from __future__ import annotations

import pytest

from runner.expressions.parse import parse
from runner.expressions.syntax import Reference
from runner.expressions.tokens import ExpressionRefused
from runner.results.addresses import Definition, FactAddress, Meaning, ScalarAddress, resolve
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, toy

ALONE = (
    EXPERIMENT.replace("TOY-1", "TOY-2").replace("  weak:   {job: ridge, alpha: 1e4}\n", "").replace(" - weak.r2", "")
)
CITING = HUB.replace("TOY-hub", "TOY-desk").replace(
    "  toy: TOY-1",
    "  toy: TOY-1\n  best: TOY-1/strong\n  one: TOY-2\n  typo: TOY-1/strnog\n  gone: TOY-7\n  hub: TOY-hub",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The toy base, an experiment with a single job, and a hub that cites all there is and is not."""
    root = toy(tmp_path_factory.mktemp("addresses"))
    knowledge.write(root, {"toy/exp/alone.md": ALONE, "toy/desk.md": CITING, "toy/exp/lost.md": LOST})
    return gather(root)


LOST = EXPERIMENT.replace("TOY-1", "TOY-3").replace("tiny@1", "tiny@9")


def means(text: str, identity: str, base: Knowledge) -> Meaning:
    """Return what an address means in a document."""
    reference = parse(text)
    assert isinstance(reference, Reference)
    return resolve(reference, base.library.named(identity), base.library)


@pytest.mark.parametrize(
    ("text", "place", "kind", "owner", "key"),
    [
        ("weak.r2", "TOY-1", FactAddress, "TOY-1", "weak.r2"),
        ("weak.young.mae", "TOY-1", FactAddress, "TOY-1", "weak.young.mae"),
        ("weak.alpha", "TOY-1", ScalarAddress, "TOY-1", "weak.alpha"),
        ("toy.weak.r2", "TOY-desk", FactAddress, "TOY-1", "weak.r2"),
        ("toy.weak.old.bias", "TOY-desk", FactAddress, "TOY-1", "weak.old.bias"),
        ("toy.weak.alpha", "TOY-desk", ScalarAddress, "TOY-1", "weak.alpha"),
        ("best.r2", "TOY-desk", FactAddress, "TOY-1", "strong.r2"),
        ("best.young.rmse", "TOY-desk", FactAddress, "TOY-1", "strong.young.rmse"),
        ("one.r2", "TOY-desk", FactAddress, "TOY-2", "strong.r2"),
        ("one.young.r2", "TOY-desk", FactAddress, "TOY-2", "strong.young.r2"),
        ("one.strong.r2", "TOY-desk", FactAddress, "TOY-2", "strong.r2"),
        ("one.alpha", "TOY-desk", ScalarAddress, "TOY-2", "strong.alpha"),
    ],
)
def test_an_address_finds_its_number(text: str, place: str, kind: type, owner: str, key: str, base: Knowledge) -> None:
    """A job or an alias, a slice or none, a metric or a scalar; the only job of an experiment may be left out."""
    found = means(text, place, base)

    assert isinstance(found, FactAddress | ScalarAddress)
    assert (type(found), found.document.id, found.key) == (kind, owner, key)


@pytest.mark.parametrize(
    ("text", "place", "owner"),
    [("gain", "TOY-1", "TOY-1"), ("toy.gain", "TOY-desk", "TOY-1"), ("one.gain", "TOY-desk", "TOY-2")],
)
def test_a_definition_is_found_from_other_documents(text: str, place: str, owner: str, base: Knowledge) -> None:
    """A quantity is cited by its name where it stands, and behind an alias elsewhere."""
    found = means(text, place, base)

    assert isinstance(found, Definition)
    assert (found.document.id, found.name) == (owner, "gain")


@pytest.mark.parametrize(
    ("text", "place", "code", "at", "message", "fix"),
    [
        ("waek.r2", "TOY-1", "LG302", "waek", "unknown name `waek`", "did you mean `weak`?"),
        ("gian", "TOY-1", "LG302", "gian", "unknown name `gian`", "did you mean `gain`?"),
        ("too.weak.r2", "TOY-desk", "LG302", "too", "unknown name `too`", "did you mean `toy`?"),
        ("toy.waek.r2", "TOY-desk", "LG302", "waek", "unknown name `waek`", "did you mean `weak`?"),
        ("toy.gian", "TOY-desk", "LG302", "gian", "unknown name `gian`", "did you mean `gain`?"),
        ("weak.yuong.r2", "TOY-1", "LG302", "yuong", "unknown name `yuong`", "did you mean `young`?"),
        ("weak.young.rr2", "TOY-1", "LG302", "rr2", "unknown name `rr2`", "did you mean `r2`?"),
        ("weak.young", "TOY-1", "LG302", "young", "unknown name `young`", "there is bias, mae, r2, rmse"),
        ("weak.young.old.r2", "TOY-1", "LG302", "old.r2", "an address is job.slice.metric", ""),
        ("weak", "TOY-1", "LG302", "weak", "`weak` is a job, a metric is missing", "there is bias, mae, r2, rmse"),
        ("best", "TOY-desk", "LG302", "best", "`strong` is a job, a metric is missing", "there is bias, mae, r2, rmse"),
        ("gain.r2", "TOY-1", "LG302", "r2", "`gain` is a number, it has no `r2`", "write gain"),
        ("toy.gain.r2", "TOY-desk", "LG302", "r2", "`gain` is a number, it has no `r2`", "write gain"),
        (
            "toy",
            "TOY-desk",
            "LG302",
            "toy",
            "`toy` is an experiment, a job or a definition is missing",
            "there is gain, strong, weak",
        ),
        ("typo.r2", "TOY-desk", "LG207", "typo", "TOY-1 has no job `strnog`", "did you mean `strong`?"),
        ("gone.r2", "TOY-desk", "LG207", "gone", "unknown experiment `TOY-7`", ""),
        ("hub.r2", "TOY-desk", "LG207", "hub", "unknown experiment `TOY-hub`", ""),
        ("weak.r2", "TOY-3", "LG207", "weak.r2", "TOY-3 has no readable protocol", "mend that document first"),
        (
            "weak(200).r2",
            "TOY-1",
            "LG302",
            "weak(200)",
            "`weak` does not vary",
            "leave out the parentheses",
        ),
        (
            "weak.young(3).r2",
            "TOY-1",
            "LG302",
            "young(3)",
            "`young` is one slice, it has no parts",
            "leave out the parentheses",
        ),
        ("x.r2", "tiny@1", "LG302", "x", "unknown name `x`", ""),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(
    text: str, place: str, code: str, at: str, message: str, fix: str, base: Knowledge
) -> None:
    """Every refusal has its code, points at the very part that is wrong, and names the nearest thing there is."""
    with pytest.raises(ExpressionRefused) as refused:
        means(text, place, base)

    error = refused.value
    assert (error.code, text[error.start : error.end], error.message, error.fix) == (code, at, message, fix)
