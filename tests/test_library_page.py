"""The page on the synthetic library: its numbers are those that were measured, and measuring again gives them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import library_fidelity, library_page
from runner.data import mockstar
from runner.numerics import assets, emulator


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What was measured, as it is committed."""
    content: dict[str, Any] = json.loads(library_page.MEASURED.read_text(encoding="utf-8"))
    return content


def test_table_and_figures_are_made_from_what_was_measured(found: dict[str, Any]) -> None:
    """The generated part of the page is what the benchmark writes; its digest covers measurements and figures."""
    written = library_page.REGION.search(library_page.PAGE.read_text(encoding="utf-8"))

    assert written is not None
    assert written[0] == library_page.region(found)


def test_the_measurements_are_of_the_library_that_ships(found: dict[str, Any]) -> None:
    """Other tables, or another version of the source, make the page one to be measured again."""
    assert found["of"]["assets"] == assets.SHA256
    assert found["of"]["version"] == mockstar.VERSION


def test_cheap_lines_are_measured_again(found: dict[str, Any]) -> None:
    """Signal-to-noise ratios and the limits with three labels come out as they stand."""
    some = library_fidelity.nodes(solar=False)[::16]

    for mag in (18, 22.5):
        assert library_fidelity.snr(some, mag) == pytest.approx(found["snr"][f"{mag:g}"], abs=1e-5)
    limits = library_fidelity.limits(library_fidelity.nodes(solar=True), 3, (21.5,))
    assert limits["21.5"] == pytest.approx(found["fisher3"]["21.5"], abs=1e-5)


def test_what_the_page_says_in_words_holds(found: dict[str, Any]) -> None:
    """Ridge is higher, the gain of nine ridges and the limits lower than published; medians of SNR agree to 3 %."""
    assert found["ridge"]["1"]["all"] > 0.458
    assert found["ridge_large"]["1"]["all"] > 0.475
    assert found["ridge"]["0.2"]["gain"] < 0.05
    assert found["ridge_large"]["1"]["gain"] < 0.16
    for key, published in (("fisher3", library_page.LIMITS3), ("fisher5", library_page.LIMITS5)):
        assert all(found[key][mag]["r2"] <= theirs for mag, theirs in published.items())
    for mag, (_, median, _) in library_page.RATIOS.items():
        assert found["snr"][mag]["p50"] == pytest.approx(median, rel=0.03)


@pytest.mark.parametrize("path", [library_page.SPECTRA, library_page.TRIPLET, library_page.SNR], ids=lambda p: p.stem)
def test_figures_are_small_and_draw_everything(path: Any) -> None:
    """A figure is at most 150 kB of SVG that needs nothing from elsewhere."""
    text = path.read_text(encoding="utf-8")

    assert len(text.encode()) <= 150_000
    assert "<script" not in text
    assert 'href="http' not in text


def test_the_marked_lines_are_the_darkest_nearby() -> None:
    """The dashed lines stand where the star like the Sun has the cores of its triplet."""
    flux = emulator.clean([list(library_page.STARS.values())[1]])[0].numpy()
    wave = emulator.wavelengths()

    for line in library_page.CALCIUM:
        near = abs(wave - line) < 15
        assert abs(wave[near][flux[near].argmin()] - line) < 0.43
