"""The remarks that gates from a file can make, with what they mean in the lab and what to do about them."""

from __future__ import annotations

from exoraw.assays.contract import FindingKind

FINDING_KINDS = (
    FindingKind(
        "channel_renamed",
        "A tube names a channel otherwise than the controls of its batch, or than the gates do.",
        "Make sure that it is the same detector; if not, give the tube a batch of its own.",
    ),
    FindingKind(
        "gate_other_matrix",
        "Gates ask for another spillover matrix than the one that the tube was compensated with.",
        "Nothing if the gates were drawn with that matrix; else save them again on signal compensated like "
        "it.",
    ),
    FindingKind(
        "gate_uncompensated",
        "A gate looks at the uncompensated signal of a dye that is compensated everywhere else.",
        "Draw the gate on the compensated parameter (Comp-...), or leave the dye out of the matrix.",
    ),
    FindingKind(
        "gates_of_other_tube",
        "The workspace holds no gates for this tube; those of another one were used.",
        "Add the tube to the workspace if its gates differ, or name the tube whose gates hold for all.",
    ),
    FindingKind(
        "flowjo_count_differs",
        "FlowJo's own count of a population is another than the one found here.",
        "Recount in FlowJo; look at gates that run along the end of an axis.",
    ),
)
