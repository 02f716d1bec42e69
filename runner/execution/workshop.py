"""The workshop: where the runs of an experiment are made, each once, with what it needs at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from runner.contract import Context, Contract, Data, JobSpec, Origin, Output, Source, key_at
from runner.documents.kinds import Protocol
from runner.documents.library import FOLDER
from runner.documents.reading import Document
from runner.documents.sweeps import spelled
from runner.execution import plugins
from runner.execution.checkpoints import Checkpoints
from runner.execution.fits import Cache, Fit, key_of
from runner.execution.interrupts import REQUEST
from runner.execution.keeping import Keeper, passing_keeper
from runner.execution.meter import Meter
from runner.execution.outputs import checked, one_line
from runner.execution.progress import Progress
from runner.execution.siblings import Siblings
from runner.findings import InputRefused, JobFailed
from runner.plans.estimates import duration
from runner.plans.specs import JobRun
from runner.results.runs import OTHER_LATENTS
from runner.safety import canonical
from runner.verdicts.knowledge import Knowledge


@dataclass
class Splits:
    """The three splits of an experiment as its jobs see them."""

    train: Any
    val: Any
    test: Any
    behind: Callable[[Any, Any], Origin] | None = None  # what opens their origin, for a job that may see it

    @cached_property
    def origin(self) -> Origin:
        """What stands behind the rows; refused to a job that does not say that it looks there."""
        if self.behind is None:
            fix = "say `ORIGIN = True` in its file, and put it into no other job"
            raise JobFailed("this job is not shown what stands behind the rows", fix=fix)
        return self.behind(self.train, self.test)

    @property
    def truth(self) -> bool:
        """Tell whether the truth of the test rows was asked for."""
        return "origin" in vars(self) and self.origin.truth


@dataclass
class Workshop:
    """The opened source, the device, and what was made so far."""

    source: Source
    protocol: Protocol
    jobs: Mapping[str, Contract]
    folder: Path  # of the knowledge base
    device: str
    progress: Progress = field(default_factory=Progress)
    cache: Cache | None = None  # None: everything is computed, nothing is kept
    force: bool = False  # compute what the cache has, and keep that
    limit: int | None = None  # rows of each split in a rehearsal
    runs: dict[str, JobRun] = field(default_factory=dict)
    fits: dict[str, Fit] = field(default_factory=dict)  # by key
    keeper: Keeper = field(default_factory=passing_keeper)  # of files that jobs keep
    saved: list[Checkpoints] = field(default_factory=list)  # of what was computed so far
    stored: bool = False  # the rows come from files, whose last ones are for test, those before them for validation

    def make(self, run: JobRun) -> Fit:
        """Return the fit of a run: laid ready, from the cache, computed now, or failed with its message."""
        self.runs[run.name] = run
        if self.has(run):
            return self.fits[key_of(run)]
        broken = [name for name in run.needs if self.fit_of(name).failed]
        if broken:
            self.fits[key_of(run)] = Fit(failed=f"needs `{broken[0]}`, which failed")
        self.progress.tell(f"{run.name}: {run.job.job} on {self.rows(run)['train']} rows{_settings(run)}")
        fit = self.obtained(key_of(run), run, lambda: self.data(run))
        outcome = fit.failed or duration(fit.cost["seconds"]) + ("" if fit.fresh else " (from the cache of fits)")
        self.progress.ended(run.name)
        self.progress.tell(f"{run.name}: {outcome}")
        REQUEST.waits = False  # a job that began to save itself may have ended without another look
        REQUEST.answer()
        return fit

    def put(self, run: JobRun, fit: Fit) -> None:
        """Lay ready a fit that is there already."""
        self.runs[run.name] = run
        self.fits[key_of(run)] = fit

    def has(self, run: JobRun) -> bool:
        """Tell whether the fit of a run is there."""
        return key_of(run) in self.fits

    def fit_of(self, name: str) -> Fit:
        """Return the fit of a run that was made or laid ready."""
        return self.fits[key_of(self.runs[name])]

    @property
    def unfinished(self) -> list[str]:
        """Return the runs that were begun and can go on from a checkpoint."""
        return list(dict.fromkeys(saved.run.name for saved in self.saved if saved.there()))

    def rows(self, run: JobRun) -> dict[str, int]:
        """Return how many rows of each split a run sees."""
        declared = {"train": int(run.axes.get("train", 0)), "val": self.protocol.val, "test": self.protocol.test}
        return {split: count if self.limit is None else min(count, self.limit) for split, count in declared.items()}

    def data(self, run: JobRun) -> Splits:
        """Show the source's rows to a run, with its noise; rows it learns from may have a noise of their own."""
        asked = {name: float(run.axes[name]) for name in self.protocol.axes}
        learned = asked | ({"noise": float(run.axes["train_noise"])} if "train_noise" in run.axes else {})
        target, seed = self.protocol.target, self.protocol.seed  # of the rows and their noise: all jobs see the same
        given = {"train": learned, "val": learned, "test": asked}
        opened: dict[str, Any] = {
            split: self.source.split(split, count, target=target, axes=given[split], seed=seed, device=self.device)
            for split, count in self.rows(run).items()
        }
        for split, rows in opened.items():
            behind = [self.protocol.test] if self.stored and split == "val" else []
            drawn = canonical.digest([run.data, split, rows.rows, *behind, target, seed], 32)
            rows.key = key_at(drawn, given[split])
        return Splits(**opened, behind=self.source.origin if self.jobs[run.job.job].origin else None)

    def obtained(self, key: str, run: JobRun, data: Callable[[], Splits]) -> Fit:
        """Return the fit of a key, computed at most once, here or in any other process."""
        if key not in self.fits:
            self.fits[key] = self.found(key, run, data)
        return self.fits[key]

    def found(
        self, key: str, run: JobRun, data: Callable[[], Splits], holds: Callable[[Fit], bool] = lambda _: True
    ) -> Fit:
        """Return the fit of a key from the cache, where it holds what is asked for, or computed now."""
        if self.cache is None:
            return self._computed(run, data)
        with self.cache.lock(key, lambda who: self.progress.tell(f"{run.name}: waits for {who}, which computes it")):
            fit = None if self.force else self.cache.take(key)
            saved = self._checkpoints(key, run, self.cache)
            if fit is None or not holds(fit):
                fit = self._computed(run, data, saved)
                if not fit.failed and OTHER_LATENTS not in fit.cost:  # of which the key says nothing
                    fit = self.cache.keep(key, fit)
            if not fit.failed:
                saved.done()
        return fit

    def _checkpoints(self, key: str, run: JobRun, cache: Cache) -> Checkpoints:
        """Return where the trainings of a run save themselves."""
        saved = Checkpoints(cache.root, key, run, self.jobs, self.progress.tell, forced=self.force)
        self.saved.append(saved)
        return saved

    def _computed(self, run: JobRun, data: Callable[[], Splits], saved: Checkpoints | None = None) -> Fit:
        meter, siblings = Meter(), Siblings(run, self)
        try:
            splits = data()
            spec = JobSpec(run.job.job, run.job.version, run.job.params)
            with self.keeper.using():
                output = self._called(spec, splits, self._context(siblings, saved))
            fit = checked(output, splits, told=splits.truth)
        except Exception as error:  # noqa: BLE001 - a job may raise anything; its neighbours go on
            if saved:
                saved.failed(error)
            return Fit(failed=one_line(error))
        told = {"train": splits.train.rows, "device": self.device, "job": run.job.job, **siblings.told}
        told |= {"resumed": saved.resumed} if saved and saved.resumed else {}
        return replace(fit, cost={**meter.read(saved.before if saved else 0.0), **told})

    def _called(self, spec: JobSpec, data: Data, context: Context) -> Output:
        module = plugins.load("jobs", spec.job, self.jobs[spec.job].path)
        if isinstance(data, Splits) and not self.jobs[spec.job].origin:  # inside one that may look there
            data = Splits(data.train, data.val, data.test)
        output: Output = module.run(plugins.params_of(module, spec.params), data, context)
        return output

    def _context(self, siblings: Siblings, saved: Checkpoints | None) -> Context:
        """Return what a run may know and ask for."""
        run = siblings.run

        def progress(done: int, total: int, note: str) -> None:
            self.progress.step(run.name, done, total, note)

        def nested(spec: JobSpec, data: Data, seed: int) -> Output:
            output = self._called(spec, data, replace(context, seed=seed))
            if not output.predictions:
                raise JobFailed(f"`{spec.job}` predicts nothing, so nothing can be built on it")
            return output

        def kept(name: str, make: Callable[[Path], None]) -> Path:
            return self.keeper.kept(name, make, lambda who: self.progress.tell(f"{run.name}: waits for {who}, {name}"))

        context = Context(
            device=self.device,
            seed=int(run.axes.get("seed", 0)),
            progress=progress,
            nested=nested,
            predictions=siblings.predicted,
            latents_of=siblings.latents,
            folder=self.folder,
            keeper=kept,
            files=run.files,
            checkpoints=saved.of if saved else None,
        )
        return context


def open_workshop(document: Document, knowledge: Knowledge, device: str | None, progress: Progress) -> Workshop:
    """Open the data of an experiment's protocol on a device: the one asked for, or the best there is."""
    protocol = knowledge.library.protocol(document)
    if protocol is None:
        raise InputRefused(f"{document.id} has no readable protocol", code="LG207")
    jobs, folder = knowledge.library.plugins.jobs, knowledge.library.root / FOLDER
    source = open_source(protocol, knowledge)
    stored = bool(knowledge.library.plugins.sources[protocol.source].files)
    on = plugins.device_there(device) if device else plugins.default_device()
    return Workshop(source, protocol, jobs, folder, on, progress, stored=stored)


def open_source(protocol: Protocol, knowledge: Knowledge) -> Source:
    """Open the data of a protocol."""
    module = plugins.load("data", protocol.source)
    told = {"val": protocol.val, "test": protocol.test, "seed": protocol.seed}
    taken = knowledge.library.plugins.sources[protocol.source].parameters
    options = {**protocol.options, **{name: value for name, value in told.items() if name in taken}}
    source: Source = module.open_source(options, knowledge.library.root / FOLDER)
    return source


def _settings(run: JobRun) -> str:
    """Write the axes of a run that a person chose, after its rows."""
    return "".join(
        f", {axis.replace('_', ' ')} {spelled(value)}" for axis, value in run.axes.items() if axis != "train"
    )
