"""When an Annexin V or PI threshold is not to be trusted as it stands, in words the lab can act on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.annexin_candidates import (
    MIN_NEGATIVE_SHARE,
    Candidate,
    ThresholdSource,
    is_misfit,
    stained_negatives,
)
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.compensation import residual_spillover
from exoraw.assays.flow.density import DensityError, density, landscape
from exoraw.assays.flow.negative import NegativePopulation
from exoraw.assays.flow.threshold_pair import AnnexinThresholds, Axis, AxisThreshold, TubeRole
from exoraw.assays.flow.transforms import estimate_arcsinh
from exoraw.study.spec import Severity

DYE = {"annexin": "Annexin V", "dna": "the DNA dye (PI, 7-AAD)"}
CONTROL = {"vehicle": "vehicle tube", "single stain": "single stain", "unstained": "unstained tube"}
DISAGREEMENT = 5.0  # points of the stained cells between two methods' thresholds
UNCERTAINTY = 3.0  # points of the stained cells inside the threshold's 95 % interval
UNLIKE_SIGMAS = 1.5  # of the samples' negatives above the control's: early apoptotic cells take up some PI
UNLIKE_SIGMAS_BELOW = 0.75  # below it: no biology makes treated cells dimmer than the control
MOSTLY = 0.95  # of the treated cells above the threshold
DRUG_ABOVE = 0.02  # of the unstained treated cells above the threshold
RESIDUAL = 0.015  # of a dye's light: of 10^4.1 this is 190, a quarter of a usual PI threshold
IN_PEAK = 0.5  # height at the threshold relative to the peak it cuts
CUT_PEAK_SHARE = 0.2
NEAR_BORDER, HALF_SIGMA = 5.0, 0.5  # points of the cells, and how near to a border in sigmas
TUBE_EVENTS = 20_000  # evenly spread over the tube: enough to see where its peaks lie


def axis_findings(
    found: AxisThreshold,
    used: Candidate | None,
    signals: Mapping[TubeRole, FloatArray],
    negatives: NegativePopulation | None,
    min_events: int,
) -> list[Finding]:
    """Return every remark about the threshold of one axis.

    Parameters
    ----------
    found, used : the threshold and the method it came from; None where no method could be used
    signals : linear signal of this axis by tube role
    negatives : negative population of the treated tubes, None where it was not found
    min_events : a control with fewer is weak
    """
    if used is None or found.threshold is None:
        message = (
            f"No threshold for {DYE[found.axis]} could be found ({_reasons(found.candidates)}), so its tubes "
            "have no quadrants."
        )
        return [_remark(found.axis, "no_threshold", message, severity="error")]
    return [
        *_about_source(found, used),
        *_about_control(found.axis, used, min_events),
        *_about_certainty(found, used, signals.get("treated", signals.get("vehicle"))),
        *_about_treated(found, used, signals.get("treated"), negatives),
        *drug_findings(found, signals.get("unstained_treated")),
    ]


def compensation_findings(tubes: Mapping[TubeRole, FloatArray]) -> list[Finding]:
    """Hold the matrix against the single stains: their bright cells must not shine in the other channel.

    Parameters
    ----------
    tubes : role -> (n, 2) compensated linear events, annexin and DNA dye
    """
    remarks = []
    pairs: tuple[tuple[TubeRole, Axis, Axis], ...] = (
        ("single_annexin", "annexin", "dna"),
        ("single_pi", "dna", "annexin"),
    )
    for primary, (role, dye, other) in enumerate(pairs):
        residual = residual_spillover(tubes[role], primary, 1 - primary) if role in tubes else None
        if residual is not None and abs(residual) > RESIDUAL:
            message = (
                f"After compensation the bright cells of the single stain of {DYE[dye]} are still shifted by "
                f"{100 * residual:.1f} % of their light in the channel of {DYE[other]}: the spillover matrix "
                "does not fit these tubes."
            )
            remarks.append(_remark(other, "compensation_residual", message, residual, RESIDUAL))
    return remarks


def _remark(
    axis: Axis,
    code: str,
    message: str,
    value: float | None = None,
    limit: float | None = None,
    severity: Severity = "warning",
) -> Finding:
    return Finding(code, severity, message, entity=f"axis:{axis}", value=value, limit=limit)


def _reasons(candidates: tuple[Candidate, ...]) -> str:
    return "; ".join(f"{candidate.source}: {candidate.passed_over_because}" for candidate in candidates)


def _about_source(found: AxisThreshold, used: Candidate) -> list[Finding]:
    """Say which better method was passed over and why."""
    axis = found.axis
    place = found.candidates.index(used)
    passed = tuple(one for one in found.candidates[:place] if not one.usable or one.is_sick_vehicle)
    if used.source == "unstained":
        message = (
            f"The threshold of {DYE[axis]} comes from the unstained tube, the last resort: stained live "
            f"cells lie above unstained ones, so too many count as positive ({_reasons(passed)})."
        )
        return [_remark(axis, "threshold_fallback", message, found.threshold)]
    if used.source == "valley":
        message = (
            f"The threshold of {DYE[axis]} is the valley between the peaks of the stained tubes, because no "
            f"control could be used ({_reasons(passed)})."
        )
        return [_remark(axis, "threshold_fallback", message, found.threshold)]
    return [
        _remark(
            axis,
            "control_not_used",
            f"The {CONTROL[candidate.source]} was not used for {DYE[axis]}: {candidate.passed_over_because}.",
            candidate.threshold,
        )
        for candidate in passed
        if candidate.n
    ]


def _about_control(axis: Axis, used: Candidate, min_events: int) -> list[Finding]:
    """Remark on a control that is small, uneven or not healthy."""
    if used.source == "valley":
        return []
    control = CONTROL[used.source]
    remarks = []
    if used.n < min_events:
        message = (
            f"The {control} behind the threshold of {DYE[axis]} has {used.n} cells; {min_events} are the "
            "least, 5,000 are advised."
        )
        remarks.append(_remark(axis, "weak_control", message, float(used.n), float(min_events)))
    if is_misfit(used):
        message = (
            f"The negative cells of the {control} are not one even population on {DYE[axis]}; look at its "
            "histogram before you trust the threshold."
        )
        remarks.append(_remark(axis, "negative_not_unimodal", message, used.misfit))
    share = used.negative_share
    if share is not None and used.is_sick_vehicle:
        message = (
            f"Only {100 * share:.0f} % of the vehicle tube's cells are negative for {DYE[axis]}; a healthy "
            "control has most of its cells there."
        )
        remarks.append(_remark(axis, "vehicle_mostly_positive", message, share, MIN_NEGATIVE_SHARE))
    return remarks


def _about_certainty(found: AxisThreshold, used: Candidate, stained: FloatArray | None) -> list[Finding]:
    """Weigh the interval and the other methods by the stained cells that lie between."""
    if stained is None or found.threshold is None:
        return []
    axis, remarks = found.axis, []
    for other in found.candidates:
        if other.threshold is None or not other.usable or other.source in {used.source, "unstained"}:
            continue
        shift = 0.0 if other.source == "valley" else found.shift  # a valley has the drug's light in it
        points = 100 * _between(stained, found.threshold, other.threshold + shift)
        if points > DISAGREEMENT:
            message = (
                f"The thresholds of {DYE[axis]} from {used.source} ({found.threshold:,.0f}) and "
                f"{other.source} ({other.threshold:,.0f}) differ by {points:.1f} % of the stained cells; the "
                "first was used."
            )
            remarks.append(_remark(axis, "thresholds_disagree", message, points, DISAGREEMENT))
    if found.ci_low is not None and found.ci_high is not None:
        inside = 100 * _between(stained, found.ci_low, found.ci_high)
        if inside > UNCERTAINTY:
            message = (
                f"The threshold of {DYE[axis]} is uncertain: {inside:.1f} % of the stained cells lie inside "
                "its 95 % interval. More events in the control make it firm."
            )
            remarks.append(_remark(axis, "threshold_uncertain", message, inside, UNCERTAINTY))
    return remarks


def _about_treated(
    found: AxisThreshold, used: Candidate, treated: FloatArray | None, negatives: NegativePopulation | None
) -> list[Finding]:
    """Hold the threshold against the treated tubes themselves."""
    if treated is None or found.threshold is None:
        return []
    axis, remarks = found.axis, []
    sigmas = _distance(used, negatives)
    if found.shift == 0 and not -UNLIKE_SIGMAS_BELOW <= sigmas <= UNLIKE_SIGMAS:
        remarks.append(_unlike(axis, "the treated tubes", used.source, sigmas))
    above = float(np.mean(treated > found.threshold))
    if above > MOSTLY:
        message = (
            f"{100 * above:.0f} % of the treated cells lie above the threshold of {DYE[axis]}. If not nearly "
            "every cell is dead, the control was recorded with other settings or the drug fluoresces."
        )
        remarks.append(_remark(axis, "treated_mostly_positive", message, above, MOSTLY))
    return remarks


def _distance(used: Candidate, negatives: NegativePopulation | None) -> float:
    """Sigmas from the control's negative mode to that of the treated tubes; 0 where one is unknown."""
    if negatives is None or used.mode is None or used.sigma is None or used.cofactor is None:
        return 0.0
    return _sigmas_apart(negatives.mode, used.mode, used.sigma, used.cofactor)


def _sigmas_apart(samples: float, control: float, sigma: float, cofactor: float) -> float:
    here, there = np.arcsinh(np.array([samples, control]) / cofactor)
    return float(here - there) / sigma


def _unlike(axis: Axis, tubes: str, source: ThresholdSource, sigmas: float) -> Finding:
    message = (
        f"The negative cells of {tubes} lie {abs(sigmas):.1f} sigma "
        f"{'above' if sigmas > 0 else 'below'} those of the {CONTROL[source]} on {DYE[axis]}. Were "
        "the voltages changed, or does the drug fluoresce? A treatment-matched unstained tube tells."
    )
    limit = UNLIKE_SIGMAS if sigmas > 0 else -UNLIKE_SIGMAS_BELOW
    return _remark(axis, "control_unlike_samples", message, sigmas, limit)


def drug_findings(found: AxisThreshold, drugged: FloatArray | None) -> list[Finding]:
    """Say what the treatment's own light did, or still does, to the counts."""
    axis, remarks = found.axis, []
    if found.shift > 0:
        message = (
            f"The treatment's own fluorescence raises {DYE[axis]} by {found.shift:,.0f}, measured on the "
            "treatment-matched unstained tube; the threshold was raised by as much."
        )
        remarks.append(_remark(axis, "drug_fluorescence", message, found.shift, severity="info"))
    if drugged is None or not drugged.size or found.threshold is None:
        return remarks
    above = float(np.mean(drugged > found.threshold))
    if above > DRUG_ABOVE:
        message = (
            f"{100 * above:.0f} % of the unstained treated cells lie above the threshold of {DYE[axis]}: the "
            "treatment's own light is counted as staining. Add an untreated unstained tube, so that it can "
            "be taken into account."
        )
        remarks.append(_remark(axis, "drug_counts_as_stain", message, above, DRUG_ABOVE))
    return remarks


def _between(linear: FloatArray, one: float, other: float) -> float:
    low, high = sorted((one, other))
    return float(np.mean((linear > low) & (linear <= high)))


def tube_findings(
    events: FloatArray,
    thresholds: AnnexinThresholds,
    floors: tuple[float | None, float | None] = (None, None),
) -> tuple[Finding, ...]:
    """Remark on a tube that its batch's thresholds do not fit.

    A threshold that runs through a tube's own peak, or negative cells that lie elsewhere than those of
    the control, are the mark of changed voltages, of a fluorescent drug or of a wrong control.

    Parameters
    ----------
    events : (n, 2) compensated linear events of one tube, annexin and DNA dye
    thresholds : of the batch
    floors : lowest value that either detector can show, linear; None where events do not pile up
    """
    found = _near_borders(events, (thresholds.annexin, thresholds.dna))
    events = events[:: max(1, len(events) // TUBE_EVENTS)]
    for column, axis in enumerate((thresholds.annexin, thresholds.dna)):
        if axis.threshold is not None:
            found += _cut_peak(axis, events[:, column])
            found += _unlike_control(axis, events[:, column], floors[column])
    return tuple(found)


def _near_borders(events: FloatArray, axes: tuple[AxisThreshold, AxisThreshold]) -> list[Finding]:
    """Say how many cells lie where neighbouring populations overlap: no border counts these rightly.

    On simulated tubes the share explains nine tenths of the variance of their error, which is about a
    third of it.
    """
    near = 100 * sum(_share_near(axis, events[:, column]) for column, axis in enumerate(axes))
    if near <= NEAR_BORDER:
        return []
    message = (
        f"{near:.1f} % of the single cells lie within half a sigma of a border, where live, early and late "
        "cells overlap. No border counts all of these rightly; take shares of neighbouring quadrants as "
        "known to some points only."
    )
    return [Finding("cells_near_border", "info", message, value=near, limit=NEAR_BORDER)]


def _share_near(axis: AxisThreshold, linear: FloatArray) -> float:
    """Share of the cells within half a sigma of the control's negatives around their border, 0 to 1."""
    if axis.threshold is None or axis.mode is None or axis.sigma is None or axis.cofactor is None:
        return 0.0
    if not len(linear):
        return 0.0
    border = np.arcsinh((axis.threshold - axis.shift) / axis.cofactor)
    reach = np.array([-HALF_SIGMA, HALF_SIGMA]) * axis.sigma
    low, high = axis.cofactor * np.sinh(border + reach) + axis.shift
    return _between(linear, float(low), float(high))


def _cut_peak(axis: AxisThreshold, linear: FloatArray) -> list[Finding]:
    height = None if axis.threshold is None else _height_in_peak(linear, axis.threshold)
    if height is None or height <= IN_PEAK:
        return []
    message = (
        f"The threshold of {DYE[axis.axis]} cuts through a main population of this tube (at "
        f"{100 * height:.0f} % of the peak's height), so its shares depend on the exact place of "
        "the threshold."
    )
    return [_remark(axis.axis, "threshold_in_peak", message, height, IN_PEAK)]


def _unlike_control(axis: AxisThreshold, linear: FloatArray, floor: float | None) -> list[Finding]:
    """Hold a tube's negative cells against those of the control, moved by the drug's light if it shines."""
    negatives = stained_negatives(linear, floor)
    if negatives is None or axis.mode is None or axis.sigma is None or axis.cofactor is None:
        return []
    if axis.source not in CONTROL:  # set by a person
        return []
    sigmas = _sigmas_apart(negatives.mode, axis.mode + axis.shift, axis.sigma, axis.cofactor)
    if -UNLIKE_SIGMAS_BELOW <= sigmas <= UNLIKE_SIGMAS:
        return []
    return [_unlike(axis.axis, "this tube", axis.source, sigmas)]


def _height_in_peak(linear: FloatArray, threshold: float) -> float | None:
    """Density at the threshold relative to the peak whose slope it lies on; None for a small peak."""
    try:
        axis = estimate_arcsinh(linear)
        shape = density(axis.forward(linear))
    except DensityError:
        return None
    place = float(axis.forward(np.array([threshold]))[0])
    seen = landscape(shape)
    borders = [valley.position for valley in seen.valleys]
    peak = seen.peaks[int(np.searchsorted(borders, place))]
    return shape.at(place) / peak.height if peak.share >= CUT_PEAK_SHARE else None
