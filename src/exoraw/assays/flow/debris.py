"""The debris gate: loose, because apoptotic cells lose forward scatter and must stay in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray, spread_over
from exoraw.assays.flow.density import DensityError, Peak, Valley, density, landscape
from exoraw.assays.flow.gate_findings import border_on_a_part

DebrisState = Literal["valley", "no debris population", "too few events"]

MIN_EVENTS = 500
MIN_POPULATION = 0.01  # share of events that debris and cells must each hold
MIN_DEPTH = 0.2  # of the valley, relative to the lower of the two peaks
MIN_CELL_SHARE = 0.1  # the brightest peak with this share is the cells
DEBRIS_REACH = 0.3  # of the cells' mode: shrunken apoptotic cells sit at 0.4 to 0.8 of it, debris below
LOOSEST = 0.4  # of the cells' mode: the threshold is never set above it
MUCH = 0.5  # a gate that removes more than this share is remarked on


@dataclass(frozen=True)
class DebrisGate:
    """Where debris ends on forward scatter.

    Parameters
    ----------
    threshold : events at or above it are kept (linear FSC); None gates nothing away
    state : "valley", "no debris population" or "too few events"
    removed_share : share of the events it was found on that it removes, 0 to 1
    debris_mode, cell_mode : the two peaks on linear FSC, None where not found
    valley_depth : 1 - density in the valley / density at the lower of the two peaks, 0 to 1
    n : events it was found on
    findings : codes "no_debris_gate", "debris_gate_removes_much"
    """

    threshold: float | None
    state: DebrisState
    removed_share: float
    debris_mode: float | None
    cell_mode: float | None
    valley_depth: float | None
    n: int
    findings: tuple[Finding, ...] = ()

    def keeps(self, fsc: FloatArray) -> BoolArray:
        """Mask of the events that are kept; call it for every tube of the batch. NaN is never kept."""
        values = np.asarray(fsc)
        return np.isfinite(values) if self.threshold is None else values >= self.threshold

    def removes(self, fsc: FloatArray) -> float:
        """Share of a tube's events that it removes, 0 to 1; 0 for a tube without events."""
        return float(1 - self.keeps(fsc).mean()) if np.size(fsc) else 0.0


def debris_gate(fsc: FloatArray) -> DebrisGate:
    """Find the valley between debris and cells on log forward scatter.

    The cells are the brightest peak with a tenth of the events. A peak is debris only when it lies
    below 0.3 of the cells' mode, and the threshold never rises above 0.4 of it: apoptotic bodies and
    shrunken cells stay in. Where no such peak exists, nothing is gated away.

    Parameters
    ----------
    fsc : (n,) FSC-A (or FSC-H), linear; of more than a million an evenly spread part is looked at;
        pool the controls of a batch to get one gate for all of it
    """
    values = spread_over(np.asarray(fsc)).astype(np.float64)
    values = values[np.isfinite(values)]
    positive = values[values > 0]
    if positive.size < MIN_EVENTS:
        message = (
            f"{positive.size} events with forward scatter above 0 are too few to find debris "
            f"(at least {MIN_EVENTS}); nothing was gated away."
        )
        remark = Finding(
            "no_debris_gate", "warning", message, value=float(positive.size), limit=float(MIN_EVENTS)
        )
        return DebrisGate(None, "too few events", 0.0, None, None, None, values.size, (remark,))
    found = _gate_of(values, positive)
    return replace(found, findings=(*found.findings, *border_on_a_part("The debris gate", np.size(fsc))))


def _gate_of(values: FloatArray, positive: FloatArray) -> DebrisGate:
    try:
        seen = landscape(density(np.log10(positive)), min_share=MIN_POPULATION, min_depth=MIN_DEPTH)
    except DensityError:
        return DebrisGate(None, "no debris population", 0.0, None, None, None, values.size)
    cells = max((peak for peak in seen.peaks if peak.share >= MIN_CELL_SHARE), key=_position)
    limit = cells.position + np.log10(DEBRIS_REACH)
    debris = [peak for peak in seen.peaks if peak.position <= limit]
    if not debris:
        return DebrisGate(None, "no debris population", 0.0, None, 10**cells.position, None, values.size)
    brightest = max(debris, key=_position)
    valley = seen.valleys[seen.peaks.index(brightest)]
    return _valley_gate(values, brightest, cells, valley)


def _position(peak: Peak) -> float:
    return peak.position


def _valley_gate(values: FloatArray, debris: Peak, cells: Peak, valley: Valley) -> DebrisGate:
    threshold = float(min(10**valley.position, LOOSEST * 10**cells.position))
    removed = float(np.mean(values < threshold))
    findings: tuple[Finding, ...] = ()
    if removed > MUCH:
        message = (
            f"The debris gate (forward scatter {threshold:,.0f}) removes {100 * removed:.0f} % of the "
            "events. Look at the scatter plot: is the large peak at low scatter really debris?"
        )
        findings = (Finding("debris_gate_removes_much", "warning", message, value=removed, limit=MUCH),)
    return DebrisGate(
        threshold,
        "valley",
        removed,
        float(10**debris.position),
        float(10**cells.position),
        valley.depth,
        values.size,
        findings,
    )
