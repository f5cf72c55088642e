"""The remarks that marker gates, shares, intensities and bead counts can leave, and what a lab can do."""

from __future__ import annotations

from exoraw.assays.contract import Finding, FindingKind
from exoraw.assays.flow import gate_findings
from exoraw.study.spec import Severity

CONTROLS = (
    FindingKind(
        "no_marker_control",
        "A marker has neither an isotype nor an FMO tube that can be used, so it has no gate.",
        "Add the matched isotype (or FMO) of the same subject, batch and treatment, or set a gate by hand.",
    ),
    FindingKind(
        "control_without_events",
        "A control has no cells left inside its parent gate.",
        "Look at the control's scatter and viability gates; record the tube again.",
    ),
    FindingKind(
        "control_without_spread",
        "All cells of a control have the same value: that is no measurement.",
        "Check that the right channel was exported and that the detector was on.",
    ),
    FindingKind(
        "control_below_advised",
        "A control has fewer cells than advised; the interval beside the gate says how far it can be off.",
        "Record 5,000 viable single cells or more in every control.",
    ),
    FindingKind(
        "percentile_beyond_control",
        "A control has too few cells for the percentile asked for: its brightest cell became the gate.",
        "Record more cells (200 at the least for 99.5 %, 1,000 for 99.9 %), or ask for a lower percentile.",
    ),
    FindingKind(
        "control_saturated",
        "Cells of a control lie at the end of the detector's scale.",
        "Lower the detector's voltage for the whole batch and record it again.",
    ),
    FindingKind(
        "control_with_own_positives",
        "The brightest cells of a control are a population of their own, and the gate lies in or above it.",
        "Is it the right tube? Check for swapped tubes, dead cells (viability gate) and carry-over.",
    ),
    FindingKind(
        "control_brighter_than_sample",
        "A control is brighter than the stained sample it should be the background of.",
        "Look for swapped tubes, a swapped isotype, or other voltages in one of the two.",
    ),
    FindingKind(
        "controls_disagree",
        "Isotype and FMO put the gate far apart; the larger was taken.",
        "Look at the overlay: an isotype with another dye-to-protein ratio, or an FMO of another day?",
    ),
    FindingKind(
        "gate_from_fmo_alone",
        "There was no isotype; the gate comes from the FMO tube alone.",
        "Nothing, if the protocol says so: an FMO shows spill-over, an isotype unspecific binding.",
    ),
)
SHARES = (
    FindingKind(
        "one_population",
        "A marker shows one population only, and the gate cuts through it.",
        "Compare MFI instead of shares, or say in the text that the border lies inside one population.",
    ),
    FindingKind(
        "all_positive",
        "Practically all cells are positive for a marker.",
        "Nothing, if the cell line is known for it (CD44 on MDA-MB-231); else check control and voltages.",
    ),
    FindingKind(
        "all_negative",
        "Practically no cell is positive for a marker.",
        "Nothing, if the cell line is known for it; else check that the antibody was added.",
    ),
    FindingKind(
        "gate_sensitive",
        "The share changes by more than 5 points between the 99 and the 99.9 % gate.",
        "Report the three shares side by side; compare groups by the same percentile only.",
    ),
    FindingKind(
        "cd24_without_valley",
        "CD24 low was to end in the valley between two CD24 populations, and there is no such valley.",
        "Choose another definition of CD24 low for the whole study: it must be the same for every tube.",
    ),
    FindingKind(
        "cd24_border_undefined",
        "The definition of CD24 low gives no border on these controls.",
        "A multiple needs a gate above zero, a percentile an isotype; use a fixed border instead.",
    ),
    FindingKind(
        "cd24_low_below_gate",
        "The border of CD24 low lies below the CD24 gate: some cells that count as CD24+ are negative.",
        "Raise the multiple, the percentile or the fixed border.",
    ),
    FindingKind(
        "deab_missing",
        "A sample has no DEAB tube of its own, so ALDH-high has no gate.",
        "Run the sample's own DEAB tube; another sample's tube is no substitute.",
    ),
    FindingKind(
        "net_below_zero",
        "Fewer cells of the sample than of its DEAB tube lie above the gate: the net share is negative.",
        "It is kept as it is: setting it to zero would bias the mean of a group upwards.",
    ),
)
INTENSITY = (
    FindingKind(
        "geometric_mean_undefined",
        "Cells with a signal of zero or less have no logarithm, so there is no geometric mean.",
        "Use the median. Leaving the cells out or lifting them would make the number too high.",
    ),
    FindingKind(
        "ratio_undefined",
        "The control's value is not clearly above zero, so a ratio to it means nothing.",
        "Use the difference to the control.",
    ),
    FindingKind(
        "marker_saturated",
        "Cells lie at the end of the detector's scale: their mean is too low, perhaps their median too.",
        "Use the median while fewer than half of the cells are saturated; lower the voltage next time.",
    ),
    FindingKind(
        "no_spread_in_negative",
        "The negative cells have no spread, so the staining index is undefined.",
        "Check that the control holds real cells.",
    ),
    FindingKind(
        "no_isotype_for_ratio",
        "There is no isotype (or other matched control), so there is no ratio and no difference to it.",
        "Add the matched control; MFI alone cannot be compared between days.",
    ),
)
BEADS = (
    FindingKind(
        "no_beads",
        "No counting beads were found, so there is no absolute count.",
        "Check that beads were added and are not lost in the scatter threshold or the debris gate.",
    ),
    FindingKind(
        "few_beads",
        "Fewer than 500 counting beads: the count is known to no better than +-9 %.",
        "Record longer, until 1,000 beads are in the gate.",
    ),
    FindingKind(
        "beads_below_advised",
        "Fewer than 1,000 counting beads were recorded.",
        "Record longer; the makers advise 1,000.",
    ),
    FindingKind(
        "bead_doublets",
        "More than 2 % of the beads passed as pairs; each pair was counted as two.",
        "Vortex the beads before pipetting and lower the flow rate.",
    ),
    FindingKind(
        "beads_saturated",
        "The beads lie at the end of a channel's scale, where a pair looks like one bead.",
        "Choose two channels in which the beads are on scale.",
    ),
)
UPTAKE = (
    FindingKind(
        "no_uptake_control",
        "There is no dye-only, no-exosome or unstained control, so uptake has no gate.",
        "Add cells that got the dye carried through all steps without exosomes.",
    ),
    FindingKind(
        "dye_aggregates_unknown",
        "Only an unstained control exists: free dye and dye aggregates count as uptake.",
        "Add the dye-only control (dye, same washing, no exosomes) to every batch.",
    ),
    FindingKind(
        "free_dye_seen",
        "The dye-only control is clearly brighter than unstained cells: free dye reaches the cells.",
        "Nothing; the gate stands on the dye-only control. A cleaner labelling would widen the window.",
    ),
    FindingKind(
        "no_uptake_seen",
        "The cells with exosomes are no brighter than their control.",
        "It may be true. Check dose and time, and that the label was on the exosomes.",
    ),
)
SHARED_CODES = ("weak_control", "no_events", "few_events", "events_without_value")
SHARED = tuple(kind for kind in gate_findings.FINDING_KINDS if kind.code in SHARED_CODES)

FINDING_KINDS: tuple[FindingKind, ...] = (*CONTROLS, *SHARES, *INTENSITY, *BEADS, *UPTAKE, *SHARED)


def remark(
    marker: str,
    code: str,
    message: str,
    *,
    value: float | None = None,
    limit: float | None = None,
    severity: Severity = "warning",
) -> Finding:
    """Return a finding about one marker; its entity is "marker:CD44", empty without a marker."""
    entity = f"marker:{marker}" if marker else ""
    return Finding(code, severity, message, entity=entity, value=value, limit=limit)


def signal_of(marker: str) -> str:
    """How a message calls the axis: "CD44", or "the marker" where it has no name."""
    return marker or "the marker"
