"""ALDH-high cells by ALDEFLUOR: the gate stands on the same sample's own DEAB tube.

DEAB blocks aldehyde dehydrogenase, so what lies above the gate in the DEAB tube is background. The gate
leaves 0.5 % of the DEAB cells above it (StemCell Technologies' protocol; Ginestier et al. 2007, Cell Stem
Cell 1:555); the share is given as it is (gross) and minus the DEAB tube's (net). No valley is asked for: a
tube with no ALDH-high cell at all, or with nothing else, is counted as rightly as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.markers.findings import remark
from exoraw.assays.flow.markers.positivity import GateSettings, PositiveGate, positive_gate
from exoraw.assays.flow.markers.resampling import counts_above, ends, resampled_percent
from exoraw.assays.flow.markers.shares import (
    NEARLY_ALL,
    NEARLY_NONE,
    GatedShare,
    cell_findings,
    gated_share,
    sensitivity_findings,
)
from exoraw.study.spec import Severity

MARKER = "ALDH"
BACKGROUND = 0.5  # percent of the DEAB tube's cells above the gate
DEAB = "DEAB tube"
ALDH_HIGH = "ALDH-high"


@dataclass(frozen=True)
class NetShare:
    """Test minus DEAB, in percentage points, -100 to 100; the interval holds gate, test and DEAB tube."""

    points: float
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True)
class AldhAtBackground:
    """Gross and net share with the gate at one background of the DEAB tube, percent."""

    background: float
    threshold: float
    gross: GatedShare
    net: NetShare


@dataclass(frozen=True)
class Aldefluor:
    """ALDH-high cells of a sample.

    Parameters
    ----------
    gate : on the DEAB tube, or set by a person
    gross : share of the test tube's cells above the gate; None without a gate
    background : share of the DEAB tube's cells above the gate; None without a DEAB tube
    net : gross minus background; negative where the test tube has fewer; None where one of them is missing
    beside : the same with the gate at the other backgrounds
    n, n_not_finite : cells of the test tube counted, and events without a number that were not
    findings : of the tubes and of the gate
    """

    gate: PositiveGate
    gross: GatedShare | None
    background: GatedShare | None
    net: NetShare | None
    beside: tuple[AldhAtBackground, ...]
    n: int
    n_not_finite: int
    findings: tuple[Finding, ...]


def deab_gate(
    deab: FloatArray | None,
    *,
    background: float = BACKGROUND,
    settings: GateSettings | None = None,
    seed: int,
    test: FloatArray | None = None,
    ceiling: float | None = None,
) -> PositiveGate:
    """Return the gate that leaves `background` percent of the DEAB tube above it.

    Parameters
    ----------
    deab : (n,) compensated linear signal of the DEAB tube's viable single cells
    background : percent, above 0 up to 50
    settings : numbers of cells and resamplings; their percentile is not looked at
    seed : of the resampling
    test : (m,) the sample's own test tube: the DEAB tube should not be brighter
    ceiling : the detector's highest value, linear

    Raises
    ------
    ValueError : a background outside 0 to 50 %
    """
    if not 0 < background <= 50:
        raise ValueError(f"the background of the DEAB tube lies above 0 and up to 50 %; found {background}")
    chosen = settings or GateSettings()
    return positive_gate(
        deab,
        percentile=100 - background,
        beside=chosen.beside,
        bootstraps=chosen.bootstraps,
        minimum=chosen.minimum,
        advised=chosen.advised,
        seed=seed,
        marker=MARKER,
        called=DEAB,
        sample=test,
        ceiling=ceiling,
    )


def aldefluor(
    test: FloatArray,
    deab: FloatArray | None,
    *,
    background: float = BACKGROUND,
    gate: PositiveGate | None = None,
    settings: GateSettings | None = None,
    seed: int,
    ceiling: float | None = None,
) -> Aldefluor:
    """Count ALDH-high cells; an event on the gate lies below it.

    Dead cells must be gated out first: they take up the substrate and fall into ALDH-high.

    Parameters
    ----------
    test : (n,) compensated linear ALDEFLUOR signal of viable single cells
    deab : (m,) the same of the SAME sample's DEAB tube; None where there is none
    background : percent of the DEAB tube above the gate
    gate : a gate that a person set (`fixed_gate`); found on the DEAB tube when None
    settings, seed, ceiling : see `deab_gate`

    Raises
    ------
    ValueError : signals that are not (n,), or a background outside 0 to 50 %
    """
    cells, lost = _finite(test)
    controls, _ = _finite(np.empty(0) if deab is None else deab)
    found = gate or deab_gate(
        deab, background=background, settings=settings, seed=seed, test=cells, ceiling=ceiling
    )
    findings = [*_about_deab(deab, found), *_without_isotype_words(found), *cell_findings(len(cells), lost)]
    if found.threshold is None:
        return Aldefluor(found, None, None, None, (), len(cells), lost, tuple(findings))
    tubes = _Tubes(np.sort(cells), np.sort(controls), not found.is_by_hand)
    rng = np.random.default_rng([seed, 1])
    gross, above_deab, net = tubes.shares(found.threshold, found.resampled, rng)
    beside = []
    for one in found.beside:
        share, _, difference = tubes.shares(one.threshold, one.resampled, rng)
        if difference is not None:
            rest = round(100 - one.percentile, 9)
            beside.append(AldhAtBackground(rest, one.threshold, share, difference))
    findings += _about_shares(gross, net)
    sides = [(100 - one.background, one.gross.percent) for one in beside]
    findings += sensitivity_findings(MARKER, ALDH_HIGH, sides)
    return Aldefluor(found, gross, above_deab, net, tuple(beside), len(cells), lost, tuple(findings))


@dataclass(frozen=True)
class _Tubes:
    """Ascending values of the test and the DEAB tube; `own` where the gate was found on this DEAB tube."""

    test: FloatArray
    deab: FloatArray
    own: bool

    def shares(
        self, threshold: float, resampled: FloatArray, rng: np.random.Generator
    ) -> tuple[GatedShare, GatedShare | None, NetShare | None]:
        """Gross share, the DEAB tube's share, and their difference."""
        gross, gross_draws = _share(ALDH_HIGH, self.test, threshold, resampled, rng)
        if not len(self.deab):
            return gross, None, None
        background, drawn = _share(DEAB, self.deab, threshold, resampled, rng)
        if self.own:  # the gate moves with the resampled DEAB cells and always leaves as many above it
            drawn = np.full(len(drawn), background.percent)
        return gross, background, _net(gross, background, gross_draws - drawn)


def _share(
    name: str, ordered: FloatArray, threshold: float, resampled: FloatArray, rng: np.random.Generator
) -> tuple[GatedShare, FloatArray]:
    n = len(ordered)
    count = int(counts_above(ordered, np.array([threshold]))[0])
    draws = resampled_percent(counts_above(ordered, resampled), n, rng) if n else np.full(len(resampled), nan)
    return gated_share(name, count, n, draws), draws


def _net(gross: GatedShare, background: GatedShare, draws: FloatArray) -> NetShare:
    return NetShare(gross.percent - background.percent, *ends(draws))


def _finite(values: FloatArray) -> tuple[FloatArray, int]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"the ALDEFLUOR signal must be (n,); found {array.shape}")
    finite = array[np.isfinite(array)]
    return finite, len(array) - len(finite)


def _about_deab(deab: FloatArray | None, gate: PositiveGate) -> list[Finding]:
    if deab is not None:
        return []
    message = (
        "The sample has no DEAB tube of its own: the background is not known. Another sample's DEAB tube is "
        "no substitute, because the dye differs from cell line to cell line and from day to day."
    )
    severity: Severity = "warning" if gate.is_by_hand else "error"
    return [remark(MARKER, "deab_missing", message, severity=severity)]


def _without_isotype_words(gate: PositiveGate) -> list[Finding]:
    """The gate's remarks; "no isotype, no FMO" says nothing here that `deab_missing` does not say better."""
    return [one for one in gate.findings if one.code != "no_marker_control"]


def _about_shares(gross: GatedShare, net: NetShare | None) -> list[Finding]:
    """Say that nearly none or all cells are ALDH-high, and that a net share is negative: all legal."""
    found = []
    if gross.percent >= NEARLY_ALL or gross.percent <= NEARLY_NONE:
        code = "all_positive" if gross.percent >= NEARLY_ALL else "all_negative"
        message = f"{gross.percent:.2f} % of the cells are ALDH-high by the DEAB gate."
        found.append(remark(MARKER, code, message, value=gross.percent, severity="info"))
    if net is not None and net.points < 0:
        message = (
            f"Fewer cells of the sample than of its DEAB tube lie above the gate: net {net.points:.2f} "
            "points. It is kept as it is."
        )
        found.append(remark(MARKER, "net_below_zero", message, value=net.points, limit=0.0, severity="info"))
    return found
