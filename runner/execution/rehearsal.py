"""A rehearsal: an experiment on few rows, to see that it runs; nothing is filed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from runner.documents.reading import Document
from runner.execution.execute import Settings
from runner.execution.filing import Made
from runner.execution.fits import HIDDEN, Fit
from runner.execution.workshop import Workshop, open_workshop
from runner.findings import UsageError
from runner.plans.estimates import duration
from runner.plans.specs import job_runs
from runner.report import Report
from runner.results import arrays
from runner.results.metrics import METRICS, moments
from runner.safety import atomic, canonical
from runner.verdicts.knowledge import Knowledge

FEWEST = 2  # rows below which no metric means anything
Scores = dict[str, float | None]


def rehearse(chosen: Iterable[Document], knowledge: Knowledge, settings: Settings) -> Report:
    """Run experiments on at most `limit` rows of each split and show what they score there."""
    limit = settings.limit or 0
    if limit < FEWEST:
        raise UsageError(f"a rehearsal on {limit} rows shows nothing", fix=f"give --limit {FEWEST} or more")
    report = Report(data={"rehearsed": []})
    for document in chosen:
        _rehearse(document, limit, knowledge, settings, report)
    return report


def _rehearse(document: Document, limit: int, knowledge: Knowledge, settings: Settings, report: Report) -> None:
    workshop = open_workshop(document, knowledge, settings.device, settings.progress)
    workshop.limit = limit
    made = [Made(run, workshop.make(run)) for run in job_runs(document, knowledge.library)]
    scores = {each.run.name: _scores(each.fit, workshop) for each in made}
    _keep(knowledge.library.root / HIDDEN / "rehearsal", document, made, scores)
    failed = {each.run.name: each.fit.failed for each in made if each.fit.failed}
    report.lines += [f"{document.id}  rehearsal, not filed: at most {limit} rows of each split", *_table(made, scores)]
    runs = {name: {"scores": scores[name], "failed": failed.get(name, "")} for name in scores}
    report.data["rehearsed"].append({"experiment": document.id, "limit": limit, "filed": False, "runs": runs})
    report.code = 6 if failed else report.code


def _scores(fit: Fit, workshop: Workshop) -> Scores:
    """Score the test predictions of a rehearsal on the protocol's metrics, None where there is no finite value."""
    if fit.failed:
        return {}
    predicted = fit.predictions["test"].astype(np.float64)
    truth = workshop.source.labels("test", len(predicted))[workshop.protocol.target].astype(np.float64)
    sums = moments(truth, predicted).sum(axis=0, keepdims=True)
    values = {metric: float(METRICS[metric](sums)[0]) for metric in workshop.protocol.metrics}
    return {metric: value if np.isfinite(value) else None for metric, value in values.items()}


def _table(made: list[Made], scores: dict[str, Scores]) -> list[str]:
    """Write one line per run: its metrics and its time, or why it failed."""
    metrics = list(next((found for found in scores.values() if found), {}))
    width = max(len(each.run.name) for each in made)
    head = f"  {'run':<{width}}  {''.join(f'{metric:>9}' for metric in metrics)}{'time':>9}"
    return [head, *(f"  {each.run.name:<{width}}  {_row(each.fit, scores[each.run.name])}" for each in made)]


def _row(fit: Fit, scores: Scores) -> str:
    if fit.failed:
        return f"failed: {fit.failed}"
    shown = (f"{'–' if value is None else f'{value:.4f}':>9}" for value in scores.values())
    return f"{''.join(shown)}{duration(fit.cost['seconds']):>9}"


def _keep(folder: Path, document: Document, made: list[Made], scores: dict[str, Scores]) -> None:
    """Write predictions and scores where nothing is taken for a result."""
    folder.mkdir(parents=True, exist_ok=True)
    predictions = {f"{each.run.name}/{split}": v for each in made for split, v in each.fit.predictions.items()}
    atomic.replace(folder / f"{document.id}.npz", arrays.pack(predictions))
    told = {each.run.name: {**each.fit.cost, "failed": each.fit.failed} for each in made}
    atomic.replace(folder / f"{document.id}.json", canonical.dumps({"runs": told, "scores": scores}).encode())
