"""A rehearsal: an experiment on few rows, to see that it runs; nothing is filed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from runner.documents.metrics import BOUNDS, TEST
from runner.documents.reading import Document
from runner.execution.execute import Settings
from runner.execution.filing import Made
from runner.execution.fits import HIDDEN, Fit
from runner.execution.workshop import Workshop, open_workshop
from runner.findings import UsageError
from runner.plans.estimates import duration
from runner.plans.specs import job_runs
from runner.report import Report
from runner.results import arrays, bounds
from runner.results.metrics import OF_PREDICTIONS, moments
from runner.results.populations import WHOLE
from runner.results.replicates import Resamples, census
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
    report.lines += [f"{document.id}  rehearsal, not filed: at most {limit} rows of each split"]
    report.lines += _table(made, scores, workshop.protocol.metrics)
    runs = {name: {"scores": scores[name], "failed": failed.get(name, "")} for name in scores}
    report.data["rehearsed"].append({"experiment": document.id, "limit": limit, "filed": False, "runs": runs})
    report.code = 6 if failed else report.code


def _scores(fit: Fit, workshop: Workshop) -> Scores:
    """Score a rehearsal on those of the protocol's metrics that it has, None where there is no finite value."""
    if fit.failed:
        return {}
    protocol, rows = workshop.protocol, len(next(fit.by_row[part] for part in (TEST, BOUNDS) if part in fit.by_row))
    truth = workshop.source.labels(TEST, rows, [protocol.target])[protocol.target].astype(np.float64)
    values: dict[str, np.ndarray] = {}
    if fit.predictions:
        sums = moments(truth, fit.predictions[TEST].astype(np.float64)).sum(axis=0, keepdims=True)
        values |= {metric: score(sums) for metric, score in OF_PREDICTIONS.items()}
    if fit.bounds is not None:
        all_rows = Resamples(census(rows), {WHOLE: np.ones(rows, dtype=bool)})
        found = bounds.scores(truth, fit.bounds.astype(np.float64), all_rows, protocol.metrics, protocol.variance)
        values |= {metric: value for (_, metric), value in found.items()}
    reached = {metric: float(values[metric][0]) for metric in protocol.metrics if metric in values}
    return {metric: value if np.isfinite(value) else None for metric, value in reached.items()}


def _table(made: list[Made], scores: dict[str, Scores], known: Iterable[str]) -> list[str]:
    """Write one line per run: its metrics and its time, or why it failed."""
    metrics = [metric for metric in known if any(metric in found for found in scores.values())]
    width = max(len(each.run.name) for each in made)
    head = f"  {'run':<{width}}  {''.join(f'{metric:>{_wide(metric)}}' for metric in metrics)}{'time':>9}"
    return [head, *(f"  {each.run.name:<{width}}  {_row(each.fit, scores[each.run.name], metrics)}" for each in made)]


def _row(fit: Fit, scores: Scores, metrics: list[str]) -> str:
    """Write the metrics of a run, a dash for one without a finite value, nothing for one that it does not have."""
    if fit.failed:
        return f"failed: {fit.failed}"
    known = {metric: "–" if value is None else f"{value:.4f}" for metric, value in scores.items()}
    shown = (f"{known.get(metric, ''):>{_wide(metric)}}" for metric in metrics)
    return f"{''.join(shown)}{duration(fit.cost['seconds']):>9}"


def _wide(metric: str) -> int:
    return max(9, len(metric) + 2)


def _keep(folder: Path, document: Document, made: list[Made], scores: dict[str, Scores]) -> None:
    """Write predictions and scores where nothing is taken for a result."""
    folder.mkdir(parents=True, exist_ok=True)
    predictions = {f"{each.run.name}/{split}": v for each in made for split, v in each.fit.by_row.items()}
    atomic.replace(folder / f"{document.id}.npz", arrays.pack(predictions))
    told = {each.run.name: {**each.fit.cost, "failed": each.fit.failed} for each in made}
    atomic.replace(folder / f"{document.id}.json", canonical.dumps({"runs": told, "scores": scores}).encode())
