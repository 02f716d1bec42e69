"""What a run costs: its time, and the most memory it held."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from pathlib import Path

UNIT = 1 << 20 if sys.platform == "darwin" else 1 << 10  # of ru_maxrss in a megabyte
PEAK = Path("/proc/self/clear_refs")  # where Linux is told, by a 5, to measure the peak of memory anew


class Meter:
    """Time and memory of one run, measured from here on."""

    def __init__(self) -> None:
        """Start the clock and forget, where the system can, what earlier runs held."""
        with contextlib.suppress(OSError):
            PEAK.write_text("5")
        self._began = time.monotonic()

    def read(self, before: float = 0.0) -> dict[str, float]:
        """Return seconds, with those of earlier processes that a run went on from, and megabytes."""
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"seconds": round(before + time.monotonic() - self._began, 3), "megabytes": round(held / UNIT)}
