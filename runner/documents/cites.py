"""Read `cites:`: what aliases stand for.

    cites: {toy: TOY-1, net: TOY-2/net, large: TOY-2/net(1M)}

An experiment, one of its jobs, or runs of one.
"""

from __future__ import annotations

from runner.documents.form import Form, pointed
from runner.documents.kinds import Cite
from runner.expressions.names import is_key
from runner.expressions.parse import parse
from runner.expressions.syntax import Reference, Segment
from runner.expressions.tokens import ExpressionRefused
from runner.safety import bounded_yaml as yaml

FIX = "write EXPERIMENT-ID or EXPERIMENT-ID/job"


def read_cites(form: Form) -> dict[str, Cite]:
    """Read the aliases of a document by name; what is wrong lands in the form's findings."""
    cites: dict[str, Cite] = {}
    for key, node in form.named("the alias"):
        experiment, _, job = node.text.partition("/") if isinstance(node, yaml.Scalar) else ("", "", "")
        if not isinstance(node, yaml.Scalar) or not is_key(experiment):
            written = node.text if isinstance(node, yaml.Scalar) else ""
            form.report("LG203", node, f"`{written}` names no experiment", FIX)
            continue
        try:
            run = run_named(node.text)
        except ExpressionRefused as error:
            form.findings.append(pointed(error, form.inside(node)))
        else:
            cites[key.text] = Cite(key.text, experiment, job, form.place(key), run)
    return cites


def run_named(written: str) -> Segment | None:
    """Return the job and the point behind the slash, or refuse the very character that is wrong."""
    experiment, slash, job = written.partition("/")
    if not slash:
        return None
    start = len(experiment) + 1
    if not job:
        raise ExpressionRefused(f"`{written}` names no job", 0, start, fix=FIX, code="LG203")
    try:
        tree = parse(job)
    except ExpressionRefused as error:
        at = (start + error.start, start + error.end)
        raise ExpressionRefused(error.message, *at, fix="write job or job(point)", code=error.code) from error
    if not isinstance(tree, Reference) or (tree.segments[0].start, tree.segments[0].end) != (0, len(job)):
        raise ExpressionRefused(f"`{job}` is no job", start, len(written), fix="write job or job(point)", code="LG203")
    return tree.segments[0]
