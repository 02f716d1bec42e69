"""The command line with a ridge that waits and leaves a line for every call: for drills with signals and races.

Called with the file of calls, how the first, second, ... call waits (`0,5` seconds, or `gate`: until the file `go`
stands beside the calls), how it takes a signal (`willing` or `stubborn`), and a command.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from runner import cli
from runner.contract import Output
from runner.jobs import ridge

HONEST = ridge.run


def main(calls: str, waits: str, manner: str, *arguments: str) -> int:
    """Run a command; `calls` lists the penalties of the ridges that were begun, one per line."""
    left = waits.split(",")

    def run(params: ridge.Params, data: Any, context: Any) -> Output:
        with Path(calls).open("a") as listed:
            listed.write(f"{params.alpha}\n")
        wait = left.pop(0) if len(left) > 1 else left[0]
        try:
            pause(wait, Path(calls).with_name("go"))
        except KeyboardInterrupt:
            if manner == "willing":
                raise
            pause(wait, Path(calls).with_name("go"))
        return HONEST(params, data, context)

    ridge.run = run
    return cli.main(list(arguments))


def pause(wait: str, gate: Path) -> None:
    """Wait so many seconds, or until the gate is open."""
    if wait != "gate":
        time.sleep(float(wait))
    while wait == "gate" and not gate.exists():
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
