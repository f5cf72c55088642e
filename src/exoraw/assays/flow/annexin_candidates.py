"""What each method would choose as the threshold of an axis, and why a method is not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.density import (
    Density,
    DensityError,
    Landscape,
    density,
    landscape,
    resampled_valley,
)
from exoraw.assays.flow.negative import (
    MIN_MODE_SHARE,
    NegativePopulation,
    bootstrap_upper,
    negative_population,
)
from exoraw.assays.flow.transforms import Arcsinh, estimate_arcsinh

ThresholdSource = Literal["vehicle", "single stain", "valley", "unstained", "none"]

MISFIT_LIMIT = 0.05  # cumulative share by which the negative events may differ from their fit
MISFIT_NOISE = 1.2  # times 1 / sqrt(n): what sampling alone may add
UNUSABLE_MISFIT = 0.15
VALLEY_DEPTH = 0.3  # of the lower peak: a valley that is real enough to gate on
VALLEY_PEAK_SHARE = 0.01
UNLIKE_SIGMAS = 0.4  # a stain's negatives this far below those of stained cells are another population
MIN_NEGATIVE_SHARE = 0.5  # of a vehicle's cells that should be negative
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Candidate:
    """What one method would have chosen on one axis.

    Parameters
    ----------
    source : the method
    threshold : linear; None where the method cannot be used
    why_not : reason in words, "" where it can be used
    mode, sigma, cofactor : of the fitted negative population (mode linear, sigma in arcsinh units)
    misfit : of the negative events against their fit, 0 to 1
    negative_share : share of the tube's events in its negative peak, 0 to 1
    n : events it was found on
    """

    source: ThresholdSource
    threshold: float | None
    why_not: str = ""
    mode: float | None = None
    sigma: float | None = None
    cofactor: float | None = None
    misfit: float | None = None
    negative_share: float | None = None
    n: int = 0

    @property
    def usable(self) -> bool:
        """Whether a threshold may be taken from it."""
        return self.threshold is not None and not self.why_not

    @property
    def is_sick_vehicle(self) -> bool:
        """Whether it is a vehicle tube in which fewer than half of the cells are negative."""
        share = self.negative_share
        return self.source == "vehicle" and share is not None and share < MIN_NEGATIVE_SHARE

    @property
    def passed_over_because(self) -> str:
        """Why a lesser method was used instead."""
        return self.why_not or "fewer than half of its cells are negative"


def control_candidate(
    source: Literal["vehicle", "single stain"],
    linear: FloatArray | None,
    sigmas: float,
    floor: float | None = None,
) -> Candidate:
    """Negative mode + k sigma of a stained control, on the control's own axis."""
    if linear is None:
        return Candidate(source, None, "no such tube")
    try:
        found = negative_population(linear, floor)
    except DensityError as error:
        return Candidate(source, None, str(error), n=linear.size)
    return Candidate(
        source,
        found.upper(sigmas),
        "its negative events are not one population" if _is_unusable(found) else "",
        mode=found.mode,
        sigma=found.sigma,
        cofactor=found.cofactor,
        misfit=found.misfit,
        negative_share=found.share,
        n=found.n,
    )


def _is_unusable(found: NegativePopulation) -> bool:
    return found.misfit > UNUSABLE_MISFIT + MISFIT_NOISE / sqrt(found.n)


def is_misfit(candidate: Candidate) -> bool:
    """Whether the negative events of a control differ from one population by more than sampling does."""
    if candidate.misfit is None or candidate.n == 0:
        return False
    return candidate.misfit > MISFIT_LIMIT + MISFIT_NOISE / sqrt(candidate.n)


def valley_candidate(
    linear: FloatArray | None, *, lowest_share: float = MIN_MODE_SHARE, floor: float | None = None
) -> Candidate:
    """Deepest valley over the negative peak of the stained tubes: two peaks of 1 % or more, real depth.

    Parameters
    ----------
    linear : (n,) linear signal, None where there is no such tube
    lowest_share : of the events, that the negative peak must hold; valleys below it are not looked at
    floor : lowest value the detector can show; the pile on it is no peak
    """
    if linear is None:
        return Candidate("valley", None, "no stained tube")
    try:
        axis, _, seen = _seen(above(linear, floor))
    except DensityError as error:
        return Candidate("valley", None, str(error), n=linear.size)
    place = _deepest(seen, lowest_share)
    if place is None:
        return Candidate("valley", None, "one peak only", n=linear.size)
    valley = seen.valleys[place]
    threshold = float(axis.inverse(np.array([valley.position]))[0])
    shallow = "" if valley.depth >= VALLEY_DEPTH else f"the valley is only {valley.depth:.2f} deep"
    return Candidate("valley", threshold, shallow, n=linear.size)


def above(linear: FloatArray, floor: float | None) -> FloatArray:
    """Events above the lowest value the detector can show."""
    return linear if floor is None else linear[linear > floor]


def _seen(linear: FloatArray) -> tuple[Arcsinh, Density, Landscape]:
    axis = estimate_arcsinh(linear)
    shape = density(axis.forward(linear))
    return axis, shape, landscape(shape, min_share=VALLEY_PEAK_SHARE)


def _deepest(seen: Landscape, lowest_share: float = MIN_MODE_SHARE) -> int | None:
    """Index of the deepest valley above the lowest population; None with one peak only."""
    first = next((place for place, peak in enumerate(seen.peaks) if peak.share >= lowest_share), 0)
    places = range(first, len(seen.valleys))
    return max(places, key=lambda place: seen.valleys[place].depth, default=None)


def unstained_candidate(linear: FloatArray | None, percentile: float) -> Candidate:
    """Percentile of the unstained tube, where it has at least one event above it."""
    if linear is None:
        return Candidate("unstained", None, "no such tube")
    if linear.size * (1 - percentile / 100) < 1:
        reason = f"{linear.size} events cannot show the {percentile:g}th percentile"
        return Candidate("unstained", None, reason, n=linear.size)
    return Candidate("unstained", float(np.percentile(linear, percentile)), n=linear.size)


def preferred(candidates: tuple[Candidate, ...]) -> Candidate | None:
    """First candidate that can be used; a sick vehicle comes after the valley and before unstained."""

    def rank(candidate: Candidate) -> int:
        return 1 if candidate.is_sick_vehicle else 2 if candidate.source == "unstained" else 0

    usable = [candidate for candidate in candidates if candidate.usable]
    return min(usable, key=rank, default=None)


def threshold_interval(
    candidate: Candidate,
    linear: FloatArray,
    *,
    sigmas: float,
    percentile: float,
    times: int,
    seed: int,
    floor: float | None = None,
) -> tuple[float, float]:
    """95 % interval of a candidate's threshold, from `times` resamplings of the tube it was found on.

    The unstained percentile has the interval of its rank (normal approximation of the binomial).
    """
    if candidate.source == "unstained":
        n, p = linear.size, percentile / 100
        reach = Z_95 * sqrt(n * p * (1 - p))
        ranks = np.clip(np.round([n * p - reach, n * p + reach]).astype(int), 0, n - 1)
        low, high = np.sort(linear)[ranks]
        return float(low), float(high)
    if candidate.source == "valley":
        axis, shape, seen = _seen(above(linear, floor))
        place = _deepest(seen) or 0
        ends = seen.peaks[place].position, seen.peaks[place + 1].position
        values = axis.inverse(resampled_valley(shape, *ends, times, seed))
    else:
        values = bootstrap_upper(linear, sigmas, times, seed, floor)
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def unlike_stained_cells(single: Candidate, stained: NegativePopulation | None) -> bool:
    """Whether a single stain's negatives lie clearly below the negatives of stained cells.

    Compensation tubes often hold unstained cells or blank beads as their negative half; these say
    nothing of the background that staining leaves on live cells.
    """
    if stained is None or single.mode is None:
        return False
    centre = float(np.arcsinh(single.mode / stained.cofactor))
    return centre < stained.centre - UNLIKE_SIGMAS * stained.sigma


def stained_negatives(linear: FloatArray | None, floor: float | None = None) -> NegativePopulation | None:
    """Negative population of stained tubes, None where it cannot be found."""
    if linear is None:
        return None
    try:
        return negative_population(linear, floor)
    except DensityError:
        return None
