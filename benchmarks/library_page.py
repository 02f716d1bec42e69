"""The page on the synthetic library: its table and its figures, from what `library_fidelity.py` measured."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from runner.figures._canvas import COLOURS, INK, canvas, svg
from runner.numerics import emulator, instrument
from runner.numerics.noise import normals

FOLDER = Path(__file__).parent.parent / "logg" / "library"
PAGE, MEASURED = FOLDER / "index.md", FOLDER / "fidelity.json"
SPECTRA, TRIPLET, SNR = (FOLDER / f"{name}.svg" for name in ("spectra", "triplet", "snr"))
REGION = re.compile(r"<!-- fidelity -->\n.*<!-- /fidelity(?: \w+)? -->\n", re.DOTALL)

CALCIUM = (8500.35, 8544.44, 8664.52)  # the triplet of Ca II, vacuum wavelengths in Angstrom
NEAR = 8470, 8690  # what is shown around it
STARS = {  # teff, logg, mh, am, cm
    "metal-poor giant (4250 K, log g 1.5, [M/H] −2)": (4250, 1.5, -2.0, 0.25, 0.0),
    "dwarf like the Sun (5750 K, log g 4.5, [M/H] 0)": (5750, 4.5, 0.0, 0.0, 0.0),
    "cool metal-rich dwarf (4000 K, log g 4.5, [M/H] 0.5)": (4000, 4.5, 0.5, 0.0, 0.0),
}

# What the published sets give: `domain` tables of the reports that the experiments of this knowledge base restate.
LIMITS3 = {"18": 0.9994, "20": 0.9906, "21.5": 0.8914, "22": 0.7396, "22.5": 0.3658, "23": 0.0}
LIMITS5 = {"18": 0.9993, "20": 0.9892, "21.5": 0.8742, "22": 0.6983, "22.5": 0.2647, "23": 0.0}
SIGMAS = {"18": 0.033, "20": 0.125, "21.5": 0.426, "22": 0.66, "22.5": 1.03, "23": 1.61}
RATIOS = {
    "18": (40.5, 87.4, 94.8),
    "20": (7.1, 24.0, 27.4),
    "21.5": (1.8, 7.1, 8.4),
    "22": (1.1, 4.6, 5.5),
    "22.5": (0.7, 3.0, 3.5),
    "23": (0.5, 1.9, 2.3),
}
SHARES, TEST_RATIOS = (0, 5, 50, 95, 100), (2.79, 3.71, 8.21, 17.22, 27.68)


def write(found: Mapping[str, Any]) -> None:
    """Draw the figures and put table and digest into the page."""
    for path, content in ((SPECTRA, spectra()), (TRIPLET, triplet()), (SNR, ratios(found))):
        path.write_bytes(content)
    text = PAGE.read_text(encoding="utf-8")
    if not REGION.search(text):
        raise SystemExit(f"{PAGE} has no region <!-- fidelity --> ... <!-- /fidelity -->")
    PAGE.write_text(REGION.sub(lambda _: region(found), text), encoding="utf-8")


def region(found: Mapping[str, Any]) -> str:
    """Return the generated part of the page; its digest covers what was measured and all figures."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (MEASURED, SPECTRA, TRIPLET, SNR))).hexdigest()
    return f"<!-- fidelity -->\n\n{table(found)}\n\n<!-- /fidelity {digest[:8]} -->\n"


def table(found: Mapping[str, Any]) -> str:
    """Return the published values and ours side by side."""
    head = ["| quantity | published sets | this library |", "|---|---|---|"]
    return "\n".join([*head, *(f"| {label} | {theirs} | {ours} |" for label, theirs, ours in lines(found))])


def lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield every line: what it is, what was published, what was measured here."""
    small, large = found["ridge"], found["ridge_large"]["1"]
    few, many = (f"{rows // 1000}k" for rows in found["of"]["rows"])
    yield f"Ridge R², no noise, {few}", "0.999", f"{small['0']['all']:.4f}"
    yield f"Ridge R², noise 0.1, {few}", "0.91", f"{small['0.1']['all']:.3f}"
    yield f"Ridge R², noise 0.2, {few}", "0.83 to 0.86", f"{small['0.2']['all']:.3f}"
    yield f"Ridge R², noise 1, {few}", "0.458", f"{small['1']['all']:.3f}"
    yield f"Ridge R², noise 1, {many}", "0.475", f"{large['all']:.3f}"
    yield f"gain of nine ridges, one per bin, covered rows, noise 0.2, {few}", "+0.050", f"{small['0.2']['gain']:+.3f}"
    gains = f"{small['1']['gain']:+.3f} ({few}), {large['gain']:+.3f} ({many})".replace("-", "−")
    yield "the same gain, noise 1", "+0.16 (1M)", gains
    yield from (
        (f"median Fisher R² limit, {free} labels, magnitude {mag}", f"{theirs:.3f}", f"{found[key][mag]['r2']:.3f}")
        for free, key, published in ((3, "fisher3", LIMITS3), (5, "fisher5", LIMITS5))
        for mag, theirs in published.items()
    )
    for mag, theirs in SIGMAS.items():
        yield (
            f"median Fisher σ(log g), 3 labels, magnitude {mag}",
            f"{theirs:g}",
            f"{found['fisher3'][mag]['sigma']:.3f}",
        )
    for free, published in ((3, "0.69"), (5, "0.58")):
        ours = found[f"fisher{free}"]["21.5"]["schur"]
        yield f"information on log g that {free - 1} other labels leave, magnitude 21.5", published, f"{ours:.2f}"
    for mag, published_span in RATIOS.items():
        yield (
            f"SNR of a pixel, magnitude {mag}: median [5 %, 95 %]",
            _span(*published_span, 1),
            _span(*_percentiles(found, mag), 1),
        )
    ours = " / ".join(f"{value:.1f}" for value in (found["snr_test"][f"p{share}"] for share in SHARES))
    yield "SNR of test stars: min / 5 % / 50 % / 95 % / max", " / ".join(f"{v:.1f}" for v in TEST_RATIOS), ours


def _percentiles(found: Mapping[str, Any], mag: str) -> tuple[float, float, float]:
    at = found["snr"][mag]
    return at["p5"], at["p50"], at["p95"]


def _span(low: float, middle: float, high: float, digits: int) -> str:
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def spectra() -> bytes:
    """Draw three stars over the whole range, the calcium triplet marked."""
    figure, panels = canvas(6.4, 6.4, rows=len(STARS))
    wave = emulator.wavelengths()[::2] / 10
    for axes, colour, (name, labels) in zip(panels, COLOURS, STARS.items(), strict=False):
        flux = (
            emulator.clean([labels])[0].numpy().reshape(-1, 2).min(1)
        )  # of two pixels the darker: cores of lines stay
        _mark(axes, 0.05, 0.66)
        axes.plot(wave, flux, color=colour, linewidth=0.7)
        axes.set(xlim=(wave[0], wave[-1]), ylim=(0.02, 0.78), ylabel="flux")
        axes.set_title(name, fontsize=11, loc="left")
    panels[0].text(CALCIUM[1] / 10, 0.68, "Ca II triplet", ha="center", va="bottom", fontsize=10)
    panels[-1].set_xlabel("vacuum wavelength in nm")
    return svg(figure)


def triplet() -> bytes:
    """Draw the triplet of the star like the Sun, as it is and as it is observed at two magnitudes."""
    figure, panels = canvas(6.4, 5.0, rows=2)
    wave = emulator.wavelengths()
    near = (wave > NEAR[0]) & (wave < NEAR[1])
    clean = emulator.clean([list(STARS.values())[1]])
    for axes, mag in zip(panels, (20.5, 22.5), strict=True):
        sigma = instrument.sigma(clean, torch.tensor([mag]), torch.ones(1))
        noisy = (clean + sigma * normals(1, torch.tensor([0]), emulator.PIXELS))[0].numpy()
        _mark(axes, -0.2, 1.05)
        axes.plot(wave[near] / 10, noisy[near], color=COLOURS[0], linewidth=0.8, label=f"observed at magnitude {mag}")
        axes.plot(wave[near] / 10, clean[0].numpy()[near], color=COLOURS[1], linewidth=1.4, label="without noise")
        axes.set(xlim=(NEAR[0] / 10, NEAR[1] / 10), ylim=(-0.25, 1.25), ylabel="flux")
        axes.legend(frameon=False, fontsize=10, ncols=2, loc="upper left", bbox_to_anchor=(0, 1.16))
    for line in CALCIUM:
        panels[0].text(line / 10 + 0.15, 1.05, "Ca II", ha="left", va="top", fontsize=10)
    panels[-1].set_xlabel("vacuum wavelength in nm")
    return svg(figure)


def _mark(axes: Any, low: float, high: float) -> None:
    for line in CALCIUM:
        axes.plot([line / 10, line / 10], [low, high], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.7)


def ratios(found: Mapping[str, Any]) -> bytes:
    """Draw the ratio of flux to sigma over magnitude, published and ours: medians, and bars from 5 to 95 %."""
    figure, (axes,) = canvas(6.4, 4.2)
    mags = np.array([float(mag) for mag in RATIOS])
    for values, shift, colour, marker, name in (
        (list(RATIOS.values()), -0.04, COLOURS[1], "s", "published sets"),
        ([_percentiles(found, mag) for mag in RATIOS], 0.04, COLOURS[0], "o", "this library"),
    ):
        low, middle, high = np.array(values).T
        bars = np.array([middle - low, high - middle])
        style: dict[str, Any] = {"fmt": marker, "color": colour, "markersize": 6, "elinewidth": 1.5, "capsize": 3}
        axes.errorbar(mags + shift, middle, bars, label=name, **style)
    axes.set_yscale("log")
    axes.set_yticks([0.5, 1, 2, 5, 10, 20, 50, 100], [f"{tick:g}" for tick in (0.5, 1, 2, 5, 10, 20, 50, 100)])
    axes.minorticks_off()
    axes.set(xlabel="magnitude", ylabel="flux over sigma, of a pixel")
    axes.legend(frameon=False, fontsize=11)
    return svg(figure)
