"""Progress bars: one per run, with its speed and the time left."""

from __future__ import annotations

from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Shown
from rich.text import Text

from runner.execution.progress import Progress, rate
from runner.safety.escaping import terminal


class Rate(ProgressColumn):
    """The speed of a phase in what it counts."""

    def render(self, task: Task) -> Text:
        """Write the speed, nothing while it is unknown."""
        speed = task.finished_speed or task.speed
        return Text(rate(speed, task.fields["note"]) if speed else "")


class Bars(Progress):
    """Bars on a terminal, gone when their run is done; lines stay above them."""

    def __init__(self, stream: TextIO) -> None:
        """Draw on this stream."""
        console = Console(file=stream, highlight=False)
        named = TextColumn("{task.description}", markup=False)
        self._shown = Shown(
            named, BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(), console=console, transient=True
        )
        self._tasks: dict[str, TaskID] = {}
        self._notes: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start drawing."""
        self._shown.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bars away and give the cursor back."""
        self._shown.stop()

    def tell(self, line: str) -> None:
        """Print a line above the bars."""
        self._shown.console.print(terminal(line), markup=False, soft_wrap=True)

    def step(self, run: str, done: int, total: int, note: str) -> None:
        """Move the bar of a run; another phase begins one of its own."""
        if self._notes.get(run) != note:
            self.ended(run)
            self._notes[run] = note
            self._tasks[run] = self._shown.add_task(terminal(f"{run}: {note}"), total=total, note=note)
        self._shown.update(self._tasks[run], completed=done, total=total)

    def refresh(self) -> None:
        """Draw what is known now."""
        self._shown.refresh()

    def ended(self, run: str) -> None:
        """Take the bar of a run away."""
        if self._notes.pop(run, None) is not None:
            self._shown.remove_task(self._tasks.pop(run))
