"""The pictures: small, palette PNGs, the same bytes for the same numbers, legible with odd names."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.plots import Corner, Curve, Line, cleaning_plot, control_plot, quadrant_plot
from exoraw.assays.flow.transforms import Arcsinh, Logicle

AXES = (PlotAxis("FITC-A", Logicle(), -500, 262_144), PlotAxis("PE-A", Arcsinh(150), -500, 262_144))
CORNERS = (Corner("live", 90.0), Corner("early", 5.0), Corner("late", 4.0), Corner("necrotic", 1.0))
LIMIT = 30_000  # bytes a picture may have: a study of 200 tubes stays below 12 MB


def draw(events: np.ndarray, title: str = "DOX 1") -> bytes:
    return quadrant_plot(events, AXES, (900.0, 800.0), CORNERS, title, "n")


def cells(rng: np.random.Generator, n: int) -> np.ndarray:
    return 10 ** rng.normal((2.3, 2.2), 0.4, (n, 2))


@pytest.mark.parametrize("n", [0, 1, 50, 100_000])
def test_a_quadrant_plot_is_a_small_palette_png_for_any_number_of_cells(
    rng: np.random.Generator, n: int
) -> None:
    content = draw(cells(rng, n))
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.mode) == ("PNG", "P")
    assert len(content) <= LIMIT


def test_the_same_numbers_give_the_same_bytes(rng: np.random.Generator) -> None:
    events = cells(rng, 5_000)
    assert draw(events) == draw(events)


def test_values_without_number_and_beyond_the_axes_are_drawn_on_the_edge(rng: np.random.Generator) -> None:
    events = cells(rng, 500)
    events[:3] = [[np.nan, 1.0], [np.inf, -np.inf], [1e9, -1e9]]
    assert len(draw(events)) > 1_000
    assert AXES[0].place(np.array([np.nan, -1e9, 1e9])).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("title", ["$x_1$ 100 % \\frac", "a" * 200, "µ ± ° 样品", "<script>"])
def test_sample_names_are_drawn_as_they_are(rng: np.random.Generator, title: str) -> None:
    assert len(draw(cells(rng, 100), title)) > 1_000


def test_ticks_stand_where_their_values_lie() -> None:
    for axis in AXES:
        major, labels, _ = axis.ticks()
        for label, value in (("0", 0.0), ("10³", 1e3), ("10⁵", 1e5)):
            assert major[labels.index(label)] == pytest.approx(
                float(axis.place(np.array([value]))[0]), abs=1e-9
            )


@pytest.mark.parametrize("with_height", [True, False])
def test_the_cleaning_plot_needs_no_height(rng: np.random.Generator, with_height: bool) -> None:
    forward, side = rng.normal(9e4, 1e4, (2, 4_000))
    keep = forward > 8e4
    height = forward * 0.8 if with_height else None
    content = cleaning_plot(forward, side, height, keep, keep, (2e5, 2e5, 2e5), 3e4, ("debris", "doublets"))
    assert Image.open(io.BytesIO(content)).size == ((255, 510) if with_height else (255, 255))
    assert len(content) <= LIMIT


def test_beside_the_cleaning_plot_the_quadrants_take_two_thirds(
    rng: np.random.Generator,
) -> None:
    forward, side = rng.normal(9e4, 1e4, (2, 500))
    keep = forward > 8e4
    content = cleaning_plot(forward, side, forward, keep, keep, (2e5, 2e5, 2e5), 3e4, ("debris", "doublets"))
    small, large = (Image.open(io.BytesIO(one)) for one in (content, draw(cells(rng, 500))))
    at_equal_height = small.width * large.height / small.height
    assert large.width / (large.width + at_equal_height) == pytest.approx(2 / 3)


def test_the_control_plot_takes_many_borders_close_together(rng: np.random.Generator) -> None:
    curves = [
        Curve(name, cells(rng, 2_000)[:, 0], place)
        for place, name in enumerate(("vehicle", "unstained", "empty"))
    ]
    curves[2] = Curve("empty", np.empty(0), 2)
    lines = [Line(900.0 + step, f"line {step}", used=step == 0) for step in range(5)]
    content = control_plot(AXES, (curves, curves), (lines, lines), "batch", "note")
    assert len(content) <= 1.5 * LIMIT  # one for a whole batch
