"""The negative population of a channel: where it sits, how wide it is, and where its upper tail ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.density import DensityError, density, landscape, left_side_sigma
from exoraw.assays.flow.transforms import Arcsinh, estimate_arcsinh

BINS = 400
WINDOW_SIGMAS = 2.0  # the fit sees events up to mode + 2 sigma: positives beyond do not pull it
WINDOW_PASSES = 3
MIN_MODE_SHARE = 0.05  # of the events: a lower peak with less is debris or an artefact of compensation
COFACTOR_REACH = 30.0  # times above and below the spread of the negatives, the bounds of the cofactor
COFACTOR_SD = 0.5  # natural log units: a few hundred events cannot tell the axis, so it starts at the spread
MIN_FIT_EVENTS = 50
MAX_STEPS = 60
CONVERGED = 1e-8  # gain in log likelihood per event


@dataclass(frozen=True)
class NegativePopulation:
    """A normal distribution on the axis arcsinh(x / cofactor), fitted to the negative events.

    Parameters
    ----------
    mode : centre, linear
    centre, sigma : centre and standard deviation in units of the arcsinh axis
    cofactor : of that axis, linear
    n : events of the tube
    share : share of the tube's events that lie in this peak, 0 to 1
    misfit : largest difference between observed and fitted cumulative share in the window, 0 to 1
    """

    mode: float
    centre: float
    sigma: float
    cofactor: float
    n: int
    share: float
    misfit: float

    def upper(self, sigmas: float) -> float:
        """Linear signal `sigmas` standard deviations above the centre (2.81: the 99.75th percentile)."""
        return float(self.cofactor * np.sinh(self.centre + sigmas * self.sigma))


@dataclass(frozen=True)
class _Histogram:
    """Counts between linear edges; the first edge is minus infinity, the last takes all events in."""

    edges: FloatArray
    counts: FloatArray

    def up_to(self, limit: float) -> _Histogram:
        last = max(int(np.searchsorted(self.edges[:-1], limit)), 8)
        return _Histogram(self.edges[: last + 1], self.counts[:last])


@dataclass(frozen=True)
class _Normal:
    """Centre and width on an arcsinh axis, the three numbers that are fitted."""

    centre: float
    sigma: float
    cofactor: float

    def linear(self, sigmas: float) -> float:
        return float(self.cofactor * np.sinh(self.centre + sigmas * self.sigma))


def negative_population(linear: FloatArray, floor: float | None = None) -> NegativePopulation:
    """Fit the negative population of a control tube.

    Autofluorescence and background staining are right-skewed (about log-normal), detector noise is
    Gaussian: arcsinh(x / c) is normal for both when c is their ratio. Centre, width and c are fitted
    together by penalised maximum likelihood to the events below mode + 2 sigma only, so that positive
    cells do not widen it. The left-side MAD on a fixed axis, the simpler form of the same idea, moves
    by a factor of two with the choice of that axis; it gives the start values here.

    Parameters
    ----------
    linear : (n,) compensated linear signal of one channel
    floor : lowest value the detector can show, linear; events at or below it are known to lie below and
        no more (left-censored). On a log amplifier a sixth of unstained cells may: taken at face value
        they look like a population of their own

    Raises
    ------
    DensityError : fewer than 50 finite events above the floor, or no spread
    """
    values = _finite(linear, floor)
    start, share, spread = _start(values, floor)
    histogram = _histogram(values, start, floor)
    fitted = _fit_in_window(histogram, start, spread)
    misfit = _misfit(histogram.up_to(fitted.linear(WINDOW_SIGMAS)), fitted)
    return NegativePopulation(
        mode=fitted.linear(0.0),
        centre=fitted.centre,
        sigma=fitted.sigma,
        cofactor=fitted.cofactor,
        n=values.size,
        share=share,
        misfit=misfit,
    )


def bootstrap_upper(
    linear: FloatArray, sigmas: float, resamplings: int, seed: int, floor: float | None = None
) -> FloatArray:
    """Fit the negative population to resampled events.

    Returns
    -------
    (resamplings,) values of `upper(sigmas)`, linear
    """
    values = _finite(linear, floor)
    start, _, spread = _start(values, floor)
    histogram = _histogram(values, start, floor)
    found = _fit_in_window(histogram, start, spread)
    chances = histogram.counts / histogram.counts.sum()
    draws = np.random.default_rng(seed).multinomial(values.size, chances, size=resamplings)
    refits = [_fit_in_window(replace(histogram, counts=draw), found, spread) for draw in draws]
    return np.array([refit.linear(sigmas) for refit in refits])


def _finite(linear: FloatArray, floor: float | None) -> FloatArray:
    values = np.asarray(linear, dtype=np.float64)
    values = values[np.isfinite(values)]
    shown = values.size if floor is None else int(np.count_nonzero(values > floor))
    if shown < MIN_FIT_EVENTS:
        where = "" if floor is None else " above the lowest value of the detector"
        raise DensityError(f"a negative population needs {MIN_FIT_EVENTS} events{where}; there are {shown}")
    return values


def _start(values: FloatArray, floor: float | None) -> tuple[_Normal, float, float]:
    """Lowest peak that is a population, its left-side sigma, its share, its linear spread."""
    shown = values if floor is None else values[values > floor]
    axis = estimate_arcsinh(shown)
    seen = landscape(density(axis.forward(shown)))
    place = next((i for i, peak in enumerate(seen.peaks) if peak.share >= MIN_MODE_SHARE), 0)
    peak = seen.peaks[place]
    lowest = seen.valleys[place - 1].position if place else -np.inf
    display = axis.forward(values if floor is None else np.maximum(values, floor))
    sigma = left_side_sigma(display[display > lowest], peak.position)
    if sigma <= 0:
        raise DensityError("all negative events have the same value; a negative population needs a spread")
    below = 0 if place else values.size - shown.size
    share = (peak.share * shown.size + below) / values.size
    return (
        _Normal(peak.position, sigma, axis.cofactor),
        share,
        _linear_spread(axis, peak.position, sigma),
    )


def _linear_spread(axis: Arcsinh, centre: float, sigma: float) -> float:
    low, high = axis.inverse(np.array([centre - sigma, centre + sigma]))
    return float(high - low) / 2


def _histogram(values: FloatArray, start: _Normal, floor: float | None) -> _Histogram:
    """Counts on the start's axis; the open first bin ends at the floor where the detector has one."""
    axis = Arcsinh(start.cofactor)
    low, high = start.centre - 6 * start.sigma, start.centre + 6 * start.sigma
    at_floor = -np.inf if floor is None else float(axis.forward(np.array([floor]))[0])
    if at_floor > low:
        edges = np.concatenate([[-np.inf], axis.inverse(np.linspace(at_floor, high, BINS))])
    else:
        edges = axis.inverse(np.linspace(low, high, BINS + 1))
    edges[0], edges[-1] = -np.inf, max(edges[-1], values.max())
    counts = np.diff(np.searchsorted(np.sort(values), edges, side="right"))
    return _Histogram(edges, counts.astype(np.float64))


def _fit_in_window(histogram: _Histogram, start: _Normal, spread: float) -> _Normal:
    fitted, bins = start, 0
    for _ in range(WINDOW_PASSES):
        window = histogram.up_to(fitted.linear(WINDOW_SIGMAS))
        if window.counts.size == bins:
            break
        fitted, bins = _fit(window, fitted, spread), window.counts.size
    return fitted


def _fit(window: _Histogram, start: _Normal, spread: float) -> _Normal:
    """Penalised maximum likelihood of the binned events below the window's last edge, by damped scoring."""
    reach, middle = np.log(COFACTOR_REACH), np.log(spread)
    low = np.array([-np.inf, np.log(1e-4), middle - reach])
    high = np.array([np.inf, np.log(10.0), middle + reach])
    cofactor = float(np.clip(start.cofactor, spread / COFACTOR_REACH, spread * COFACTOR_REACH))
    place = np.array([start.linear(0.0) / spread, np.log(_width_on(cofactor, start)), np.log(cofactor)])
    edges, counts = window.edges[1:], window.counts
    here = _binned_likelihood(edges, counts, place, spread)
    damping = 1e-3
    for _ in range(MAX_STEPS):
        bowl = here.information + damping * np.diag(np.diag(here.information) + 1e-12)
        step = np.clip(np.linalg.solve(bowl, here.gradient), -1.0, 1.0)
        trial = np.clip(place - step, low, high)
        there = _binned_likelihood(edges, counts, trial, spread)
        gain = here.value - there.value
        if gain < 0:
            damping *= 10
            if damping > 1e6:
                break
            continue
        place, here, damping = trial, there, damping / 10
        if gain < CONVERGED:
            break
    scale = float(np.exp(place[2]))
    return _Normal(float(np.arcsinh(place[0] * spread / scale)), float(np.exp(place[1])), scale)


def _width_on(cofactor: float, start: _Normal) -> float:
    """Width of `start` on another cofactor's axis."""
    low, high = start.linear(-1.0), start.linear(1.0)
    return float(np.arcsinh(high / cofactor) - np.arcsinh(low / cofactor)) / 2


@dataclass(frozen=True)
class _Likelihood:
    """Minus log likelihood per event, its gradient and its expected curvature (Fisher information)."""

    value: float
    gradient: FloatArray
    information: FloatArray


def _binned_likelihood(
    edges: FloatArray, counts: FloatArray, place: FloatArray, spread: float
) -> _Likelihood:
    """Likelihood of a truncated normal on arcsinh(x / c), from counts between `edges` (first bin open).

    `place` = (mode / spread, log sigma, log c). A prior holds log c near log spread; it weighs less than
    a single event and matters in small controls only (200 events: the threshold's standard deviation
    falls by a fifth).
    """
    sigma, cofactor = np.exp(place[1]), np.exp(place[2])
    mode = place[0] * spread / cofactor
    ratio, bend = edges / cofactor, np.hypot(1.0, mode)
    z = (np.arcsinh(ratio) - np.arcsinh(mode)) / sigma
    along_mode = np.full_like(z, -spread / cofactor / bend / sigma)
    along_cofactor = (mode / bend - ratio / np.hypot(1.0, ratio)) / sigma
    below = ndtr(z)
    steps = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) * np.stack([along_mode, -z, along_cofactor])
    total, top = counts.sum(), max(float(below[-1]), 1e-300)
    chance = np.maximum(np.diff(below, prepend=0.0) / top, 1e-300)
    change = np.diff(steps, axis=1, prepend=np.zeros((3, 1))) / top - chance * steps[:, -1:] / top
    pull = (place[2] - np.log(spread)) / COFACTOR_SD
    value = -(counts @ np.log(chance)) / total + 0.5 * pull**2 / total
    gradient = -(change @ (counts / chance)) / total
    gradient[2] += pull / COFACTOR_SD / total
    information = (change / chance) @ change.T
    information[2, 2] += 1 / COFACTOR_SD**2 / total
    return _Likelihood(float(value), gradient, information)


def _misfit(window: _Histogram, fitted: _Normal) -> float:
    below = ndtr((np.arcsinh(window.edges[1:] / fitted.cofactor) - fitted.centre) / fitted.sigma)
    seen = np.cumsum(window.counts)
    if seen[-1] <= 0 or below[-1] <= 0:
        return 1.0
    return float(np.abs(seen / seen[-1] - below / below[-1]).max())
