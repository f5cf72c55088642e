"""The gate of a marker: a percentile of its isotype or FMO control, with its interval and its rivals.

Cells above the 99.5th percentile of the matched isotype count as positive; where there is an FMO too, the
larger of the two gates is taken. The gates at 99, 99.5 and 99.9 % stand side by side because a share can
swing by a factor of two between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray, spread_over
from exoraw.assays.flow.markers.brightness import brighter_control
from exoraw.assays.flow.markers.control_findings import (
    beyond_findings,
    disagreement_findings,
    saturation_findings,
    size_findings,
    tail_findings,
)
from exoraw.assays.flow.markers.findings import remark, signal_of
from exoraw.assays.flow.markers.resampling import (
    check_resamplings,
    correlated_normals,
    ends,
    exceedance_correlation,
    resampled_values,
    value_at,
)

ISOTYPE_PERCENTILE = 99.5  # of the control's cells below the gate
BESIDE = (99.0, 99.5, 99.9)  # reported beside it
MINIMUM_EVENTS = 500  # a 99.5 % gate's true false-positive rate is then 0.5 +- 0.3 %
ADVISED_EVENTS = 5_000  # 0.50 +- 0.10 %
RESAMPLINGS = 200
BY_HAND = "set by a person"


@dataclass(frozen=True)
class PercentileGate:
    """The gate at one percentile.

    Parameters
    ----------
    percentile : of the control's cells below it
    threshold : linear
    ci_low, ci_high : 95 % interval from resampled controls, linear; None without resampling
    resampled : (resamplings,) thresholds of the resampled controls
    source : "isotype", "FMO", "isotype (larger than FMO)", "FMO (larger than isotype)"
    """

    percentile: float
    threshold: float
    ci_low: float | None
    ci_high: float | None
    resampled: FloatArray = field(repr=False, compare=False)
    source: str


@dataclass(frozen=True)
class PositiveGate:
    """The gate of one marker: an event above it is positive.

    Parameters
    ----------
    marker : "CD44"; "" where it has no name
    threshold : compensated linear; None where no control could be used
    percentile : of the control's cells below it
    source : which control it comes from, see `PercentileGate`; "none"; "set by a person"
    n : cells of that control inside its parent gate
    ci_low, ci_high : 95 % interval of the threshold, linear
    resampled : (resamplings,) thresholds of the resampled controls; what intervals of shares are made of
    beside : the gates at the percentiles reported side by side
    findings : remarks on the control
    """

    marker: str
    threshold: float | None
    percentile: float
    source: str
    n: int
    ci_low: float | None
    ci_high: float | None
    resampled: FloatArray = field(repr=False, compare=False)
    beside: tuple[PercentileGate, ...]
    findings: tuple[Finding, ...]

    @property
    def is_by_hand(self) -> bool:
        """Whether a person set it."""
        return self.source == BY_HAND


@dataclass(frozen=True)
class GateSettings:
    """What a lab may set about a percentile gate; see `positive_gate`."""

    percentile: float = ISOTYPE_PERCENTILE
    beside: tuple[float, ...] = BESIDE
    bootstraps: int = RESAMPLINGS
    minimum: int = MINIMUM_EVENTS
    advised: int = ADVISED_EVENTS

    def __post_init__(self) -> None:
        check_resamplings(self.bootstraps)
        wrong = [one for one in (self.percentile, *self.beside) if not 50 <= one < 100]
        if wrong:
            raise ValueError(f"a percentile of a control lies between 50 and 100; found {wrong}")

    @property
    def percentiles(self) -> tuple[float, ...]:
        """The chosen percentile first, then those beside it."""
        return (self.percentile, *self.beside)


@dataclass(frozen=True)
class _Control:
    """One control tube of a marker: its ascending values and its normal draws for the resampling."""

    called: str
    ordered: FloatArray
    normals: FloatArray

    def gate(self, percentile: float) -> PercentileGate:
        threshold = value_at(self.ordered, percentile)
        resampled = resampled_values(self.ordered, percentile, self.normals)
        low, high = ends(resampled)
        return PercentileGate(percentile, threshold, low, high, resampled, self.called)


def positive_gate(
    control: FloatArray | None,
    *,
    percentile: float = ISOTYPE_PERCENTILE,
    fmo: FloatArray | None = None,
    beside: tuple[float, ...] = BESIDE,
    bootstraps: int = RESAMPLINGS,
    seed: int,
    minimum: int = MINIMUM_EVENTS,
    advised: int = ADVISED_EVENTS,
    marker: str = "",
    called: str = "isotype",
    sample: FloatArray | None = None,
    ceiling: float | None = None,
) -> PositiveGate:
    """Find the gate of one marker on its matched control.

    Parameters
    ----------
    control : (n,) compensated linear signal of the control's viable single cells; None without a control
    percentile : of the control's cells below the gate
    fmo : (m,) the same of the FMO tube; the larger of the two gates is taken
    beside : percentiles reported side by side
    bootstraps : resamplings for the intervals; 0 for none, else 40 at the least
    seed : of the resampling
    minimum, advised : a control with fewer cells leaves a warning, or a piece of advice
    marker, called : how findings call the marker and the control ("DEAB tube")
    sample : (k,) a stained tube; the control should not be brighter than it
    ceiling : the detector's highest value, linear; without it a plateau tells

    Raises
    ------
    ValueError : a percentile outside 50 to 100, too few resamplings, or values that are not (n,)
    """
    settings = GateSettings(percentile, beside, bootstraps, minimum, advised)
    normals = np.random.default_rng(seed).standard_normal((2, bootstraps))
    return _gate(
        marker,
        called,
        settings,
        (_one_channel(control), _one_channel(fmo)),
        (normals[0], normals[1]),
        _one_channel(sample),
        ceiling,
    )


def positive_gates(
    tube: FloatArray,
    *,
    markers: Sequence[str],
    fmos: Sequence[FloatArray | None] | None = None,
    samples: FloatArray | None = None,
    ceilings: Sequence[float | None] | None = None,
    settings: GateSettings | None = None,
    seed: int,
    called: str = "isotype",
) -> tuple[PositiveGate, ...]:
    """Find the gates of several markers on ONE control tube that carries all their isotypes.

    Cells that are bright in one channel (large, dead) are bright in the others too, so the gates of one tube
    move together when its cells are resampled. For isotypes in tubes of their own call `positive_gate` for
    each.

    Parameters
    ----------
    tube : (n, k) compensated linear signal, one column per marker
    markers : (k,) names
    fmos : (k,) FMO tube of each marker, (m,) or None
    samples : (m, k) a stained tube
    ceilings : (k,) see `positive_gate`
    settings, seed, called : see `positive_gate`

    Raises
    ------
    ValueError : a tube that is not (n, k) with k the number of markers
    """
    chosen = settings or GateSettings()
    events = np.asarray(tube, dtype=np.float64)
    width = len(markers)
    if events.ndim != 2 or events.shape[1] != width:
        raise ValueError(f"a tube of {width} markers must be (n, {width}); found {events.shape}")
    rng = np.random.default_rng(seed)
    normals = correlated_normals(rng, _correlation(events, chosen.percentile), chosen.bootstraps)
    fmo_normals = rng.standard_normal((width, chosen.bootstraps))
    none = [None] * width
    return tuple(
        _gate(
            marker,
            called,
            chosen,
            (events[:, place], _one_channel((fmos or none)[place])),
            (normals[place], fmo_normals[place]),
            None if samples is None else np.asarray(samples)[:, place],
            (ceilings or none)[place],
        )
        for place, marker in enumerate(markers)
    )


def fixed_gate(threshold: float, *, marker: str = "", bootstraps: int = RESAMPLINGS) -> PositiveGate:
    """Return a gate that a person set: it has no control and no doubt of its own.

    Raises
    ------
    ValueError : a threshold that is no number, or too few resamplings
    """
    check_resamplings(bootstraps)
    if not np.isfinite(threshold):
        raise ValueError(f"a gate must be a number; found {threshold}")
    resampled = np.full(bootstraps, float(threshold))
    return PositiveGate(marker, float(threshold), float("nan"), BY_HAND, 0, None, None, resampled, (), ())


def _one_channel(values: FloatArray | None) -> FloatArray | None:
    if values is None:
        return None
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"the signal of one marker must be (n,); found {array.shape}")
    return array


def _correlation(events: FloatArray, percentile: float) -> FloatArray:
    finite = events[np.isfinite(events).all(axis=1)]
    if len(finite) < 2:
        return np.eye(events.shape[1])
    return exceedance_correlation(finite, np.percentile(finite, percentile, axis=0))


def _gate(
    marker: str,
    called: str,
    settings: GateSettings,
    tubes: tuple[FloatArray | None, FloatArray | None],
    normals: tuple[FloatArray, FloatArray],
    sample: FloatArray | None,
    ceiling: float | None,
) -> PositiveGate:
    """Gate of one marker from its control and its FMO, with every remark on them."""
    findings: list[Finding] = []
    usable = []
    for name, tube, draws in zip((called, "FMO"), tubes, normals, strict=True):
        control, remarks = _usable(marker, name, tube, draws)
        findings += remarks
        if control is not None:
            usable.append(control)
    if not usable:
        findings.append(_no_control(marker, called))
        return PositiveGate(
            marker, None, settings.percentile, "none", 0, None, None, np.empty(0), (), tuple(findings)
        )
    if usable[0].called == "FMO" and called != "FMO":
        findings.append(_fmo_alone(marker, called))
    gates = [_larger([control.gate(one) for control in usable]) for one in settings.percentiles]
    used = next(control for control in usable if gates[0].source.startswith(control.called))
    for control in usable:
        findings += _about(marker, control, settings, sample, ceiling)
    if len(usable) == 2:
        findings += _compared(marker, (usable[0], usable[1]), settings.percentile)
    first = gates[0]
    return PositiveGate(
        marker,
        first.threshold,
        first.percentile,
        first.source,
        len(used.ordered),
        first.ci_low,
        first.ci_high,
        first.resampled,
        tuple(gates[1:]),
        tuple(findings),
    )


def _usable(
    marker: str, called: str, tube: FloatArray | None, normals: FloatArray
) -> tuple[_Control | None, list[Finding]]:
    """Ascending finite values of a control, or why it cannot be used."""
    if tube is None:
        return None, []
    values = tube[np.isfinite(tube)]
    findings = []
    if len(values) < len(tube):
        lost = len(tube) - len(values)
        message = f"{lost} events of the {called} have no number in {signal_of(marker)} and were left out."
        findings.append(remark(marker, "events_without_value", message, value=float(lost), limit=0.0))
    if not len(values):
        message = f"The {called} of {signal_of(marker)} has no cells inside its parent gate."
        findings.append(remark(marker, "control_without_events", message, value=0.0, severity="error"))
        return None, findings
    ordered = np.sort(values)
    if len(ordered) > 1 and ordered[0] == ordered[-1]:
        same = f"the value {ordered[0]:g} in {signal_of(marker)}"
        message = f"All {len(ordered):,} cells of the {called} have {same}: it cannot be a control."
        findings.append(remark(marker, "control_without_spread", message, severity="error"))
        return None, findings
    return _Control(called, ordered, normals), findings


def _larger(gates: list[PercentileGate]) -> PercentileGate:
    """The larger of the gates of isotype and FMO; its resamplings are the larger of both, one by one."""
    if len(gates) == 1:
        return gates[0]
    high, low = sorted(gates, key=lambda gate: gate.threshold, reverse=True)
    resampled = np.maximum(high.resampled, low.resampled)
    source = f"{high.source} (larger than {low.source})"
    ci_low, ci_high = ends(resampled)
    return PercentileGate(high.percentile, high.threshold, ci_low, ci_high, resampled, source)


def _about(
    marker: str,
    control: _Control,
    settings: GateSettings,
    sample: FloatArray | None,
    ceiling: float | None,
) -> list[Finding]:
    called, ordered = control.called, control.ordered
    gate = value_at(ordered, settings.percentile)
    found = size_findings(marker, called, len(ordered), settings.minimum, settings.advised)
    found += beyond_findings(marker, called, len(ordered), tuple(sorted(set(settings.percentiles))))
    found += saturation_findings(marker, called, ordered, ceiling)
    found += tail_findings(marker, called, ordered, gate, settings.percentile)
    if sample is not None:
        seen = spread_over(sample)
        seen = seen[np.isfinite(seen)]
        found += brighter_control(ordered, seen, called=called, stained="stained sample", marker=marker)
    return found


def _compared(marker: str, controls: tuple[_Control, _Control], percentile: float) -> list[Finding]:
    first, fmo = (control.ordered for control in controls)
    gates = value_at(first, percentile), value_at(fmo, percentile)
    return disagreement_findings(marker, controls[0].called, first, fmo, gates, percentile)


def _no_control(marker: str, called: str) -> Finding:
    message = (
        f"{signal_of(marker)} has no {called} and no FMO that can be used, so it has no gate and no shares. "
        "Add the matched control of the same subject, batch and treatment, or set the gate by hand."
    )
    return remark(marker, "no_marker_control", message, severity="error")


def _fmo_alone(marker: str, called: str) -> Finding:
    message = f"The gate of {signal_of(marker)} comes from the FMO tube alone; there is no usable {called}."
    return remark(marker, "gate_from_fmo_alone", message, severity="info")
