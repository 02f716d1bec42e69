"""Progress bars: one per run, with its speed and the time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Self, TextIO

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Rows
from rich.text import Text

from runner.execution.progress import Progress, parted, rate
from runner.safety.escaping import terminal


class Rate(ProgressColumn):
    """The speed of a phase in what it counts."""

    def render(self, task: Task) -> Text:
        """Write the speed, nothing while it is unknown."""
        speed = task.finished_speed or task.speed
        return Text(rate(speed, task.fields["phase"]) if speed else "")


class Shown(Rows):
    """Bars with their news below them, where they take no room from the numbers."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bars, then a line for each that has news."""
        yield from super().get_renderables()
        for news in (task.fields["news"] for task in self.tasks if task.fields["news"]):
            yield Text(f"  {news}", style="dim", no_wrap=True, overflow="ellipsis")


class Bars(Progress):
    """Bars on a terminal, gone when their run is done; lines stay above them."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw on this stream, by this clock."""
        console = Console(file=stream, highlight=False)
        named = TextColumn("{task.description}", markup=False)
        columns = (named, BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
        self._shown = Shown(*columns, console=console, transient=True, get_time=clock)
        self._tasks: dict[str, TaskID] = {}
        self._phases: dict[str, tuple[str, int]] = {}  # and how far it is

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
        phase, news = parted(note)
        before, last = self._phases.get(run, ("", 0))
        if before != phase or done < last:
            self.ended(run)
            about = terminal(f"{run}: {phase}")  # hidden until it stands where it begins, which may be far
            self._tasks[run] = self._shown.add_task(about, total=total, visible=False, phase=phase, news="")
        self._phases[run] = phase, done
        self._shown.update(self._tasks[run], completed=done, total=total, visible=True, news=terminal(news))

    def refresh(self) -> None:
        """Draw what is known now."""
        self._shown.refresh()

    def ended(self, run: str) -> None:
        """Take the bar of a run away."""
        if self._phases.pop(run, None) is not None:
            self._shown.remove_task(self._tasks.pop(run))
