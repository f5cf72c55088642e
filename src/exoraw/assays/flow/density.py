"""One-dimensional densities: where the peaks and the valleys of a channel lie, and which of them are real."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, pi, prod, sqrt

import numpy as np
from scipy.fft import dct
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import brentq

from exoraw.assays.flow.arrays import FloatArray

GRID = 1024  # points; a power of two for the cosine transform
OUTER_PERCENT = 0.02  # of the events at either end may lie outside the grid
MAD_TO_SIGMA = 1.4826022185056018  # 1 / normal quantile of 0.75
NARROWEST = 0.35  # of Silverman's bandwidth: integer scales would else show every channel as a peak
MIN_PEAK_SHARE = 0.01  # of all events: a peak with less is not a population
MIN_VALLEY_DEPTH = 0.1  # 1 - valley / lower peak: shallower is a shoulder
SMALLEST_TIME, LARGEST_TIME = 1e-12, 0.1  # of the diffusion: bandwidth 1e-6 to 0.3 of the grid
TIME_PRECISION = 1e-9  # of its logarithm
ONE_ROOT = 0.2  # of the logarithm: nearer than this, roots are of no account
NOTHING_LEFT = 100.0  # far beyond the fixed point: the diffusion has smoothed everything away
VALLEY_Z = 3.0  # standard errors by which the lower peak must stand above the valley


class DensityError(ValueError):
    """Too few finite values for a density."""


@dataclass(frozen=True)
class Density:
    """A smoothed histogram.

    Parameters
    ----------
    positions : (m,) display units, equally spaced
    heights : (m,) events per display unit divided by n; integrates to about 1
    bandwidth : standard deviation of the Gaussian that smoothed it, display units
    n : events
    """

    positions: FloatArray
    heights: FloatArray
    bandwidth: float
    n: int

    def at(self, position: float) -> float:
        """Height at a position, 0 outside the grid."""
        return float(np.interp(position, self.positions, self.heights, left=0.0, right=0.0))

    def standard_error(self, height: float) -> float:
        """Counting error of a height (variance of a Gaussian kernel estimate)."""
        return sqrt(max(height, 0.0) / (2 * sqrt(pi) * self.n * self.bandwidth))


@dataclass(frozen=True)
class Peak:
    """A population: its mode, its height and the share of all events between its valleys."""

    position: float
    height: float
    share: float


@dataclass(frozen=True)
class Valley:
    """The lowest point between two peaks; depth = 1 - height / height of the lower peak, 0 to 1."""

    position: float
    height: float
    depth: float


@dataclass(frozen=True)
class Landscape:
    """Peaks from left to right, and the valley between every two neighbours."""

    peaks: tuple[Peak, ...]
    valleys: tuple[Valley, ...]


def density(display: FloatArray, *, bandwidth: float | None = None) -> Density:
    """Smooth the histogram of a channel with a Gaussian kernel.

    The bandwidth is Botev's (2010) diffusion estimate, which does not over-smooth two populations as
    Silverman's rule does, but never under 0.35 of Silverman's.

    Parameters
    ----------
    display : (n,) values on a display axis (arcsinh, logicle, log); not finite ones are left out
    bandwidth : display units; chosen from the data when None

    Raises
    ------
    DensityError : fewer than 10 finite values, or all the same
    """
    values = np.asarray(display, dtype=np.float64)
    values = values[np.isfinite(values)]
    if values.size < 10:
        raise DensityError(f"a density needs at least 10 events; there are {values.size}")
    low, high = np.percentile(values, [OUTER_PERCENT, 100 - OUTER_PERCENT])
    if not low < high:
        raise DensityError("all events have the same value; a density needs a spread")
    margin = 0.15 * (high - low)
    low, high = low - margin, high + margin
    counts, edges = np.histogram(values, GRID, (low, high))
    step = float(edges[1] - edges[0])
    width = _bandwidth(values, counts, high - low) if bandwidth is None else bandwidth
    smooth = gaussian_filter1d(counts.astype(np.float64), width / step, mode="constant", truncate=5.0)
    return Density((edges[:-1] + edges[1:]) / 2, smooth / (values.size * step), width, values.size)


def landscape(
    shape: Density, *, min_share: float = MIN_PEAK_SHARE, min_depth: float = MIN_VALLEY_DEPTH
) -> Landscape:
    """Find the peaks that are populations and the valleys between them.

    Every local maximum starts as a peak. The weakest neighbours are merged until every valley is deeper
    than `min_depth`, stands 3 counting errors below its lower peak, and every peak holds at least
    `min_share` of the events.
    """
    heights = shape.heights
    inner = (heights[1:-1] > heights[:-2]) & (heights[1:-1] >= heights[2:])
    tops = [int(top) + 1 for top in np.flatnonzero(inner)]
    while len(tops) > 1:
        bottoms = _bottoms(heights, tops)
        weak = _weakest(shape, tops, bottoms, min_share, min_depth)
        if weak is None:
            break
        tops.pop(weak)
    bottoms = _bottoms(heights, tops)
    shares = _shares(heights, bottoms)
    peaks = [
        Peak(float(shape.positions[top]), float(heights[top]), share)
        for top, share in zip(tops, shares, strict=True)
    ]
    valleys = [
        Valley(float(shape.positions[low]), float(heights[low]), _depth(heights, tops, place, low))
        for place, low in enumerate(bottoms)
    ]
    return Landscape(tuple(peaks), tuple(valleys))


def left_side_sigma(display: FloatArray, mode: float) -> float:
    """Width of the negative population from the events left of its mode: 1.4826 x their median distance.

    Positive events lie on the right, so they do not widen it. 0.0 where no event lies left of the mode.
    """
    values = np.asarray(display)
    left = mode - values[values < mode]
    return float(np.median(left)) * MAD_TO_SIGMA if left.size else 0.0


def _bottoms(heights: FloatArray, tops: list[int]) -> list[int]:
    pairs = pairwise(tops)
    return [left + int(np.argmin(heights[left:right])) for left, right in pairs]


def _shares(heights: FloatArray, bottoms: list[int]) -> list[float]:
    total = float(heights.sum())
    borders = [0, *bottoms, len(heights)]
    pairs = pairwise(borders)
    return [float(heights[left:right].sum()) / total for left, right in pairs]


def _depth(heights: FloatArray, tops: list[int], place: int, bottom: int) -> float:
    lower = min(heights[tops[place]], heights[tops[place + 1]])
    return float(1 - heights[bottom] / lower)


def _weakest(
    shape: Density, tops: list[int], bottoms: list[int], min_share: float, min_depth: float
) -> int | None:
    """Index of the peak to drop next, or None where all stand. Shallow valleys go before small peaks."""
    heights = shape.heights
    depths = [_depth(heights, tops, place, bottom) for place, bottom in enumerate(bottoms)]
    for place in np.argsort(depths):
        left, right = heights[tops[place]], heights[tops[place + 1]]
        lower, bottom = float(min(left, right)), float(heights[bottoms[place]])
        noise = sqrt(shape.standard_error(lower) ** 2 + shape.standard_error(bottom) ** 2)
        if depths[place] < min_depth or lower - bottom < VALLEY_Z * noise:
            return int(place) if left < right else int(place) + 1
    shares = _shares(heights, bottoms)
    smallest = int(np.argmin(shares))
    return smallest if shares[smallest] < min_share else None


def _bandwidth(values: FloatArray, counts: FloatArray, span: float) -> float:
    """Botev's bandwidth, at least 0.35 of Silverman's; Silverman's where Botev's has no solution."""
    quartiles = np.subtract(*np.percentile(values, [75, 25])) / 1.349
    scales = [scale for scale in (float(np.std(values)), float(quartiles)) if scale > 0]
    silverman = 0.9 * min(scales, default=span / 100) * values.size**-0.2
    botev = _botev_bandwidth(counts, values.size, span)
    return float(max(silverman if botev is None else botev, NARROWEST * silverman))


def _botev_bandwidth(counts: FloatArray, n: int, span: float) -> float | None:
    """Improved Sheather-Jones bandwidth (Botev, Grotowski & Kroese 2010, Annals of Statistics 38:2916)."""
    falling = -((np.arange(1, GRID, dtype=np.float64) * pi) ** 2)
    power = (dct(counts / n, type=2)[1:] / 2) ** 2
    weights = {order: 2 * (-falling) ** order * power for order in range(2, 8)}

    def roughness(order: int, time: float) -> float:
        return float(weights[order] @ np.exp(falling * time))

    def beyond(logarithm: float) -> float:
        """Logarithm of a time over that of its fixed point: nearly a straight line, which Brent likes."""
        rough = roughness(7, exp(logarithm))
        for order in range(6, 1, -1):
            if rough <= 0:
                return NOTHING_LEFT
            odd = prod(range(1, 2 * order, 2)) / sqrt(2 * pi)
            factor = (1 + 0.5 ** (order + 0.5)) / 3
            rough = roughness(order, (2 * factor * odd / (n * rough)) ** (2 / (3 + 2 * order)))
        return logarithm + 0.4 * log(2 * n * sqrt(pi) * rough) if rough > 0 else NOTHING_LEFT

    low, high = log(SMALLEST_TIME), log(LARGEST_TIME)
    if not beyond(low) < 0 < beyond(high):
        return None
    while high - low > ONE_ROOT:  # small or rounded samples have several: halving, then Brent in what is left
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) < 0 else (low, middle)
    return sqrt(exp(brentq(beyond, low, high, xtol=TIME_PRECISION))) * span


def resampled_valley(shape: Density, left: float, right: float, resamplings: int, seed: int) -> FloatArray:
    """Where the valley between two peaks lies in resampled densities (smoothed bootstrap).

    Parameters
    ----------
    shape : the density on which the valley was found
    left, right : positions of the two peaks
    resamplings, seed : how many, and the seed of the generator

    Returns
    -------
    (resamplings,) positions, display units
    """
    step = float(shape.positions[1] - shape.positions[0])
    chances = shape.heights / shape.heights.sum()
    draws = np.random.default_rng(seed).multinomial(shape.n, chances, size=resamplings)
    smooth = gaussian_filter1d(draws.astype(np.float64), shape.bandwidth / step, axis=1, mode="constant")
    between = (shape.positions >= left) & (shape.positions <= right)
    found: FloatArray = shape.positions[between][np.argmin(smooth[:, between], axis=1)]
    return found
