"""The workshop: where the runs of an experiment are made, each once, with what it needs at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.contract import Context, Contract, Data, JobSpec, Origin, Output, Source, key_at
from runner.documents.kinds import Protocol
from runner.documents.library import FOLDER
from runner.documents.reading import Document
from runner.documents.sweeps import spelled
from runner.execution import plugins
from runner.execution.checkpoints import Checkpoints
from runner.execution.fits import Cache, Fit, key_of
from runner.execution.keeping import Keeper, passing_keeper
from runner.execution.meter import Meter
from runner.execution.outputs import checked, one_line
from runner.execution.progress import Progress
from runner.execution.siblings import refuse_other_rows, sibling
from runner.findings import InputRefused, JobFailed
from runner.plans.estimates import duration
from runner.plans.specs import JobRun
from runner.results import arrays
from runner.safety import canonical
from runner.verdicts.knowledge import Knowledge

if TYPE_CHECKING:
    import numpy as np

SPLITS = ("val", "test")


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
        fit = self._obtained(key_of(run), run, lambda: self.data(run))
        outcome = fit.failed or duration(fit.cost["seconds"]) + ("" if fit.fresh else " (from the cache of fits)")
        self.progress.ended(run.name)
        self.progress.tell(f"{run.name}: {outcome}")
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

    def _obtained(self, key: str, run: JobRun, data: Callable[[], Splits]) -> Fit:
        """Return the fit of a key, computed at most once, here or in any other process."""
        if key not in self.fits:
            self.fits[key] = self._computed(run, data) if self.cache is None else self._cached(key, run, data)
        return self.fits[key]

    def _cached(
        self, key: str, run: JobRun, data: Callable[[], Splits], holds: Callable[[Fit], bool] = lambda _: True
    ) -> Fit:
        assert self.cache is not None  # noqa: S101 - for the type checker
        with self.cache.lock(key, lambda who: self.progress.tell(f"{run.name}: waits for {who}, which computes it")):
            fit = None if self.force else self.cache.take(key)
            saved = self._checkpoints(key, run, self.cache)
            if fit is None or not holds(fit):
                fit = self._computed(run, data, saved)
                if not fit.failed:
                    fit = self.cache.keep(key, fit)
            if not fit.failed:
                saved.done()
        return fit

    def _checkpoints(self, key: str, run: JobRun, cache: Cache) -> Checkpoints:
        """Return where the trainings of a run save themselves; by force they are begun anew."""
        saved = Checkpoints(cache.root, key, run, self.jobs, self.progress.tell)
        self.saved.append(saved)
        if self.force:
            saved.remove()
        return saved

    def _computed(self, run: JobRun, data: Callable[[], Splits], saved: Checkpoints | None = None) -> Fit:
        meter = Meter()
        try:
            splits = data()
            spec = JobSpec(run.job.job, run.job.version, run.job.params)
            with self.keeper.using():
                output = self._called(spec, splits, self._context(run, saved))
            fit = checked(output, splits, told=splits.truth)
        except Exception as error:  # noqa: BLE001 - a job may raise anything; its neighbours go on
            if saved:
                saved.failed(error)
            return Fit(failed=one_line(error))
        told = {"train": splits.train.rows, "device": self.device, "job": run.job.job}
        return replace(fit, cost={**meter.read(saved.before if saved else 0.0), **told})

    def _called(self, spec: JobSpec, data: Data, context: Context) -> Output:
        module = plugins.load("jobs", spec.job, self.jobs[spec.job].path)
        if isinstance(data, Splits) and not self.jobs[spec.job].origin:  # inside one that may look there
            data = Splits(data.train, data.val, data.test)
        output: Output = module.run(plugins.params_of(module, spec.params), data, context)
        return output

    def _context(self, run: JobRun, saved: Checkpoints | None) -> Context:
        """Return what a run may know and ask for."""

        def progress(done: int, total: int, note: str) -> None:
            self.progress.step(run.name, done, total, note)

        def nested(spec: JobSpec, data: Data, seed: int) -> Output:
            output = self._called(spec, data, replace(context, seed=seed))
            if not output.predictions:
                raise JobFailed(f"`{spec.job}` predicts nothing, so nothing can be built on it")
            return output

        def predicted(name: str, split: str) -> np.ndarray:
            return self._predicted(run, name, split)

        def latents(name: str, split: str) -> np.ndarray:
            return self._latents(run, name, split)

        def kept(name: str, make: Callable[[Path], None]) -> Path:
            return self.keeper.kept(name, make, lambda who: self.progress.tell(f"{run.name}: waits for {who}, {name}"))

        seed = int(run.axes.get("seed", 0))
        of = saved.of if saved else None
        context = Context(self.device, seed, progress, nested, predicted, self.folder, kept, run.files, of, latents)
        return context

    def _predicted(self, run: JobRun, name: str, split: str) -> np.ndarray:
        """Return what a run that this one needs predicted for this one's rows of a split."""
        needed = sibling(run, name, self.runs)
        predicted = self.fit_of(needed.name).predicted(split if split in SPLITS else "test", name)
        refuse_other_rows(run, needed, split)
        return predicted if split in SPLITS else self._on_training_rows(needed).predicted("test", name)

    def _latents(self, run: JobRun, name: str, split: str) -> np.ndarray:
        """Return what a run that this one needs made of this one's rows of a split."""
        needed = sibling(run, name, self.runs)
        found = self.fit_of(needed.name).represented(split, name)
        refuse_other_rows(run, needed, split)
        return self._restored(needed, name, split) if found is None else found

    def _restored(self, run: JobRun, name: str, split: str) -> np.ndarray:
        """Return latents that no result holds: from the cache, or of a fit that is computed again."""
        scored, key = self.fit_of(run.name), key_of(run)

        def data() -> Splits:
            self.progress.tell(f"{run.name}: computed again for its latents, which are in no result")
            return self.data(run)

        def holds(fit: Fit) -> bool:
            return fit.represented(split, name) is not None

        fit = self._computed(run, data) if self.cache is None else self._cached(key, run, data, holds)
        if fit.failed:
            raise JobFailed(f"`{run.name}` failed when it was computed again for its latents: {fit.failed}")
        if arrays.digests(fit.by_row) != arrays.digests(scored.by_row):
            told = "which is scored: another machine or other versions made it"
            self.progress.tell(f"{run.name}: its latents are not of the fit {told}")
        self.fits[key] = replace(scored, latents=fit.latents)
        found = fit.represented(split, name)
        if found is None:
            raise JobFailed(f"the latents of `{run.name}` cannot be read back", fix="run the command again")
        return found

    def _on_training_rows(self, run: JobRun) -> Fit:
        """Return the fit of a run once more, with its training rows in the place of the test rows."""
        if self.fit_of(run.name).recorded:
            raise JobFailed(f"`{run.name}` was made elsewhere, nobody knows what it says of its training rows")

        def data() -> Splits:
            splits = self.data(run)
            return replace(splits, test=splits.train)

        fit = self._obtained(f"{run.fit}-{canonical.digest([run.asked, 'train'], len(run.asked))}", run, data)
        if fit.failed:
            raise JobFailed(f"`{run.name}` failed on its training rows: {fit.failed}")
        return fit


def open_workshop(document: Document, knowledge: Knowledge, device: str | None, progress: Progress) -> Workshop:
    """Open the data of an experiment's protocol on a device: the one asked for, or the best there is."""
    protocol = knowledge.library.protocol(document)
    if protocol is None:
        raise InputRefused(f"{document.id} has no readable protocol", code="LG207")
    jobs, folder = knowledge.library.plugins.jobs, knowledge.library.root / FOLDER
    source = open_source(protocol, knowledge)
    stored = bool(knowledge.library.plugins.sources[protocol.source].files)
    return Workshop(source, protocol, jobs, folder, device or plugins.default_device(), progress, stored=stored)


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
