"""Uptake of labelled exosomes (PKH26, PKH67, DiI, CFSE): cells above their matched control, and how bright.

PKH dyes form particles of their own that cells take up like exosomes (Pužar Dominkuš et al. 2018, Biochim
Biophys Acta Biomembr 1860:1350; MISEV2023), so the control that counts is the dye carried through every step
without exosomes. Against unstained cells alone, dye and exosomes cannot be told apart, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.markers.brightness import chance_of_being_brighter
from exoraw.assays.flow.markers.findings import remark, signal_of
from exoraw.assays.flow.markers.fluorescence import Contrast, Fluorescence, fluorescence
from exoraw.assays.flow.markers.positivity import GateSettings, PositiveGate, positive_gate
from exoraw.assays.flow.markers.resampling import counts_above, resampled_percent
from exoraw.assays.flow.markers.shares import GatedShare, cell_findings, gated_share, sensitivity_findings

UptakeControl = Literal["dye only", "no exosomes", "unstained"]
FREE_DYE = 0.75  # chance that a dye-only cell outshines an unstained one
NO_UPTAKE = 0.55  # chance that a cell with exosomes outshines its control


@dataclass(frozen=True)
class UptakeControls:
    """The control tubes of an uptake sample: (n,) compensated linear signal of viable single cells, or None.

    Parameters
    ----------
    dye_only : cells with dye that went through labelling and washing without exosomes
    no_exosomes : cells that got the medium of a mock preparation, labelled like the exosomes
    unstained : cells without any dye
    """

    dye_only: FloatArray | None = None
    no_exosomes: FloatArray | None = None
    unstained: FloatArray | None = None

    def best(self) -> tuple[UptakeControl, FloatArray] | None:
        """The control that tells most, and what it is called."""
        named: tuple[tuple[UptakeControl, FloatArray | None], ...] = (
            ("dye only", self.dye_only),
            ("no exosomes", self.no_exosomes),
            ("unstained", self.unstained),
        )
        return next(((name, tube) for name, tube in named if tube is not None and len(tube)), None)


@dataclass(frozen=True)
class Uptake:
    """Uptake in one tube.

    Parameters
    ----------
    control : which control the numbers stand against; None where there is none
    gate : percentile of that control
    positive : share of the cells above the gate; None without a gate
    brightness : of the sample, with every statistic against the control
    findings : remarks on tube, control and gate
    """

    control: UptakeControl | None
    gate: PositiveGate
    positive: GatedShare | None
    brightness: Fluorescence
    findings: tuple[Finding, ...]

    @property
    def mfi_ratio(self) -> Contrast | None:
        """Median of the sample against the control's, as ratio and difference."""
        return self.brightness.against_control("median")


def uptake(
    sample: FloatArray,
    controls: UptakeControls,
    *,
    dye: str = "",
    settings: GateSettings | None = None,
    saturated: BoolArray | None = None,
    ceiling: float | None = None,
    seed: int,
) -> Uptake:
    """Measure uptake against the best control there is.

    Parameters
    ----------
    sample : (n,) compensated linear signal of the dye in viable single cells
    controls : of the same cell line, batch and treatment
    dye : "PKH26"; how findings call the channel
    settings : percentile of the control and cells asked for; 99.5 % when None
    saturated, ceiling : see `fluorescence` and `positive_gate`
    seed : of the resampling

    Raises
    ------
    ValueError : signals that are not (n,)
    """
    chosen = settings or GateSettings()
    best = controls.best()
    name, tube = best or (None, None)
    called = {"dye only": "dye-only control", "no exosomes": "no-exosome control"}.get(
        name or "", "unstained control"
    )
    gate = positive_gate(
        tube,
        percentile=chosen.percentile,
        beside=chosen.beside,
        bootstraps=chosen.bootstraps,
        minimum=chosen.minimum,
        advised=chosen.advised,
        seed=seed,
        marker=dye,
        called=called,
        sample=sample,
        ceiling=ceiling,
    )
    brightness = fluorescence(sample, tube, marker=dye, called=called, saturated=saturated, seed=seed + 1)
    positive, findings = _share(sample, gate, seed)
    remarks = [one for one in gate.findings if one.code != "no_marker_control"]
    known = {one.code for one in (*remarks, *findings)}
    remarks += [one for one in brightness.findings if one.code not in known]
    return Uptake(
        name,
        gate,
        positive,
        brightness,
        (*_about_controls(dye, name, controls), *_about_uptake(dye, sample, tube), *remarks, *findings),
    )


def _share(sample: FloatArray, gate: PositiveGate, seed: int) -> tuple[GatedShare | None, list[Finding]]:
    ordered = np.sort(sample[np.isfinite(sample)])
    n = len(ordered)
    findings = cell_findings(n, len(sample) - n)
    if gate.threshold is None:
        return None, findings
    rng = np.random.default_rng([seed, 2])
    share = _above(ordered, gate.threshold, gate.resampled, rng)
    sides = [
        (one.percentile, _above(ordered, one.threshold, one.resampled, rng).percent) for one in gate.beside
    ]
    return share, findings + sensitivity_findings(gate.marker, "cells with dye", sides)


def _above(
    ordered: FloatArray, threshold: float, resampled: FloatArray, rng: np.random.Generator
) -> GatedShare:
    n = len(ordered)
    count = int(counts_above(ordered, np.array([threshold]))[0])
    draws = resampled_percent(counts_above(ordered, resampled), n, rng) if n else np.empty(0)
    return gated_share("positive", count, n, draws)


def _about_controls(dye: str, name: UptakeControl | None, controls: UptakeControls) -> list[Finding]:
    """Say what the control cannot tell apart, and whether free dye reaches the cells."""
    if name is None:
        message = "There is no dye-only, no-exosome or unstained control: uptake has no gate and no ratio."
        return [remark(dye, "no_uptake_control", message, severity="error")]
    if name == "unstained":
        message = (
            f"Only unstained cells stand against {signal_of(dye)}: free dye and aggregates count as uptake. "
            "A dye-only control (dye, same washing, no exosomes) is needed to tell them apart."
        )
        return [remark(dye, "dye_aggregates_unknown", message)]
    best = controls.best()
    if controls.unstained is None or best is None:
        return []
    chance = chance_of_being_brighter(best[1], controls.unstained)
    if chance <= FREE_DYE:
        return []
    message = (
        f"The {name} control is brighter in {signal_of(dye)} than unstained cells in {100 * chance:.0f} % "
        "of all pairs: free dye reaches the cells. Against unstained cells uptake would have looked larger."
    )
    return [remark(dye, "free_dye_seen", message, value=chance, limit=FREE_DYE, severity="info")]


def _about_uptake(dye: str, sample: FloatArray, tube: FloatArray | None) -> list[Finding]:
    if tube is None or not len(sample):
        return []
    chance = chance_of_being_brighter(sample[np.isfinite(sample)], tube[np.isfinite(tube)])
    if chance > NO_UPTAKE:
        return []
    message = (
        f"The cells with exosomes are no brighter in {signal_of(dye)} than their control (the brighter one "
        f"in {100 * chance:.0f} % of all pairs)."
    )
    return [remark(dye, "no_uptake_seen", message, value=chance, limit=NO_UPTAKE, severity="info")]
