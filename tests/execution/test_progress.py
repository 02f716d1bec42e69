"""Progress: bars on a terminal, few plain lines elsewhere, nothing that moves a cursor from a document."""

from __future__ import annotations

import io
import re
import sys

import pytest

from runner.execution.bars import Bars
from runner.execution.progress import Lines, Progress, rate, shown_on


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_a_log_hears_of_a_phase_every_half_minute() -> None:
    """However often a job reports, a phase gives a line per half minute, with speed and the time left."""
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock)

    for done in range(100, 10_001, 100):
        lines.step("vit", done, 10_000, "train")
        clock.now += 1.0

    assert stream.getvalue().splitlines() == [
        "vit: train 3100 of 10000, 100 rows/s, 1 min left",
        "vit: train 6100 of 10000, 100 rows/s, 39 s left",
        "vit: train 9100 of 10000, 100 rows/s, 9.0 s left",
    ]


def test_every_phase_has_a_speed_of_its_own() -> None:
    """The next phase starts its own count; short ones say nothing."""
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock)

    for note, pause in (("train", 29.0), ("epoch", 40.0), ("test", 1.0)):
        for done in (1, 2, 3):
            lines.step("vit", done, 10, note)
            clock.now += pause

    assert stream.getvalue().splitlines() == [
        "vit: train 3 of 10, 0.034 rows/s, 3 min left",
        "vit: epoch 2 of 10, 0.025 epochs/s, 5 min left",
        "vit: epoch 3 of 10, 0.025 epochs/s, 5 min left",
    ]


def test_a_training_after_another_has_a_speed_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Experts that are trained one after the other count from 0 each."""
    stream, screen, clock = io.StringIO(), terminal_of(monkeypatch, 100), Clock()
    lines, bars = Lines(stream, clock), Bars(screen, clock)
    with bars:
        for done in (100, 500, 900, 10, 20, 50):
            for shown in (lines, bars):
                shown.step("moe", done, 1000, "train")
            bars.refresh()
            clock.now += 20.0

    assert stream.getvalue().splitlines() == [
        "moe: train 900 of 1000, 20 rows/s, 5.0 s left",
        "moe: train 50 of 1000, 1 rows/s, 16 min left",
    ]
    assert re.search(r"900/1000 20 rows/s", plain(screen))
    assert re.search(r"20/1000 0.5 rows/s", plain(screen))


def test_news_of_a_phase_begin_no_other() -> None:
    """What stands behind a colon is shown after the time left, as it is by then; only the first word names a unit."""
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock)

    for epoch in range(4):
        lines.step("vit", 1000 * epoch, 10_000, f"train: epoch {epoch} of 10, loss 0.4{epoch}")
        clock.now += 20.0
    for tree in (1, 2):
        lines.step("lgbm", tree, 4, f"tree: loss {tree}")
        clock.now += 40.0

    assert stream.getvalue().splitlines() == [
        "vit: train 2000 of 10000, 50 rows/s, 3 min left; epoch 2 of 10, loss 0.42",
        "lgbm: tree 2 of 4, 0.025 trees/s, 1 min left; loss 2",
    ]


def test_a_job_that_goes_on_is_as_fast_as_it_is_now() -> None:
    """What was done before a resume was not done in this time: a log counts from where it began."""
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock)

    for done in (900_000, 900_400, 900_800):
        lines.step("vit", done, 1_000_000, "train: epoch 9 of 10")
        clock.now += 40.0

    assert stream.getvalue().splitlines()[-1] == (
        "vit: train 900800 of 1000000, 10 rows/s, 2 h 45 min left; epoch 9 of 10"
    )


def test_a_bar_that_goes_on_is_as_fast_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never stands at 0, begins without a speed, and then has that of what follows."""
    stream, clock = terminal_of(monkeypatch, 100), Clock()
    with Bars(stream, clock) as bars:
        for done in (900_000, 900_400, 900_800):
            bars.step("vit", done, 1_000_000, "train: epoch 9 of 10")
            bars.refresh()
            clock.now += 10.0

    text = plain(stream)
    assert " 0/1000000" not in text
    assert re.search(r"900000/1000000 +-:--:--", text)
    assert re.search(r"900400/1000000 40 rows/s 0:41:30", text)
    assert re.search(r"900800/1000000 40 rows/s 0:41:20", text)


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_news_stand_below_a_bar(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """They take no room from its numbers, begin no other bar, and are cut where the line ends."""
    stream, clock = terminal_of(monkeypatch, columns), Clock()
    with Bars(stream, clock) as bars:
        for epoch in (1, 2, 3):
            bars.step("vit(100k)", epoch, 10, f"train: epoch {epoch} of 10, \x1b[2K [bold]loss[/bold] {'0' * 60}1")
            clock.now += 10.0
        bars.refresh()
        bars.step("vit(100k)", 1, 10, "test")
        bars.refresh()

    _, _, after = plain(stream).rpartition("vit(100k): train")
    numbers, found, _ = after.partition(r"epoch 3 of 10, \x1b[2K [bold]loss[/bold] 000")
    assert found
    assert "3/10" in numbers
    assert "0.1 rows/s" in numbers
    assert ("00…" in after) == (columns < 140)
    assert "epoch" not in after[after.index("vit(100k): test") :]


def terminal_of(monkeypatch: pytest.MonkeyPatch, columns: int) -> Terminal:
    """Return a terminal that is so wide."""
    for name, value in (("TERM", "xterm"), ("COLUMNS", str(columns))):
        monkeypatch.setenv(name, value)
    return Terminal()


def plain(stream: Terminal) -> str:
    """Return what a terminal was written, without what moves its cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def test_a_job_that_stands_still_has_no_speed() -> None:
    """No line, and no division by nothing, while nothing was done."""
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock)
    lines.step("vit", 5, 10, "train")
    clock.now = 100.0
    lines.step("vit", 5, 10, "train")

    assert stream.getvalue() == ""


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_a_message_cannot_move_the_cursor(kind: type[io.StringIO]) -> None:
    """What a job says is shown with its control signs as codes, brackets as they stand."""
    stream = kind()
    with shown_on(stream) as progress:
        progress.tell("weak: \x1b[2K [bold]no[/bold]\nsuch")

    assert r"weak: \x1b[2K [bold]no[/bold]\nsuch" in stream.getvalue()


@pytest.mark.parametrize(
    ("speed", "note", "text"),
    [
        (1234.5, "train", "1234 rows/s"),
        (0.0421, "epoch", "0.042 epochs/s"),
        (3.14, "step of tuning", "3.1 steps/s"),
        (12.0, "trees", "12 rows/s"),
    ],
)
def test_a_speed_counts_what_the_note_names(speed: float, note: str, text: str) -> None:
    """The first word of a note names what is counted; anything unknown are rows."""
    assert rate(speed, note) == text


def test_a_terminal_gets_bars_that_go_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar per run with its phase and count; afterwards the cursor is shown again."""
    for name, value in (("TERM", "xterm"), ("COLUMNS", "100")):
        monkeypatch.setenv(name, value)
    stream = Terminal()

    with shown_on(stream) as progress:
        assert isinstance(progress, Bars)
        for note in ("train", "test"):
            for done in (100, 200):
                progress.step("weak", done, 200, note)
            progress.refresh()
        progress.tell("weak: 0.3 s")
        progress.ended("weak")
        progress.ended("weak")

    text = stream.getvalue()
    assert "weak: train" in text
    assert "weak: test" in text
    assert "200/200" in text
    assert text.index("weak: test") < text.rindex("weak: 0.3 s")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_nobody_is_told_by_default() -> None:
    """The silent progress takes everything and says nothing."""
    with Progress() as progress:
        progress.tell("x")
        progress.step("x", 1, 2, "x")
        progress.ended("x")


def test_a_log_needs_no_library_for_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no terminal, nothing is drawn and nothing is imported for it."""
    monkeypatch.setitem(sys.modules, "runner.execution.bars", None)

    assert isinstance(shown_on(io.StringIO()), Lines)
