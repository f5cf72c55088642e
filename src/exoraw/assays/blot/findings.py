"""Every remark the blot assay can make, with what it means in the lab and what to do about it."""

from __future__ import annotations

from exoraw.assays.blot.bands.kinds import FINDING_KINDS as BANDS
from exoraw.assays.blot.reading.findings import FINDING_KINDS as READING
from exoraw.assays.contract import FindingKind

STEPS = (
    FindingKind(
        "exposure_chosen",
        "Of several exposures one was measured: the longest without a clipped pixel.",
        "Nothing; where even the shortest is clipped, expose shorter.",
    ),
    FindingKind(
        "not_measured",
        "The picture, or a row of it, could not be measured, so its proteins have no numbers.",
        "Read the reason: export the imager's own file, or correct lanes and points.",
    ),
    FindingKind(
        "points_by_hand",
        "The row was read with two points that a person clicked.",
        "Nothing; the name and the reason are on record.",
    ),
    FindingKind(
        "points_unusable",
        "Points that a person gave cannot be used.",
        "Click them again on the blot page of `exoraw review`.",
    ),
    FindingKind(
        "ladder_unread",
        "The ladder's bands could not be told from one another, so bands have no molecular weight.",
        "Write the heights of its bands into the settings (marks), or leave the ladder out.",
    ),
    FindingKind(
        "loading_near_saturation",
        "The loading control comes near the end of the detector's range.",
        "Take the picture of a shorter exposure; check that the signal is proportional to what is loaded.",
    ),
    FindingKind(
        "loading_differs",
        "The loading control itself differs between the groups.",
        "Compare with a total-protein stain; take another loading control if the treatment changes this one.",
    ),
    FindingKind(
        "uneven_loading",
        "A lane was loaded more than twice as much, or less than half as much, as the membrane's median.",
        "Load equal amounts; trust the ratio only where the detector is proportional over that range.",
    ),
    FindingKind(
        "lanes_disagree",
        "The lanes of a row lie otherwise than in the membrane's other pictures: the row was read wrongly.",
        "Click the middle of the row's first and last band.",
    ),
    FindingKind(
        "no_ratio",
        "A lane has no ratio: one of its two bands has no volume or no signal.",
        "Look at the picture of the bands; click points where a row needs them.",
    ),
    FindingKind(
        "faint_numerator",
        "The protein is below its detection limit in this lane; its ratio is an upper bound at best.",
        "Report it as not detected, or take a longer exposure.",
    ),
    FindingKind(
        "no_reference",
        "A fold has nothing to refer to: the membrane has no control with a ratio.",
        "Name the control of the membrane, or run a bridge sample on every membrane.",
    ),
    FindingKind(
        "fold_by_bridge",
        "The membrane has no control; the fold refers to that of other membranes by the bridge sample.",
        "Nothing; the interval holds the uncertainty of both membranes.",
    ),
    FindingKind(
        "negative_control_present",
        "The negative control protein (Calnexin) is present in an exosome preparation.",
        "The preparation holds cell debris: purify again, or say so.",
    ),
    FindingKind(
        "negative_control_unproven",
        "No lane of the membrane shows the negative control protein, so its absence proves nothing.",
        "Run a cell lysate on the same membrane.",
    ),
    FindingKind(
        "marker_unproven",
        "A marker is absent in every lane: the antibody may not work.",
        "Run a lysate or a preparation that is known to have it on the same membrane.",
    ),
    FindingKind(
        "end_point_pcr",
        "A band of an end-point PCR levels off: its brightness is no measure of how much was bound.",
        "Use it as bound / not bound; measure by qPCR how much.",
    ),
    FindingKind(
        "input_failed",
        "The input lane has no band: the PCR or the chromatin failed, so nothing can be said.",
        "Repeat the PCR of the input.",
    ),
    FindingKind(
        "no_input",
        "There is no input lane of the same region and treatment on the gel.",
        "Fill in the columns chip_role, region and treatment of the sheet.",
    ),
    FindingKind(
        "no_igg",
        "There is no IgG control of the same region and treatment on the gel.",
        "Run it: without it unspecific binding cannot be told from binding.",
    ),
    FindingKind(
        "igg_bound",
        "The IgG control itself has a band above its detection limit.",
        "Wash more, or fewer cycles; a band must be the stated multiple of it to count as bound.",
    ),
)

FINDING_KINDS = tuple({kind.code: kind for kind in (*READING, *BANDS, *STEPS)}.values())
