"""What can be said about the controls of an Annexin V / PI batch before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from exoraw.assays.flow.controls import FMO, SINGLE_STAIN, UNSTAINED, VEHICLE, Batch
from exoraw.assays.flow.fluorescent_drugs import compound_in
from exoraw.assays.flow.strategies import AnnexinPI, Thresholds
from exoraw.assays.flow.treatments import Treatment, best_match, matched_controls, treatment_of
from exoraw.study.spec import Problem


def check_annexin_controls(batch: Batch, strategy: AnnexinPI) -> Iterator[Problem]:
    """Whether the batch has a control that its gates can be found on, and one for every drug that shines."""
    yield from _has_a_control(batch, strategy.thresholds)
    yield from _fluorescent_drugs_have_a_control(batch)


def _has_a_control(batch: Batch, fixed: Thresholds) -> Iterator[Problem]:
    if not batch.stained or (fixed.annexin is not None and fixed.dead is not None):
        return
    roles = {row["control_role"] for row in batch.role(VEHICLE, SINGLE_STAIN, FMO, UNSTAINED)}
    if not roles:
        yield Problem(
            "warning",
            f"{batch.name}: {len(batch.stained)} stained tubes and no control. Gates are looked for "
            "between the peaks of the samples themselves, and fail where there are no two peaks. Set "
            'control_role to "vehicle" for the stained untreated tube, or add single stains.',
            batch.stained[0].source, batch.stained[0].row, "control_role",
        )  # fmt: skip
    elif roles == {UNSTAINED}:
        yield Problem(
            "warning",
            f"{batch.name}: the only control is unstained. Stained live cells are brighter than unstained "
            "ones: such a gate can be wrong by 20 points. Mark the stained untreated tube as vehicle.",
            batch.role(UNSTAINED)[0].source, batch.role(UNSTAINED)[0].row, "control_role",
        )  # fmt: skip


def _fluorescent_drugs_have_a_control(batch: Batch) -> Iterator[Problem]:
    available = matched_controls(batch)
    said: set[Treatment] = set()
    for row in batch.stained:
        treatment = treatment_of(row)
        compound, control = compound_in(row["treatment"]), best_match(treatment, available)
        if compound is None or treatment in said or (control and control.same_dose(treatment)):
            continue
        said.add(treatment)
        has = f"has an unstained tube of another dose only ({control.text})" if control else "has none"
        yield Problem(
            "warning",
            f'{batch.name}: "{treatment.text}" contains {compound.name}, which shines by itself (seen in '
            f"{compound.seen_in}) and moves cells over the gate without any stain; the batch {has}. Add an "
            "unstained tube of the same treatment and dose to this batch: control_role "
            f'"unstained", treatment "{row["treatment"]}".',
            row.source, row.row, "treatment",
        )  # fmt: skip
