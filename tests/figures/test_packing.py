"""Packing: brackets, points and names never lie on each other, whatever the data."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exoraw.figures.packing import Box, side_by_side, stack

finite = st.floats(-200, 200)
size = st.floats(0.5, 60)
boxes = st.lists(
    st.builds(lambda x, y, w, h: Box(x, x + w, y, y + h), finite, finite, size, size), min_size=0, max_size=12
)


@given(boxes, boxes, st.floats(0, 5))
def test_stacked_rectangles_overlap_neither_each_other_nor_an_obstacle(wanted, obstacles, gap) -> None:
    placed = stack(wanted, obstacles, gap)
    for one, other in itertools.combinations(placed, 2):
        assert not one.overlaps(other)
    for box, obstacle in itertools.product(placed, obstacles):
        shares = box.left < obstacle.right - 1e-9 and obstacle.left < box.right - 1e-9
        assert not shares or box.bottom >= obstacle.top - 1e-6


@given(boxes, boxes)
def test_stacking_only_lifts_and_keeps_size_and_order(wanted, obstacles) -> None:
    for before, after in zip(wanted, stack(wanted, obstacles, 2.0), strict=True):
        assert (after.left, after.right) == (before.left, before.right)
        assert after.bottom >= before.bottom - 1e-9
        assert abs((after.top - after.bottom) - (before.top - before.bottom)) < 1e-6


def test_a_bracket_takes_the_lowest_free_place() -> None:
    first, second, third = stack([Box(0, 10, 0, 5), Box(20, 30, 0, 5), Box(0, 30, 0, 5)], [], 1.0)
    assert (first.bottom, second.bottom, third.bottom) == (0, 0, 6)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_points_with_room_never_hide_each_other(heights) -> None:
    array = np.array(heights)
    aside = side_by_side(array, 3.0, 1e6)
    for i, j in itertools.combinations(range(array.size), 2):
        assert (aside[i] - aside[j]) ** 2 + (array[i] - array[j]) ** 2 >= 9.0 * (1 - 1e-6)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60), st.floats(1, 20))
def test_points_stay_within_their_group(heights, half_width) -> None:
    aside = side_by_side(np.array(heights), 3.0, half_width)
    assert np.all(np.abs(aside) <= half_width * (1 + 1e-9))
    assert np.array_equal(aside, side_by_side(np.array(heights), 3.0, half_width))
