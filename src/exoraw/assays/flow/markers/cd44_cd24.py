"""CD44+/CD24- (stem-like) cells: four quadrants, the percentiles side by side, and an honest interval.

Al-Hajj et al. 2003 (PNAS 100:3983) found the tumour-forming breast cells among CD44+/CD24-/low ones. Where
CD24 low ends differs between labs, so the definition travels with the number (`Cd24Low`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.markers.cd24_border import Cd24Border, Cd24Low
from exoraw.assays.flow.markers.positivity import PositiveGate
from exoraw.assays.flow.markers.resampling import quadrant_counts, resampled_percent
from exoraw.assays.flow.markers.shares import (
    GatedShare,
    cell_findings,
    gated_share,
    population_findings,
    sensitivity_findings,
)

QUADRANTS = ("CD44+CD24-", "CD44+CD24+", "CD44-CD24+", "CD44-CD24-")  # the order of `quadrant_counts`
STEM_LIKE = QUADRANTS[0]


@dataclass(frozen=True)
class ShareAtPercentile:
    """The CD44+CD24- share with both gates at one percentile of their controls."""

    percentile: float
    cd44_threshold: float
    cd24_border: float
    share: GatedShare


@dataclass(frozen=True)
class Cd44Cd24:
    """The quadrants of a tube.

    Parameters
    ----------
    quadrants : in the order of `QUADRANTS`; counts sum to n, percents to 100; empty where there is no gate
    definition : what counts as CD24 negative or low
    cd44_threshold, cd24_border : compensated linear; None where there is none
    beside : the CD44+CD24- share at 99, 99.5 and 99.9 %
    n, n_not_finite : cells counted, and events without a number that were not
    findings : of this tube; those of the controls stand with gate and border
    """

    quadrants: tuple[GatedShare, ...]
    definition: Cd24Low
    cd44_threshold: float | None
    cd24_border: float | None
    beside: tuple[ShareAtPercentile, ...]
    n: int
    n_not_finite: int
    findings: tuple[Finding, ...]

    @property
    def stem_like(self) -> GatedShare | None:
        """The CD44+CD24- (or -/low) cells; None where there is no gate."""
        return self.quadrants[0] if self.quadrants else None


def cd44_cd24(sample: FloatArray, cd44: PositiveGate, cd24: Cd24Border, *, seed: int) -> Cd44Cd24:
    """Count CD44+/CD24- cells; an event on a border lies below it.

    The interval draws the controls' cells and the sample's cells again (see `resampling`); it says how well
    the share that this rule gives is known, not how far the rule is from the cells' biology.

    Parameters
    ----------
    sample : (n, 2) compensated linear signal of viable single cells, columns CD44 and CD24
    cd44 : gate of CD44 on its matched control
    cd24 : border of CD24 low, see `cd24_border`; made with as many resamplings as `cd44`
    seed : of the resampled cells

    Raises
    ------
    ValueError : events that are not (n, 2), or gate and border with different numbers of resamplings
    """
    events = np.asarray(sample)
    if events.ndim != 2 or events.shape[1] != 2:
        raise ValueError(f"events must be (n, 2), CD44 and CD24; found {events.shape}")
    finite = np.isfinite(events).all(axis=1)
    lost = int(np.count_nonzero(~finite))
    events = events if not lost else events[finite]
    findings = cell_findings(len(events), lost)
    if cd44.threshold is None or cd24.threshold is None:
        return Cd44Cd24(
            (), cd24.definition, cd44.threshold, cd24.threshold, (), len(events), lost, tuple(findings)
        )
    main, others = _pairs(cd44, cd24)
    rng = np.random.default_rng(seed)
    quadrants = _quadrants(events, main, rng)
    beside = tuple(
        ShareAtPercentile(
            pair.percentile,
            pair.cd44,
            pair.cd24,
            quadrants[0] if pair.is_like(main) else _quadrants(events, pair, rng)[0],
        )
        for pair in others
    )
    findings += population_findings("CD44", events[:, 0], cd44.threshold)
    findings += population_findings("CD24", events[:, 1], cd24.threshold)
    percents = [(one.percentile, one.share.percent) for one in beside]
    findings += sensitivity_findings("", STEM_LIKE, percents)
    return Cd44Cd24(
        quadrants, cd24.definition, main.cd44, main.cd24, beside, len(events), lost, tuple(findings)
    )


@dataclass(frozen=True)
class _Pair:
    """Gate and border that belong together, with their resamplings."""

    percentile: float
    cd44: float
    cd24: float
    cd44_resampled: FloatArray
    cd24_resampled: FloatArray

    def is_like(self, other: _Pair) -> bool:
        """Whether it has the same borders and so the same shares."""
        return (self.cd44, self.cd24) == (other.cd44, other.cd24)


def _pairs(cd44: PositiveGate, cd24: Cd24Border) -> tuple[_Pair, list[_Pair]]:
    """The pair that counts, then those at the percentiles beside it; a gate set by hand stays where it is."""
    if len(cd44.resampled) != len(cd24.resampled):
        raise ValueError(
            f"the CD44 gate has {len(cd44.resampled)} resamplings, the CD24 border {len(cd24.resampled)}; "
            "make both with the same number"
        )
    one, other = cd44.threshold or 0.0, cd24.threshold or 0.0
    main = _Pair(cd44.percentile, one, other, cd44.resampled, cd24.resampled)
    pairs = []
    gates = {gate.percentile: (gate.threshold, gate.resampled) for gate in cd44.beside}
    borders = {border.percentile: (border.threshold, border.resampled) for border in cd24.beside}
    for percentile in sorted({*gates, *borders}):
        gate, gate_draws = gates.get(percentile, (one, cd44.resampled))
        border, border_draws = borders.get(percentile, (other, cd24.resampled))
        pairs.append(_Pair(percentile, gate, border, gate_draws, border_draws))
    return main, pairs


def _quadrants(events: FloatArray, pair: _Pair, rng: np.random.Generator) -> tuple[GatedShare, ...]:
    """The four shares of a pair; of the counts the first row is the tube's own, the rest resampled gates."""
    first = np.append(pair.cd44, pair.cd44_resampled)
    second = np.append(pair.cd24, pair.cd24_resampled)
    counts, n = quadrant_counts(events, first, second), len(events)
    draws = resampled_percent(counts[1:], n, rng) if n else np.empty((0, len(QUADRANTS)))
    return tuple(
        gated_share(name, int(counts[0, place]), n, draws[:, place]) for place, name in enumerate(QUADRANTS)
    )
