"""Names beside points: each where it covers no point and no other name, joined to its point by a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exoraw.figures.packing import Box

FloatArray = NDArray[np.float64]
DISTANCES = (2.0, 5.0, 9.0, 14.0, 20.0, 28.0, 38.0)  # pt from a point to its name
DIRECTIONS = 16
LEADER_FROM = 4.0  # pt; a name further off is joined to its point by a line
GAP = 1.0  # pt between names
ON_LEADER = 9  # places looked at along a line


@dataclass(frozen=True)
class Label:
    """A name to place: its point and the size of its text, in pt."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Placed:
    """Where a name stands, and the end of the line that joins it to its point (None where it is close)."""

    box: Box
    leader: tuple[float, float] | None


def place_labels(
    labels: Sequence[Label], points: FloatArray, radius: float, bounds: Box
) -> list[Placed | None]:
    """Place names one after the other, nearest free place first; None where there is no room.

    Parameters
    ----------
    labels : in the order in which they choose
    points : (n, 2) pt, what no name may cover; radius : of a point
    bounds : within which names may stand

    Returns
    -------
    one per label; no two overlap, none covers a point, all lie within `bounds`
    """
    placed: list[Placed | None] = []
    for label in labels:
        done = [one for one in placed if one is not None]
        free = (c for c in _candidates(label, bounds) if _is_free(c, label, done, points, radius, bounds))
        placed.append(next(free, None))
    return placed


def _candidates(label: Label, bounds: Box) -> list[Placed]:
    """Return places around a point, near ones first; away from the middle of the page before towards it."""
    outwards = 0.0 if label.x >= (bounds.left + bounds.right) / 2 else math.pi
    turns = sorted(range(DIRECTIONS), key=lambda i: (abs(i - DIRECTIONS * (2 * i > DIRECTIONS)), i))
    found = []
    for distance in DISTANCES:
        for turn in turns:
            angle = outwards + turn * 2 * math.pi / DIRECTIONS
            found.append(_at(label, distance, math.cos(angle), math.sin(angle)))
    return found


def _at(label: Label, distance: float, dx: float, dy: float) -> Placed:
    """Return the name at a distance in a direction, its nearest edge or corner towards the point."""
    half_width, half_height = label.width / 2, label.height / 2
    x = label.x + dx * distance + half_width * min(1.0, max(-1.0, dx * 1.5))
    y = label.y + dy * distance + half_height * min(1.0, max(-1.0, dy * 1.5))
    box = Box(x - half_width, x + half_width, y - half_height, y + half_height)
    if distance < LEADER_FROM:
        return Placed(box, None)
    end = (min(max(label.x, box.left), box.right), min(max(label.y, box.bottom), box.top))
    return Placed(box, end)


def _is_free(
    candidate: Placed, label: Label, done: Sequence[Placed], points: FloatArray, radius: float, bounds: Box
) -> bool:
    box = candidate.box
    inside = box.left >= bounds.left and box.right <= bounds.right and box.bottom >= bounds.bottom
    if not inside or box.top > bounds.top or _covers(box, points, radius):
        return False
    wide = Box(box.left - GAP, box.right + GAP, box.bottom - GAP, box.top + GAP)
    if any(wide.overlaps(other.box) for other in done):
        return False
    own = _leader_points((label.x, label.y), candidate.leader)
    return not any(_covers(other.box, own, GAP) for other in done)


def _covers(box: Box, points: FloatArray, radius: float) -> bool:
    x, y = points[:, 0], points[:, 1]
    beside = (x > box.left - radius) & (x < box.right + radius)
    return bool(np.any(beside & (y > box.bottom - radius) & (y < box.top + radius)))


def _leader_points(start: tuple[float, float], end: tuple[float, float] | None) -> FloatArray:
    if end is None:
        return np.empty((0, 2))
    share = np.linspace(0, 1, ON_LEADER)[:, None]
    return np.asarray(np.array(start) * (1 - share) + np.array(end) * share)
