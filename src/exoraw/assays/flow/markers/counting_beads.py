"""Cells per microlitre from counting beads: as many beads as were added tell the volume that was looked at.

cells per uL = cells / beads x (bead concentration of the lot x volume of beads added) / volume of sample
(the makers' protocols of CountBright, 123count and Trucount; CLSI H42).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.density import DensityError, Landscape, density, landscape
from exoraw.assays.flow.markers.findings import remark

FEWEST_BEADS, ADVISED_BEADS = 500, 1_000  # +-9 % and +-6 % by counting alone
MOST_DOUBLETS = 0.02  # of the beads
LEAST_CLUSTER_SHARE, LEAST_CLUSTER_EVENTS = 0.001, 30
VALLEY_DEPTH = 0.5  # beads stand clear of all cells
TWICE = np.log10(2.0)
GATE_MADS = 5.0  # of the robust spread around the centre, in either channel
NARROWEST = 0.01  # decades; beads at the end of a scale have no spread at all
WIDEST = TWICE / 2  # decades: half-way between one bead and two
PAIR_TOLERANCE = 0.09  # decades by which a population of pairs may miss twice the brightness
TIGHT = 0.1  # decades of robust standard deviation (a CV of 25 %): cells of any kind are wider
AT_CEILING = 0.2  # of the beads on one value: the channel is at its end
MAD_TO_SIGMA = 1.4826022185056018


@dataclass(frozen=True)
class BeadGate:
    """Which events are counting beads.

    Parameters
    ----------
    single, double : (n,) masks of single beads and of pairs that passed as one event
    centre : brightness of single beads in the two channels, linear; None where none were found
    findings : "no_beads", "bead_doublets", "beads_saturated"
    """

    single: BoolArray
    double: BoolArray
    centre: tuple[float, float] | None
    findings: tuple[Finding, ...]

    @property
    def beads(self) -> int:
        """Beads in the gate; a pair counts as two."""
        return int(np.count_nonzero(self.single)) + 2 * int(np.count_nonzero(self.double))


@dataclass(frozen=True)
class BeadLot:
    """The beads as pipetted.

    Parameters
    ----------
    concentration : beads per uL, from the vial's label (it differs from lot to lot)
    volume : uL of beads added
    sample_volume : uL of sample that the beads were added to, without the beads

    Raises
    ------
    ValueError : a number that is not above zero
    """

    concentration: float
    volume: float
    sample_volume: float

    def __post_init__(self) -> None:
        for name in ("concentration", "volume", "sample_volume"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"the beads' {name.replace('_', ' ')} must be above zero; found {value}")

    @property
    def per_microlitre(self) -> float:
        """Beads per uL of sample."""
        return self.concentration * self.volume / self.sample_volume


@dataclass(frozen=True)
class CellCount:
    """Cells per uL of sample with the 95 % interval of counting; None without beads."""

    per_microlitre: float | None
    ci_low: float | None
    ci_high: float | None
    cells: int
    beads: int
    findings: tuple[Finding, ...]


def bead_gate(signals: FloatArray) -> BeadGate:
    """Find the counting beads: the tight cluster that is bright in two channels at once.

    Beads hold many dyes and outshine cells in channels the cells were not stained for; these two are the
    ones to choose. Along the mean of the two log signals, the brightest tight population that stands clear
    of the others is taken, or the one half as bright where the brightest is its pairs.

    Parameters
    ----------
    signals : (n, 2) linear signal of all events, before the debris gate (beads scatter little)

    Raises
    ------
    ValueError : signals that are not (n, 2)
    """
    values = np.asarray(signals, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"bead signals must be (n, 2); found {values.shape}")
    logs = np.full(values.shape, -np.inf)
    positive: BoolArray = np.logical_and.reduce(np.isfinite(values) & (values > 0), axis=1)
    logs[positive] = np.log10(values[positive])
    cluster = _bright_cluster(logs, positive)
    if cluster is None:
        none = np.zeros(len(values), dtype=bool)
        message = (
            "No tight cluster of events that are bright in both channels was found: there are no counting "
            "beads, or other channels show them better."
        )
        return BeadGate(none, none, None, (remark("", "no_beads", message, value=0.0, severity="error"),))
    centre = np.median(logs[cluster], axis=0)
    reach = np.clip(GATE_MADS * _spread(logs[cluster]), NARROWEST, WIDEST)
    single = (np.abs(logs - centre) <= reach).all(axis=1)
    saturated = _at_ceiling(values[single])
    double = (np.abs(logs - centre - TWICE) <= reach).all(axis=1) & ~single
    findings = _about_gate(single, double, saturated)
    return BeadGate(single, double, (float(10 ** centre[0]), float(10 ** centre[1])), findings)


def cells_per_microlitre(cells: int, beads: int | BeadGate, lot: BeadLot) -> CellCount:
    """Absolute count of cells.

    The interval takes cells and beads as Poisson counts (exact for their ratio: given the sum, the cells are
    binomial; Clopper & Pearson 1934). Pipetting and the lot's own tolerance (some per cent) are not in it.

    Parameters
    ----------
    cells : cells counted in their gate, in the same recording as the beads
    beads : beads counted, or the gate
    lot : the beads as pipetted

    Raises
    ------
    ValueError : a negative count
    """
    n_beads = beads.beads if isinstance(beads, BeadGate) else beads
    findings = list(beads.findings) if isinstance(beads, BeadGate) else []
    if cells < 0 or n_beads < 0:
        raise ValueError(f"counts cannot be negative; found {cells} cells, {n_beads} beads")
    findings += _about_count(n_beads, [one.code for one in findings])
    if n_beads == 0:
        return CellCount(None, None, None, cells, 0, tuple(findings))
    low, high = _ratio_interval(cells, n_beads)
    scale = lot.per_microlitre
    return CellCount(scale * cells / n_beads, scale * low, scale * high, cells, n_beads, tuple(findings))


def _bright_cluster(logs: FloatArray, positive: BoolArray) -> BoolArray | None:
    """Mask of the bead population: the brightest tight one along the mean of the two log signals."""
    mean = logs.mean(axis=1)
    share = max(LEAST_CLUSTER_SHARE, LEAST_CLUSTER_EVENTS / max(1, int(np.count_nonzero(positive))))
    try:
        seen = landscape(density(mean[positive]), min_share=min(share, 1.0), min_depth=VALLEY_DEPTH)
    except DensityError:
        return None
    borders = [valley.position for valley in seen.valleys]
    for top in range(len(seen.peaks) - 1, 0, -1):
        if _is_doublets(seen, top):
            continue
        high = borders[top] if top < len(borders) else np.inf
        cluster: BoolArray = positive & (mean > borders[top - 1]) & (mean <= high)
        if (_spread(logs[cluster]) <= TIGHT).all():
            return cluster
    return None


def _is_doublets(seen: Landscape, top: int) -> bool:
    """Whether a population is twice as bright as the next one and smaller: its pairs."""
    brighter, next_one = seen.peaks[top], seen.peaks[top - 1]
    apart = brighter.position - next_one.position
    return abs(apart - TWICE) < PAIR_TOLERANCE and brighter.share < next_one.share


def _spread(logs: FloatArray) -> FloatArray:
    """(2,) robust standard deviation, decades."""
    return np.asarray(MAD_TO_SIGMA * np.median(np.abs(logs - np.median(logs, axis=0)), axis=0))


def _at_ceiling(beads: FloatArray) -> bool:
    if not len(beads):
        return False
    return bool(((beads == beads.max(axis=0)).mean(axis=0) > AT_CEILING).any())


def _about_gate(single: BoolArray, double: BoolArray, saturated: bool) -> tuple[Finding, ...]:
    found = []
    pairs, beads = int(np.count_nonzero(double)), int(np.count_nonzero(single))
    share = 2 * pairs / max(1, beads + 2 * pairs)
    if share > MOST_DOUBLETS:
        message = f"{pairs} bead pairs ({100 * share:.1f} % of the beads) passed as one; each counts as two."
        found.append(remark("", "bead_doublets", message, value=100 * share, limit=100 * MOST_DOUBLETS))
    if saturated:
        message = (
            "The beads lie at the end of a channel's scale: a pair looks like one bead there, so the count "
            "of cells may be too high by the share of pairs."
        )
        found.append(remark("", "beads_saturated", message))
    return tuple(found)


def _about_count(beads: int, said: list[str]) -> list[Finding]:
    if beads == 0:
        message = "No counting beads were counted: there is no absolute count."
        none = remark("", "no_beads", message, value=0.0, severity="error")
        return [] if "no_beads" in said else [none]
    value = float(beads)
    if beads < FEWEST_BEADS:
        message = f"Only {beads} counting beads were recorded; {ADVISED_BEADS:,} are advised."
        return [remark("", "few_beads", message, value=value, limit=float(FEWEST_BEADS))]
    if beads < ADVISED_BEADS:
        message = f"{beads} counting beads were recorded; {ADVISED_BEADS:,} are advised."
        limit = float(ADVISED_BEADS)
        return [remark("", "beads_below_advised", message, value=value, limit=limit, severity="info")]
    return []


def _ratio_interval(cells: int, beads: int) -> tuple[float, float]:
    """95 % interval of the ratio of two Poisson means."""
    low = float(betaincinv(cells, beads + 1, 0.025)) if cells else 0.0
    high = float(betaincinv(cells + 1, beads, 0.975))
    return low / (1 - low), high / (1 - high)
