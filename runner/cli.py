"""The command line: words in, one workflow step called, lines and an exit code out."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from runner import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from runner.findings import Finding, RunnerError
    from runner.report import Report

BUG, INTERRUPTED = 70, 130
EXPORT = "runner data export pfs-1k@1 train.h5 --rows 50k"
RECORD = "runner record DEMO-20261120-ridge-alpha-01 predictions.npz"
FACTS = "runner facts 'gain - 0.1' --in DEMO-20261120-ridge-alpha-01"
ANNOTATIONS = 9  # more are dropped by GitHub without a word


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; a person's mistake is one line, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode still shows the rest
    options = parser().parse_args(arguments)
    if options.call is not _execute:  # small products: more threads only wait for each other
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from runner.findings import RunnerError, StorageFailed

    try:
        return _printed(options.call(options), options)
    except RunnerError as error:
        return _refused(error, options)
    except KeyboardInterrupt:
        kept = "; finished fits are kept, run the same command again" if options.call is _execute else ""
        _tell(f"interrupted{kept}", [], options)
        return INTERRUPTED
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return _refused(StorageFailed(f"{error.filename or 'the disk'}: {reason}"), options)
    except Exception:  # noqa: BLE001 - our bug, not the person's: they get one line, we get the rest
        return _bug(options)


class OneLine(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and leave with status 2."""
        self.exit(2, f"{self.prog}: {message} -> {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """Return the grammar of the command line."""
    top = OneLine(
        prog="runner",
        description="A markdown knowledge base that cannot drift from its results.",
        epilog="example: runner execute DEMO-20261120-ridge-alpha-01",
    )
    top.add_argument("--version", action="version", version=__version__)
    verbs = top.add_subparsers(metavar="VERB", required=True)
    new = _verb(verbs, "new", _new, "write the skeleton of a document", 'runner new exp demo "Does it help?"')
    new.add_argument("kind", choices=("exp", "hub", "roadmap", "protocol"))
    new.add_argument("topic", help="the folder under logg/ (a protocol: its name)")
    new.add_argument("title")
    new.add_argument("--slug", default="", metavar="NAME", help="what the file is called; default: words of the title")
    plan = _verb(verbs, "plan", _plan, "say what would run, and why", "runner plan DEMO-20261120-ridge-alpha-01")
    plan.add_argument("ids", nargs="*", metavar="ID")
    execute = _verb(verbs, "execute", _execute, "run, file, render", "runner execute --all --device cuda")
    execute.add_argument("ids", nargs="*", metavar="ID")
    execute.add_argument("--all", action="store_true", help="every experiment")
    execute.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    way = execute.add_mutually_exclusive_group()
    way.add_argument("--force", action="store_true", help="run again what is filed or cached")
    way.add_argument("--limit", type=int, metavar="N", help="a rehearsal on at most N rows per split; files nothing")
    way.add_argument("--again", action="store_true", help="run again and compare with what is filed; files nothing")
    render = _verb(verbs, "render", _render, "fill blocks and citations from results", "runner render --diff")
    render.add_argument("ids", nargs="*", metavar="ID")
    render.add_argument("--force", action="store_true", help="overwrite blocks that were edited by hand")
    render.add_argument("--diff", action="store_true", help="show what would change, write nothing")
    record = _verb(verbs, "record", _record, "file a result made elsewhere", RECORD)
    record.add_argument("id", metavar="ID")
    record.add_argument("file", metavar="FILE", help="npz of `<run>/test` arrays, or csv of facts without rows")
    check = _verb(verbs, "check", _check, "prove that documents and results agree", "runner check --format github")
    check.add_argument("--coverage", action="store_true", help="list the decimals in prose that nothing ties")
    check.add_argument("--format", choices=("text", "json", "github"), default="text")
    _verb(verbs, "status", _status, "show what is ready, reported, stale or contradicted", "runner status")
    _add_questions(verbs)
    accept = _verb(verbs, "accept", _accept, "sign that a wording was read today", "runner accept DEMO-hub K2")
    accept.add_argument("id", metavar="DOC", help="the hub or roadmap that states it")
    accept.add_argument("key", metavar="KEY", help="the claim, gate or question")
    accept.add_argument("--say", default="", metavar="DECISION", help="what was decided, where a person decides")
    data = verbs.add_parser("data", help="write rows to a file").add_subparsers(metavar="VERB", required=True)
    export = _verb(data, "export", _export, "write rows of a protocol as HDF5, in the layout `hdf5` reads", EXPORT)
    export.add_argument("protocol", metavar="PROTOCOL")
    export.add_argument("file", metavar="OUT.h5")
    export.add_argument("--split", choices=("train", "val", "test"), default="train")
    export.add_argument("--rows", required=True, metavar="N", help="such as 1k: the first N rows of the split")
    export.add_argument("--noisy", action="store_true", help="store noisy rows too, which noise 1 will then mean")
    _verb(verbs, "build", _build, "check, then build the site into build/site", "runner build")
    serve = _verb(verbs, "serve", _serve, "show the site live, re-rendered on save", "runner serve --port 8000")
    serve.add_argument("--port", type=int, default=8000)
    return top


def _add_questions(verbs: Any) -> None:
    """Add the verbs that only answer."""
    show = _verb(verbs, "show", _show, "show a report in the terminal", "runner show DEMO-20261120-ridge-alpha-01")
    show.add_argument("id", metavar="ID")
    facts = _verb(verbs, "facts", _facts, "evaluate an expression, or list the facts of a document", FACTS)
    facts.add_argument("expression", nargs="?", default="", help="such as job.r2; without one: all facts")
    facts.add_argument("--in", dest="home", default="", metavar="ID", help="the document whose names are meant")
    explain = _verb(verbs, "explain", _explain, "say what a finding means and how to mend it", "runner explain LG101")
    explain.add_argument("code", nargs="?", default="", metavar="CODE", help="without one: list them all")
    jobs = _verb(verbs, "jobs", _jobs, "say which jobs there are, or all about one", "runner jobs ridge")
    jobs.add_argument("name", nargs="?", default="", metavar="NAME", help="without one: list them all")
    _verb(verbs, "schema", _schema, "print the JSON Schema of front matters", "runner schema > schema.json")


def _verb(verbs: Any, name: str, call: Any, does: str, example: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=does, description=does, epilog=f"example: {example}")
    verb.add_argument("--root", default="", help="the knowledge base; default: the nearest folder with logg/")
    verb.add_argument("--json", action="store_true", help="print the answer as JSON")
    verb.set_defaults(call=call)
    return verb


def _root(options: argparse.Namespace) -> Path:
    """Return the folder above `logg/`: the one named, or the nearest upwards from here."""
    from pathlib import Path

    if options.root:
        return Path(options.root).resolve()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "logg").is_dir()), here)


def _say(line: str) -> None:
    """Tell a person how far it is."""
    print(line, file=sys.stderr, flush=True)


def _execute(options: argparse.Namespace) -> Report:
    from runner import workflow
    from runner.execution import progress
    from runner.execution.execute import Settings

    shown = progress.shown_on(sys.stderr)
    settings = Settings(options.device, options.force, options.limit, options.again, shown)
    return workflow.execute(_root(options), options.ids, everything=options.all, settings=settings)


def _render(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.render(_root(options), options.ids, force=options.force, show_diff=options.diff, say=_say)


def _check(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.check(_root(options), covered=options.coverage)


def _status(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.status(_root(options))


def _plan(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.plan(_root(options), options.ids)


def _show(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.show(_root(options), options.id)


def _facts(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.facts(_root(options), options.expression, options.home)


def _export(options: argparse.Namespace) -> Report:
    from pathlib import Path

    from runner import workflow
    from runner.execution.exports import Wanted
    from runner.expressions.tokens import quantity
    from runner.findings import UsageError

    rows = quantity(options.rows)
    if rows is None or rows < 1 or rows != int(rows):
        raise UsageError(f"`{options.rows}` is no number of rows", fix="write --rows 1k")
    wanted = Wanted(options.split, int(rows), options.noisy)
    return workflow.export(_root(options), options.protocol, wanted, Path(options.file))


def _record(options: argparse.Namespace) -> Report:
    from pathlib import Path

    from runner import workflow

    return workflow.record(_root(options), options.id, Path(options.file), _say)


def _explain(options: argparse.Namespace) -> Report:
    from runner.rendering import explanations

    return explanations.explain(options.code) if options.code else explanations.overview()


def _jobs(options: argparse.Namespace) -> Report:
    from runner.rendering import catalogue

    root = _root(options)
    return catalogue.described(root, options.name) if options.name else catalogue.overview(root)


def _schema(options: argparse.Namespace) -> Report:
    from runner.rendering import catalogue

    return catalogue.json_schema(_root(options))


def _new(options: argparse.Namespace) -> Report:
    from runner import workflow
    from runner.rendering.skeletons import Wish

    wish = Wish(options.kind, options.topic, options.title, options.slug)
    return workflow.new(_root(options), wish, _today())


def _accept(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.accept(_root(options), options.id, options.key, options.say, _today(), _say)


def _today() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).astimezone().date().isoformat()


def _build(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.build(_root(options), _say)


def _serve(options: argparse.Namespace) -> Report:
    from runner import workflow

    return workflow.serve(_root(options), options.port, _say)


def _refused(error: RunnerError, options: argparse.Namespace) -> int:
    from runner.findings import DocumentsRefused

    _tell(str(error), error.findings if isinstance(error, DocumentsRefused) else [], options)
    return error.exit_code


def _tell(error: str, findings: list[Finding], options: argparse.Namespace) -> None:
    """Say in the form that was asked for why a command did not end as it should."""
    if options.json or getattr(options, "format", "") == "json":
        _json({"error": error, "findings": [_entry(finding) for finding in findings]})
    else:
        for line in [*map(str, findings), error]:
            print(_plain(line), file=sys.stderr)


def _printed(report: Report, options: argparse.Namespace) -> int:
    """Print a report; a reader who has seen enough and hung up changes nothing."""
    try:
        _print(report, options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains at exit
    return report.code


def _print(report: Report, options: argparse.Namespace) -> None:
    form = getattr(options, "format", "text")
    if options.json or form == "json":
        _json({**report.data, "findings": [_entry(finding) for finding in report.findings]})
    elif form == "github":
        _annotate(report)
    else:
        for line in [*map(str, report.findings), *report.lines]:
            print(_plain(line))


def _bug(options: argparse.Namespace) -> int:
    """File the traceback of a bug of ours and say in one line where it is."""
    import tempfile
    import traceback

    hidden = _root(options) / ".logg"
    folder = hidden if hidden.is_dir() and os.access(hidden, os.W_OK) else None
    with tempfile.NamedTemporaryFile("w", prefix="bug-", suffix=".txt", dir=folder, delete=False) as report:
        report.write(traceback.format_exc())
    _tell(f"a bug in runner, not a mistake of yours -> please report {report.name}", [], options)
    return BUG


def _plain(line: str) -> str:
    from runner.safety.escaping import terminal

    return terminal(line)


def _json(data: dict[str, Any]) -> None:
    import json

    print(json.dumps(data, ensure_ascii=False, indent=2))


def _entry(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "code": finding.code,
        "severity": finding.severity,
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "message": finding.message,
        "fix": finding.fix,
        "fixed_by": finding.fixed_by,
    }


def _annotate(report: Report) -> None:
    """Print findings as GitHub annotations, errors first, and say how many did not fit."""
    from runner.safety.escaping import annotation, annotation_property

    ordered = sorted(report.findings, key=lambda finding: finding.severity != "error")
    for finding in ordered[:ANNOTATIONS]:
        place = finding.place
        where = f"file={annotation_property(place.path)},line={place.line or 1},col={place.column or 1}"
        text = annotation(f"{finding.message}{f' -> {finding.fix}' if finding.fix else ''}")
        print(f"::{finding.severity} {where},title={annotation_property(finding.code)}::{text}")
    for finding in ordered[ANNOTATIONS:]:
        print(_plain(str(finding)))
    for line in report.lines:
        print(_plain(line))
