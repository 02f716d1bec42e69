"""Templates, and how far rows are from them at whatever amplitude fits best.

    chi² = sum_i w_i (x_i - A m_i)²,        A = sum_i w_i x_i m_i / sum_i w_i m_i²

The weights w are the same for every row and template: 1 over the variance of the noise, averaged over all templates.
Inputs times sqrt(w) are in units of the noise. There the template with the smallest chi², of those that do not have
to be turned upside down, is the one with the largest cosine to the row.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import torch

from runner.findings import JobFailed
from runner.origin import Law, Origin, Seen

SIZE = 1024  # templates at a time

Library = Callable[[], Iterator[tuple[Seen, torch.Tensor]]]  # all templates, and what each says: [n, answers]


class Box:
    """What a law shows of any labels in their range, in the middle of all else that decides how rows are seen."""

    def __init__(self, law: Law, device: str) -> None:
        """Take the range of the labels and the middle of the rest."""
        self.law, self.device = law, device
        self.low, high = (torch.tensor([axis[end] for axis in law.axes], device=device) for end in (0, -1))
        self.width = high - self.low
        middle, _ = law.states(torch.zeros(1, len(law.names), dtype=torch.float64, device=device))
        self.rest = middle[:, law.labels :]

    def seen(self, labels: torch.Tensor) -> Seen:
        """Return what would be measured of these labels: float64 [n, labels]."""
        return self.law.seen(torch.cat([labels, self.rest.expand(len(labels), -1)], dim=1))

    def grid(self, every: int) -> Library:
        """Return the templates at every `every`-th node along each label, which say their labels."""
        nodes = np.array(list(itertools.product(*(axis[::every] for axis in self.law.axes))))
        labels = torch.from_numpy(nodes).to(self.device)
        return lambda: ((self.seen(part), part) for part in torch.split(labels, SIZE))


def training_rows(origin: Origin) -> Library:
    """Return the training rows without their noise as templates, which say their target."""
    rows = origin.templates
    return lambda: ((Seen(clean, sigma.square()), target[:, None]) for clean, sigma, target in rows(SIZE))


class Comparison:
    """Rows and templates side by side, with the weights that the noise of a library gives."""

    def __init__(self, library: Library) -> None:
        """Walk the library once, for the mean variance of its noise."""
        self.library = library
        self.templates = 0  # how many there are
        variances = []
        for seen, _ in library():
            self.templates += len(seen.variance)
            variances.append(seen.variance.double().sum(0))
        if not self.templates:
            raise JobFailed("there are no templates to compare with", fix="give it training rows")
        variance = torch.stack(variances).sum(0) / self.templates
        noisy = bool((variance > 0).all())  # else an input without noise would decide alone
        self.root = (variance.rsqrt() if noisy else torch.ones_like(variance)).float()

    def scaled(self, x: torch.Tensor) -> torch.Tensor:
        """Return inputs in units of the noise."""
        return x * self.root

    def nearest(self, rows: torch.Tensor) -> torch.Tensor:
        """Return what the best template says of each of these scaled rows: [n, width] -> float64 [n, answers]."""
        best, said = (
            rows.new_full((len(rows),), -torch.inf),
            torch.full((1,), torch.nan, dtype=torch.float64, device=rows.device),
        )
        for seen, answers in self.library():
            cosines = rows @ torch.nn.functional.normalize(self.scaled(seen.mean)).T  # times the length of the row
            value, place = cosines.max(1)
            said = torch.where((value > best)[:, None], answers[place], said)
            best = torch.maximum(best, value)
        return said

    def chi_square(self, rows: torch.Tensor, templates: torch.Tensor) -> torch.Tensor:
        """Return how far each scaled row is from a template of its own: [n, width] both -> [n].

        The sum is over what is left of the row: the textbook's difference of two large sums loses the digits.
        """
        m = self.scaled(templates)
        amplitude = torch.linalg.vecdot(rows, m) / torch.linalg.vecdot(m, m)
        left = torch.addcmul(rows, m, amplitude[:, None], value=-1)
        return torch.as_tensor(torch.linalg.vecdot(left, left))
