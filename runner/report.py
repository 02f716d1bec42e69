"""What a verb answers, whatever it took to find out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from runner.findings import Finding


@dataclass
class Report:
    """What a verb has to say: lines for people, data for programs, findings, and an exit code."""

    lines: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    code: int = 0
