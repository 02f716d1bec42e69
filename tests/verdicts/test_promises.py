"""Promises: what was expected before a run, kept word for word for ever."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runner.documents.reading import Document
from runner.results.files import NOTHING
from runner.verdicts import promises as module
from runner.verdicts.knowledge import gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, file, guess, toy

EXPECT = EXPERIMENT[EXPERIMENT.index("define:") : EXPERIMENT.index("---\n\n# A toy")]
WRITTEN = {
    "H-A": "gain >= 0.2: keep the strong one; gain > 0: keep either; else: keep the weak one "
    "where gain = strong.r2 - weak.r2",
    "H-B": "strong.r2 > 0.5",
}


def promises(document: Document) -> dict[str, str]:
    """Return the promises of a document of the base it stands in."""
    return module.promises(document, gather(document.path.parents[3]).library)


def moved(document: Document, kept: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what a document no longer promises as it did."""
    return module.moved(document, kept, gather(document.path.parents[3]).library)


def experiment(root: Path, expect: str, *, define: str = "", alpha: str = "1e4") -> Document:
    """Write the toy experiment with other definitions and expectations."""
    text = EXPERIMENT.replace(EXPECT, f"{define}{expect}").replace("alpha: 1e4", f"alpha: {alpha}")
    knowledge.write(root, {"toy/exp/toy.md": text})
    return gather(root).library.named("TOY-1")


def filed(root: Path) -> Mapping[str, str]:
    """File a result, and return the promises it holds by expectation, the compute keys numbered in order."""
    known = file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1)})
    result = known.store.result(known.library.named("TOY-1"))
    return result.promises if result else {}


def test_ladders_and_predicates_are_written_out(tmp_path: Path) -> None:
    """Every rung stands with its consequence, and the definitions behind it with their text."""
    assert promises(gather(toy(tmp_path)).library.named("TOY-1")) == WRITTEN


def test_definitions_behind_definitions_are_written_out(tmp_path: Path) -> None:
    """Each is written once, however often it is used, and those not used are left out."""
    define = "define:\n  half: gain / 2\n  gain: strong.r2 - weak.r2\n  spare: weak.r2\n"
    document = experiment(toy(tmp_path), "expect:\n  H-A: half > 0 and gain > half\n", define=define)

    assert promises(document) == {"H-A": "half > 0 and gain > half where half = gain / 2, gain = strong.r2 - weak.r2"}


def test_definitions_in_a_circle_are_written_once(tmp_path: Path) -> None:
    """A circle is refused elsewhere; here it only has to end."""
    define = "define:\n  half: gain / 2\n  gain: half * 2\n"

    assert promises(experiment(toy(tmp_path), "expect:\n  H-A: half > 0\n", define=define)) == {
        "H-A": "half > 0 where half = gain / 2, gain = half * 2"
    }


def test_questions_and_other_keys_are_promised_too(tmp_path: Path) -> None:
    """What a person decides, and the key an expectation stands for."""
    document = experiment(toy(tmp_path), "expect:\n  Q-1: human\n  Q-2: K1\n")

    assert promises(document) == {"Q-1": "human", "Q-2": "K1 = toy.gain > 0"}


def test_the_first_result_files_the_promises(tmp_path: Path) -> None:
    """They stand under the compute key of what was run."""
    kept = filed(toy(tmp_path))

    assert {name.partition("/")[2]: text for name, text in kept.items()} == WRITTEN
    assert len({name.partition("/")[0] for name in kept}) == 1


def test_a_threshold_moved_after_the_result_is_shown_with_both_texts(tmp_path: Path) -> None:
    """Filing the same computation again keeps the promise as it was; the document reads differently."""
    root = toy(tmp_path)
    before = filed(root)
    document = experiment(root, "expect:\n  H-B: strong.r2 > 0.1\n")
    after = filed(root)

    assert after == before
    assert moved(document, after) == {"H-A": [WRITTEN["H-A"]], "H-B": ["strong.r2 > 0.5"]}
    assert promises(document)["H-B"] == "strong.r2 > 0.1"


def test_a_new_computation_promises_again_and_keeps_the_old(tmp_path: Path) -> None:
    """What was promised for other fits stays on record, and an older text is shown once however often it stood."""
    root = toy(tmp_path)
    first = filed(root)
    knowledge.write(root, {"toy/exp/toy.md": EXPERIMENT.replace("alpha: 1e4", "alpha: 5")})
    second = filed(root)
    document = experiment(root, "expect:\n  H-B: strong.r2 > 0.1\n", alpha="6")
    third = filed(root)

    assert [len(kept) for kept in (first, second, third)] == [2, 4, 5]
    assert first.items() <= second.items() <= third.items()
    assert moved(document, third) == {"H-A": [WRITTEN["H-A"]], "H-B": ["strong.r2 > 0.5"]}


def test_a_definition_moved_is_a_promise_moved(tmp_path: Path) -> None:
    """The threshold stays, what it is about does not."""
    root = toy(tmp_path)
    kept = filed(root)
    knowledge.write(root, {"toy/exp/toy.md": EXPERIMENT.replace("gain: strong.r2 - weak.r2", "gain: strong.r2")})

    assert moved(gather(root).library.named("TOY-1"), kept) == {"H-A": [WRITTEN["H-A"]]}


def test_what_reads_as_promised_has_not_moved(tmp_path: Path) -> None:
    """A title, a new job's name or prose is no part of a promise."""
    root = toy(tmp_path)
    kept = filed(root)
    knowledge.write(root, {"toy/exp/toy.md": EXPERIMENT.replace("A toy", "Another title")})

    assert moved(gather(root).library.named("TOY-1"), kept) == {}


def test_nothing_promised_is_on_record(tmp_path: Path) -> None:
    """An expectation written after the result is not filed as if it had been made before."""
    root = toy(tmp_path)
    experiment(root, "")
    before = filed(root)
    document = experiment(root, "expect:\n  H-B: strong.r2 > 0.1\n")

    assert filed(root) == before
    assert list(before.values()) == [NOTHING]
    assert moved(document, before) == {"H-B": [NOTHING]}


def test_what_stands_beside_the_rungs_is_promised_too(tmp_path: Path) -> None:
    """The gate it waits for, how sure it must be, what it opens, and that a person decides."""
    ladder = "  H-A:\n    after: Gate-1.2\n    sure: 0.9\n    gain > 0: {do: go, opens: MVP-1}\n    else: human\n"
    document = experiment(toy(tmp_path), f"expect:\n{ladder}", define="define:\n  gain: strong.r2\n")

    assert promises(document) == {
        "H-A": "after Gate-1.2; sure 0.9; gain > 0: go, opens MVP-1; else: human where gain = strong.r2"
    }


def test_an_alias_is_promised_with_the_point_it_was_asked_at(tmp_path: Path) -> None:
    """Another training size is another promise."""
    cites = "cites:\n  a: TOY-2/strong\n  b: TOY-2\n"
    document = experiment(toy(tmp_path), "expect:\n  H-A: a(200).r2 > b.weak(train=100).young.r2\n", define=cites)
    other = EXPERIMENT.replace("TOY-1", "TOY-2").replace("train: 200", "sweep: {train: [100, 200]}").split("define:")[0]
    knowledge.write(tmp_path, {"toy/exp/other.md": f"{other}---\n"})

    assert promises(document) == {
        "H-A": "a(200).r2 > b.weak(train=100).young.r2 "
        "where a(200).r2 = TOY-2/strong(200).r2, young = age < 40, "
        "b.weak(train=100).young.r2 = TOY-2/weak(train=100).young.r2"
    }


def test_what_another_key_states_is_promised_with_it(tmp_path: Path) -> None:
    """Moving the threshold of a claim moves the promise of the expectation that stands for it."""
    root = toy(tmp_path)
    document = experiment(root, "expect:\n  H-A: toy:K1\n", define="define:\n  gain: strong.r2 - weak.r2\n")
    before = promises(document)
    hub = (root / "logg/toy/toy-hub.md").read_text()
    knowledge.write(root, {"toy/toy-hub.md": hub.replace("K1: toy.gain > 0", "K1: toy.gain > -9")})

    assert before == {"H-A": "toy:K1 = toy.gain > 0 where toy.gain = strong.r2 - weak.r2"}
    assert moved(document, {f"k/{key}": text for key, text in before.items()}) == {"H-A": list(before.values())}


def test_the_rows_of_a_slice_are_promised(tmp_path: Path) -> None:
    """A slice that is cut elsewhere after the run is a threshold that moved."""
    root = toy(tmp_path)
    document = experiment(root, "expect:\n  H-A: strong.young.r2 > 0.9\n")
    before = promises(document)
    protocol = (root / "logg/protocols/tiny.md").read_text()
    knowledge.write(root, {"protocols/tiny.md": protocol.replace("young: age < 40", "young: age < 58")})

    assert before == {"H-A": "strong.young.r2 > 0.9 where young = age < 40"}
    assert moved(document, {"k/H-A": before["H-A"]}) == {"H-A": [before["H-A"]]}
