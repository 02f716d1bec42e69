"""Read the front matter of an experiment: its protocol, its jobs and what would count as success."""

from __future__ import annotations

from collections.abc import Mapping

from runner.contract import Contract
from runner.documents.form import Form
from runner.documents.jobs import NOTHING, read_jobs
from runner.documents.judged import read_judged
from runner.documents.kinds import Experiment
from runner.documents.likes import Others
from runner.documents.published import read_published, read_retired
from runner.documents.sweeps import MOST, UNSIGNED, count, expanded, learns, read_sweep
from runner.findings import Finding
from runner.safety import bounded_yaml as yaml
from runner.shapes import Agreed

FIELDS = (
    "protocol", "train", "train_noise", "sweep", "jobs", "expect", "mvp", "published", "withdrawn", "retired",
)  # fmt: skip
USUAL_AXES = ("noise",)  # of a protocol that cannot be read


def axes_of(form: Form, others: Others) -> tuple[str, ...]:
    """Return the axes of the protocol a front matter names: each may stand in it as a field of its own."""
    protocol = form.mapping.get("protocol")
    found = others(protocol.text) if isinstance(protocol, yaml.Scalar) else None
    axes = found.get("axes") if found is not None else None
    if found is None or not isinstance(axes, yaml.Mapping):
        return USUAL_AXES
    return tuple(axes.keys())


def read_experiment(
    form: Form, contracts: Mapping[str, Contract], others: Others, agreed: Agreed = NOTHING
) -> Experiment:
    """Read an experiment's own fields; everything wrong lands in the form's findings."""
    form.require("protocol")
    axes = axes_of(form, others)
    jobs = read_jobs(form, contracts, others, agreed)
    sweep = read_sweep(form.form("sweep"), axes, jobs, contracts)
    for name, axis in sweep.items():
        if not axis.path and form.given(name) is not None:
            form.report("LG206", form.node(name), f"`{name}` is also under `sweep:`", "leave one of them out")
    jobs = expanded(jobs, sweep, contracts)
    for job in jobs.values():
        for fixed in (name for name in job.axes if name in job.fixed):
            message = f"`{job.name}` was copied with its {fixed}, and is given jobs that vary over it"
            form.findings.append(
                Finding("LG206", job.place, message, f"write `{job.name}` out, or leave {fixed} fixed")
            )
        if count(job, sweep) > MOST:
            message = f"`{job.name}` would run {count(job, sweep)} times"
            form.report("LG203", form.node("sweep"), message, f"keep to {MOST} runs of a job")
    if "train" not in sweep and any(learns(job, contracts) for job in jobs.values()):
        form.require("train")
    return Experiment(
        protocol=form.text("protocol"),
        axes={axis: form.number(axis, signed=axis not in UNSIGNED) for axis in axes if form.given(axis) is not None},
        train=form.size("train"),
        train_noise=form.number("train_noise") if form.given("train_noise") is not None else None,
        sweep=sweep,
        jobs=jobs,
        expect=read_judged(form.form("expect")),
        mvp=form.text("mvp"),
        published=read_published(form, "published"),
        withdrawn=read_published(form, "withdrawn"),
        retired=read_retired(form),
    )
