"""Nothing on top of anything: where brackets, points side by side and labels of points may stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
TOUCH = 1e-9  # pt; boxes that only share an edge do not overlap


@dataclass(frozen=True)
class Box:
    """A rectangle on paper, in pt; x to the right, y upwards."""

    left: float
    right: float
    bottom: float
    top: float

    def overlaps(self, other: Box) -> bool:
        """Say whether two rectangles share an area."""
        return (
            self.left < other.right - TOUCH and other.left < self.right - TOUCH
            and self.bottom < other.top - TOUCH and other.bottom < self.top - TOUCH
        )  # fmt: skip

    def raised(self, by: float) -> Box:
        """Return it `by` pt higher."""
        return Box(self.left, self.right, self.bottom + by, self.top + by)


def stack(wanted: Sequence[Box], obstacles: Sequence[Box], gap: float) -> list[Box]:
    """Lift every rectangle to the lowest place where it lies above all obstacles below or in it, and is free.

    A bracket lies above everything that stands in its width, so that its line crosses nothing; brackets may
    fill the room under a wider one only where they are free of it.

    Parameters
    ----------
    wanted : rectangles in the order in which they choose their place (narrow ones first look best); their
        own `bottom` is the lowest place they may take
    obstacles : what is drawn already: error bars, points
    gap : pt between any two of them

    Returns
    -------
    rectangles of the same size, in the same order
    """
    placed: list[Box] = []
    for box in wanted:
        floor = box.bottom
        for obstacle in obstacles:
            if _share_width(box, obstacle, gap):
                floor = max(floor, obstacle.top + gap)
        placed.append(_lowest_free(box.raised(floor - box.bottom), placed, gap))
    return placed


def _lowest_free(box: Box, placed: Sequence[Box], gap: float) -> Box:
    """Return the box at the lowest height from its own upwards where it keeps `gap` from all placed."""
    rivals = sorted((other for other in placed if _share_width(box, other, gap)), key=lambda other: other.top)
    here = box
    for _ in range(len(rivals) + 1):
        hit = [o for o in rivals if here.bottom < o.top + gap - TOUCH and o.bottom - gap + TOUCH < here.top]
        if not hit:
            return here
        here = here.raised(max(other.top for other in hit) + gap - here.bottom)
    return here


def _share_width(a: Box, b: Box, gap: float) -> bool:
    return a.left < b.right + gap - TOUCH and b.left < a.right + gap - TOUCH


def side_by_side(heights: FloatArray, diameter: float, half_width: float) -> FloatArray:
    """Return how far (pt) each point of a group moves aside, so that points of similar height do not hide.

    Parameters
    ----------
    heights : (n,) pt on the value axis
    diameter : pt of one point
    half_width : pt that the group may use to either side; where it is too little, points move closer

    Returns
    -------
    (n,) pt in [-half_width, half_width]; the same heights always give the same places
    """
    moved = np.zeros(heights.size)
    done: list[int] = []
    for i in np.argsort(heights, kind="stable"):
        near = [j for j in done if abs(heights[i] - heights[j]) < diameter]
        moved[i] = _nearest_free(heights[i], heights[near], moved[near], diameter)
        done.append(int(i))
    reach = float(np.max(np.abs(moved), initial=0.0))
    return moved * (half_width / reach) if reach > half_width else moved


def _nearest_free(height: float, heights: FloatArray, moved: FloatArray, diameter: float) -> float:
    if heights.size == 0:
        return 0.0
    aside = np.sqrt(np.maximum(diameter**2 - (heights - height) ** 2, 0.0)) * 1.0001
    places = np.concatenate([[0.0], moved + aside, moved - aside])
    places = places[np.lexsort((places, np.abs(places).round(6)))]
    distance = (places[:, None] - moved) ** 2 + (heights - height) ** 2
    free = (distance >= diameter**2 * (1 - 1e-9)).all(axis=1)
    return float(places[free][0]) if free.any() else 0.0
