"""A base on which every fact can be set: predictions of a chosen R² whose resamples hardly move it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from runner.execution.filing import Made, file_fits, file_rows, rows_to_file
from runner.execution.fits import Fit
from runner.plans.specs import JobRun, job_runs
from runner.results.arrays import rounded
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge

GATES = Path(__file__).parent / "gates"
TEST = 80
PROTOCOL = (
    knowledge.PROTOCOL.replace("id: tiny", "id: gates")
    .replace("test: 80", f"test: {TEST}")
    .replace("noise: [0, 1]", "noise: [0, 1]\n  mag: [20, 21.5]")
    .replace("  young: age < 40\n  old: age >= 40", "  metal_poor: age < 40\n  snr_low: age >= 40")
    .replace("\n---\n\n# Tiny", "\n  snr: {by: age, edges: [20, 40, 60]}\n---\n\n# Tiny")
)
SWEEPS = {"FACTS-1": "", "SCALE-1": "train: [100k, 1M]", "BRIGHT-1": "mag: [20, 21.5]"}
CITED = re.compile(r": ([A-Z]+-1)/(\w+)")
SCALARS = {"gain": 0.0, "rho": 0.0, "r2max": 0.5, "drop": 0.0}
USUAL = 0.5


def experiment(identity: str, jobs: list[str]) -> str:
    """Return an experiment that declares the jobs whose facts are set, and is never run."""
    sweep = SWEEPS[identity]
    settings = [line for line in ("train: 200", "mag: 20", "noise: 1") if line[:3] != sweep[:3]]
    swept = [f"sweep: {{{sweep}}}"] if sweep else []
    declared = [f"  {job}: {{job: ridge, alpha: val}}" for job in jobs]
    head = ["kind: exp", f"id: {identity}", "title: Facts", "protocol: gates@1"]
    return "\n".join(["---", *head, *settings, *swept, "jobs:", *declared, "---", "", "# Facts", ""])


def world(root: Path, topic: str, facts: Mapping[str, float]) -> Knowledge:
    """Return a base with the roadmap of a topic, on which the facts are these and the others are usual."""
    roadmap = (GATES / f"{topic}.md").read_text(encoding="utf-8")
    jobs: dict[str, list[str]] = {}
    for identity, job in CITED.findall(roadmap):
        jobs.setdefault(identity, []).append(job)
    named = {f"facts/exp/{identity}.md": experiment(identity, own) for identity, own in jobs.items()}
    knowledge.write(root, {"protocols/gates.md": PROTOCOL, f"{topic}/plan.md": roadmap, **named})
    (root / "logg" / "tiny.npz").write_bytes(knowledge.data())
    for identity in jobs:
        _file(root, identity, facts)
    return gather(root)


def _file(root: Path, identity: str, facts: Mapping[str, float]) -> None:
    base = gather(root)
    document = base.library.named(identity)
    labels = knowledge.labels(root, TEST)
    columns = labels.labels("test", TEST)
    file_rows(document, rows_to_file(document, labels, base), base)
    made = [Made(run, _fit(run, columns["weight"], columns["age"], facts)) for run in job_runs(document, base.library)]
    file_fits(document, made, base)


def _fit(run: JobRun, truth: np.ndarray, age: np.ndarray, facts: Mapping[str, float]) -> Fit:
    own = {name.removeprefix(f"{run.name}."): value for name, value in facts.items() if name.startswith(f"{run.name}.")}
    predicted = np.empty(len(truth))
    for piece, rows in {"metal_poor": age < 40, "snr_low": age >= 40}.items():
        r2 = own.get(f"{piece}.r2", own.get("r2", USUAL))
        predicted[rows] = truth[rows] - np.sqrt(1 - r2) * (truth[rows] - truth.mean())
    scalars = {name: own.get(name, usual) for name, usual in SCALARS.items()}
    return Fit({"val": rounded(np.zeros(40)), "test": rounded(predicted)}, scalars)
