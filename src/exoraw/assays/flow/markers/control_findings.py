"""When a control is no good background for a marker's gate, in words the lab can act on."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray, spread_over
from exoraw.assays.flow.density import DensityError, density, landscape
from exoraw.assays.flow.margins import detector_floor, margin_events
from exoraw.assays.flow.markers.brightness import above_floor
from exoraw.assays.flow.markers.findings import remark, signal_of
from exoraw.assays.flow.negative import negative_population
from exoraw.assays.flow.transforms import estimate_arcsinh

SHAPE_EVENTS = 20_000  # evenly spread over the control: enough to see a population of 1 %
OWN_PEAK_DEPTH = 0.3  # of a valley below a population of the control's own; shallower is a heavy tail
OWN_PEAK_SHARE = 0.005  # of its events: what lies above a 99.5 % gate
TAIL_SIGMAS = 3.0  # by which the percentile may lie above where a single population would have it
SATURATED = 0.001  # of the control's events: a fifth of what lies above a 99.5 % gate
DISAGREEMENT = 0.05  # of one control's events above the other's gate


def size_findings(marker: str, called: str, n: int, minimum: int, advised: int) -> list[Finding]:
    """Remark on a control with few cells."""
    if n < minimum:
        message = (
            f"The {called} behind the gate of {signal_of(marker)} has {n} cells; {minimum} are the least, "
            f"{advised:,} are advised. The interval of the gate says how far it can be off."
        )
        return [remark(marker, "weak_control", message, value=float(n), limit=float(minimum))]
    if n < advised:
        message = (
            f"The {called} behind the gate of {signal_of(marker)} has {n:,} cells; {advised:,} are advised."
        )
        return [
            remark(
                marker,
                "control_below_advised",
                message,
                value=float(n),
                limit=float(advised),
                severity="info",
            )
        ]
    return []


def beyond_findings(marker: str, called: str, n: int, percentiles: tuple[float, ...]) -> list[Finding]:
    """Remark on percentiles that the control has too few cells for."""
    beyond = [one for one in percentiles if (n + 1) * one / 100 > n]
    if not beyond:
        return []
    words = " and ".join(f"{one:g} %" for one in beyond)
    needed = max(int(np.ceil(round(one / (100 - one), 6))) for one in beyond)
    message = (
        f"The {called} of {signal_of(marker)} has {n} cells, too few for the gate at {words}: its brightest "
        f"cell was taken. {needed:,} cells would be needed."
    )
    return [remark(marker, "percentile_beyond_control", message, value=float(n), limit=float(needed))]


def saturation_findings(
    marker: str, called: str, control: FloatArray, ceiling: float | None
) -> list[Finding]:
    """Remark on a control whose cells pile up at the end of the scale.

    Parameters
    ----------
    control : (n,) linear, finite
    ceiling : the detector's highest value on the same scale; None where a plateau must tell
    """
    top = None if ceiling is None else ceiling + 1  # margin_events counts from $PnR - 1 on
    margin = margin_events(control[:, np.newaxis], [called], [top]).channels[0]
    if margin.saturated_share <= SATURATED:
        return []
    message = (
        f"{margin.n_saturated} of {margin.n:,} cells of the {called} lie at the end of the scale of "
        f"{signal_of(marker)} ({margin.ceiling:,.0f}); the gate may be the detector's ceiling."
    )
    return [
        remark(marker, "control_saturated", message, value=margin.saturated_share, limit=SATURATED),
    ]


def tail_findings(
    marker: str, called: str, control: FloatArray, threshold: float, percentile: float
) -> list[Finding]:
    """Remark on a control whose upper tail is a population of its own.

    Either a verified second peak lies above the main one, or the percentile lies so far above the fitted
    negative population (`negative_population`) that its upper end cannot have made it: a few per cent of
    stained or dead cells lift a 99.5 % gate by a decade.

    Parameters
    ----------
    control : (n,) linear, finite
    threshold : the control's percentile, linear
    percentile : 0 to 100
    """
    seen = spread_over(control, SHAPE_EVENTS)
    share = _own_peak(seen)
    if share is not None:
        message = (
            f"{100 * share:.1f} % of the {called}'s cells are a bright population of their own in "
            f"{signal_of(marker)}; a control has one. Is it the stained tube, or full of dead cells?"
        )
        return [
            remark(
                marker, "control_with_own_positives", message, value=100 * share, limit=100 * OWN_PEAK_SHARE
            )
        ]
    extra = _sigmas_beyond(seen, threshold, percentile)
    if extra is None or extra <= TAIL_SIGMAS:
        return []
    message = (
        f"The {percentile:g} % gate of {signal_of(marker)} lies {extra:.1f} sigma above the upper end of the "
        f"{called}'s own cells: its brightest cells are something else (dead cells, clumps, carry-over), and "
        "the gate lies too high."
    )
    return [remark(marker, "control_with_own_positives", message, value=extra, limit=TAIL_SIGMAS)]


def _own_peak(control: FloatArray) -> float | None:
    """Share of the control above a verified valley over its largest peak, None where there is none."""
    shown = above_floor(control)
    try:
        axis = estimate_arcsinh(shown)
        shape = density(axis.forward(shown))
    except DensityError:
        return None
    seen = landscape(shape, min_share=OWN_PEAK_SHARE, min_depth=OWN_PEAK_DEPTH)
    main = max(range(len(seen.peaks)), key=lambda place: seen.peaks[place].share)
    above = sum(peak.share for peak in seen.peaks[main + 1 :])
    return above or None


def _sigmas_beyond(control: FloatArray, threshold: float, percentile: float) -> float | None:
    """Sigmas of the fitted negatives by which the threshold exceeds their own percentile."""
    try:
        negatives = negative_population(control, detector_floor(control))
    except DensityError:
        return None
    place = (np.arcsinh(threshold / negatives.cofactor) - negatives.centre) / negatives.sigma
    return float(place - ndtri(percentile / 100))


def disagreement_findings(
    marker: str,
    called: str,
    control: FloatArray,
    fmo: FloatArray,
    gates: tuple[float, float],
    percentile: float,
) -> list[Finding]:
    """Remark on an isotype and an FMO that put the gate far apart.

    Parameters
    ----------
    control, fmo : (n,) ascending, linear
    gates : of the control and of the FMO, linear
    """
    if gates[0] > gates[1]:
        over, other, gate = called, "FMO", gates[1]
        above = float(np.mean(control > gate))
    else:
        over, other, gate = "FMO", called, gates[0]
        above = float(np.mean(fmo > gate))
    if above <= DISAGREEMENT:
        return []
    message = (
        f"{100 * above:.1f} % of the {over}'s cells lie above the {percentile:g} % gate of the {other} in "
        f"{signal_of(marker)}, where {100 - percentile:g} % were expected ({called} {gates[0]:,.0f}, FMO "
        f"{gates[1]:,.0f}). The larger gate was taken."
    )
    return [remark(marker, "controls_disagree", message, value=100 * above, limit=100 * DISAGREEMENT)]
