"""What can be said of an expression before any run: it is evaluated with made-up values on the declared rows."""

from __future__ import annotations

import zlib

import numpy as np

from runner.documents.reading import Document
from runner.documents.sweeps import points, run_name, settings
from runner.expressions.syntax import Call, Reference
from runner.findings import InputRefused
from runner.results.addresses import FactAddress, ScalarAddress
from runner.results.evaluation import Evaluator, Scope
from runner.results.populations import UNCOUNTED, Population, population_of
from runner.results.quantities import Quantity, Worth

FORESEEN = frozenset({"LG303", "LG304", "LG306"})  # mistakes that no result can mend


class Foresight(Evaluator):
    """An evaluator that needs no result; only what it refuses means something."""

    def fact(self, address: FactAddress) -> Quantity:
        """Return a made-up value with the population that the declared settings give it."""
        population = (self._population(address),)
        return Quantity(_made_up(address.key), population, population, (address,))

    def scalar(self, reference: Reference, address: ScalarAddress) -> Quantity:
        """Return a made-up value: what a job returns is known when it has run."""
        del reference
        return Quantity(_made_up(address.key), facts=(address,))

    def _call(self, call: Call, scope: Scope) -> Worth:
        if call.function != "p":
            return super()._call(call, scope)
        self._value(call.arguments[0], scope)
        return Quantity(_made_up(call.function))

    def _population(self, address: FactAddress) -> Population:
        document, protocol = address.document, self.library.protocol(address.document)
        experiment = document.experiment
        if experiment is None or protocol is None:
            raise InputRefused(f"{document.id} has no readable protocol", code="LG207")
        job, point = _declared(address.run, document)
        axes = settings(experiment, protocol, experiment.jobs[job], point, self.library.plugins.jobs)
        title = f"{experiment.protocol} test"
        return population_of(experiment.protocol, title, protocol, address.slice, axes, UNCOUNTED)


def _declared(run: str, document: Document) -> tuple[str, dict[str, float | str]]:
    """Return the job and the point of a run that a document declares."""
    experiment = document.experiment
    for job in experiment.jobs.values() if experiment else ():
        for point in points(job, experiment.sweep if experiment else {}):
            if run_name(job.name, point) == run:
                return job.name, dict(point)
    raise InputRefused(f"{document.id} declares no run `{run}`", code="LG302")


def _made_up(name: str) -> np.ndarray:
    """Return a value between 0.3 and 0.7 that no other name has, so that no difference is zero."""
    return np.array([0.3 + 0.4 * zlib.crc32(name.encode()) / 2**32])
