"""What can be said about the isotype, FMO and DEAB tubes of a batch before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from exoraw.assays.flow.controls import DEAB, DYE_ONLY, ISOTYPE, NO_EXOSOME, UNSTAINED, Batch
from exoraw.assays.flow.marker_controls import CONTROL_FOR, Served, names_in, ownership_unsure, served_tubes
from exoraw.assays.flow.strategies import MarkerStrategy, SurfaceMFI, UptakeFlow
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
    yield from _refused(batch, served)
    yield from _unsure(batch, strategy, served)


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


def _refused(batch: Batch, served: Sequence[Served]) -> Iterator[Problem]:
    """ALDEFLUOR: the only DEAB tubes in reach are those of other samples."""
    refused = [one for one in served if one.refused.rows]
    if refused:
        first = refused[0]
        yield Problem(
            "warning",
            f'{batch.name}: the nearest DEAB tube of {first.tube.sample}, "{first.refused.rows[0].sample}", '
            f"has another {' and '.join(first.refused.differs)}; it is not used, because a DEAB tube says "
            f'nothing about another sample. If it is its own, write the sample into its "{CONTROL_FOR}".',
            first.tube.source, first.tube.row, first.refused.differs[0],
        )  # fmt: skip


def _unsure(batch: Batch, strategy: MarkerStrategy, served: Sequence[Served]) -> Iterator[Problem]:
    """ALDEFLUOR: a tube has one DEAB tube. Several that fit alike are most often those of other samples."""
    unsure = [one for one in served if ownership_unsure(one, batch, strategy)]
    if unsure:
        first = unsure[0]
        names = ", ".join(row.sample for row in first.main.rows[:NAMES_SHOWN])
        yield Problem(
            "warning",
            f"{batch.name}: nothing on the sheet says which DEAB tube belongs to "
            f"{_named([one.tube for one in unsure])} ({first.tube.sample} gets: {names}). Write the sample "
            f'that a DEAB tube belongs to into its column "{CONTROL_FOR}", or fill in subject and treatment.',
            first.tube.source, first.tube.row, CONTROL_FOR,
        )  # fmt: skip


def check_control_for(rows: Sequence[SampleRow]) -> Iterator[Problem]:
    """Whether every sample that a control says it serves is on the sheet."""
    known = [row.sample for row in rows]
    for row in rows:
        for name in names_in(row[CONTROL_FOR]):
            if name in known:
                continue
            near = difflib.get_close_matches(name, known, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else ""
            yield Problem(
                "error",
                f'"{row.sample}" is to serve "{name}", but no row of this analysis has that sample.{hint} '
                "Several samples are separated by a semicolon.",
                row.source, row.row, CONTROL_FOR,
            )  # fmt: skip


def _named(rows: Sequence[SampleRow]) -> str:
    names = ", ".join(row.sample for row in rows[:NAMES_SHOWN])
    return names if len(rows) <= NAMES_SHOWN else f"{names} and {len(rows) - NAMES_SHOWN} more"
