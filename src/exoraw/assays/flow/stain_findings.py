"""The remarks on compensation controls and matrices: what they mean, what the lab can do."""

from __future__ import annotations

from exoraw.assays.contract import FindingKind

FINDING_KINDS: tuple[FindingKind, ...] = (
    FindingKind(
        "single_stain_unusable",
        "A compensation control gives no row of the matrix: its dye's spillover is not taken out.",
        "Record the control again, brighter and with more events.",
    ),
    FindingKind(
        "single_stain_mislabelled",
        "A compensation control is brighter in another dye's channel than in its own.",
        "Check the labels of the two tubes; correct `stain` in the sheet if they were swapped.",
    ),
    FindingKind(
        "single_stain_saturated",
        "Positive events of a compensation control lie at the end of a detector's scale.",
        "Lower the voltage or use less stain; saturated events were left out of the row.",
    ),
    FindingKind(
        "single_stain_twice",
        "Two compensation controls name the same channel; the brighter one was used.",
        "Take the other one out of the sheet.",
    ),
    FindingKind(
        "negative_unlike_stain",
        "The universal negative differs from the control's own negative events: other particles.",
        "Use an unstained tube of the same beads or cells for this dye.",
    ),
    FindingKind(
        "spillover_row_missing",
        "No control supports the row of a channel; its light is taken out of no other channel.",
        "Add a single stain for every dye of the panel.",
    ),
    FindingKind(
        "matrix_names_resolved",
        "A matrix names channels otherwise than the file; they were matched.",
        "Nothing if the pairs in the message are right; else write the file's own names into the matrix.",
    ),
)
