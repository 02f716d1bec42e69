"""How close the synthetic library comes to the published sets: measured here, shown on `logg/library/index.md`.

python benchmarks/library_fidelity.py                 measure everything (ten minutes on two cores), write
python benchmarks/library_fidelity.py --page          write table and figures again from what was measured

Nothing in the library was tuned to these numbers; alphas are chosen on validation rows.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import library_page
from runner.data import mockstar
from runner.data.mockstar import Mockstar
from runner.numerics import assets, emulator, instrument
from runner.numerics.gram import Gram, Sums
from runner.numerics.shrinkage import ridge_path
from runner.numerics.star_law import STEP

MAGNITUDES = (18, 20, 21.5, 22, 22.5, 23)
VARIANCE = np.var(np.arange(1, 5.5, 0.5))  # of log g on its nodes, as the published limits have it
ALPHAS = [10.0**k for k in np.arange(-4, 4.1, 0.5)]
EDGES = [3750.0, 4500.0, 5250.0, 6000.0], [-2.0, -1.0, 0.0, 0.5]
BINS = 9  # of temperature and metallicity; rows of bin 9 are in none
SMALL, LARGE, VAL, TEST = 32_000, 100_000, 2000, 5000
BATCH = 4096

Rows = tuple[torch.Tensor, np.ndarray, np.ndarray]  # inputs, log g, bin


def opened() -> Mockstar:
    """Open the library as the protocols of the project do."""
    return mockstar.open_source({"val": VAL, "test": TEST}, Path())


def bins(split: str, rows: int) -> np.ndarray:
    """Return the bin of temperature and metallicity of every star, `BINS` where it is in none."""
    teff, mh = (opened().column(name, split, range(rows)) for name in ("teff", "mh"))
    hot, rich = np.searchsorted(EDGES[0], teff, "right") - 1, np.searchsorted(EDGES[1], mh, "right") - 1
    return np.where((rich >= 0) & (rich < len(EDGES[1]) - 1), 3 * hot + rich, BINS)


def held(split: str, rows: int, noise: float) -> Rows:
    """Return the rows of a small split with their targets and bins."""
    view = opened().split(split, rows, target="logg", axes={"noise": noise}, seed=42, device="cpu")
    inputs = torch.cat(list(view.inputs(BATCH)))
    return inputs, opened().column("logg", split, range(rows)), bins(split, rows)


def grams(rows: int, noise: float) -> list[Gram]:
    """Return the sums of products of the training rows, one for every bin and one for the rows in none.

    Where there is noise, alphas are large and products in single precision lose nothing.
    """
    kind = torch.float32 if noise else torch.float64
    view = opened().split("train", rows, target="logg", axes={"noise": noise}, seed=42, device="cpu")
    sums, places, done = [Sums(kind) for _ in range(BINS + 1)], torch.from_numpy(bins("train", rows)), 0
    for x, y in view.pairs(BATCH):
        for place, each in enumerate(sums):
            chosen = places[done : done + len(x)] == place
            if chosen.any():
                each.add(x[chosen], y[chosen])
        done += len(x)
    return [each.gram() for each in sums]


def predicted(gram: Gram, val: Rows, x: torch.Tensor, chosen: np.ndarray) -> np.ndarray:
    """Return what the ridge of a Gram says of x, its alpha chosen on these validation rows."""
    path = ridge_path(gram, ALPHAS)
    errors = (path.predict(val[0][chosen]).numpy() - val[1][chosen, None]) ** 2
    return path.rule(int(errors.mean(0).argmin())).predict(x).numpy()[:, 0]


def r2(target: np.ndarray, predictions: np.ndarray) -> float:
    """Return the share of the variance that is explained."""
    return float(1 - ((target - predictions) ** 2).mean() / target.var())


def ridges(rows: int, noise: float, *, experts: bool) -> dict[str, float]:
    """Return R² of one ridge on all test rows; with experts also the gain of one ridge per bin on the covered rows."""
    parts, val, test = grams(rows, noise), held("val", VAL, noise), held("test", TEST, noise)
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    single = predicted(whole, val, test[0], np.ones(VAL, bool))
    if not experts:
        return {"all": r2(test[1], single)}
    mixed, covered = single.copy(), test[2] < BINS
    for place in range(BINS):
        here = test[2] == place
        mixed[here] = predicted(parts[place], val, test[0][here], val[2] == place)
    scores = {"single": r2(test[1][covered], single[covered]), "experts": r2(test[1][covered], mixed[covered])}
    return {"all": r2(test[1], single), **scores, "gain": scores["experts"] - scores["single"]}


def nodes(*, solar: bool) -> np.ndarray:
    """Return the labels of all nodes of the grid, or of those with solar [alpha/M] and [C/M]."""
    source = mockstar.open_source({"val": 0, "test": 30_240, "labels": "nodes"}, Path())
    labels = source.draw("test", range(30_240)).labels
    return labels[(labels[:, 3:] == 0).all(1)] if solar else labels


def observed(labels: np.ndarray, mag: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return flux and sigma of stars at a magnitude and nominal seeing: float64."""
    clean = emulator.clean(labels, dtype=torch.float64).clamp_(min=0)
    ones = torch.ones(len(labels), dtype=torch.float64)
    return clean, instrument.sigma(clean, mag * ones, ones)


def limits(labels: np.ndarray, free: int, mags: Sequence[float]) -> dict[str, dict[str, float]]:
    """Return the Fisher limits of log g with `free` labels unknown, medians over the stars, by magnitude."""
    found: dict[float, list[tuple[np.ndarray, np.ndarray]]] = {mag: [] for mag in mags}
    for start in range(0, len(labels), 256):
        stars = labels[start : start + 256]
        slopes = emulator.jacobian(stars, dtype=torch.float64)[:, :free] * torch.tensor(STEP[:free, None])
        for mag in mags:
            weighted = slopes / observed(stars, mag)[1][:, None, :]
            found[mag].append(_bounded((weighted @ weighted.mT).numpy()))
    return {f"{mag:g}": _medians(*(np.concatenate(part) for part in zip(*found[mag], strict=True))) for mag in mags}


def _bounded(information: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the variance bound of log g in dex² and the share of its information that the other labels leave."""
    variance = np.linalg.inv(information)[:, 1, 1]
    return variance * STEP[1] ** 2, 1 / (variance * information[:, 1, 1])


def _medians(variance: np.ndarray, left: np.ndarray) -> dict[str, float]:
    share = np.clip(1 - variance / VARIANCE, 0, 1)
    return {
        "r2": float(np.median(share)),
        "sigma": float(np.median(np.sqrt(variance))),
        "schur": float(np.median(left)),
    }


def snr(labels: np.ndarray, mag: float) -> dict[str, float]:
    """Return percentiles of flux over sigma, over all stars and pixels at a magnitude."""
    clean, sigma = observed(labels, mag)
    low, median, high = np.percentile((clean / sigma).numpy(), [5, 50, 95])
    return {"p5": float(low), "p50": float(median), "p95": float(high)}


def measured() -> dict[str, Any]:
    """Measure every line of the table."""
    some = nodes(solar=False)[::16]
    told: dict[str, Any] = {"snr": {f"{mag:g}": snr(some, mag) for mag in MAGNITUDES}}
    drawn = opened().column("snr_med", "test", range(TEST))
    told["snr_test"] = {f"p{share}": float(np.percentile(drawn, share)) for share in (0, 5, 50, 95, 100)}
    told["fisher3"] = limits(nodes(solar=True), 3, MAGNITUDES)
    told["fisher5"] = limits(nodes(solar=False)[::5], 5, MAGNITUDES)
    told["ridge"] = {f"{noise:g}": ridges(SMALL, noise, experts=noise in {0.2, 1}) for noise in (0, 0.1, 0.2, 1)}
    told["ridge_large"] = {"1": ridges(LARGE, 1, experts=True)}
    return told


def rounded(value: Any) -> Any:
    """Return the same with six digits, which is more than the page shows."""
    if isinstance(value, Mapping):
        return {name: rounded(each) for name, each in value.items()}
    return round(value, 6) if isinstance(value, float) else value


def main() -> None:
    """Measure, write what was found, and the page from it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", action="store_true", help="measure nothing")
    if not parser.parse_args().page:
        of = {"assets": assets.SHA256, "version": mockstar.VERSION, "rows": [SMALL, LARGE], "test": TEST}
        found = rounded({"of": of, **measured()})
        library_page.MEASURED.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    library_page.write(json.loads(library_page.MEASURED.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
