"""Where "CD24 negative or low" ends: the definition is a choice of the lab and stands with every number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray, spread_over
from exoraw.assays.flow.density import DensityError, density, landscape, resampled_valley
from exoraw.assays.flow.markers.findings import remark
from exoraw.assays.flow.markers.positivity import PositiveGate
from exoraw.assays.flow.markers.shares import SHAPE_EVENTS, VALLEY_DEPTH, VALLEY_PEAK_SHARE
from exoraw.assays.flow.transforms import estimate_arcsinh

MARKER = "CD24"
Cd24Rule = Literal["negative", "multiple", "percentile", "border", "valley"]
NEEDS_VALUE: tuple[Cd24Rule, ...] = ("multiple", "percentile", "border")


@dataclass(frozen=True)
class Cd24Low:
    """What a lab calls CD24 negative or low.

    Parameters
    ----------
    rule : "negative": at or below the CD24 gate (isotype, FMO). "multiple": at or below `value` times that
        gate. "percentile": at or below a higher percentile of the control, one of those beside the gate.
        "border": at or below `value`, linear. "valley": at or below the verified valley between two CD24
        populations of the stained cells
    value : of the multiple, the percentile or the border; None for the other two

    Raises
    ------
    ValueError : a value that is missing, not wanted or outside its range
    """

    rule: Cd24Rule = "negative"
    value: float | None = None

    def __post_init__(self) -> None:
        needs = self.rule in NEEDS_VALUE
        if needs != (self.value is not None):
            words = "needs a value" if needs else f"takes no value; found {self.value}"
            raise ValueError(f'CD24 low by "{self.rule}" {words}')
        if self.value is None:
            return
        if not np.isfinite(self.value):
            raise ValueError(f"the border of CD24 low must be a number; found {self.value}")
        if self.rule == "multiple" and self.value < 1:
            raise ValueError(f"CD24 low as a multiple of the gate must be 1 or more; found {self.value:g}")
        if self.rule == "percentile" and not 50 <= self.value < 100:
            raise ValueError(f"CD24 low as a percentile lies between 50 and 100; found {self.value:g}")

    @property
    def words(self) -> str:
        """The definition as it stands beside every number and in the methods."""
        value = self.value or 0.0
        return {
            "negative": "CD24 negative: at or below the CD24 gate",
            "multiple": f"CD24 negative or low: at or below {value:g} times the CD24 gate",
            "percentile": f"CD24 negative or low: at or below the {value:g}th percentile of the control",
            "border": f"CD24 negative or low: at or below {value:,.6g} (linear, fixed)",
            "valley": "CD24 negative or low: below the valley between the two CD24 populations",
        }[self.rule]


@dataclass(frozen=True)
class BorderAtPercentile:
    """The border of CD24 low with the CD24 gate at one percentile; `resampled` is (resamplings,)."""

    percentile: float
    threshold: float
    resampled: FloatArray = field(repr=False, compare=False)


@dataclass(frozen=True)
class Cd24Border:
    """The border of CD24 low: a cell at or below it counts as CD24 negative or low.

    Parameters
    ----------
    definition : as asked for
    threshold : compensated linear; None where the definition gives none
    resampled : (resamplings,) borders of the resampled controls (valley: of the resampled cells)
    beside : the border at the percentiles of the CD24 gate; the same at each where the definition does not
        hang on the percentile
    findings : of the CD24 gate where the border stands on it, and of the definition
    """

    definition: Cd24Low
    threshold: float | None
    resampled: FloatArray = field(repr=False, compare=False)
    beside: tuple[BorderAtPercentile, ...]
    findings: tuple[Finding, ...]


def cd24_border(
    gate: PositiveGate,
    definition: Cd24Low | None = None,
    *,
    stained: FloatArray | None = None,
    seed: int = 0,
) -> Cd24Border:
    """Find the border of CD24 low.

    A definition that gives no border leaves an error and no border, never another definition: shares by
    two definitions cannot be compared. For "valley" hand over the stained tubes of the whole batch, so
    that all of them get one border.

    Parameters
    ----------
    gate : the CD24 gate on its isotype or FMO
    definition : "negative" when None
    stained : (n,) compensated linear CD24 signal of stained cells; looked at for "valley" only
    seed : of the resampled valley
    """
    chosen = definition or Cd24Low()
    if chosen.rule == "border":
        return _fixed(gate, chosen)
    if chosen.rule == "valley":
        return _valley(gate, chosen, stained, seed)
    if gate.threshold is None:
        return Cd24Border(chosen, None, np.empty(0), (), gate.findings)
    if chosen.rule == "multiple":
        return _multiple(gate, chosen)
    if chosen.rule == "percentile":
        return _percentile(gate, chosen)
    return _times(gate, chosen, gate.threshold, 1.0)


def batch_valley(stained: FloatArray, resamplings: int, seed: int) -> Cd24Border:
    """Find the valley between the two CD24 populations of a batch's stained tubes; no control is needed.

    Parameters
    ----------
    stained : (n,) compensated linear CD24 signal of the viable single cells of all stained tubes
    resamplings : of the valley; 0 for none
    seed : of the resampling
    """
    none = PositiveGate(MARKER, None, np.nan, "none", 0, None, None, np.empty(resamplings), (), ())
    return _valley(none, Cd24Low("valley"), stained, seed)


def valley_border(threshold: float | None, resampled: FloatArray, gate: PositiveGate) -> Cd24Border:
    """The border at the valley of the batch, beside a tube's own CD24 gate.

    Parameters
    ----------
    threshold, resampled : of `batch_valley`; the remarks on it stand with the batch
    gate : the CD24 gate of the tube's control; with or without a threshold
    """
    chosen = Cd24Low("valley")
    if threshold is None:
        return Cd24Border(chosen, None, np.empty(0), (), ())
    kept = gate.findings if gate.threshold is not None else ()
    findings = (*kept, *_below_gate(gate, threshold))
    return Cd24Border(chosen, threshold, resampled, _same_beside(gate, threshold, resampled), findings)


def _undefined(gate: PositiveGate, chosen: Cd24Low, code: str, message: str) -> Cd24Border:
    findings = (*gate.findings, remark(MARKER, code, message, severity="error"))
    return Cd24Border(chosen, None, np.empty(0), (), findings)


def _times(gate: PositiveGate, chosen: Cd24Low, threshold: float, times: float) -> Cd24Border:
    beside = tuple(
        BorderAtPercentile(one.percentile, times * one.threshold, times * one.resampled)
        for one in gate.beside
    )
    return Cd24Border(chosen, times * threshold, times * gate.resampled, beside, gate.findings)


def _same_beside(gate: PositiveGate, border: float, resampled: FloatArray) -> tuple[BorderAtPercentile, ...]:
    return tuple(BorderAtPercentile(one.percentile, border, resampled) for one in gate.beside)


def _below_gate(gate: PositiveGate, border: float) -> list[Finding]:
    if gate.threshold is None or border >= gate.threshold:
        return []
    message = (
        f"CD24 low ends at {border:,.0f}, below the CD24 gate of {gate.threshold:,.0f}: some cells that "
        "count as CD24+ are as dim as the control."
    )
    return [remark(MARKER, "cd24_low_below_gate", message, value=border, limit=gate.threshold)]


def _fixed(gate: PositiveGate, chosen: Cd24Low) -> Cd24Border:
    """A border that a person set; a missing CD24 control is then no fault."""
    border = float(chosen.value or 0.0)
    findings = tuple(_below_gate(gate, border)) if gate.threshold is not None else ()
    kept = gate.findings if gate.threshold is not None else ()
    resampled = np.full(len(gate.resampled), border)
    return Cd24Border(chosen, border, resampled, _same_beside(gate, border, resampled), (*kept, *findings))


def _multiple(gate: PositiveGate, chosen: Cd24Low) -> Cd24Border:
    times = float(chosen.value or 1.0)
    if gate.threshold is None or gate.threshold <= 0:
        message = (
            f"CD24 low was to end at {times:g} times the CD24 gate, but that gate is not above "
            f"zero ({gate.threshold or 0.0:,.0f})."
        )
        return _undefined(gate, chosen, "cd24_border_undefined", message)
    return _times(gate, chosen, gate.threshold, times)


def _percentile(gate: PositiveGate, chosen: Cd24Low) -> Cd24Border:
    found = next((one for one in gate.beside if one.percentile == chosen.value), None)
    if found is None:
        known = ", ".join(f"{one.percentile:g}" for one in gate.beside) or "none"
        message = (
            f"CD24 low was to end at the {chosen.value:g}th percentile of the control; the CD24 gate was "
            f"made at these percentiles: {known}."
        )
        return _undefined(gate, chosen, "cd24_border_undefined", message)
    findings = (*gate.findings, *_below_gate(gate, found.threshold))
    beside = _same_beside(gate, found.threshold, found.resampled)
    return Cd24Border(chosen, found.threshold, found.resampled, beside, findings)


def _valley(gate: PositiveGate, chosen: Cd24Low, stained: FloatArray | None, seed: int) -> Cd24Border:
    """The valley between the two CD24 populations, where there are two and it is a real one."""
    given = np.empty(0) if stained is None else np.asarray(stained, dtype=np.float64)
    values = spread_over(given[np.isfinite(given)], SHAPE_EVENTS)
    try:
        axis = estimate_arcsinh(values)
        shape = density(axis.forward(values))
    except DensityError as error:
        message = f"No valley can be looked for in the CD24 signal of the stained cells: {error}."
        return _undefined(gate, chosen, "cd24_without_valley", message)
    seen = landscape(shape, min_share=VALLEY_PEAK_SHARE, min_depth=VALLEY_DEPTH)
    if len(seen.peaks) != 2:
        message = (
            f"CD24 shows {len(seen.peaks)} population(s) of 1 % or more with a valley of "
            f"{100 * VALLEY_DEPTH:.0f} % between, where two are needed: CD24 low has no border."
        )
        return _undefined(gate, chosen, "cd24_without_valley", message)
    border = float(axis.inverse(np.array([seen.valleys[0].position]))[0])
    left, right = seen.peaks[0].position, seen.peaks[1].position
    resampled: FloatArray = np.empty(0)
    if len(gate.resampled):
        resampled = axis.inverse(resampled_valley(shape, left, right, len(gate.resampled), seed))
    kept = gate.findings if gate.threshold is not None else ()
    findings = (*kept, *_below_gate(gate, border))
    return Cd24Border(chosen, border, resampled, _same_beside(gate, border, resampled), findings)
