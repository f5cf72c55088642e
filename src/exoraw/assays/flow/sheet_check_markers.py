"""What can be said about the isotype, FMO and DEAB tubes of a batch before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exoraw.assays.flow.controls import DEAB, DYE_ONLY, ISOTYPE, NO_EXOSOME, UNSTAINED, Batch
from exoraw.assays.flow.marker_controls import CONTROL_FOR, Served, served_tubes
from exoraw.assays.flow.strategies import Aldefluor, MarkerStrategy, SurfaceMFI, UptakeFlow
from exoraw.study.spec import Problem
from exoraw.study.view import SampleRow

NAMES_SHOWN = 5
WANTED = {
    "cd44_cd24": (ISOTYPE, "isotype tube"),
    "surface_mfi": (ISOTYPE, "isotype tube"),
    "aldefluor": (DEAB, "DEAB tube of the same sample"),
    "uptake_flow": (NO_EXOSOME, "tube without exosomes, or with the dye alone"),
}


def check_marker_controls(batch: Batch, strategy: MarkerStrategy) -> Iterator[Problem]:
    """Whether every stained tube has a control of its own that its gate can be found on."""
    served = [one for one in served_tubes(batch, strategy) if not one.tube.excluded]
    if not served or _is_fixed(strategy):
        return
    yield from _without(batch, strategy, [one.tube for one in served if not one.main.rows])
    yield from _weaker(batch, strategy, served)
    yield from _of_another(batch, served)
    yield from _ambiguous(batch, strategy, served)


def _is_fixed(strategy: MarkerStrategy) -> bool:
    return bool(strategy.borders) and all(value is not None for value in strategy.borders.values())


def _without(batch: Batch, strategy: MarkerStrategy, tubes: Sequence[SampleRow]) -> Iterator[Problem]:
    if not tubes:
        return
    role, words = WANTED[strategy.kind]
    what = "ratio to the isotype" if isinstance(strategy, SurfaceMFI) else "share"
    yield Problem(
        "warning",
        f"{batch.name}: no {words} for {_named(tubes)}; they will have no {what}. Set control_role to "
        f'"{role}" in the rows of these controls, or name their samples in the column "{CONTROL_FOR}".',
        tubes[0].source, tubes[0].row, "control_role",
    )  # fmt: skip


def _weaker(batch: Batch, strategy: MarkerStrategy, served: Sequence[Served]) -> Iterator[Problem]:
    weak = [one.tube for one in served if one.role == UNSTAINED]
    if weak:
        _, words = WANTED[strategy.kind]
        yield Problem(
            "warning",
            f"{batch.name}: {_named(weak)} can only be held against an unstained tube, which shows no "
            f"unspecific binding: shares come out too high. Record a {words} next time.",
            weak[0].source, weak[0].row, "control_role",
        )  # fmt: skip
    dyeless = [one.tube for one in served if one.role == NO_EXOSOME]
    if dyeless and isinstance(strategy, UptakeFlow):
        yield Problem(
            "info",
            f"{batch.name}: no tube with the dye alone (control_role {DYE_ONLY}): free dye and its "
            f"aggregates cannot be told from exosomes in {_named(dyeless)}.",
            dyeless[0].source, dyeless[0].row, "control_role",
        )  # fmt: skip


def _of_another(batch: Batch, served: Sequence[Served]) -> Iterator[Problem]:
    """One remark per column in which controls differ from the tubes that they serve."""
    columns = dict.fromkeys(name for one in served for name in one.main.differs)
    for column in columns:
        tubes = [one for one in served if column in one.main.differs]
        first = tubes[0]
        yield Problem(
            "warning",
            f'{batch.name}: the control of {_named([one.tube for one in tubes])} has another {column} '
            f'("{first.main.rows[0].sample}": {first.main.rows[0][column]}). The background may differ; add '
            f'a control of the same {column}, or leave the control\'s cell empty if it is the same for all.',
            first.tube.source, first.tube.row, column,
        )  # fmt: skip


def _ambiguous(batch: Batch, strategy: MarkerStrategy, served: Sequence[Served]) -> Iterator[Problem]:
    """ALDEFLUOR: a tube has one DEAB tube. Several that fit alike are most often those of other samples."""
    if not isinstance(strategy, Aldefluor):
        return
    several = [one for one in served if len(one.main.rows) > 1]
    if several:
        names = ", ".join(row.sample for row in several[0].main.rows[:NAMES_SHOWN])
        yield Problem(
            "warning",
            f"{batch.name}: {len(several)} tubes fit more than one DEAB tube alike "
            f"({several[0].tube.sample}: {names}); these are taken together. Write the sample that a DEAB "
            f'tube belongs to into its column "{CONTROL_FOR}", or fill in subject and treatment.',
            several[0].tube.source, several[0].tube.row, CONTROL_FOR,
        )  # fmt: skip


def _named(rows: Sequence[SampleRow]) -> str:
    names = ", ".join(row.sample for row in rows[:NAMES_SHOWN])
    return names if len(rows) <= NAMES_SHOWN else f"{names} and {len(rows) - NAMES_SHOWN} more"
