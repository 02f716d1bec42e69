"""Runs that ask each other: what one made of the rows of another, which then builds on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runner.execution.fits import Fit, key_of
from runner.findings import JobFailed
from runner.plans.specs import JobRun
from runner.results import arrays
from runner.results.runs import OTHER_LATENTS
from runner.safety import canonical

if TYPE_CHECKING:
    import numpy as np

    from runner.execution.workshop import Splits, Workshop


@dataclass
class Siblings:
    """The other runs of an experiment, as one of them sees them."""

    run: JobRun
    workshop: Workshop
    _strange: set[str] = field(default_factory=set)  # those whose latents were not of the fit that is scored

    @property
    def told(self) -> dict[str, list[str]]:
        """Return what the run file has to say of what was asked for."""
        return {OTHER_LATENTS: sorted(self._strange)} if self._strange else {}

    def predicted(self, name: str, split: str) -> np.ndarray:
        """Return what a run that this one needs predicted for this one's rows of a split."""
        needed = _sibling(self.run, name, self.workshop.runs)
        predicted = self.workshop.fit_of(needed.name).predicted("test" if split == "train" else split, name)
        _refuse_other_rows(self.run, needed, split)
        return self._on_training_rows(needed).predicted("test", name) if split == "train" else predicted

    def latents(self, name: str, split: str) -> np.ndarray:
        """Return what a run that this one needs made of this one's rows of a split."""
        needed = _sibling(self.run, name, self.workshop.runs)
        found = self.workshop.fit_of(needed.name).represented(split, name)
        _refuse_other_rows(self.run, needed, split)
        if found is None:
            found = self._restored(needed, name, split)
        if self.workshop.fit_of(needed.name).strange:
            self._strange.add(needed.name)
        return found

    def _restored(self, run: JobRun, name: str, split: str) -> np.ndarray:
        """Return latents that no result holds: from the cache, or of a fit that is computed again."""
        scored, tell = self.workshop.fit_of(run.name), self.workshop.progress.tell

        def data() -> Splits:
            tell(f"{run.name}: computed again for its latents, which are in no result")
            return self.workshop.data(run)

        def holds(fit: Fit) -> bool:
            return fit.represented(split, name) is not None

        fit = self.workshop.found(key_of(run), run, data, holds)
        if fit.failed:
            raise JobFailed(f"`{run.name}` failed when it was computed again for its latents: {fit.failed}")
        strange = arrays.digests(fit.by_row) != arrays.digests(scored.by_row)
        if strange:
            told = "which is scored: another machine or other versions made it"
            tell(f"{run.name}: its latents are not of the fit {told}")
        self.workshop.fits[key_of(run)] = replace(scored, latents=fit.latents, strange=strange)
        found = fit.represented(split, name)
        if found is None:
            raise JobFailed(f"the latents of `{run.name}` cannot be read back", fix="run the command again")
        return found

    def _on_training_rows(self, run: JobRun) -> Fit:
        """Return the fit of a run once more, with its training rows in the place of the test rows."""
        if self.workshop.fit_of(run.name).recorded:
            raise JobFailed(f"`{run.name}` was made elsewhere, nobody knows what it says of its training rows")

        def data() -> Splits:
            splits = self.workshop.data(run)
            return replace(splits, test=splits.train)

        fit = self.workshop.obtained(_training_key(run), run, data)
        if fit.failed:
            raise JobFailed(f"`{run.name}` failed on its training rows: {fit.failed}")
        return fit


def _training_key(run: JobRun) -> str:
    """Return the key of the fit of a run with its training rows in the place of the test rows."""
    return f"{run.fit}-{canonical.digest([run.asked, 'train'], len(run.asked))}"


def _sibling(run: JobRun, name: str, runs: Mapping[str, JobRun]) -> JobRun:
    """Return the run of a job that another one declares to need."""
    needed = next((runs[need] for need in run.needs if runs[need].job.name == name), None)
    if needed is None:
        raise JobFailed(f"{run.name} does not declare that it needs `{name}`")
    return needed


def _refuse_other_rows(run: JobRun, needed: JobRun, split: str) -> None:
    """Refuse what a run says of rows of a split that another one does not see, or sees otherwise."""
    if _shown(needed, split) != _shown(run, split):
        raise JobFailed(f"`{needed.job.name}` was made on other {split} rows than {run.name}")


def _shown(run: JobRun, split: str) -> Any:
    """Return what says which rows of a split a run sees, and with which settings."""
    if split == "test":
        return run.asked
    if split == "val":  # seen as the training rows are
        return run.asked, run.axes.get("train_noise")
    return {axis: value for axis, value in run.axes.items() if axis != "seed"}
