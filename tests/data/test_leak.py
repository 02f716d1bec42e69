"""What a job could learn from the noise: sigma is nearly a spectrum without noise, so it stays out of sight."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from runner import jobs
from runner.contract import Split
from runner.data.mockstar import Mockstar, open_source
from runner.execution.workshop import Splits
from runner.findings import JobFailed
from runner.numerics import emulator, instrument, portions
from runner.numerics.snr import STATISTICS, sigma_statistics

ROWS, TRAIN = 3000, 2250
AXES = [{"noise": 1.0}, {"noise": 1.0, "mag": 21.5}]
SEEN: dict[str, Any] = {"target": "logg", "axes": {"noise": 1.0}, "seed": 42, "device": "cpu"}
MAKERS = {"emulator", "instrument", "observation", "origins", "star_law"}  # of rows without noise


def source() -> Mockstar:
    """The stand-in with a thousand test rows."""
    return open_source({"val": 0, "test": 1000}, Path())


def train(axes: dict[str, float], rows: int = ROWS) -> Split:
    """Training rows as a job sees them."""
    return source().split("train", rows, target="logg", axes=axes, seed=42, device="cpu")


def clean_and_sigma(rows: int, split: str = "train", mag: float | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """What no job sees: spectra without noise, and their sigma."""
    stars = source().draw(split, range(rows), mag)
    clean = emulator.clean(stars.labels).clamp(min=0)
    return clean, instrument.sigma(clean, torch.tensor(stars.mag), torch.tensor(stars.factor))


def gathered(batches: Iterable[torch.Tensor]) -> np.ndarray:
    """All batches in one array."""
    return torch.cat(list(batches)).double().numpy()


def explained(inputs: np.ndarray, *, trees: bool = False) -> float:
    """R² for log g of rows behind the training rows: the best of six ridges, or boosted trees."""
    logg = source().column("logg", "train", range(len(inputs)))
    x, part = StandardScaler().fit(inputs[:TRAIN]).transform(inputs), slice(TRAIN)
    models: list[Any] = [Ridge(10.0**k) for k in range(-3, 3)]
    if trees:
        models = [HistGradientBoostingRegressor(max_iter=60, random_state=0)]
    with threadpool_limits(1):  # trees this small only wait for each other's threads
        return max(float(model.fit(x[part], logg[part]).score(x[TRAIN:], logg[TRAIN:])) for model in models)


def compared(statistics: np.ndarray) -> np.ndarray:
    """The ten statistics, their logarithms, and every ratio of two that have a unit: what a greedy job would try."""
    logs = np.log(abs(statistics) + 1e-12)
    ratios = [logs[:, i] - logs[:, j] for i in range(8) for j in range(i)]
    return np.column_stack([statistics, logs, *ratios])


def test_sigma_betrays_logg() -> None:
    """A ridge on every fourth pixel of sigma explains over 90 % of log g."""
    assert explained(clean_and_sigma(ROWS)[1][:, ::4].double().numpy()) > 0.9


@pytest.mark.parametrize("axes", AXES)
def test_what_is_told_of_sigma_does_not(axes: dict[str, float]) -> None:
    """From the ten numbers a job may know, neither ridges nor trees explain 10 %, not even from their ratios."""
    told = gathered(train(axes).statistics(1000))

    assert told.shape == (ROWS, len(STATISTICS))
    assert explained(told) < 0.1
    assert explained(compared(told), trees=True) < 0.1


def test_exact_statistics_would_betray_logg() -> None:
    """Why they are rounded: at one magnitude, trees on the ratios of exact statistics explain most of log g."""
    exact = sigma_statistics(clean_and_sigma(ROWS, mag=21.5)[1]).double().numpy()

    assert explained(compared(exact), trees=True) > 0.5


def test_what_is_told_still_says_how_noisy_a_spectrum_is() -> None:
    """The logarithm of the ratio SNR follows from the median of sigma with R² 0.99."""
    told = gathered(train({"noise": 1.0}, 2000).statistics(500))[:, STATISTICS.index("median")]
    snr = source().column("snr_med", "train", range(2000))

    assert stats.pearsonr(np.log(told), np.log(snr)).statistic ** 2 > 0.99


def test_all_that_is_seen_together_has_noise() -> None:
    """Where the noise drowns everything, inputs and statistics together explain nothing: no part is free of it."""
    rows = train({"noise": 1e4})
    everything = np.column_stack([gathered(rows.inputs(1000))[:, ::64], gathered(rows.statistics(1000))])

    assert explained(everything) < 0.1
    assert explained(everything, trees=True) < 0.1


def tensors(found: object) -> Iterator[torch.Tensor]:
    """Every tensor in what a call gave."""
    if isinstance(found, torch.Tensor):
        yield found
    elif isinstance(found, Iterable) and not isinstance(found, str):
        for item in found:
            yield from tensors(item)


def test_features_can_only_be_built_from_noisy_flux() -> None:
    """Whatever public name of a split is read or called, a spectrum it gives has white noise of the size of sigma."""
    view = source().split("test", 100, **SEEN)
    clean, sigma = clean_and_sigma(100, "test")
    offered = {name: getattr(view, name) for name in dir(view) if not name.startswith("_") and name != "target"}

    with pytest.raises(JobFailed, match="the test target is for scoring only"):
        _ = view.target
    with pytest.raises(JobFailed, match="the test target is for scoring only"):
        offered.pop("pairs")(100)
    with pytest.raises(JobFailed, match="the test target is for scoring only"):
        offered["column"]("logg")
    with pytest.raises(JobFailed, match="the test rows are seen as the experiment says"):
        offered.pop("at")(noise=0)
    with pytest.raises(JobFailed, match="the test rows are seen with their own noise"):
        offered.pop("redrawn")(1)
    assert len(offered.pop("column")("mh")) == 100
    told = {name: offered.pop(name) for name in ("key", "axes", "positions")}
    assert (told["axes"], told["positions"].shape) == ({"noise": 1.0}, (4096,))
    some = offered.pop("some")(range(20, 60))
    given = {name: list(tensors(value(100) if callable(value) else value)) for name, value in offered.items()}

    widths = {name: [tensor.shape[1] for tensor in several] for name, several in given.items()}
    assert widths == {"rows": [], "width": [], "inputs": [4096], "statistics": [10]}
    assert torch.equal(some, given["inputs"][0][20:60])
    z = ((given["inputs"][0] - clean) / sigma).double()
    assert stats.kstest(z.ravel()[::7].numpy(), "norm").pvalue > 1e-3
    assert abs(float((z[:, 1:] * z[:, :-1]).mean())) < 5 / np.sqrt(z.numel())


def test_what_stands_behind_the_rows_is_shown_to_nobody_who_does_not_say_so() -> None:
    """The splits of a job hold what opens their origin only if its file says so; a job inside another never sees it."""
    rows = train({"noise": 1.0}, 10)

    for given in (Splits(rows, rows, rows), portions.Splits(rows, rows, rows)):
        with pytest.raises(JobFailed, match="not shown what stands behind the rows"):
            _ = given.origin
    with pytest.raises(JobFailed, match="not shown what stands behind the rows"):
        _ = replace(Splits(rows, rows, rows, behind=source().origin), behind=None).origin
    assert Splits(rows, rows, rows, behind=source().origin).origin.target == "logg"


def test_whoever_asks_for_the_truth_of_the_test_rows_is_known() -> None:
    """Templates are of the training rows and tell nothing of the test rows; their derivatives do."""
    rows, test = train({"noise": 1.0}, 10), source().split("test", 5, **SEEN)
    given = Splits(rows, rows, test, behind=source().origin)

    assert not given.truth
    clean, _, target = next(given.origin.templates(10))
    assert torch.allclose(clean, clean_and_sigma(10)[0], atol=1e-6)
    assert np.array_equal(target, rows.column("logg"))
    assert given.origin.law is not None
    assert not given.truth
    next(given.origin.sensitivities(("logg",), 5))
    assert given.truth


@pytest.mark.parametrize("path", sorted(Path(jobs.__path__[0]).glob("*.py")), ids=lambda path: path.stem)
def test_no_job_looks_behind_what_it_is_shown(path: Path) -> None:
    """No job reads a private name of something else, nor imports a source; one that learns makes no spectrum either.

    What stands behind the rows is read only where the file says so.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reads = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _private(node)]
    modules = " ".join(ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))

    assert [ast.unparse(node) for node in reads] == []
    assert "runner.data" not in modules
    if "USES_TRAIN = False" not in path.read_text(encoding="utf-8"):
        assert not MAKERS & set(modules.replace(",", " ").replace(".", " ").split())
    if "ORIGIN = True" not in path.read_text(encoding="utf-8"):
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "origin"]


def _private(node: ast.Attribute) -> bool:
    own = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
    return node.attr.startswith("_") and not node.attr.startswith("__") and not own
