"""Requests to stop: the first lets a command end in good order, the second ends it at once.

A training that saves itself is given the time to do so: the first request then only waits until it is answered.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from runner.findings import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """The first request to stop; no job can take it for an error of its own."""


@dataclass
class Request:
    """A request to stop, and whether it waits for a training to save itself."""

    waits: bool = False
    asked: bool = False

    def answer(self) -> None:
        """Stop if somebody asked for it."""
        if self.asked:
            raise Stopped


REQUEST = Request()


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise Stopped at the first Ctrl-C or SIGTERM and KeyboardInterrupt at the next; what is left is Interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is sent signals
        return
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        yield
    except Stopped as stopped:
        raise Interrupted("stopped", fix="run the same command again") from stopped
    finally:
        REQUEST.waits = REQUEST.asked = False
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)
    REQUEST.asked = True
    if not REQUEST.waits:
        raise Stopped
