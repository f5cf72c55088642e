"""The singlet gate: two cells stuck together have more area for their height (or a longer pulse)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray, spread_over
from exoraw.assays.flow.density import MAD_TO_SIGMA
from exoraw.assays.flow.gate_findings import border_on_a_part

SingletMethod = Literal["area/height ratio", "width", "regression", "none"]

RATIO_MADS = 4.0  # PeacoQC::RemoveDoublets, nmad; R's mad() carries the factor 1.4826
PREDICTION_Z = 2.5758293035489004  # normal quantile of 0.995: the 99 % band of flowStats::singletGate
HUBER = 1.345  # tuning constant of MASS::rlm: 95 % efficiency for normal residuals
MAX_PASSES = 20
MIN_EVENTS = 500
MUCH = 0.3  # doublets are 2 to 15 % of a usual tube


@dataclass(frozen=True)
class SingletGate:
    """Which events are single cells.

    Parameters
    ----------
    method : what was used; "none" where neither height nor width helps
    keep : (n,) mask; all True with method "none"
    limit : ratio (or width) from which an event is a doublet; None with "none" and "regression"
    slope, intercept, half_width : the line of height on area and its band; None for other methods
    removed_share : 0 to 1
    findings : codes "no_singlet_gate", "singlet_gate_removes_much"
    """

    method: SingletMethod
    keep: BoolArray
    limit: float | None
    slope: float | None
    intercept: float | None
    half_width: float | None
    removed_share: float
    findings: tuple[Finding, ...] = ()


def singlet_gate(
    area: FloatArray,
    height: FloatArray | None = None,
    width: FloatArray | None = None,
    *,
    method: Literal["ratio", "regression"] = "ratio",
) -> SingletGate:
    """Find single cells from the pulse shape of forward scatter, after the debris gate.

    Height comes first; width is used where height was not recorded. Events without a positive area
    and height are no cells and are not kept.

    Parameters
    ----------
    area, height, width : (n,) FSC-A, FSC-H, FSC-W, linear; None where not recorded
    method : "ratio" is PeacoQC's area/height < median + 4 MAD (Emmaneel 2022); "regression" is the
        99 % band around a robust line of height on area (openCyto, flowStats::singletGate)
    """
    areas = np.asarray(area)
    if height is None and width is None:
        return _no_gate(
            areas.size,
            "Neither the height nor the width of forward scatter was recorded, so doublets are still among "
            "the cells. Record FSC-H at the next acquisition.",
        )
    if areas.size < MIN_EVENTS:
        return _no_gate(areas.size, f"{areas.size} events are too few to find doublets; all were kept.")
    if height is None:
        return _width_gate(np.asarray(width, dtype=np.float64))
    heights = np.asarray(height)
    if method == "regression":
        return _regression_gate(areas.astype(np.float64), heights.astype(np.float64))
    return _ratio_gate(areas, heights)


def _ratio_gate(area: FloatArray, height: FloatArray) -> SingletGate:
    sound = (area > 0) & (height > 0)
    ratio = np.full(area.shape, np.inf)
    np.divide(area, height, out=ratio, where=sound, dtype=np.float64)
    return _upper_gate(ratio, sound, "area/height ratio")


def _width_gate(width: FloatArray) -> SingletGate:
    return _upper_gate(width, np.isfinite(width) & (width > 0), "width")


def _upper_gate(pulse: FloatArray, sound: BoolArray, method: SingletMethod) -> SingletGate:
    """Keep events below median + 4 MAD of the sound ones."""
    if not sound.any():
        return _no_gate(pulse.size, f"No event has a usable {method} of forward scatter; all were kept.")
    seen = spread_over(sound)
    distance = spread_over(pulse)[seen] if seen.any() else pulse[sound]
    median = float(np.median(distance, overwrite_input=True))
    np.abs(np.subtract(distance, median, out=distance), out=distance)
    mad = float(np.median(distance, overwrite_input=True)) * MAD_TO_SIGMA
    if mad == 0:
        return _no_gate(
            pulse.size,
            f"More than half of the events share one {method} of forward scatter ({median:g}); the channel "
            "does not tell doublets apart and all events were kept.",
        )
    limit = median + RATIO_MADS * mad
    keep = sound & (pulse < limit)
    return _gate(method, keep, limit=limit)


def _regression_gate(area: FloatArray, height: FloatArray) -> SingletGate:
    """Huber regression of height on area by reweighted least squares, then a 99 % band of the residuals."""
    sound = (area > 0) & (height > 0)
    if np.count_nonzero(sound) < MIN_EVENTS or np.ptp(area[sound]) == 0:
        return _no_gate(area.size, "Too few events have a positive area and height; all were kept.")
    slope, intercept, scale = _robust_line(area[sound], height[sound])
    if scale == 0:
        return _no_gate(area.size, "Height is an exact line of area; it does not tell doublets apart.")
    half_width = PREDICTION_Z * scale
    keep = sound & (np.abs(height - (intercept + slope * area)) <= half_width)
    return _gate("regression", keep, slope=slope, intercept=intercept, half_width=half_width)


def _robust_line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Slope, intercept and residual scale (MAD) of a Huber M-estimate."""
    weights = np.ones_like(x)
    slope = intercept = scale = 0.0
    for _ in range(MAX_PASSES):
        before = slope
        mean_x, mean_y = np.average(x, weights=weights), np.average(y, weights=weights)
        spread = np.average((x - mean_x) ** 2, weights=weights)
        slope = float(np.average((x - mean_x) * (y - mean_y), weights=weights) / spread)
        intercept = float(mean_y - slope * mean_x)
        distance = np.abs(y - intercept - slope * x)
        scale = float(np.median(distance)) * MAD_TO_SIGMA
        if scale == 0 or abs(slope - before) <= 1e-8 * abs(slope):
            break
        weights = np.minimum(1.0, HUBER * scale / np.maximum(distance, 1e-300))
    return slope, intercept, scale


def _gate(
    method: SingletMethod,
    keep: BoolArray,
    *,
    limit: float | None = None,
    slope: float | None = None,
    intercept: float | None = None,
    half_width: float | None = None,
) -> SingletGate:
    removed = float(1 - keep.mean())
    findings: tuple[Finding, ...] = ()
    if removed > MUCH:
        message = (
            f"The singlet gate ({method}) removes {100 * removed:.0f} % of the events, more than the usual "
            "2 to 15 %. Was the sample clumped, or does the tube hold two kinds of cells?"
        )
        findings = (Finding("singlet_gate_removes_much", "warning", message, value=removed, limit=MUCH),)
    if limit is not None:
        findings += border_on_a_part("The singlet gate", keep.size)
    return SingletGate(method, keep, limit, slope, intercept, half_width, removed, findings)


def _no_gate(n: int, message: str) -> SingletGate:
    remark = Finding("no_singlet_gate", "warning", message, value=float(n))
    return SingletGate("none", np.ones(n, dtype=bool), None, None, None, None, 0.0, (remark,))
