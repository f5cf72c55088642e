"""Sudden changes of a tube's signals: short disturbances, and steps after which a signal stays elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.quality.clock import IntArray
from exoraw.assays.flow.quality.running import running_median, step_noise

SMALLEST_SHIFT = 0.2  # of 2 arcsin(sqrt(share)): from 50 to 60 % of events below the tube's median
WINDOW_SHARE, LEAST_WINDOW, MOST_WINDOW = 0.05, 5, 25  # slices that are compared on either side of a step
STEP_PART = 0.6  # of a change must be sudden; steep drift of a narrow population gives up to 0.5
RAMP_PART = 0.9  # or this part of it must be more than what the tube does everywhere
RAMP_WINDOWS = 8  # a tube of fewer windows does not show what it does everywhere
MOVING = 0.5  # of the limit: series that move less say nothing of the shape of a change
MOST_LOST = 0.5  # steps that would cost more leave no part that is surely right: nothing is cut
DRIFT_PARTS = 5  # of a tube, whose levels are compared


@dataclass(frozen=True, eq=False)
class Stretch:
    """Slices start to stop - 1 between two sudden changes."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Unsteady:
    """Where the signals of a tube change suddenly.

    Parameters
    ----------
    disturbed : (bins,) short disturbances: slices that differ from their neighbours
    stepped : (bins,) stretches that lie elsewhere than the longest one and what joins it without a step
    steps : first slices after a sudden change
    score : (bins,) deviation in units of the limit; over 1 is too much
    worst : (bins,) series that deviates most
    lost : share of the slices that lie elsewhere; over one half none is the right part and none is `stepped`
    """

    disturbed: BoolArray
    stepped: BoolArray
    steps: tuple[int, ...]
    score: FloatArray
    worst: IntArray
    lost: float

    @property
    def undecided(self) -> bool:
        """Whether steps were found, but no part that holds half of the tube."""
        return self.lost > MOST_LOST


@dataclass(frozen=True, eq=False)
class _Window:
    """One window per place: (places, 1) sizes and centres, (places, series) means and covariations."""

    size: FloatArray
    centre: FloatArray
    variation: FloatArray
    mean: FloatArray
    covariation: FloatArray

    @classmethod
    def of(cls, levels: FloatArray, start: IntArray, stop: IntArray) -> _Window:
        """Sums over slices start to stop - 1 of every place, from running totals."""
        nothing = np.zeros((1, levels.shape[1]))
        position = np.arange(len(levels))[:, np.newaxis]
        totals = np.concatenate([nothing, np.cumsum(levels, axis=0)])
        moments = np.concatenate([nothing, np.cumsum(position * levels, axis=0)])
        size = (stop - start)[:, np.newaxis].astype(np.float64)
        centre = (start + stop - 1)[:, np.newaxis] / 2
        mean = (totals[stop] - totals[start]) / size
        covariation = moments[stop] - moments[start] - size * centre * mean
        return cls(size, centre, size * (size**2 - 1) / 12, mean, covariation)


@dataclass(frozen=True, eq=False)
class _Series:
    """Levels without their short disturbances, the noise of each series, and how far we look."""

    levels: FloatArray
    noise: FloatArray
    window: int
    mads: float

    def limit(self, left: int, right: int) -> FloatArray:
        spread: FloatArray = self.mads * self.noise * np.sqrt(1 / left + 1 / right)
        return np.maximum(spread, SMALLEST_SHIFT)

    def differ(self, left: slice, right: slice) -> float:
        """Difference of two stretches' means in units of the limit, in the series where it is largest."""
        one, other = self.levels[left], self.levels[right]
        gap = np.abs(one.mean(axis=0) - other.mean(axis=0))
        return float((gap / self.limit(len(one), len(other))).max())


def unsteady(levels: FloatArray, events: int, mads: float) -> Unsteady:
    """Find sudden changes in any series; slow drift is left alone.

    Short disturbances differ from the running median by more than `mads` standard deviations. Steps are
    looked for between the means of neighbouring windows (a twentieth of the tube, 5 to 25 slices), so that
    a drift counts only with what it moves in a twentieth of the tube.

    Parameters
    ----------
    levels : (bins, series), standard deviation 1 / sqrt(events) where nothing changes
    events : per slice
    mads : PeacoQC's 6
    """
    bins = len(levels)
    noise = np.maximum(1 / np.sqrt(events), step_noise(levels))
    window = int(np.clip(WINDOW_SHARE * bins, LEAST_WINDOW, MOST_WINDOW))
    usual = running_median(levels, window)
    excess = np.abs(levels - usual) / np.maximum(mads * noise, SMALLEST_SHIFT)
    score, worst = excess.max(axis=1), excess.argmax(axis=1)
    disturbed = score > 1
    cleaned = np.where(disturbed[:, np.newaxis], usual, levels)
    series = _Series(cleaned, noise, window, mads)
    steps = _steps(series)
    stepped = _elsewhere(series, steps)
    lost = float(stepped.mean())
    if lost > MOST_LOST:
        stepped = np.zeros_like(stepped)
    return Unsteady(disturbed, stepped, steps, score, worst, lost)


def drifts(levels: FloatArray, keep: BoolArray) -> FloatArray:
    """(series,) largest difference between fifths of the slices that are kept; 0 with too few of them."""
    kept = levels[keep]
    if len(kept) < 2 * DRIFT_PARTS:
        return np.zeros(levels.shape[1])
    parts = np.array([part.mean(axis=0) for part in np.array_split(kept, DRIFT_PARTS)])
    reach: FloatArray = parts.max(axis=0) - parts.min(axis=0)
    return reach


def _steps(series: _Series) -> tuple[int, ...]:
    """First slices after a step: local maxima of the difference between neighbouring windows."""
    bins, window = len(series.levels), series.window
    places = np.arange(2, bins - 1)
    if not places.size:
        return ()
    score = _step_score(series, places)
    found: list[int] = []
    while score.max() > 1:
        top = int(score.argmax())
        found.append(int(places[top]))
        score[max(0, top - window // 2) : top + window // 2 + 1] = 0
    return tuple(sorted(found))


def _step_score(series: _Series, places: IntArray) -> FloatArray:
    """(places,) difference of the windows before and after in units of the limit; 0 where it is a drift.

    Of what moves, 60 % must be the step of a line with a step fitted to both windows, or 90 % must
    exceed the tube's usual difference. A drift has neither; the ramp of a tube that settles has the second.
    """
    low, high = np.maximum(places - series.window, 0), np.minimum(places + series.window, len(series.levels))
    before, after = _Window.of(series.levels, low, places), _Window.of(series.levels, places, high)
    difference = after.mean - before.mean
    slope = (before.covariation + after.covariation) / (before.variation + after.variation)
    jump = difference - slope * (after.centre - before.centre)
    spread = series.mads * series.noise * np.sqrt(1 / before.size + 1 / after.size)
    relative = np.abs(difference) / np.maximum(spread, SMALLEST_SHIFT)
    moving = relative > MOVING
    usual = np.median(difference, axis=0)
    total = np.where(moving, difference**2, 0).sum(axis=1)
    jumping, standing_out = (
        np.where(moving, difference * part, 0).sum(axis=1) for part in (jump, difference - usual)
    )
    steep = jumping >= STEP_PART * total
    if len(series.levels) >= RAMP_WINDOWS * series.window:
        steep |= standing_out >= RAMP_PART * total
    score: FloatArray = np.where(steep, relative.max(axis=1), 0)
    return score


def _elsewhere(series: _Series, steps: tuple[int, ...]) -> BoolArray:
    """Slices of the stretches that do not go on where the longest one ends."""
    edges = [0, *steps, len(series.levels)]
    stretches = [Stretch(start, stop) for start, stop in pairwise(edges)]
    longest = max(range(len(stretches)), key=lambda place: len(stretches[place]))
    behind = _walk(series, stretches[longest:])
    mirrored = _Series(series.levels[::-1], series.noise, series.window, series.mads)
    bins = len(series.levels)
    turned = [Stretch(bins - one.stop, bins - one.start) for one in reversed(stretches[: longest + 1])]
    before: BoolArray = _walk(mirrored, turned)[::-1]
    return behind | before


def _walk(series: _Series, stretches: list[Stretch]) -> BoolArray:
    """Slices that lie elsewhere than where the kept ones before them end; the first stretch is kept."""
    away = np.zeros(len(series.levels), dtype=bool)
    near = stretches[0]
    for stretch in stretches[1:]:
        start = _settled(series, near, stretch)
        away[stretch.start : start] = True
        if start < stretch.stop:
            near = Stretch(start, stretch.stop)
    return away


def _settled(series: _Series, near: Stretch, stretch: Stretch) -> int:
    """First slice of a later stretch that lies where the kept one ends, or lies as a whole; else its stop."""
    width = series.window
    known = slice(max(near.start, near.stop - width), near.stop), slice(near.start, near.stop)

    def away(start: int) -> bool:
        window = slice(start, min(start + width, stretch.stop))
        return all(series.differ(one, window) > 1 for one in known)

    if not away(stretch.start):
        return stretch.start
    last_away = stretch.start
    for start in range(stretch.start, max(stretch.stop - width + 1, stretch.start + 1)):
        if away(start):
            last_away = start
    settled = last_away + width
    return settled if settled + LEAST_WINDOW <= stretch.stop else stretch.stop
