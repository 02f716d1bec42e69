"""Read the front matter of an experiment: its protocol, its jobs and what would count as success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.contract import REQUIRED, Contract, Mismatch, accept
from runner.documents.form import Form
from runner.documents.judged import read_judged
from runner.documents.kinds import Experiment, Job
from runner.expressions.names import suggestion
from runner.findings import Place
from runner.safety import bounded_yaml as yaml

FIELDS = ("protocol", "noise", "train", "jobs", "expect", "mvp")
LATER = ("sweep", "train_noise", "published", "withdrawn", "retired")


def read_experiment(form: Form, jobs: Mapping[str, Contract]) -> Experiment:
    """Read an experiment's own fields; everything wrong lands in the form's findings."""
    form.require("protocol")
    form.require("train")
    declared = form.form("jobs")
    form.require("jobs")
    read = [_read_job(declared, name, node, jobs) for name, _, node in declared.named("the job")]
    return Experiment(
        protocol=form.text("protocol"),
        noise=form.number("noise", 0.0, lambda value: value >= 0),
        train=form.size("train"),
        jobs={job.name: job for job in read if job is not None},
        expect=read_judged(form.form("expect")),
        mvp=form.text("mvp"),
        places={key: form.key_place(key) for key in FIELDS},
    )


def _read_job(form: Form, name: str, node: yaml.Node, jobs: Mapping[str, Contract]) -> Job | None:
    if not isinstance(node, yaml.Mapping):
        form.report("LG203", node, f"job `{name}` is a map", f"write `{name}: {{job: ridge}}`")
        return None
    inner = Form(node, form.name, form.findings)
    kind = inner.mapping.get("job")
    if inner.mapping.get("like") is not None:
        inner.only(tuple(key.text for key, _ in node.entries if key.text != "like"), ("like",))
        return None
    if not isinstance(kind, yaml.Scalar) or kind.text not in jobs:
        written = kind.text if isinstance(kind, yaml.Scalar) else ""
        message = f"unknown job `{written}`" if written else f"`{name}` does not say which job it is"
        inner.report("LG204", kind or node, message, suggestion(written, jobs))
        return None
    contract = jobs[kind.text]
    place = Place(form.name, node.line, node.column)
    params = read_params(inner, contract, skip=("job",))
    return Job(name, contract.name, contract.version, contract.code, contract.uses_val, params, place)


def read_params(form: Form, contract: Contract, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a plug-in's parameters against its contract, defaults filled in."""
    params = {name: parameter.default for name, parameter in contract.parameters.items()}
    for key, node in form.entries():
        if key.text in skip:
            continue
        parameter = contract.parameters.get(key.text)
        if parameter is None:
            message = f"`{contract.name}` has no parameter `{key.text}`"
            form.report("LG205", key, message, suggestion(key.text, contract.parameters))
            continue
        try:
            params[key.text] = accept(parameter.shape, node)
        except Mismatch as error:
            form.report("LG203", node, f"`{key.text}` of `{contract.name}`: {error}")
    for name, value in params.items():
        if value is REQUIRED:
            form.report("LG205", form.mapping, f"`{contract.name}` needs `{name}`", f"add `{name}:`")
    return {name: value for name, value in params.items() if value is not REQUIRED}
