"""Every remark the flow assay can make, with what it means in the lab and what to do about it."""

from __future__ import annotations

from exoraw.assays.contract import FindingKind
from exoraw.assays.flow.fcs import FINDINGS as READER
from exoraw.assays.flow.gate_findings import FINDING_KINDS as GATES
from exoraw.assays.flow.gates.finding_kinds import FINDING_KINDS as LAB_GATES
from exoraw.assays.flow.markers.findings import FINDING_KINDS as MARKERS
from exoraw.assays.flow.quality.findings import FINDING_KINDS as QUALITY
from exoraw.assays.flow.review.applied import CORRECTION_KINDS
from exoraw.assays.flow.stain_findings import FINDING_KINDS as STAINS
from exoraw.assays.flow.viability import FINDING_KINDS as VIABILITY

STEPS = (
    FindingKind(
        "control_unusable",
        "A control tube cannot be read or lacks a channel; the gates were found without it.",
        "Export the tube again, or take it out of the sheet and mark another one.",
    ),
    FindingKind(
        "control_absent",
        "The sheet names a control whose file is not in the raw folder.",
        "Copy the file into the raw folder or correct its path.",
    ),
    FindingKind(
        "not_compensated",
        "Neither single stains nor the file gave a spillover matrix: the numbers are uncompensated.",
        "Add single-stain tubes to the batch or name a matrix file in compensation.csv.",
    ),
    FindingKind(
        "matrix_of_file_used",
        "No matrix was made from single stains; each tube was compensated with its own file's matrix.",
        "Nothing if the operator compensated at the instrument; else add single stains for both dyes.",
    ),
    FindingKind(
        "matrix_without_channel",
        "The spillover matrix does not name a channel of the panel.",
        "Correct the names in the matrix, or use single stains.",
    ),
    FindingKind(
        "channel_by_detector",
        "No channel is labelled with a dye or marker; the detector that usually sees it was taken.",
        "Write the channel into the settings, or label it in the instrument's template.",
    ),
    FindingKind(
        "channel_renamed",
        "A tube names a channel otherwise than the controls of its batch.",
        "Make sure that it is the same detector; if not, give the tube a batch of its own.",
    ),
    FindingKind(
        "margin_events",
        "Many events lie at the end of a scatter scale.",
        "Lower the scatter voltage, or raise the trigger threshold.",
    ),
    FindingKind(
        "saturated_dye",
        "Cells lie at the end of a dye's scale: counted rightly, but their median is too low.",
        "Lower the detector's voltage for the whole batch next time.",
    ),
    FindingKind(
        "no_gate",
        "The batch has no gates that can be trusted, so the tube has no shares.",
        "Add a vehicle tube or single stains to the batch, or set fixed thresholds.",
    ),
    FindingKind(
        "matched_control_used",
        "The tube was gated with the unstained control of its own treatment (a drug that shines).",
        "Nothing; look at the control overlay of the batch to see how far the border moved.",
    ),
    FindingKind(
        "matched_control_other_dose",
        "The unstained control of the treatment got another dose than the tube: its own light differs.",
        "Add an unstained tube of the same dose to the batch.",
    ),
    FindingKind(
        "channel_labelled_otherwise",
        "A channel was found by its detector's name, but the file labels it with another stain.",
        "Write the channel's full name into the settings if it is right, or the name of the right one.",
    ),
    FindingKind(
        "empty_population",
        "A population of a lab's own gates holds no events of a tube, so it has no median.",
        "Look at the picture of its gates: is the tube stained, and are the gates drawn for it?",
    ),
    FindingKind(
        "control_of_another",
        "The control that fits a tube best is of another subject, treatment or replicate.",
        "Add the tube's own control, or leave the control's cell empty if it is the same for all.",
    ),
    FindingKind(
        "bead_lot_incomplete",
        "A tube's counting beads cannot be turned into cells per microlitre: a number of the lot is missing.",
        "Fill in bead_concentration, bead_volume_ul and sample_volume_ul, or the numbers in strategy.beads.",
    ),
    FindingKind(
        "own_control_unsure",
        "Nothing on the sheet says which DEAB tube is the sample's own.",
        "Write the sample into control_for of its DEAB tube, or fill in subject and treatment of both.",
    ),
    FindingKind(
        "gate_from_unstained",
        "A marker was held against an unstained tube, which shows no unspecific binding.",
        "Record the isotype (DEAB, cells without exosomes) next time; the share is too high.",
    ),
    FindingKind(
        "voltage_changed",
        "A detector ran at another voltage for the control than for the tube.",
        "Record tube and control with the same voltages; this control says nothing about the tube.",
    ),
    FindingKind(
        "no_net_share",
        "The share of a tube cannot be given net of its control, which is missing.",
        "Add the sample's own DEAB tube.",
    ),
)

_ALL = (*READER, *GATES, *STEPS, *QUALITY, *STAINS, *LAB_GATES, *VIABILITY, *MARKERS, *CORRECTION_KINDS)
FINDING_KINDS = tuple({kind.code: kind for kind in _ALL}.values())
