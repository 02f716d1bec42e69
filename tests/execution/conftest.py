"""What the tests of execution share."""

from __future__ import annotations

from typing import Any

import pytest

from runner.contract import Output
from runner.jobs import ridge
from tests.executed import (
    files,
)

HONEST = ridge.run


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[ridge.Params]:
    """Return the parameters of every ridge that is really run."""
    seen: list[ridge.Params] = []
    files()

    def run(params: ridge.Params, data: Any, context: Any) -> Output:
        seen.append(params)
        return HONEST(params, data, context)

    monkeypatch.setattr(ridge, "run", run)
    return seen
