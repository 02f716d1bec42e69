"""Three made-up jobs and the experiments that declare them, read without any library."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from runner.contract import Contract, contracts
from runner.documents.form import Form
from runner.documents.jobs import read_jobs
from runner.documents.kinds import Job
from runner.findings import Finding
from runner.safety import bounded_yaml as yaml
from tests.documents.marked import unmarked

FILES = {
    "line": '''"""A straight line."""
VERSION = 3
USES_SEED = False
@dataclass(frozen=True)
class Params:
    alpha: float = 1.0
    scale: bool = True
''',
    "mix": '''"""A mixture."""
VERSION = 1
USES_VAL = True
@dataclass(frozen=True)
class Oracle:
    kind: Literal["oracle"] = "oracle"
@dataclass(frozen=True)
class Logistic:
    kind: Literal["logistic"] = "logistic"
    rows: float = 1.0
    classes: int = 2
@dataclass(frozen=True)
class Mlp:
    kind: Literal["mlp"] = "mlp"
    hidden: int = 8
    rows: float = 1.0
@dataclass(frozen=True)
class Features:
    pca: int | None = None
    best: tuple[int, ...] = ()
@dataclass(frozen=True)
class Params:
    experts: Job | None = None
    router: Oracle | Logistic | Mlp = Oracle()
    features: Features = Features()
    weights: dict[str, float] | None = None
    after: JobName | None = None
    beside: tuple[JobName, ...] = ()
''',
    "bound": '''"""A ceiling."""
VERSION = 1
USES_TRAIN = False
USES_SEED = False
@dataclass(frozen=True)
class Params:
    label: str
''',
}  # fmt: skip
NAME = "logg/a.md"


@cache
def made_up() -> Mapping[str, Contract]:
    """Return the contracts of the made-up jobs."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            (Path(folder) / f"{name}.py").write_text(text)
        return contracts(Path(folder))


def front(text: str) -> yaml.Mapping:
    """Return a front matter as a tree."""
    node = yaml.load(text)
    assert isinstance(node, yaml.Mapping)
    return node


def declared(text: str, **others: str) -> tuple[dict[str, Job], list[Finding]]:
    """Return the jobs a front matter declares, and what is wrong with them; others are found by id, `_` for `-`."""
    fronts = {identity.replace("_", "-"): front(other) for identity, other in others.items()}
    form = Form(front(text), NAME, [])
    return read_jobs(form, made_up(), fronts.get), form.findings


def read(text: str, **others: str) -> dict[str, Job]:
    """Return the jobs of a front matter in which nothing is wrong."""
    jobs, findings = declared(text, **others)
    assert findings == []
    return jobs


def complaints(text: str, **others: str) -> list[str]:
    """Return what is wrong with a front matter, and check that it stands at its marks, in their order."""
    bare, places = unmarked(text)
    findings = sorted(declared(bare, **others)[1], key=lambda finding: finding.place)
    assert [str(finding.place) for finding in findings] == [f"{NAME}:{place}" for place in places]
    return [str(finding).partition(": ")[2] for finding in findings]
