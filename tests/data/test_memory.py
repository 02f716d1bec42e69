"""Rows are streamed: how many there are does not matter to the memory they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STREAM = """
import re
from pathlib import Path
from runner.data.mockstar import open_source

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

def streamed(rows):
    source = open_source({"val": 0, "test": 0}, Path())
    split = source.split("train", rows, target="logg", axes={"noise": 1.0}, seed=42, device="cpu")
    return sum(len(x) for x, y in split.pairs(1000))

few = streamed(2000)
before = peak()
print(streamed(6000), peak() - before, peak())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read where Linux writes it")
def test_a_stream_needs_no_more_memory_than_its_batches() -> None:
    """Four batches more, 65 MB of rows, raise the peak by no more than two; torch included it stays below 1 GB."""
    command = [sys.executable, "-c", STREAM]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])

    rows, grown, peak = map(float, done.stdout.split())
    assert rows == 6000
    assert grown < 33
    assert peak < 1000
