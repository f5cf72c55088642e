"""A share of the gated cells with an interval that holds the doubt about its gate too."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray, spread_over
from exoraw.assays.flow.density import DensityError, density, landscape
from exoraw.assays.flow.markers.brightness import above_floor
from exoraw.assays.flow.markers.findings import remark, signal_of
from exoraw.assays.flow.markers.resampling import percent_interval
from exoraw.assays.flow.transforms import estimate_arcsinh

FEW_EVENTS = 1_000  # below it a 5 % share is known to no better than +-1.4 points
SHAPE_EVENTS = 20_000  # evenly spread over the tube: enough to see a population of 1 %
NEARLY_ALL = 99.0  # percent of the cells
NEARLY_NONE = 1.0
VALLEY_DEPTH = 0.3  # of the lower peak: a valley that is real enough to tell two populations
VALLEY_PEAK_SHARE = 0.01
SENSITIVE = 5.0  # points between the outermost percentiles


@dataclass(frozen=True)
class GatedShare:
    """A share of the gated cells, in percent.

    `ci_low` and `ci_high` are its 95 % interval from resampled controls and resampled cells: the gate's
    doubt is in it. None without resampling; all NaN where there are no cells.
    """

    name: str
    numerator: int
    denominator: int
    percent: float
    ci_low: float | None
    ci_high: float | None


def gated_share(name: str, numerator: int, denominator: int, draws: FloatArray) -> GatedShare:
    """Return a share with the interval of its resampled percents, (resamplings,)."""
    if denominator == 0:
        return GatedShare(name, numerator, denominator, nan, nan, nan)
    percent = 100 * numerator / denominator
    if not len(draws):
        return GatedShare(name, numerator, denominator, percent, None, None)
    return GatedShare(name, numerator, denominator, percent, *percent_interval(draws, numerator, denominator))


def cell_findings(n: int, lost: int) -> list[Finding]:
    """Remark on a tube with no or few cells, and on events without a number."""
    found = []
    if n == 0:
        message = "No cells are left after the gates: no shares."
        found.append(Finding("no_events", "error", message, value=0.0))
    elif n < FEW_EVENTS:
        message = f"Only {n} cells are left after the gates; the intervals of the shares are wide."
        found.append(Finding("few_events", "warning", message, value=float(n), limit=float(FEW_EVENTS)))
    if lost:
        message = f"{lost} events have no number in a marker's channel and were not counted."
        found.append(Finding("events_without_value", "warning", message, value=float(lost), limit=0.0))
    return found


def population_findings(marker: str, values: FloatArray, threshold: float) -> list[Finding]:
    """Say where a marker has no two populations for its gate to separate.

    All cells on one side is legal and said as info: CD44 of MDA-MB-231 is positive throughout. One
    population that the gate cuts through is a warning: the share then hangs on the gate's exact place.

    Parameters
    ----------
    values : (n,) linear, finite
    threshold : linear
    """
    if not len(values):
        return []
    positive = 100 * float(np.mean(values > threshold))
    if positive >= NEARLY_ALL:
        message = f"{positive:.1f} % of the cells are positive for {signal_of(marker)}."
        return [remark(marker, "all_positive", message, value=positive, limit=NEARLY_ALL, severity="info")]
    if positive <= NEARLY_NONE:
        message = f"{positive:.1f} % of the cells are positive for {signal_of(marker)}."
        return [remark(marker, "all_negative", message, value=positive, limit=NEARLY_NONE, severity="info")]
    height = _height_in_single_peak(values, threshold)
    if height is None:
        return []
    message = (
        f"{signal_of(marker)} shows one population, and the gate cuts through it at {100 * height:.0f} % of "
        f"its height ({positive:.1f} % of the cells lie above): the share hangs on the gate's exact place."
    )
    return [remark(marker, "one_population", message, value=height)]


def _height_in_single_peak(values: FloatArray, threshold: float) -> float | None:
    """Density at the threshold relative to the only peak; None where there are two or no density."""
    seen = above_floor(spread_over(values, SHAPE_EVENTS))
    try:
        axis = estimate_arcsinh(seen)
        shape = density(axis.forward(seen))
    except DensityError:
        return None
    peaks = landscape(shape, min_share=VALLEY_PEAK_SHARE, min_depth=VALLEY_DEPTH).peaks
    if len(peaks) > 1:
        return None
    return shape.at(float(axis.forward(np.array([threshold]))[0])) / peaks[0].height


def sensitivity_findings(marker: str, what: str, percents: list[tuple[float, float]]) -> list[Finding]:
    """Remark on a share that swings with the percentile of the gate.

    Parameters
    ----------
    what : "CD44+CD24-"
    percents : (percentile, share in percent) side by side
    """
    values = [share for _, share in percents if not np.isnan(share)]
    if len(values) < 2 or max(values) - min(values) <= SENSITIVE:
        return []
    swing = max(values) - min(values)
    words = ", ".join(f"{share:.1f} % at {percentile:g}" for percentile, share in percents)
    message = (
        f"The share of {what} swings by {swing:.1f} points with the percentile of the gate ({words}): report "
        "the percentile beside the share."
    )
    return [remark(marker, "gate_sensitive", message, value=swing, limit=SENSITIVE)]
