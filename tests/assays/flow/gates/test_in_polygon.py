"""The polygon test against rational arithmetic, on the grid and beside it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.gates import in_polygon
from exoraw.assays.flow.gates.in_polygon import GRID_PAYS

SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
PENTAGRAM = np.array([[np.sin(4 * np.pi * k / 5), np.cos(4 * np.pi * k / 5)] for k in range(5)])


def slowly(x: float, y: float, corners: np.ndarray) -> bool:
    """Even-odd by crossing number, points on a side inside, in rational numbers throughout."""
    px, py = Fraction(float(x)), Fraction(float(y))
    exact = [(Fraction(float(a)), Fraction(float(b))) for a, b in corners]
    odd = False
    for (ax, ay), (bx, by) in zip(exact, exact[1:] + exact[:1], strict=True):
        cross = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        if cross == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
            return True
        if (ay > py) != (by > py) and px < ax + (py - ay) * (bx - ax) / (by - ay):
            odd = not odd
    return odd


def filled(x, y, corners):
    """The fast test with the grid, by adding events far away until it pays."""
    away = np.full(GRID_PAYS, 1e9)
    return in_polygon(np.concatenate([x, away]), np.concatenate([y, away]), corners)[: len(x)]


NUMBER = st.one_of(
    st.integers(-4, 4).map(float),
    st.floats(-4, 4, allow_nan=False, width=32),
    st.sampled_from([0.1, 0.2, 0.3, 1 / 3, 1e-9, 4 - 1e-15, 5e-324, 1e-200]),
)
CORNERS = st.lists(st.tuples(NUMBER, NUMBER), min_size=3, max_size=9)


@settings(max_examples=80, deadline=None)
@given(CORNERS, st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=12), st.data())
def test_every_answer_equals_rational_arithmetic(corners, points, data):
    polygon = np.array(corners)
    on_side = [
        ((1 - t) * a + t * b)
        for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True)
        for t in data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=2))
    ]
    places = np.array([*points, *(tuple(p) for p in on_side), *corners])
    expected = [slowly(x, y, polygon) for x, y in places]
    np.testing.assert_array_equal(in_polygon(places[:, 0], places[:, 1], polygon), expected)
    np.testing.assert_array_equal(filled(places[:, 0], places[:, 1], polygon), expected)


def test_the_grid_changes_no_answer_for_a_crowd(rng):
    for corners in (PENTAGRAM, SQUARE - 1, rng.normal(0, 1, (40, 2)), SQUARE * [1e-6, 1e6] - [5e-7, 5e5]):
        reach = np.abs(corners).max(axis=0)
        places = rng.uniform(-1.2, 1.2, (20_000, 2)) * reach
        grid = in_polygon(places[:, 0], places[:, 1], corners)
        alone = np.concatenate([in_polygon(p[:, 0], p[:, 1], corners) for p in np.split(places, 20)])
        np.testing.assert_array_equal(grid, alone)
        assert 0.02 < grid.mean() < 0.98


def test_integer_channels_on_sides_and_corners_are_inside(rng):
    corners = np.array([[0, 512], [512, 1023], [1023, 512], [512, 0]], dtype=float)
    places = rng.integers(0, 1024, (30_000, 2)).astype(float)
    some = rng.choice(30_000, 400, replace=False)
    got = in_polygon(places[:, 0], places[:, 1], corners)
    np.testing.assert_array_equal(got[some], [slowly(x, y, corners) for x, y in places[some]])
    diagonal = np.column_stack([np.arange(513.0), 512 - np.arange(513.0)])
    assert filled(diagonal[:, 0], diagonal[:, 1], corners).all()


def test_the_line_is_inside_and_a_star_has_a_hole():
    x, y = np.array([0.0, 1.0, 2.0, 2.0, 1.0, 1.0]), np.array([0.0, 0.0, 1.0, 2.0, 1.0, 3.0])
    np.testing.assert_array_equal(in_polygon(x, y, SQUARE), [True, True, True, True, True, False])
    assert not in_polygon(np.zeros(1), np.zeros(1), PENTAGRAM)[0]
    assert in_polygon(np.zeros(1), np.array([0.9]), PENTAGRAM)[0]


def test_events_without_a_place_are_outside():
    bad = np.array([np.nan, np.inf, -np.inf, 1.0, 1.0])
    assert not in_polygon(bad[:3], np.ones(3), SQUARE).any()
    assert not filled(np.ones(3), bad[:3], SQUARE).any()
    assert in_polygon(np.empty(0), np.empty(0), SQUARE).shape == (0,)


@pytest.mark.parametrize(
    "corners", [[[1, 1], [1, 1], [1, 1]], [[0, 1], [2, 1], [1, 1]], [[1, 0], [1, 2], [1, 1]]]
)
def test_a_polygon_without_area_holds_its_line_only(corners):
    polygon = np.array(corners, dtype=float)
    x, y = np.array([1.0, 1.0, 1.5]), np.array([1.0, 1.0000001, 1.5])
    expected = [slowly(a, b, polygon) for a, b in zip(x, y, strict=True)]
    np.testing.assert_array_equal(filled(x, y, polygon), expected)


def test_huge_and_tiny_polygons_are_exact_too():
    for size in (1e-320, 1e-160, 1e150, 1e307):
        x, y = np.array([0.5, 1.5, 2.5, 0.0]) * size, np.array([0.5, 2.0, 1.0, 2.1]) * size
        corners = SQUARE * size
        expected = [slowly(a, b, corners) for a, b in zip(x, y, strict=True)]
        np.testing.assert_array_equal(in_polygon(x, y, corners), expected)
        np.testing.assert_array_equal(filled(x, y, corners), expected)


def test_events_keep_their_float32(rng):
    places = rng.normal(1, 1, (10_000, 2)).astype(np.float32)
    np.testing.assert_array_equal(
        in_polygon(places[:, 0], places[:, 1], SQUARE),
        in_polygon(places[:, 0].astype(float), places[:, 1].astype(float), SQUARE),
    )
