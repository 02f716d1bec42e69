"""Every verb as a list of named steps: the file to read first.

    document -> spec -> plan -> job -> result -> verdict -> text -> site

`gather` reads documents and results; nothing is written before everything is read, and what is written
goes in the order predictions, result, figures, documents, so that a cut at any moment leaves each file old or new.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from runner import publishing
from runner.checking.ceilings import ceiling_trouble
from runner.checking.check import check as find_trouble
from runner.checking.coverage import coverage, summary
from runner.checking.formulas import formula_trouble
from runner.checking.signatures import signature_trouble
from runner.documents.reading import Document
from runner.documents.signed import signed_source, written
from runner.documents.trouble import trouble
from runner.execution import execute as execution
from runner.execution.comparison import compare
from runner.execution.exports import Wanted
from runner.execution.exports import export as write_rows
from runner.execution.fits import HIDDEN
from runner.execution.interrupts import stoppable
from runner.execution.outlook import Outlook
from runner.execution.rehearsal import rehearse
from runner.execution.supply import absent
from runner.findings import ArtefactDamaged, DocumentsRefused, Finding, InputRefused, RunnerError, UsageError
from runner.rendering import figures, templates
from runner.rendering.answers import answers, facts_of, home_of
from runner.rendering.page import Page, render_page
from runner.rendering.page import contradicted as contradictions
from runner.rendering.skeletons import Wish, advice, skeleton
from runner.report import Report
from runner.results import places
from runner.safety import atomic
from runner.verdicts.knowledge import Knowledge, gather
from runner.verdicts.promises import moved

Say = Callable[[str], None]
DRIFT = {"LG110": "contradicted", "LG111": "suspect"}  # what became of a signed claim


def _silent(_line: str) -> None:
    """Tell nobody."""


def execute(root: Path, words: list[str], *, everything: bool, settings: execution.Settings) -> Report:
    """Choose the experiments, refuse what cannot be read, run and file each, render what cites them."""
    knowledge = gather(root)
    named = _experiments(knowledge, words, everything=everything)
    chosen = [document for document in named if not document.jobless]
    idle = [f"{d.id}: no job is declared yet, nothing to run" for d in named if d.jobless]
    _refuse_unreadable(chosen, knowledge)
    report = _run(chosen, knowledge, settings) if chosen else Report(data={"executed": []})
    report.lines = [*report.lines, *idle]
    return report


def _run(chosen: list[Document], knowledge: Knowledge, settings: execution.Settings) -> Report:
    """Rehearse, compare, or run and file experiments that can be run."""
    with stoppable():
        with settings.progress:
            if settings.limit is not None:
                return rehearse(chosen, knowledge, settings)
            if settings.again:
                return compare(chosen, knowledge, settings)
            done = execution.execute_all(chosen, knowledge, settings)
        report = render(knowledge.library.root, [], say=settings.progress.tell)
    failed = [f"{e.document.id} {made.run.name}: {made.fit.failed}" for e in done for made in e.failed]
    ran = [e for e in done if e.refused is None]
    refusals = [(f"{e.document.id}: {e.refused}", e.refused.exit_code) for e in done if e.refused is not None]
    refused = [line for line, _ in refusals]
    filed = dict.fromkeys(line for e in ran for line in _filed(e, knowledge))
    told = [*(f"failed: {line}" for line in failed), *(f"refused: {line}" for line in refused)]
    report.lines = [*(_executed(e) for e in ran), *told, *filed, *report.lines]
    report.data = {"executed": [e.document.id for e in ran], "failed": failed, "refused": refused, **report.data}
    report.code = 6 if failed else next((code for _, code in refusals), report.code)
    return report


def render(root: Path, words: list[str], *, force: bool = False, show_diff: bool = False, say: Say = _silent) -> Report:
    """Render in memory, draw the figures that are out of date, then write the documents that changed."""
    with nullcontext() if show_diff else _pages(root, say):
        return _render(root, words, force=force, show_diff=show_diff)


def _pages(root: Path, say: Say) -> AbstractContextManager[None]:
    """Hold the pages of a knowledge base, so that two commands that end together render one after the other."""
    return atomic.lock(root / HIDDEN / "locks" / "pages", lambda who: say(f"waits for {who}, which writes pages"))


def _render(root: Path, words: list[str], *, force: bool = False, show_diff: bool = False) -> Report:
    knowledge = gather(root)
    chosen = [_named(word, knowledge) for word in words] or list(knowledge.library.documents)
    pages = [render_page(document, knowledge, force=force) for document in chosen]
    if show_diff:
        return _differences(pages)
    drawn, undrawn = _draw(chosen, knowledge)
    written = [page for page in pages if page.changed and _write(page)]
    leaks = [finding for document in chosen for finding in ceiling_trouble(document, knowledge)]
    left = [*_unreadable(chosen, knowledge), *_left(pages), *undrawn, *leaks]
    report = Report(findings=left, code=1 if any(f.severity == "error" for f in left) else 0)
    edited = [] if force else _hand_edits(pages, knowledge)
    report.lines = [*edited, *(f"wrote {page.document.name}" for page in written), *(f"drew {path}" for path in drawn)]
    report.data = {"written": [page.document.name for page in written], "drawn": drawn, "edited": edited}
    return report


def check(root: Path, *, covered: bool = False) -> Report:
    """Gather everything, compare it with a render in memory, and list what disagrees; perhaps every loose number."""
    knowledge = gather(root)
    findings = find_trouble(knowledge)
    errors = sum(finding.severity == "error" for finding in findings)
    documents = _many(len(knowledge.library.documents), "document")
    counted = f"{documents}, {_many(_results(knowledge), 'result')}"
    total = "all agree" if not findings else f"{_many(errors, 'error')}, {_many(len(findings) - errors, 'warning')}"
    library = knowledge.library
    clouded = {d.name: causes for d in library.documents if d.readable and (causes := library.clouded.get(d.name))}
    data = {"errors": errors, "not judged": list(clouded)}
    report = Report([f"{counted}: {total}", *_not_judged(clouded)], data, findings, 1 if errors else 0)
    if covered:
        lines, report.data["coverage"] = summary([coverage(d, knowledge) for d in knowledge.library.documents])
        report.lines = [*lines, "", *report.lines]
    return report


def _not_judged(clouded: Mapping[str, Collection[str]]) -> list[str]:
    """Say what could not be judged, and which documents that cannot be read are the cause."""
    causes = sorted({cause for found in clouded.values() for cause in found})
    return [f"not judged, they rest on {', '.join(causes)}: {', '.join(clouded)}"] if clouded else []


def status(root: Path) -> Report:
    """Show where every experiment stands and what contradicts what was written."""
    knowledge = gather(root)
    rows = [(knowledge.statuses.of(document), document) for document in knowledge.library.experiments]
    report = Report(data={"experiments": [{"id": d.id, "status": s, "title": d.title} for s, d in rows]})
    width = max((len(document.id) for _, document in rows), default=0)
    report.lines = [f"{state:<9} {document.id:<{width}}  {document.title}" for state, document in rows]
    due = [document for state, document in rows if state in {"ready", "stale", "failed"}]
    lacking = {document.id: str(lack) for document in due if (lack := absent(document, knowledge.library))}
    waiting = [document.id for document in due if document.id not in lacking]
    contradicted = [finding for d in knowledge.library.documents for finding in contradictions(d, knowledge)]
    report.lines += [f"no data: {name}, {lack}" for name, lack in lacking.items()]
    report.data |= {"next": waiting, "no data": lacking, "contradicted": [str(finding) for finding in contradicted]}
    report.lines += [f"contradicted: {finding}" for finding in contradicted]
    drifted = [finding for d in knowledge.library.documents for finding in signature_trouble(d, knowledge)]
    report.data["drifted"] = [str(finding) for finding in drifted]
    report.lines += [f"{DRIFT.get(finding.code, 'signed')}: {finding}" for finding in drifted]
    broken = [line for state, document in rows if state != "damaged" for line in _moved(document, knowledge)]
    report.lines += [f"moved after the run: {line}" for line in broken]
    report.data["moved"] = broken
    held = atomic.held(root / HIDDEN / "locks")
    report.data["running"] = {d.id: held[d.id] for _, d in rows if d.id in held}
    report.lines += [f"running: {name}, {who}" for name, who in report.data["running"].items()]
    report.lines += [f"next: runner execute {' '.join(waiting)}"] if waiting else []
    report.findings = knowledge.library.findings
    report.code = 1 if report.findings else 0
    return report


def plan(root: Path, words: list[str]) -> Report:
    """Say what would run and why, with rows, and with the time and memory that runs like it took."""
    knowledge = gather(root)
    chosen = _experiments(knowledge, words, everything=not words)
    _refuse_unreadable(chosen, knowledge)
    return Outlook(chosen, knowledge).report()


def show(root: Path, word: str) -> Report:
    """Show a report in the terminal: its judgements and its facts with their intervals."""
    from runner.rendering.terminal import summary

    knowledge = gather(root)
    lines, data = summary(_named(word, knowledge), knowledge)
    return Report(lines, data)


def accept(root: Path, word: str, key: str, words: str, today: str, say: Say = _silent) -> Report:
    """Sign that a wording was read against today's evidence, or what a person decided, and render what shows it."""
    from runner.rendering.signatures import sign

    with _pages(root, say):
        knowledge = gather(root)
        document = _named(word, knowledge)
        if not document.readable:
            raise DocumentsRefused(list(document.findings))
        signature = sign(document, key, knowledge, today, words)
        text = signed_source(document.source, document.scan.front or (0, 0), signature)
        atomic.replace(document.path, text.encode(), expected=document.source.content)
        report = _render(root, [])
    report.lines = [f"signed {document.called} {key}: {written(signature)}", *report.lines]
    report.data |= {"signed": key, "signature": written(signature)}
    return report


def facts(root: Path, text: str, word: str) -> Report:
    """Evaluate an expression in the document that knows its names, or list every fact of a document."""
    knowledge = gather(root)
    if not text and not word:
        raise UsageError("nothing is asked", fix='runner facts "job.r2" --in ID, or runner facts --in ID')
    document = _named(word, knowledge) if word else home_of(text, knowledge)
    found = answers(text, document, knowledge) if text else facts_of(document, knowledge)
    labels = templates.labels(document.lang)
    width = max((len(answer.name) for answer in found), default=0)
    lines = [f"{answer.name:<{width}}  {answer.shown(labels)}" for answer in found]
    lines = lines or [f"{document.called} has no facts yet"]
    return Report(lines, {"in": document.called, "values": [answer.data for answer in found]})


def export(root: Path, word: str, wanted: Wanted, path: Path) -> Report:
    """Write rows of a protocol to a file in the layout of stored sets."""
    knowledge = gather(root)
    document = _named(word, knowledge)
    if not document.readable:
        raise DocumentsRefused(list(document.findings))
    write_rows(document, wanted, path, knowledge)
    line = f"wrote {path}: the first {_many(wanted.rows, 'row')} of {document.called} {wanted.split}"
    return Report([line], {"path": str(path), "protocol": document.called, "rows": wanted.rows})


def record(root: Path, word: str, path: Path, say: Say = _silent) -> Report:
    """File what was made elsewhere, then render what cites it."""
    from runner.execution.recording import record as file_recorded

    knowledge = gather(root)
    (document,) = _experiments(knowledge, [word], everything=False)
    _refuse_unreadable([document], knowledge)
    if path.suffix not in {".npz", ".csv"}:
        raise UsageError(f"`{path.name}` is neither npz nor csv", fix="see runner record --help")
    found = file_recorded(document, path, knowledge)
    report = render(root, [], say=say)
    report.lines = [f"{document.id}: recorded {', '.join(sorted(found.runs))} from {path.name}", *report.lines]
    report.data = {"recorded": sorted(found.runs), **report.data}
    return report


def new(root: Path, wish: Wish, today: str) -> Report:
    """Allocate an id, write a complete skeleton and render it: alone, for its neighbours were not asked about."""
    library = gather(root).library
    path, text = skeleton(library, wish, today)
    name = library.name_of(path)
    if path.exists():
        how = "" if wish.kind == "protocol" else " with --slug"
        raise UsageError(f"{name} exists", fix=f"edit it, or choose another name{how}")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, text.encode())
    render(root, [name])
    return Report([f"wrote {name}", *advice(library, wish)], {"path": name})


def build(root: Path, say: Say) -> Report:
    """Check, then build: pages that disagree with their results are not published."""
    report = check(root)
    if report.code:
        report.lines.append("the site was not built -> mend the findings above first")
        return report
    say(*report.lines)
    folder = publishing.build_site(root)
    if folder is None:
        return Report(["the site was not built -> mend what mkdocs names above"], {}, report.findings, 1)
    return Report([f"built {folder.relative_to(root).as_posix()}/index.html"], {"site": str(folder)}, report.findings)


def serve(root: Path, port: int, say: Say) -> Report:
    """Render, then serve the site and render again on every save."""

    def refresh() -> None:
        try:
            for line in (*(report := render(root, [], say=say)).findings, *report.lines):
                say(str(line))
        except RunnerError as error:
            say(str(error))

    refresh()
    publishing.serve_site(root, port, refresh)
    return Report()


def _experiments(knowledge: Knowledge, words: list[str], *, everything: bool) -> list[Document]:
    current = [d for d in knowledge.library.experiments if d.experiment is None or d.experiment.retired is None]
    chosen = current if everything else [_named(word, knowledge) for word in words]
    if not chosen and everything and knowledge.library.findings:
        raise DocumentsRefused(knowledge.library.findings)
    if not chosen and everything:
        raise UsageError("there is no experiment yet", fix='runner new exp TOPIC "TITLE"')
    if not chosen:
        raise UsageError("no experiment is named", fix="give an id, or --all")
    for document in chosen:
        if document.experiment is None and not document.findings:
            raise UsageError(f"{document.called} is no experiment", fix="give the id of an experiment")
    return chosen


def _named(word: str, knowledge: Knowledge) -> Document:
    """Return the document a person names; when one that cannot be read holds that id, say what is wrong with it."""
    try:
        return knowledge.library.named(word)
    except UsageError:
        holders = knowledge.library.hidden.get(word, [])
        if not holders:
            raise
        raise DocumentsRefused([finding for holder in holders for finding in holder.findings]) from None


def _unreadable(chosen: list[Document], knowledge: Knowledge) -> list[Finding]:
    """Return what is wrong with the front matters of documents and of the protocols they rest on."""
    protocols = [knowledge.library.protocol_document(document) for document in chosen]
    named = {document.name for document in (*chosen, *protocols) if document is not None}
    return [finding for finding in trouble(knowledge.library) if finding.place.path in named]


def _refuse_unreadable(chosen: list[Document], knowledge: Knowledge) -> None:
    """Refuse with every finding at once, before anything runs."""
    found = _unreadable(chosen, knowledge)
    found += [finding for document in chosen for finding in formula_trouble(document, knowledge)]
    errors = [finding for finding in dict.fromkeys(found) if finding.severity == "error"]
    if errors:
        raise DocumentsRefused(errors)


def _moved(document: Document, knowledge: Knowledge) -> list[str]:
    """Return the expectations that no longer read as they were promised before the first run."""
    result = knowledge.store.result(document)
    filed = result.promises if result else {}
    return [f"{document.id} {key}" for key in moved(document, filed, knowledge.library)]


def _executed(done: execution.Execution) -> str:
    if not done.made:
        return f"{done.document.id}: nothing to run{', filed again' if done.changed else ''}"
    fresh = sum(made.fit.fresh and not made.fit.failed for made in done.made)
    failed = f", {len(done.failed)} failed" if done.failed else ""
    same = "" if done.changed else ", the result stays as it was filed"
    return f"{done.document.id}: {fresh} of {len(done.made)} jobs run in {done.seconds:.1f} s{failed}{same}"


def _filed(done: execution.Execution, knowledge: Knowledge) -> list[str]:
    """Name the files a run wrote: they are committed together."""
    if not done.changed:
        return []
    result = places.result_file(knowledge.library, done.document)
    protocol = knowledge.library.protocol_document(done.document)
    files = [result, result.with_suffix(".npz"), result.with_suffix(".run.json")]
    files += [places.rows_file(protocol)] if protocol else []
    return [f"filed {knowledge.library.name_of(path)}" for path in files]


def _draw(chosen: list[Document], knowledge: Knowledge) -> tuple[list[str], list[Finding]]:
    """Draw the figures that are out of date; return those drawn, and why others could not be."""
    drawn, undrawn = [], []
    for document in chosen:
        for figure in figures.figures_of(document, knowledge):
            finding = figures.trouble(figure, document)
            if finding is not None and finding.fixed_by == "render":
                finding = _drawn(figure, document, knowledge)
                drawn += [] if finding else [knowledge.library.name_of(figure.path)]
            undrawn += [finding] if finding else []
    return drawn, undrawn


def _drawn(figure: figures.Figure, document: Document, knowledge: Knowledge) -> Finding | None:
    """Draw one figure; what its plug-in cannot do is a finding, and the pages are written all the same."""
    place = figure.place
    try:
        figures.draw(figure, document, knowledge)
    except (InputRefused, ArtefactDamaged) as error:
        return Finding(error.code or "LG106", place, error.message, error.fix)
    except RunnerError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        message = f"the figure {figure.path.name} cannot be drawn: {type(error).__name__}: {error}"
        return Finding("LG106", place, message, f"mend runner/figures/{figure.kind}.py")
    return None


def _write(page: Page) -> bool:
    source = page.document.source
    return atomic.replace(source.path, page.text.encode("utf-8"), expected=source.content)


def _left(pages: Iterable[Page]) -> list[Finding]:
    """Return what rendering could not mend."""
    found = (finding for page in pages for finding in page.findings if finding.fixed_by != "render")
    return list(dict.fromkeys(found))


def _differences(pages: Iterable[Page]) -> Report:
    shown = [line for page in pages for line in _difference(page.document.source.text, page)]
    return Report(shown, {"differences": shown})


def _hand_edits(pages: Iterable[Page], knowledge: Knowledge) -> list[str]:
    """Return what `--force` would do to the blocks that a person has edited."""
    kept = [page for page in pages if any(finding.code == "LG104" for finding in page.findings)]
    forced = ((page, render_page(page.document, knowledge, force=True)) for page in kept)
    return [line for page, other in forced for line in _difference(page.text, other)]


def _difference(old: str, page: Page) -> Iterator[str]:
    import difflib

    name = page.document.name
    return difflib.unified_diff(old.splitlines(), page.text.splitlines(), name, name, lineterm="")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _results(knowledge: Knowledge) -> int:
    return sum(places.result_file(knowledge.library, d).is_file() for d in knowledge.library.experiments)
