"""What every publication figure must satisfy: all text on the page, and no text on another."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from exoraw.figures import look

SLACK = 0.3  # pt; letters end before the box that a font gives them
FINE = 720  # dpi


@pytest.fixture(autouse=True)
def _settings_of_the_caller_stay() -> Iterator[None]:
    before = {key: value for key, value in mpl.rcParams.copy().items() if key != "backend"}
    yield
    assert {key: value for key, value in mpl.rcParams.copy().items() if key != "backend"} == before


def corners(text: Text, renderer) -> np.ndarray:
    """Corners (4, 2), pt, of a text's own rectangle, turned as the text is."""
    angle = text.get_rotation()
    straight = text.get_rotation_mode() != "anchor" or angle % 90 == 0
    if straight:
        box = text.get_window_extent(renderer)
        return np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)])
    x, y = text.get_transform().transform(text.get_position())
    width, height, _ = renderer.get_text_width_height_descent(
        text.get_text(), text.get_fontproperties(), False
    )
    left = {"right": -width, "center": -width / 2, "left": 0.0}[text.get_ha()]
    low = {"top": -height, "center": -height / 2, "bottom": 0.0, "baseline": 0.0}[text.get_va()]
    local = np.array([(left, low), (left + width, low), (left + width, low + height), (left, low + height)])
    turn = np.deg2rad(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return local @ matrix.T + (x, y)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Widest gap (pt) between two convex quadrangles; below 0 they overlap (separating axes)."""
    gaps = []
    for shape in (a, b):
        edges = np.roll(shape, -1, axis=0) - shape
        for edge in edges:
            normal = np.array([edge[1], -edge[0]])
            size = np.hypot(*normal)
            if size == 0:
                continue
            p, q = a @ normal / size, b @ normal / size
            gaps.append(max(p.min() - q.max(), q.min() - p.max()))
    return max(gaps)


def texts_of(figure: Figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def placed_texts(figure: Figure) -> tuple[list[tuple[str, np.ndarray]], np.ndarray]:
    """Every text with its corners in pt, as a printer places them: screens round letters to their pixels."""
    screen = figure.dpi
    try:
        figure.set_dpi(FINE)
        with look.house_style():
            figure.draw_without_rendering()
            renderer = figure.canvas.get_renderer()
            shown = [(t.get_text(), corners(t, renderer) * 72 / FINE) for t in texts_of(figure)]
        return shown, figure.get_size_inches() * 72
    finally:
        figure.set_dpi(screen)


@pytest.fixture
def legible() -> Callable[[Figure], list[str]]:
    """Check a figure's texts; returns them."""

    def check(figure: Figure) -> list[str]:
        shown, page = placed_texts(figure)
        for text, shape in shown:
            low, high = shape.min(axis=0), shape.max(axis=0)
            inside = np.all(low >= -SLACK) and np.all(high <= page + SLACK)
            assert inside, f"{text!r} leaves the page: {low} to {high} of {page}"
        for (one, a), (other, b) in itertools.combinations(shown, 2):
            gap = apart(a, b)
            assert gap >= -SLACK, f"{one!r} lies on {other!r} by {-gap:.2f} pt"
        return [text for text, _ in shown]

    return check
