"""Read the jobs an experiment declares, each against the contract of its file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from runner.contract import Contract
from runner.documents.form import Form
from runner.documents.kinds import Job
from runner.documents.likes import Likeness, Others, Spec, Unlike
from runner.expressions.names import suggestion
from runner.findings import Finding
from runner.safety import bounded_yaml as yaml
from runner.shapes import JOB, Agreed, Scope, Unagreed, bind, named_jobs

NOTHING = Unagreed()


def read_jobs(
    form: Form, contracts: Mapping[str, Contract], others: Others, agreed: Agreed = NOTHING
) -> dict[str, Job]:
    """Read `jobs:` of an experiment's whole front matter; everything wrong lands in the form's findings."""
    declared = form.form("jobs")
    likeness = Likeness(form.mapping, contracts, others)
    jobs: dict[str, Job] = {}
    for key, node in declared.named("the job"):
        if not isinstance(node, yaml.Mapping):
            declared.report("LG203", node, f"job `{key.text}` takes a map", f"write `{key.text}: {{job: ridge}}`")
            continue
        spec = _spec(declared, key.text, likeness)
        scope = Scope(contracts, _siblings(declared, key.text), agreed)
        job = _job(declared, key, spec, contracts, scope) if spec else None
        if job is not None:
            jobs[key.text] = job
    _refuse_circles(declared, jobs)
    return jobs


def read_params(form: Form, contract: Contract, skip: str) -> dict[str, Any]:
    """Read a plug-in's parameters against its contract, defaults filled in; `skip` is the field that names it."""
    return bind(contract, form.mapping, skip, form.report)


def _spec(form: Form, name: str, likeness: Likeness) -> Spec | None:
    """Return a job's spec; what a job that it is like has wrong is reported there, not here."""
    try:
        return likeness.spec(name)
    except Unlike as error:
        if error.owner == (likeness.id, name):
            form.report(error.code, error.node, error.why, error.fix)
    return None


def _job(form: Form, key: yaml.Scalar, spec: Spec, contracts: Mapping[str, Contract], scope: Scope) -> Job | None:
    def wrong(code: str, node: yaml.Node, message: str, fix: str) -> None:
        if not any((f.place, f.message) == (form.place(node), message) for f in form.findings):
            form.report(code, node, message, fix)  # what is inherited is reported where it stands, once

    kind = spec.entries.get(JOB)
    written = kind.text if isinstance(kind, yaml.Scalar) else ""
    if written not in contracts:
        message = f"unknown job `{written}`" if written else f"`{key.text}` does not say which job it is"
        wrong("LG204", kind or spec.entries, message, suggestion(written, contracts))
        return None
    contract = contracts[written]
    params = bind(contract, spec.entries, JOB, wrong, scope)
    return Job(
        name=key.text,
        job=written,
        version=contract.version,
        code=contract.code,
        params=params,
        place=form.place(key),
        fixed=spec.fixed,
        needs=tuple(named_jobs(params)),
    )


def _siblings(form: Form, name: str) -> Collection[str]:
    return [key for key in form.mapping.keys() if key != name]  # noqa: SIM118 - nodes of a front matter, no dict


def _refuse_circles(form: Form, jobs: Mapping[str, Job]) -> None:
    """Report jobs that wait for each other."""
    try:
        TopologicalSorter({name: job.needs for name, job in jobs.items()}).prepare()
    except CycleError as error:
        circle = error.args[1][:0:-1]  # the sorter follows those that wait, from behind
        start = circle.index(next(name for name in jobs if name in circle))
        waiting = " → ".join(f"`{name}`" for name in (*circle[start:], *circle[: start + 1]))
        place, fix = jobs[circle[start]].place, "let one of them stand on its own"
        form.findings.append(Finding("LG207", place, f"jobs wait for each other: {waiting}", fix))
