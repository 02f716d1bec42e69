"""The gates of a real base, 23 of them: every rung can be reached, and holes and equality go where they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.checking.check import check
from runner.documents.kinds import Ladder
from runner.documents.library import judged_of
from runner.verdicts.judgements import rung_names
from runner.verdicts.knowledge import Knowledge, gather
from tests.verdicts.gates_base import GATES, world

VIT, LGBM, F5, FU = "vit(train=1000000)", "lgbm(train=1000000)", "f5(mag=20)", "fu(mag=21.5)"
TOPICS = sorted(path.stem for path in GATES.glob("*.md"))

# topic, gate, facts, the rung they lead to
CASES: list[tuple[str, str, dict[str, float], str]] = [
    ("moe", "Gate-16O", {"o16.gain": 0.05}, "1"),
    ("moe", "Gate-16O", {"o16.gain": 0.0199}, "2"),
    ("moe", "Gate-16O", {"o16.gain": 0.02}, "else"),
    ("moe", "Gate-16O", {"o16.gain": 0.0499}, "else"),
    ("moe", "Gate-16G", {"g16.rho": 0.7}, "1"),
    ("moe", "Gate-16G", {"g16.rho": 0.49}, "2"),
    ("moe", "Gate-16G", {"g16.rho": 0.5}, "else"),
    ("moe", "Gate-16T", {f"{FU}.r2max": 0.75}, "1"),
    ("moe", "Gate-16T", {f"{FU}.r2max": 0.64}, "2"),
    ("moe", "Gate-16T", {f"{FU}.r2max": 0.56}, "2"),
    ("moe", "Gate-16T", {f"{FU}.r2max": 0.66}, "else"),
    ("moe", "Gate-16T", {f"{FU}.r2max": 0.54}, "else"),
    ("vit", "G1", {f"{VIT}.r2": 0.75}, "1"),
    ("vit", "G1", {f"{VIT}.r2": 0.60}, "2"),
    ("vit", "G1", {f"{VIT}.r2": 0.675}, "else"),
    ("vit", "G2", {f"{VIT}.r2": 0.61, f"{LGBM}.r2": 0.6}, "1"),
    ("vit", "G2", {f"{VIT}.r2": 0.6, f"{LGBM}.r2": 0.6}, "else"),
    ("vit", "G2", {f"{VIT}.r2": 0.5, f"{LGBM}.r2": 0.6}, "else"),
    ("vit", "G4", {f"{VIT}.r2": 0.6, "big.r2": 0.63}, "1"),
    ("vit", "G4", {f"{VIT}.r2": 0.6, "big.r2": 0.61}, "else"),
    ("vit", "G4", {f"{VIT}.r2": 0.6, "big.r2": 0.6}, "else"),
    ("snr", "G1", {"err.r2": 0.02}, "1"),
    ("snr", "G1", {"err.r2": 0.2}, "else"),
    ("snr", "G2", {"snr_gate.gain": 0.02}, "1"),
    ("snr", "G2", {"snr_gate.gain": 0.019}, "else"),
    ("snr", "G3", {"dep.rho": 0.7, "dep.r2": 0.3}, "1"),
    ("snr", "G3", {"dep.r2": 0.6, "oracle.r2": 0.605}, "1"),
    ("snr", "G3", {"dep.r2": 0.605, "oracle.r2": 0.6}, "1"),
    ("snr", "G3", {"dep.rho": 0.69, "dep.r2": 0.6, "oracle.r2": 0.65}, "else"),
    ("snr", "G4", {"dep.r2": 0.6, "oracle.r2": 0.8, "white.r2": 0.595}, "1"),
    ("snr", "G4", {"dep.r2": 0.6, "oracle.r2": 0.8, "white.r2": 0.57}, "else"),
    ("snr", "G4", {"dep.rho": 0.9}, ""),
    ("snr", "G5", {"dual.r2": 0.62, "phys.r2": 0.6, "qual.r2": 0.55}, "1"),
    ("snr", "G5", {"dual.r2": 0.6, "phys.r2": 0.55, "qual.r2": 0.6}, "else"),
    ("ceiling", "C1", {"hybrid.r2": 0.75, "oracle.r2": 0.75}, "1"),
    ("ceiling", "C1", {"hybrid.r2": 0.6, "oracle.r2": 0.5}, "1"),
    ("ceiling", "C1", {"hybrid.r2": 0.6, "oracle.r2": 0.6}, "else"),
    ("ceiling", "C2", {"soft.rho": 0.85}, "1"),
    ("ceiling", "C2", {"soft.rho": 0.69}, "2"),
    ("ceiling", "C2", {"soft.rho": 0.7}, "else"),
    ("ceiling", "C3", {"hybrid.r2": 0.6, "oracle.r2": 0.6, "trunk.r2": 0.85}, "1"),
    ("ceiling", "C3", {"hybrid.r2": 0.6, "oracle.r2": 0.6, "trunk.r2": 0.6, f"{VIT}.r2": 0.6}, "2"),
    ("ceiling", "C3", {"hybrid.r2": 0.6, "oracle.r2": 0.6, "trunk.r2": 0.5, f"{VIT}.r2": 0.6}, "else"),
    ("ceiling", "C3", {"hybrid.r2": 0.75, "trunk.r2": 0.85}, ""),
    ("ceiling", "C4", {"hybrid.r2": 0.4, "trunk.r2": 0.85, "res.r2": 0.9}, "1"),
    ("ceiling", "C4", {"hybrid.r2": 0.4, "trunk.r2": 0.85, "res.r2": 0.85}, "1"),
    ("ceiling", "C4", {"hybrid.r2": 0.4, "trunk.r2": 0.85, "res.r2": 0.9, "res.metal_poor.r2": 0.8}, "else"),
    ("ceiling", "C4", {"hybrid.r2": 0.4, "trunk.r2": 0.85, "res.r2": 0.9, "res.snr_low.r2": 0.8}, "else"),
    ("ceiling", "C4", {"hybrid.r2": 0.4, "trunk.r2": 0.5, "res.r2": 0.9}, ""),
    ("fisher", "G1", {f"{VIT}.metal_poor.r2": 0.5, f"{F5}.r2max": 0.8}, "1"),
    ("fisher", "G1", {f"{VIT}.metal_poor.r2": 0.75, f"{F5}.r2max": 0.8}, "else"),
    ("fisher", "G2", {"cnn.r2": 0.7, "mlp.r2": 0.5, "ridge.r2": 0.6}, "1"),
    ("fisher", "G2", {"cnn.r2": 0.5, "mlp.r2": 0.6, "ridge.r2": 0.6}, "1"),
    ("fisher", "G2", {"cnn.r2": 0.5, "mlp.r2": 0.5, "ridge.r2": 0.6}, "else"),
    ("fisher", "G3", {"v2.drop": 0.09}, "1"),
    ("fisher", "G3", {"v2.drop": 0.10}, "2"),
    ("fisher", "G3", {"v2.drop": 0.20}, "2"),
    ("fisher", "G3", {"v2.drop": 0.21}, "else"),
    ("ridge", "G1", {"f3.r2max": 0.6}, "1"),
    ("ridge", "G1", {"f3.r2max": 0.8}, "2"),
    ("ridge", "G1", {"f3.r2max": 0.7}, "else"),
    ("ridge", "G2", {"shape.r2": 0.6, "ridge.r2": 0.5}, "1"),
    ("ridge", "G2", {"snr_aware.r2": 0.6, "ridge.r2": 0.5}, "1"),
    ("ridge", "G2", {}, "2"),
    ("ridge", "G2", {"shape.r2": 0.54, "ridge.r2": 0.5}, "else"),
    ("ridge", "G3", {"nosigma.r2": 0.3, "withsigma.r2": 0.9}, "1"),
    ("ridge", "G3", {"nosigma.r2": 0.8, "withsigma.r2": 0.9}, "2"),
    ("ridge", "G3", {"nosigma.r2": 0.6, "withsigma.r2": 0.9}, "else"),
]


def judge(base: Knowledge, topic: str, key: str) -> object:
    """Judge a key as the roadmap of a topic writes it."""
    return base.judge.key(key, base.library.named(f"{topic.upper()}-plan"))


@pytest.mark.parametrize(("topic", "gate", "facts", "rung"), CASES)
def test_facts_lead_to_their_rung(tmp_path: Path, topic: str, gate: str, facts: dict[str, float], rung: str) -> None:
    """The rung is taken, not only likely; a gate whose turn cannot come any more is passed over."""
    base = world(tmp_path, topic, facts)
    outcome = judge(base, topic, gate)

    assert (getattr(outcome, "taken", None), getattr(outcome, "state", None)) == (
        rung,
        "taken" if rung else "bypassed",
    )


@pytest.mark.parametrize("topic", TOPICS)
def test_the_gates_are_sound_and_every_rung_is_reached(tmp_path: Path, topic: str) -> None:
    """Nothing is wrong with any of them, and the cases above leave out no rung."""
    base = world(tmp_path, topic, {})
    roadmap = base.library.named(f"{topic.upper()}-plan")
    rungs = {
        (key, name)
        for key, gate in judged_of(roadmap).items()
        if isinstance(gate, Ladder)
        for name in rung_names(gate.rungs)
    }

    assert [str(finding) for finding in check(base) if finding.place.path == roadmap.name] == []
    assert rungs == {(gate, rung) for of, gate, _, rung in CASES if of == topic and rung}


def test_there_are_twenty_three() -> None:
    """Two of them a person decides."""
    base = [line for topic in TOPICS for line in (GATES / f"{topic}.md").read_text(encoding="utf-8").split("\n")]
    heads = [line for line in base if line.startswith("  ") and line[2:3].isupper() and ":" in line]

    assert len(heads) == 23
    assert [line.strip() for line in heads if line.endswith("human")] == ["C0: human", "G3: human"]


@pytest.mark.parametrize(
    ("topic", "facts", "effects"),
    [
        ("snr", {"err.r2": 0.02}, {"M1.0": (("G1.1",), (), ())}),
        ("snr", {"err.r2": 0.2}, {"M1.0": ((), (), ())}),
        ("snr", {"snr_gate.gain": 0.02, "dep.rho": 0.9}, {"M2.0": (("G2.1",), (), ()), "M2.1": ((), (), ())}),
        ("snr", {"dep.rho": 0.9}, {"M3.0": (("G2.else",), (), ()), "M2.1": ((), ("G2.else",), ())}),
        ("snr", {"oracle.r2": 0.9}, {"M2.1": (("G3.else",), ("G2.else",), ())}),
        ("snr", {"dual.r2": 0.6}, {"M4.1": ((), (), ())}),
        ("snr", {}, {"M4.1": ((), ("G5.else",), ()), "M4.2": ((), ("G5.else",), ())}),
        ("ceiling", {"hybrid.r2": 0.75}, {"M-C2.0": (("C1.1",), (), ()), "M-C3.0": ((), (), ())}),
        ("ceiling", {"oracle.r2": 0.5}, {"M-C2.0": ((), ("C1.else",), ()), "M-C3.0": (("C1.else",), (), ())}),
        ("ceiling", {"hybrid.r2": 0.703, "oracle.r2": 0.7}, {"M-C2.0": ((), (), ("C1",)), "M-C3.0": ((), (), ("C1",))}),
        ("ceiling", {"soft.rho": 0.85}, {"M-C4.0": (("C2.1",), (), ())}),
    ],
)
def test_rungs_open_and_close_work(
    tmp_path: Path, topic: str, facts: dict[str, float], effects: dict[str, tuple[tuple[str, ...], ...]]
) -> None:
    """What is open, what is closed, and what waits for a gate that is not decided."""
    base = world(tmp_path, topic, facts)
    found = {key: getattr(judge(base, topic, key), "effect", None) for key in effects}

    assert {key: (each.opened, each.closed, each.waits) for key, each in found.items() if each} == effects


def test_work_opened_and_closed_at_once_is_told(tmp_path: Path) -> None:
    """G2 gives route M up while G3 wants its gate mended."""
    base = world(tmp_path, "snr", {"oracle.r2": 0.9})

    assert [finding.message for finding in check(base) if finding.code == "LG115"] == [
        "`M2.1` is opened by G3.else and closed by G2.else"
    ]


def test_a_gate_before_its_results_is_pending(tmp_path: Path) -> None:
    """The roadmap alone, its experiments not run yet."""
    world(tmp_path, "ridge", {})
    (tmp_path / "logg/facts/results/FACTS-1.json").unlink()

    assert getattr(judge(gather(tmp_path), "ridge", "G1"), "state", None) == "pending"
