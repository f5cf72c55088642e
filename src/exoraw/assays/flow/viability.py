"""Dead cells of a marker panel: where the negative (live) population of the dead-cell dye ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.contract import Finding, FindingKind
from exoraw.assays.flow.annexin_candidates import control_candidate, valley_candidate
from exoraw.assays.flow.arrays import FloatArray, spread_over
from exoraw.assays.flow.gate_findings import border_on_a_part

SIGMAS = 2.81  # above the fitted live population: its 99.75th percentile, as for the Annexin V / PI gates
MOSTLY_DEAD = 0.5  # of the cells above the border: sick cells, or the border lies inside the live ones
FEWEST_EVENTS = 200

FINDING_KINDS = (
    FindingKind(
        "no_viability_dye",
        "The settings name no dead-cell dye: dead cells, which bind antibodies and dyes, are in the numbers.",
        "Add a dead-cell dye to the panel and name its channel in strategy.viability.names.",
    ),
    FindingKind(
        "no_viability_gate",
        "No border between live and dead cells was found; no dead cells were taken out.",
        "Look at the overlay of the batch; set strategy.viability.border by hand.",
    ),
    FindingKind(
        "mostly_dead",
        "More than half of a tube's single cells lie above the border of the dead-cell dye.",
        "Check the culture and the staining; shares of the few live cells left say little.",
    ),
)


@dataclass(frozen=True)
class ViabilityGate:
    """The border of the dead-cell dye: a cell above it is dead.

    Parameters
    ----------
    border : compensated linear; None where none was found
    source : "valley", "live population", "fixed in the settings" or "none"
    n : cells it was found on
    findings : remarks for the batch
    """

    border: float | None
    source: str
    n: int
    findings: tuple[Finding, ...] = ()


def viability_gate(cells: FloatArray, *, floor: float | None = None) -> ViabilityGate:
    """Find the border between live and dead cells on the pooled cells of a batch.

    A verified valley between two peaks first; else the upper end of the fitted live population
    (`negative_population`), where nearly all cells are alive.

    Parameters
    ----------
    cells : (n,) compensated linear signal of single cells in the channel of the dead-cell dye
    floor : lowest value that the detector can show; None where events do not pile up
    """
    finite = spread_over(np.asarray(cells)).astype(np.float64)
    finite = finite[np.isfinite(finite)]
    if finite.size < FEWEST_EVENTS:
        return _none(f"only {finite.size} cells carry the dye", finite.size)
    part = border_on_a_part("The border of dead cells", np.size(cells))
    valley = valley_candidate(finite, floor=floor)
    if valley.usable:
        return ViabilityGate(valley.threshold, "valley", finite.size, part)
    live = control_candidate("vehicle", finite, SIGMAS, floor)
    if live.usable:
        return ViabilityGate(live.threshold, "live population", finite.size, part)
    return _none(f"valley: {valley.why_not}; live cells: {live.why_not}", finite.size)


def _none(reason: str, n: int) -> ViabilityGate:
    message = (
        f"No border between live and dead cells was found ({reason}): no dead cells were taken out. Dead "
        "cells bind antibodies and dyes; set strategy.viability.border by hand."
    )
    return ViabilityGate(None, "none", n, (Finding("no_viability_gate", "warning", message),))


def mostly_dead(n_cells: int, n_live: int) -> tuple[Finding, ...]:
    """Remark on a tube in which most single cells are dead."""
    if not n_cells or 1 - n_live / n_cells <= MOSTLY_DEAD:
        return ()
    share = 1 - n_live / n_cells
    message = (
        f"{100 * share:.0f} % of the single cells lie above the border of the dead-cell dye; the numbers "
        f"rest on {n_live:,} live cells."
    )
    return (Finding("mostly_dead", "warning", message, value=share, limit=MOSTLY_DEAD),)
