"""Two commands at once: a fit is computed by one of them, an experiment is executed by one of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runner import workflow
from tests.execution.drills import begun, open_gate, start, three, wait_for

pytestmark = pytest.mark.timeout(300)  # every process imports torch, on machines that may be busy


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how a process ended and what it said to people."""
    _, error = running.communicate(timeout=90)
    return running.returncode, error


def test_two_experiments_that_share_fits_compute_each_once(tmp_path: Path) -> None:
    """The second process waits, says for whom, and takes the fit from the cache; both file and render."""
    root = three(tmp_path)
    first = start(root, "execute", "TOY-1", waits="gate")
    wait_for(root, 1)
    second = start(root, "execute", "TOY-2")
    assert second.stderr
    said = [second.stderr.readline() for _ in range(2)]
    open_gate(root)

    (code, _), (other, rest) = ended(first), ended(second)

    assert (code, other) == (0, 0)
    assert sorted(begun(root)) == ["100.0", "1000.0", "10000.0", "val"]
    assert said[1] == f"weak: waits for process {first.pid}, which computes it\n"
    assert "(from the cache of fits)" in rest
    assert [finding.code for finding in workflow.check(root).findings] == []


def test_one_experiment_is_executed_by_one_process(tmp_path: Path) -> None:
    """The second is told who is at it: exit 4."""
    root = three(tmp_path)
    first = start(root, "execute", "TOY-1", waits="gate")
    wait_for(root, 1)

    code, said = ended(start(root, "execute", "TOY-1"))
    open_gate(root)

    assert code == 4
    assert f"process {first.pid} holds TOY-1 -> wait until it is done" in said
    assert ended(first)[0] == 0
