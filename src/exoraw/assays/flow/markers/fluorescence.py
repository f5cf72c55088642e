"""How bright a marker is: mean, median and geometric mean, ratio and difference to the isotype, robust CV.

All of it on the compensated linear scale. The median is the usual "MFI"; a number called MFI without its
statistic cannot be compared, so each carries its own. Intensities compare only between tubes recorded with
the same voltages; the caller checks that.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy.stats import t as student

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.markers.findings import remark, signal_of
from exoraw.assays.flow.markers.resampling import check_resamplings, ends
from exoraw.study.spec import Severity

Statistic = Literal["median", "arithmetic mean", "geometric mean"]
STATISTICS: tuple[Statistic, ...] = ("median", "arithmetic mean", "geometric mean")
RESAMPLINGS = 1_000  # they cost three ordered ranks each, not n cells
PERCENTILES = (0.1587, 0.5, 0.8413)  # -1, 0 and +1 sigma of a normal distribution
SATURATED = 0.01  # of the cells at the end of the scale, from which the mean is clearly too low
FEW_EVENTS = 100


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; the ends are None where they cannot be given."""

    value: float
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True)
class Contrast:
    """A statistic against the same statistic of the control.

    Parameters
    ----------
    statistic : which one
    ratio : sample / control; None where the control's value is not above zero
    difference : sample - control, linear
    """

    statistic: Statistic
    ratio: Estimate | None
    difference: Estimate


@dataclass(frozen=True)
class Fluorescence:
    """Brightness of a marker in one tube; linear, compensated.

    Parameters
    ----------
    marker : "CD44"
    median, arithmetic_mean : None where there are no cells
    geometric_mean : None where a cell has a signal of zero or less
    robust_cv : percent; half of the distance between the 15.87th and the 84.13th percentile, divided by the
        median (BD FACSDiva, FlowJo); None where the median is not above zero
    robust_sd : that half distance, linear
    contrasts : against the control, one for every statistic that both tubes have; empty without control
    n, n_not_finite, n_not_positive : cells counted, events without a number, cells at zero or below
    saturated_percent : cells at the end of the detector's scale; None where the caller did not say
    findings : remarks
    """

    marker: str
    median: Estimate | None
    arithmetic_mean: Estimate | None
    geometric_mean: Estimate | None
    robust_cv: Estimate | None
    robust_sd: float | None
    contrasts: tuple[Contrast, ...]
    n: int
    n_not_finite: int
    n_not_positive: int
    saturated_percent: float | None
    findings: tuple[Finding, ...]

    def against_control(self, statistic: Statistic) -> Contrast | None:
        """Ratio and difference of one statistic, None where there are none."""
        return next((one for one in self.contrasts if one.statistic == statistic), None)


def fluorescence(
    signal: FloatArray,
    control: FloatArray | None = None,
    *,
    marker: str = "",
    called: str = "isotype",
    saturated: BoolArray | None = None,
    resamplings: int = RESAMPLINGS,
    seed: int,
) -> Fluorescence:
    """Measure the brightness of a marker.

    Intervals: median and robust CV by resampled ranks (exact for any distribution), arithmetic and geometric
    mean by Student's t. They say how well this tube's cells are known, nothing about replicates.

    Parameters
    ----------
    signal : (n,) compensated linear signal of viable single cells
    control : (m,) the same of the matched isotype, FMO or unstained tube; None without
    marker, called : how findings call the marker and the control
    saturated : (n,) cells at the end of the detector's scale (`margin_events`, before compensation)
    resamplings, seed : of the ranks

    Raises
    ------
    ValueError : a signal that is not (n,), a mask of another length, or too few resamplings
    """
    check_resamplings(resamplings)
    rng = np.random.default_rng(seed)
    cells = _summary(signal, resamplings, rng)
    findings = [*_about_cells(marker, cells)]
    share, remarks = _saturation(marker, signal, saturated)
    contrasts: list[Contrast] = []
    if control is None:
        findings.append(_no_control(marker, called))
    else:
        other = _summary(control, resamplings, rng)
        contrasts, said = _contrasts(marker, called, cells, other)
        findings += said
    return Fluorescence(
        marker,
        _estimate(cells.median),
        _estimate(cells.arithmetic_mean),
        _estimate(cells.geometric_mean),
        cells.robust_cv(),
        None if cells.robust_sd is None else cells.robust_sd.value,
        tuple(contrasts),
        cells.n,
        cells.n_not_finite,
        cells.n_not_positive,
        share,
        (*findings, *remarks),
    )


def staining_index(
    positive: FloatArray, negative: FloatArray, *, marker: str = "", resamplings: int = RESAMPLINGS, seed: int
) -> tuple[Estimate | None, tuple[Finding, ...]]:
    """Staining index: how many double widths of the negatives the positives lie above them.

    (median of positives - median of negatives) / (2 x robust SD of the negatives), Maecker et al. 2004
    (Cytometry A 62:169). It grows with the dye's brightness and falls with the background's width.

    Parameters
    ----------
    positive, negative : (n,), (m,) compensated linear signal; negatives of the tube, or its isotype
    marker, resamplings, seed : see `fluorescence`

    Returns
    -------
    the index (None where it is undefined) and the remarks
    """
    check_resamplings(resamplings)
    rng = np.random.default_rng(seed)
    bright, dim = _summary(positive, resamplings, rng), _summary(negative, resamplings, rng)
    if bright.median is None or dim.median is None or dim.robust_sd is None or dim.robust_sd.value <= 0:
        message = (
            f"{signal_of(marker)} has no staining index: there are no positive or no negative cells, or the "
            "negative ones have no spread."
        )
        return None, (remark(marker, "no_spread_in_negative", message),)
    above = _Drawn(bright.median.value - dim.median.value, bright.median.draws - dim.median.draws)
    return _over(above, dim.robust_sd, 0.5), ()


@dataclass(frozen=True)
class _Drawn:
    """A number and its resampled values, (resamplings,)."""

    value: float
    draws: FloatArray

    def estimate(self) -> Estimate:
        return Estimate(self.value, *ends(self.draws))

    def is_above_zero(self) -> bool:
        """Whether the number, and all of its interval, lies above zero."""
        low, _ = ends(self.draws)
        return self.value > 0 and (low is None or low > 0)


@dataclass(frozen=True)
class _Summary:
    """Statistics of one tube, each with its resampled values; None where it has none."""

    n: int
    n_not_finite: int
    n_not_positive: int
    median: _Drawn | None = None
    arithmetic_mean: _Drawn | None = None
    geometric_mean: _Drawn | None = None
    robust_sd: _Drawn | None = None

    def get(self, statistic: Statistic) -> _Drawn | None:
        """A statistic by its name."""
        if statistic == "median":
            return self.median
        return self.arithmetic_mean if statistic == "arithmetic mean" else self.geometric_mean

    def robust_cv(self) -> Estimate | None:
        """In percent; None without a median above zero."""
        if self.median is None or self.robust_sd is None or not self.median.is_above_zero():
            return None
        return _over(self.robust_sd, self.median, 100.0)


def _over(above: _Drawn, below: _Drawn, times: float = 1.0) -> Estimate:
    """Ratio of two numbers; without ends where a resampled denominator is not above zero."""
    draws = np.empty(0)
    if (below.draws > 0).all() and len(above.draws) == len(below.draws):
        draws = times * above.draws / below.draws
    return Estimate(times * above.value / below.value, *ends(draws))


def _estimate(drawn: _Drawn | None) -> Estimate | None:
    return None if drawn is None else drawn.estimate()


def _summary(signal: FloatArray, resamplings: int, rng: np.random.Generator) -> _Summary:
    array = np.asarray(signal, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"the signal of one marker must be (n,); found {array.shape}")
    values = np.sort(array[np.isfinite(array)])
    n, lost = len(values), len(array) - int(np.count_nonzero(np.isfinite(array)))
    if n == 0:
        return _Summary(0, lost, 0)
    dark = int(np.searchsorted(values, 0.0, side="right"))
    low, middle, high = np.quantile(values, PERCENTILES)
    drawn_low, drawn_middle, drawn_high = _ranked(values, resamplings, rng)
    geometric = None
    if dark == 0:
        geometric = _exponential(_mean(np.log(values), resamplings, rng))
    return _Summary(
        n,
        lost,
        dark,
        _Drawn(float(middle), drawn_middle),
        _mean(values, resamplings, rng),
        geometric,
        _Drawn(float(high - low) / 2, (drawn_high - drawn_low) / 2),
    )


def _ranked(values: FloatArray, resamplings: int, rng: np.random.Generator) -> list[FloatArray]:
    """Three resampled percentiles that belong together: the gaps of ordered ranks are Dirichlet."""
    ranks = (len(values) + 1) * np.array([0.0, *PERCENTILES, 1.0])
    gaps = rng.standard_gamma(np.diff(ranks), size=(resamplings, len(PERCENTILES) + 1))
    shares = gaps.cumsum(axis=1)
    places = (shares[:, :-1] / shares[:, -1:] * len(values)).astype(np.intp)
    return list(values[np.minimum(places, len(values) - 1)].T)


def _mean(values: FloatArray, resamplings: int, rng: np.random.Generator) -> _Drawn:
    """Mean with Student's t around it: evenly spread quantiles in random order, so no noise of their own."""
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return _Drawn(mean, np.empty(0))
    error = float(values.std(ddof=1)) / sqrt(n)
    steps = student.ppf((np.arange(resamplings) + 0.5) / max(resamplings, 1), n - 1)
    return _Drawn(mean, mean + error * rng.permutation(steps))


def _exponential(logs: _Drawn) -> _Drawn:
    """Geometric mean from the mean of the logs; two cells may leave it without an upper end."""
    with np.errstate(over="ignore"):
        draws = np.exp(logs.draws)
    return _Drawn(float(np.exp(logs.value)), draws if np.isfinite(draws).all() else np.empty(0))


def _contrasts(
    marker: str, called: str, cells: _Summary, control: _Summary
) -> tuple[list[Contrast], list[Finding]]:
    """Every statistic against the control's own."""
    found, remarks = [], []
    for statistic in STATISTICS:
        ours, theirs = cells.get(statistic), control.get(statistic)
        if ours is None or theirs is None:
            continue
        draws = ours.draws - theirs.draws if len(ours.draws) == len(theirs.draws) else np.empty(0)
        difference = Estimate(ours.value - theirs.value, *ends(draws))
        ratio = _over(ours, theirs) if theirs.is_above_zero() else None
        found.append(Contrast(statistic, ratio, difference))
        if ratio is None:
            message = (
                f"The {statistic} of the {called} in {signal_of(marker)} is {theirs.value:,.1f}, not clearly "
                "above zero: a ratio to it means nothing. Use the difference."
            )
            remarks.append(remark(marker, "ratio_undefined", message, value=theirs.value, limit=0.0))
    if control.n == 0:
        message = f"The {called} of {signal_of(marker)} has no cells inside its parent gate."
        remarks.append(remark(marker, "control_without_events", message, value=0.0, severity="error"))
    return found, remarks


def _about_cells(marker: str, cells: _Summary) -> list[Finding]:
    found = []
    if cells.n == 0:
        message = f"No cells are left after the gates: {signal_of(marker)} has no intensity."
        found.append(remark(marker, "no_events", message, value=0.0, severity="error"))
    elif cells.n < FEW_EVENTS:
        message = f"Only {cells.n} cells are left after the gates; the intervals of the intensities are wide."
        found.append(remark(marker, "few_events", message, value=float(cells.n), limit=float(FEW_EVENTS)))
    if cells.n_not_finite:
        lost = cells.n_not_finite
        message = f"{lost} events have no number in {signal_of(marker)} and were left out."
        found.append(remark(marker, "events_without_value", message, value=float(lost), limit=0.0))
    if cells.n_not_positive:
        dark = cells.n_not_positive
        message = (
            f"{dark:,} of {cells.n:,} cells have a signal of zero or less in {signal_of(marker)} (usual "
            "after compensation), so there is no geometric mean. The median stands for it."
        )
        found.append(
            remark(marker, "geometric_mean_undefined", message, value=float(dark), limit=0.0, severity="info")
        )
    return found


def _saturation(
    marker: str, signal: FloatArray, saturated: BoolArray | None
) -> tuple[float | None, list[Finding]]:
    """Percent of the cells at the end of the scale, and what that does to the statistics."""
    if saturated is None:
        return None, []
    mask = np.asarray(saturated, dtype=bool)
    if mask.shape != np.shape(signal):
        raise ValueError(f"the mask of saturated cells is {mask.shape}, the signal {np.shape(signal)}")
    share = float(mask.mean()) if mask.size else 0.0
    if share < SATURATED:
        return 100 * share, []
    too_low = "mean and median are" if share >= 0.5 else "mean is"
    message = (
        f"{100 * share:.1f} % of the cells lie at the end of the scale of {signal_of(marker)}: the {too_low} "
        "too low by an unknown amount."
    )
    limit = 100 * SATURATED
    severity: Severity = "error" if share >= 0.5 else "warning"
    return 100 * share, [
        remark(marker, "marker_saturated", message, value=100 * share, limit=limit, severity=severity)
    ]


def _no_control(marker: str, called: str) -> Finding:
    message = f"{signal_of(marker)} has no {called}: no ratio and no difference to the background."
    return remark(marker, "no_isotype_for_ratio", message, severity="info")
