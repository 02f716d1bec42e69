"""Profiles along the inputs: the curve, its marks, and their names."""

from __future__ import annotations

import re
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from runner.results.board import Board
from runner.verdicts.knowledge import Knowledge
from tests.figures.drawings import texts
from tests.gated import PLACES, WIDTH, gated

spectrum = pytest.importorskip("runner.figures.spectrum")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the gated base once."""
    return gated(tmp_path_factory.mktemp("base"))


def board(known: Knowledge) -> Board:
    """Return what a figure of the experiment sees."""
    return Board(known.evaluator, known.library.named("TOY-S"))


def curves(drawn: bytes, fewest: int = 100) -> list[np.ndarray]:
    """Return the corners of the long lines of a drawing."""
    paths = re.findall(r'<path d="([^"]*)" clip-path', drawn.decode())
    found = [np.array(re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path), float) for path in paths]
    return [corners for corners in found if len(corners) >= fewest]


def made_up(values: np.ndarray, positions: np.ndarray | None = None, name: str = "") -> Board:
    """Return a board that knows one profile."""
    fake = SimpleNamespace(profile=lambda _: values, positions=lambda _: positions, inputs=lambda _: name)
    return cast("Board", fake)


def test_a_profile_is_drawn_where_its_inputs_stand(known: Knowledge) -> None:
    """Its deepest point lies at the very input, and as deep below the others as it is."""
    seen = board(known)
    values = seen.profile("line(1M).weights")
    (curve,) = curves(spectrum.draw(spectrum.Params(("line(1M).weights",)), seen))

    deepest, highest = curve[curve[:, 1].argmax()], curve[curve[:, 1].argmin()]
    span = (curve[-1, 0] - curve[0, 0]) / (PLACES[-1] - PLACES[0])
    assert deepest[0] - curve[0, 0] == pytest.approx((PLACES[values.argmin()] - PLACES[0]) * span, abs=0.05)
    first = curve[0, 1]
    assert (deepest[1] - first) / (first - highest[1]) == pytest.approx(
        (values[0] - values.min()) / (values.max() - values[0]), rel=1e-3
    )


def test_many_inputs_are_drawn_by_their_extremes() -> None:
    """The outline of 4096 inputs in three panels stays small and keeps every spike."""
    values = np.random.default_rng(1).normal(size=4096)
    values[1234] = 40.0
    drawn = spectrum.draw(spectrum.Params(("a.weights", "b.weights", "c.weights")), made_up(values))

    at, kept = spectrum.outline(np.arange(4096), values, spectrum.BLOCKS)
    assert len(drawn) < 150_000
    assert len(at) <= 2 * spectrum.BLOCKS
    assert (kept.max(), at[kept.argmax()], kept.min()) == (40.0, 1234, values.min())
    np.testing.assert_array_equal(kept, values[at])


def test_few_inputs_are_all_drawn() -> None:
    """Nothing is left out of what fits."""
    at, values = spectrum.outline(np.arange(50), np.arange(50.0) ** 2, spectrum.BLOCKS)

    assert (len(at), values[7]) == (50, 49)


@pytest.mark.parametrize("window", [1, 2, 5, 9])
def test_smoothing_is_a_running_mean(window: int) -> None:
    """Against a convolution, where the whole window lies inside."""
    values = np.random.default_rng(2).normal(size=200)
    inside = slice(window, -window)

    smoothed = spectrum._smoothed(values, window)

    np.testing.assert_allclose(smoothed[inside], np.convolve(values, np.ones(window) / window, "same")[inside])
    assert len(smoothed) == 200
    np.testing.assert_allclose(spectrum._smoothed(np.ones(20), window), 1)


def test_marks_are_named_from_left_to_right_and_apart() -> None:
    """Names of lines that stand close move away from each other and keep their order."""
    wanted = [0.10, 0.50, 0.505, 0.51, 0.9, 0.905]

    moved = spectrum._apart(wanted)

    assert all(later - earlier >= spectrum.APART * 0.999 for earlier, later in pairwise(moved))
    assert (moved[0], moved[2]) == pytest.approx((0.10, 0.505))
    assert np.abs(np.array(moved) - wanted).max() <= 0.03


@pytest.mark.parametrize(
    ("marks", "names"),
    [({"Ca II": 150.0, "Na I": 120.5}, ["Na I", "Ca II"]), ((150.0, 120.5), ["120.5", "150"])],
)
def test_marks_may_have_names(known: Knowledge, marks: object, names: list[str]) -> None:
    """Or are called by where they stand."""
    drawn = texts(spectrum.draw(spectrum.Params(("line(1M).weights",), marks), board(known)))

    assert [text for text in drawn if text in names] == names


def test_names_of_close_marks_do_not_cover_each_other(known: Knowledge) -> None:
    """They stand a line apart though their marks nearly touch."""
    drawn = spectrum.draw(spectrum.Params(("line(1M).weights",), {"one": 150.0, "two": 150.1}), board(known)).decode()

    one, two = (float(re.findall(rf'x="([\d.]+)"[^>]*>{name}<', drawn)[0]) for name in ("one", "two"))
    assert 12 <= two - one <= 20


def test_a_mark_beyond_the_inputs_is_left_out(known: Knowledge) -> None:
    """A list of lines may be longer than what these inputs cover."""
    marks = {"Ca II": 8542.0, "here": 150.0}
    drawn = texts(spectrum.draw(spectrum.Params(("line(1M).weights",), marks), board(known)))

    assert "here" in drawn
    assert "Ca II" not in drawn


def test_an_axis_is_called_what_the_source_calls_it() -> None:
    """Inputs that stand nowhere are counted."""
    values = np.linspace(-3e-4, 2e-4, WIDTH)

    named = texts(spectrum.draw(spectrum.Params(("a.weights",)), made_up(values, PLACES, "wavelength (Å)")))
    counted = texts(spectrum.draw(spectrum.Params(("a.weights",)), made_up(values)))

    assert {"wavelength (Å)", "a.weights / 10⁻⁴"} <= set(named)
    assert {"input", "2000"} <= set(counted)


def test_the_same_evidence_gives_the_same_bytes(known: Knowledge) -> None:
    """Nothing of the moment enters a drawing."""
    params = spectrum.Params(("line(1M).weights", "line(50k).weights"), {"a": 120.0, "b": 121.0}, 5)

    assert spectrum.draw(params, board(known)) == spectrum.draw(params, board(known))
