"""Divide a row into a known number of lanes: borders lie in the valleys, and lanes are about equally wide."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d, label

from exoraw.assays.blot.lanes.arrays import FloatArray, IntArray

SMOOTHING = 2.0  # pixels along x
REGULARITY = 2.5  # cost of a lane that is twice as wide as the pitch, in units of a border on a band's top
BORDER_REACH = 0.42  # of the pitch: how far a border may lie from where equal lanes would put it
OUTER_REACH = 0.15  # of the pitch: the same for the first and last border, which lie beside visible bands
SHORTEST_RUN = 8  # pixels
MORE_RUNS = 8  # than lanes: specks beside the row; the brightest are kept
MOST_ENDS = 8  # runs from either side at which a row may begin or end
MOST_LANES = 60
CUT_SHORT = 0.85  # of the usual width: a narrower first or last lane was too faint to be seen whole
NARROWEST_LANE = 10  # pixels
BORDER_WEIGHT = 1.8  # of borders that lie as high as the usual band, in the score
SPLIT_WEIGHT = 3.0  # of borders that lie as high as the lower of their own two bands


@dataclass(frozen=True)
class Partition:
    """Borders of the lanes of a row, and how well they explain its column profile.

    Parameters
    ----------
    borders : (lanes + 1,) columns
    peaks : (lanes,) height of the profile in every lane
    score : logarithmic; only differences between partitions of one row mean something
    """

    borders: IntArray
    peaks: FloatArray
    score: float

    @property
    def pitch(self) -> float:
        """Mean width of a lane, pixels."""
        return float(self.borders[-1] - self.borders[0]) / (len(self.borders) - 1)


def runs_above(profile: FloatArray, level: float, most: int = MOST_LANES) -> list[tuple[int, int]]:
    """Return first and last column of every stretch of the profile above a level that is no speckle."""
    marked, count = label(profile > level)
    edges = [np.flatnonzero(marked == number)[[0, -1]] for number in range(1, count + 1)]
    kept = [(int(first), int(last)) for first, last in edges if last - first + 1 >= SHORTEST_RUN]
    return sorted(sorted(kept, key=lambda run: profile[run[0] : run[1] + 1].sum(), reverse=True)[:most])


def cut(profile: FloatArray, x0: float, x1: float, lanes: int, reach: float = BORDER_REACH) -> IntArray:
    """Return the borders of equal-ish lanes between x0 and x1 that lie in the profile's valleys.

    Dynamic programming over the borders; the cost of one is the square root of the profile there (relative
    to the lanes' median peak), the cost of a lane is REGULARITY (width / pitch - 1)^2.

    Returns
    -------
    (lanes + 1,) columns, ascending
    """
    pitch = (x1 - x0) / lanes
    smooth = np.clip(gaussian_filter1d(profile, SMOOTHING), 0, None)
    equal = x0 + pitch * np.arange(lanes + 1)
    tops = [
        smooth[int(a) : max(int(b), int(a) + 1)].max(initial=0) for a, b in pairwise(np.clip(equal, 0, None))
    ]
    height = np.sqrt(smooth / max(float(np.median(tops)), 1e-9))
    outer = min(OUTER_REACH, reach)
    far = [outer, *[reach] * (lanes - 1), outer]
    places = [_near(int(at), int(share * pitch), len(profile)) for at, share in zip(equal, far, strict=True)]
    total, back = height[places[0]], []
    for before, here in pairwise(places):
        width = (here[:, None] - before[None, :]) / pitch
        costs = total[None, :] + REGULARITY * (width - 1) ** 2
        back.append(costs.argmin(axis=1))
        total = costs.min(axis=1) + height[here]
    at = int(total.argmin())
    borders = [int(places[-1][at])]
    for step, before in zip(reversed(back), reversed(places[:-1]), strict=True):
        at = int(step[at])
        borders.append(int(before[at]))
    return np.array(borders[::-1])


def _near(at: int, far: int, size: int) -> IntArray:
    low = min(max(0, at - far), size - 1)
    return np.arange(low, max(min(size, at + far), low) + 1).clip(0, size - 1)


def judge(profile: FloatArray, borders: IntArray) -> Partition:
    """Return a partition with its score.

    Good: every lane has a band, about equally high; borders lie in valleys, compared with the usual band and
    with the two beside them (so that lanes squeezed onto a few bright bands lose against lanes of which some
    are faint); lanes are equally wide; little of the row's light lies outside of them.
    """
    smooth = np.clip(gaussian_filter1d(profile, SMOOTHING), 1e-9, None)
    peaks = np.array([smooth[a : max(b, a + 1)].max() for a, b in pairwise(borders)])
    valleys = smooth[np.clip(borders, 0, len(smooth) - 1)]
    split = np.sqrt(np.clip(valleys[1:-1] / np.minimum(peaks[:-1], peaks[1:]), 0, 1))
    widths = np.diff(borders)
    logs = np.log(peaks)
    score = (
        logs.mean()
        - BORDER_WEIGHT * np.sqrt(valleys / np.median(peaks)).mean()
        - SPLIT_WEIGHT * (split.mean() if len(split) else 0.0)
        - 1.5 * widths.std() / max(widths.mean(), 1)
        - 0.8 * logs.std()
        + np.log(max(smooth[borders[0] : borders[-1]].sum(), 1e-9))
    )
    return Partition(borders, peaks, float(score))


def partitions(profile: FloatArray, lanes: int, level: float) -> list[Partition]:
    """Return every partition of a row whose ends are ends of visible bands, best first.

    Parameters
    ----------
    profile : (columns,) light of the row, about 0 where there is no band
    lanes : number of lanes
    level : height above which something is visible
    """
    runs = runs_above(gaussian_filter1d(profile, SMOOTHING), level, lanes + MORE_RUNS)
    ends = [(a[0], b[1]) for a in runs[:MOST_ENDS] for b in runs[-MOST_ENDS:] if b[1] > a[0]]
    wide = [(x0, x1) for x0, x1 in ends if x1 - x0 + 1 >= lanes * NARROWEST_LANE]
    found = [judge(profile, cut(profile, x0, x1 + 1, lanes)) for x0, x1 in wide]
    return sorted(found, key=lambda partition: -partition.score)


def whole_ends(profile: FloatArray, borders: IntArray) -> IntArray:
    """Return borders whose first and last lane are as wide as the others, where they were cut short.

    A faint lane at the end of a row is seen from where its light rises above VISIBLE; its border is moved out
    to the lowest place within the usual width.

    Parameters
    ----------
    profile : (columns,) light of the row
    borders : (lanes + 1,) columns, three lanes or more; of fewer nothing is usual
    """
    if len(borders) < 4:
        return borders
    usual = float(np.median(np.diff(borders)))
    smooth, whole = gaussian_filter1d(profile, SMOOTHING), borders.copy()
    if borders[1] - borders[0] < CUT_SHORT * usual:
        low = max(int(borders[1] - usual), 0)
        whole[0] = low + int(np.argmin(smooth[low : borders[0] + 1]))
    if borders[-1] - borders[-2] < CUT_SHORT * usual:
        high = min(int(borders[-2] + usual), len(profile))
        whole[-1] = borders[-1] + int(np.argmin(smooth[borders[-1] : high])) if high > borders[-1] else high
    return whole
