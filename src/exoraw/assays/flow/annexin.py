"""Thresholds for Annexin V and PI: one pair per batch and cell line, from that batch's own controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.annexin_candidates import (
    Candidate,
    ThresholdSource,
    control_candidate,
    preferred,
    stained_negatives,
    threshold_interval,
    unlike_stained_cells,
    unstained_candidate,
    valley_candidate,
)
from exoraw.assays.flow.annexin_findings import axis_findings, compensation_findings, drug_findings
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.density import DensityError
from exoraw.assays.flow.negative import NegativePopulation, negative_population
from exoraw.assays.flow.threshold_pair import (
    AXES,
    ROLES,
    SINGLE_STAIN,
    AnnexinThresholds,
    Axis,
    AxisThreshold,
    ThresholdError,
    ThresholdSettings,
    TubeRole,
)

__all__ = [
    "AnnexinThresholds",
    "Axis",
    "AxisThreshold",
    "ThresholdError",
    "ThresholdSettings",
    "TubeRole",
    "annexin_thresholds",
    "with_drug_light",
]

DRUG_SHIFT = 0.25  # of the unstained tube's own reach (mode to threshold): smaller shifts are noise


def annexin_thresholds(
    tubes: Mapping[TubeRole, FloatArray],
    *,
    settings: ThresholdSettings | None = None,
    seed: int = 0,
    floors: tuple[float | None, float | None] = (None, None),
) -> AnnexinThresholds:
    """Find the threshold pair of one batch and cell line.

    Each axis decides by itself, in the order of measured error: fitted negative population of the
    vehicle tube (both dyes, so its live cells carry the background that staining leaves), then of the
    axis' own single stain, if its negatives sit where those of stained cells do; then a verified valley
    of the stained tubes; the unstained tube last, with a warning, because stained live cells lie above it.

    With a treatment-matched unstained tube, the light of a fluorescent drug is added: the distance of
    the two unstained tubes' upper ends, on the linear scale, where light adds up.

    Parameters
    ----------
    tubes : role -> (n, 2) compensated linear events after debris and singlet gates, columns annexin
        and DNA dye. "vehicle": both dyes, untreated. "single_annexin", "single_pi": one dye.
        "unstained": no dye, untreated. "treated": both dyes, the treated tubes of the batch (or of one
        treatment) pooled. "unstained_treated": no dye, same treatment, for a drug that fluoresces.
    settings : see `ThresholdSettings`
    seed : of the resampling
    floors : lowest value that either detector can show (`margins.detector_floor`), linear; None where
        events do not pile up. Cells at or below it count as dimmer, no more is known of them

    Raises
    ------
    ValueError : an unknown role, or events that are not (n, 2)
    """
    chosen = settings or ThresholdSettings()
    checked = {role: _events(role, events) for role, events in tubes.items()}
    unknown = sorted(set(checked) - set(ROLES))
    if unknown:
        raise ValueError(f"unknown tube role {', '.join(unknown)}; the roles are {', '.join(ROLES)}")
    found = []
    findings: list[Finding] = []
    for column, axis in enumerate(AXES):
        signals = {role: events[:, column] for role, events in checked.items() if len(events)}
        threshold, remarked = _axis_threshold(axis, signals, chosen, seed + column, floors[column])
        found.append(threshold)
        findings.extend(remarked)
    findings.extend(compensation_findings(checked))
    return AnnexinThresholds(found[0], found[1], tuple(findings))


def _events(role: str, events: FloatArray) -> FloatArray:
    values = np.asarray(events)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"tube {role}: events must be (n, 2), annexin and DNA dye; found {values.shape}")
    return values[np.isfinite(values).all(axis=1)]


def _axis_threshold(
    axis: Axis,
    signals: Mapping[TubeRole, FloatArray],
    settings: ThresholdSettings,
    seed: int,
    floor: float | None,
) -> tuple[AxisThreshold, list[Finding]]:
    negatives = stained_negatives(signals.get("treated"), floor)
    candidates = (
        control_candidate("vehicle", signals.get("vehicle"), settings.sigmas, floor),
        _single_stain(axis, signals, settings.sigmas, negatives, floor),
        valley_candidate(signals.get("treated", signals.get("vehicle")), floor=floor),
        unstained_candidate(signals.get("unstained"), settings.unstained_percentile),
    )
    used = preferred(candidates)
    threshold = _threshold(axis, used, signals, candidates, settings, seed, floor)
    found = axis_findings(threshold, used, signals, negatives, settings.min_events)
    return threshold, found


def _tube_of(axis: Axis, source: ThresholdSource, signals: Mapping[TubeRole, FloatArray]) -> FloatArray:
    """Signal of the tube that a source was found on."""
    if source == "single stain":
        return signals[SINGLE_STAIN[axis]]
    if source == "valley":
        return signals.get("treated", signals.get("vehicle", np.empty(0)))
    return signals["vehicle" if source == "vehicle" else "unstained"]


def _single_stain(
    axis: Axis,
    signals: Mapping[TubeRole, FloatArray],
    sigmas: float,
    negatives: NegativePopulation | None,
    floor: float | None,
) -> Candidate:
    """The axis' own single stain: the other dye's tube has no background of this dye at all."""
    candidate = control_candidate("single stain", signals.get(SINGLE_STAIN[axis]), sigmas, floor)
    compared = negatives or stained_negatives(signals.get("vehicle"), floor)
    if candidate.usable and unlike_stained_cells(candidate, compared):
        reason = "its negative events are dimmer than the negative events of the stained tubes"
        return replace(candidate, why_not=reason)
    return candidate


def with_drug_light(
    general: AnnexinThresholds,
    unstained: FloatArray,
    unstained_treated: FloatArray,
    *,
    sigmas: float = ThresholdSettings.sigmas,
    floors: tuple[float | None, float | None] = (None, None),
) -> AnnexinThresholds:
    """Move a batch's pair by the light of a drug, for the tubes that were treated with it.

    The intervals move along; the shift's own uncertainty is small beside them and is not in them. A
    threshold that a person set (source "none") stays.

    Parameters
    ----------
    general : the batch's pair, found without the drug
    unstained, unstained_treated : (n, 2) compensated linear events without dye; (0, 2) where there is
        no such tube
    sigmas : as in `ThresholdSettings`
    floors : as in `annexin_thresholds`
    """
    moved: list[AxisThreshold] = []
    findings: list[Finding] = []
    for column, axis in enumerate((general.annexin, general.dna)):
        plain, drugged = unstained[:, column], unstained_treated[:, column]
        shift = 0.0
        if axis.threshold is not None and axis.source != "none":
            shift = _drug_shift(plain, drugged, sigmas, axis.source, floors[column])
        moved.append(_shifted(axis, shift))
        findings += drug_findings(moved[-1], drugged)
    return AnnexinThresholds(moved[0], moved[1], tuple(findings))


def _shifted(axis: AxisThreshold, shift: float) -> AxisThreshold:
    ends = (axis.threshold, axis.ci_low, axis.ci_high)
    threshold, low, high = (None if end is None else end + shift for end in ends)
    return replace(axis, threshold=threshold, ci_low=low, ci_high=high, shift=axis.shift + shift)


def _drug_shift(
    plain: FloatArray | None,
    drugged: FloatArray | None,
    sigmas: float,
    source: ThresholdSource,
    floor: float | None,
) -> float:
    """Linear signal that the drug's own light adds to the upper end of the negative cells.

    Light adds up on the linear scale: threshold + (upper end of unstained treated - of unstained). A
    valley is found on the treated cells themselves and needs no shift.
    """
    if plain is None or drugged is None or source == "valley":
        return 0.0
    try:
        without, with_drug = negative_population(plain, floor), negative_population(drugged, floor)
    except DensityError:
        return 0.0
    shift = with_drug.upper(sigmas) - without.upper(sigmas)
    reach = without.upper(sigmas) - without.mode
    return shift if shift > DRUG_SHIFT * reach else 0.0


def _threshold(
    axis: Axis,
    used: Candidate | None,
    signals: Mapping[TubeRole, FloatArray],
    candidates: tuple[Candidate, ...],
    settings: ThresholdSettings,
    seed: int,
    floor: float | None,
) -> AxisThreshold:
    if used is None or used.threshold is None:
        return AxisThreshold(axis, None, "none", None, None, None, 0, None, None, 0.0, candidates)
    plain, drugged = signals.get("unstained"), signals.get("unstained_treated")
    shift = _drug_shift(plain, drugged, settings.sigmas, used.source, floor)
    low = high = None
    if settings.bootstraps:
        low, high = threshold_interval(
            used,
            _tube_of(axis, used.source, signals),
            sigmas=settings.sigmas,
            percentile=settings.unstained_percentile,
            times=settings.bootstraps,
            seed=seed,
            floor=floor,
        )
    found = AxisThreshold(
        axis,
        used.threshold,
        used.source,
        used.mode,
        used.sigma,
        used.cofactor,
        used.n,
        low,
        high,
        0.0,
        candidates,
    )
    return _shifted(found, shift)
