"""Read the front matter of an experiment: its protocol, its jobs and what would count as success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.contract import REQUIRED, Contract, Mismatch, accept
from runner.documents.form import Form
from runner.documents.judged import read_judged
from runner.documents.kinds import Experiment, Job
from runner.expressions.names import suggestion
from runner.safety import bounded_yaml as yaml

FIELDS = ("protocol", "noise", "train", "jobs", "expect", "mvp")
LATER = ("sweep", "train_noise", "published", "withdrawn", "retired")
LATER_IN_JOBS = ("like",)


def read_experiment(form: Form, jobs: Mapping[str, Contract]) -> Experiment:
    """Read an experiment's own fields; everything wrong lands in the form's findings."""
    for field in ("protocol", "train", "jobs"):
        form.require(field)
    declared = form.form("jobs")
    read = [_read_job(declared, key, node, jobs) for key, node in declared.named("the job")]
    return Experiment(
        protocol=form.text("protocol"),
        noise=form.number("noise"),
        train=form.size("train"),
        jobs={job.name: job for job in read if job is not None},
        expect=read_judged(form.form("expect")),
        mvp=form.text("mvp"),
    )


def _read_job(form: Form, key: yaml.Scalar, node: yaml.Node, jobs: Mapping[str, Contract]) -> Job | None:
    name = key.text
    if not isinstance(node, yaml.Mapping):
        form.report("LG203", node, f"job `{name}` takes a map", f"write `{name}: {{job: ridge}}`")
        return None
    inner = Form(node, form.name, form.findings)
    if node.get("like") is not None:
        inner.only(node.keys(), LATER_IN_JOBS)
        return None
    kind = node.get("job")
    written = kind.text if isinstance(kind, yaml.Scalar) else ""
    if written not in jobs:
        message = f"unknown job `{written}`" if written else f"`{name}` does not say which job it is"
        inner.report("LG204", inner.node("job"), message, suggestion(written, jobs))
        return None
    contract = jobs[written]
    params = read_params(inner, contract, skip="job")
    return Job(name, written, contract.version, contract.code, contract.uses_val, params, form.place(key))


def read_params(form: Form, contract: Contract, skip: str) -> dict[str, Any]:
    """Read a plug-in's parameters against its contract, defaults filled in; `skip` is the field that names it."""
    params = {name: parameter.default for name, parameter in contract.parameters.items()}
    for key, node in form.mapping.entries:
        if key.text == skip:
            continue
        parameter = contract.parameters.get(key.text)
        if parameter is None:
            message = f"`{contract.name}` has no parameter `{key.text}`"
            form.report("LG205", key, message, suggestion(key.text, contract.parameters))
            continue
        try:
            params[key.text] = accept(parameter.shape, node)
        except Mismatch as error:
            del params[key.text]
            form.report("LG203", error.node, f"`{key.text}` of `{contract.name}`: {error}")
    for name, value in params.items():
        if value is REQUIRED:
            form.report("LG205", form.mapping, f"`{contract.name}` needs `{name}`", f"add `{name}:`")
    return {name: value for name, value in params.items() if value is not REQUIRED}
