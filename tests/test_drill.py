"""The drill on the real base: it passes, and it fails when check is blind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner import workflow
from runner.rendering import blocks, citations, digits
from runner.rendering.changes import Change
from runner.report import Report
from tests import drill

if TYPE_CHECKING:
    import pytest


def test_the_drill_passes_on_the_real_base(capsys: pytest.CaptureFixture[str]) -> None:
    """One array of predictions reversed: everything that moved is named, and one render mends it."""
    assert drill.main() == 0
    assert "; 0 problems" in capsys.readouterr().out


def test_the_drill_fails_when_numbers_are_not_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check that takes every number for right leaves numbers unnamed, and the drill says which."""
    monkeypatch.setattr(digits, "agrees", lambda *_: True)

    assert drill.main() == 1
    assert "not named: logg/" in capsys.readouterr().out


def test_the_drill_fails_when_words_are_not_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A check that believes every word leaves sentences unnamed."""
    monkeypatch.setattr(citations, "_words", lambda *_: ())

    assert drill.main() == 1
    assert "not named: logg/" in capsys.readouterr().out


def test_the_drill_fails_when_blocks_change_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A block that is rewritten without a finding is noticed."""
    honest = blocks.render_block
    monkeypatch.setattr(blocks, "render_block", lambda *a, **k: Change(honest(*a, **k).edit))

    assert drill.main() == 1
    assert "changed without a finding: logg/" in capsys.readouterr().out


def test_the_drill_fails_when_render_touches_the_author_s_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A render that changes a word outside blocks and citations is noticed."""
    honest = workflow.render

    def careless(root: Path, words: list[str]) -> Report:
        report = honest(root, words)
        page = root / "logg/demo/demo-hub.md"
        page.write_text(page.read_text(encoding="utf-8").replace("A hub says", "The hub says"), encoding="utf-8")
        return report

    monkeypatch.setattr(workflow, "render", careless)

    assert drill.main() == 1
    assert "touched outside blocks and citations: logg/demo/demo-hub.md" in capsys.readouterr().out


def test_the_drill_fails_when_render_leaves_something(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A render that does not mend what check says it would is noticed."""
    monkeypatch.setattr(workflow, "render", lambda *_: Report())

    assert drill.main() == 1
    assert "left for nobody: logg/" in capsys.readouterr().out
