"""How far a command is: a bar per run on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self, TextIO

from runner.plans.estimates import duration
from runner.safety.escaping import terminal

UNITS = {"epoch": "epochs", "step": "steps", "tree": "trees"}  # of what a job counts, by its note; else rows
SELDOM = 30.0  # seconds between two lines about one phase


class Progress:
    """Whom to tell how far it is; this one tells nobody."""

    def __enter__(self) -> Self:
        """Start telling."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop telling."""

    def tell(self, line: str) -> None:
        """Say a line that stays."""

    def step(self, run: str, done: int, total: int, note: str) -> None:
        """Say how far one phase of a run is."""

    def ended(self, run: str) -> None:
        """Say that nothing more is to be told of a run."""


class Lines(Progress):
    """Plain lines, for logs: what a run begins and ends with, and every half minute how far it is."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Write to this stream, by this clock."""
        self._stream, self._clock = stream, clock
        self._phase: tuple[str, str] | None = None
        self._began, self._start, self._last, self._told = 0.0, 0, 0, 0.0

    def tell(self, line: str) -> None:
        """Write a line."""
        self._stream.write(f"{terminal(line)}\n")
        self._stream.flush()

    def step(self, run: str, done: int, total: int, note: str) -> None:
        """Write a line when the last one about this phase is old enough; what was done before it has no speed."""
        now, (phase, news) = self._clock(), parted(note)
        if self._phase != (run, phase) or done < self._last:  # one of several trainings, say, follows another
            self._phase, self._began, self._start, self._told = (run, phase), now, done, now
        elif now - self._told >= SELDOM and done > self._start:
            self._told = now
            speed = (done - self._start) / (now - self._began)
            far = f"{phase} {done} of {total}, {rate(speed, phase)}, {duration((total - done) / speed)} left"
            self.tell(f"{run}: {far}; {news}" if news else f"{run}: {far}")
        self._last = done


def parted(note: str) -> tuple[str, str]:
    """Return the phase that a note names, and the news behind its colon."""
    phase, _, news = note.partition(":")
    return phase.strip(), news.strip()


def rate(speed: float, phase: str) -> str:
    """Write a speed in what a phase counts: rows, epochs, steps or trees per second."""
    unit = UNITS.get(phase.partition(" ")[0], "rows")
    return f"{speed:.0f} {unit}/s" if speed >= 10 else f"{speed:.2g} {unit}/s"  # noqa: PLR2004 - two digits


def shown_on(stream: TextIO) -> Progress:
    """Return the progress that suits a stream: bars for a terminal, lines for anything else."""
    if stream.isatty():
        from runner.execution.bars import Bars

        return Bars(stream)
    return Lines(stream)
