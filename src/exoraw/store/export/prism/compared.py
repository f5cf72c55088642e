"""Survival and XY tables from the comparisons of a study: what was tested, one value per unit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from exoraw.store.export.prism.sheet import MISSING, Cell, Column, Sheet
from exoraw.store.export.tables import Source

KIND = "comparison"


def compared_sheets(source: Source) -> list[Sheet]:
    """Return a table for every survival and dose-response comparison, in the order of the results folder.

    Excluded samples are left out where the comparison leaves them out; groups are those that were tested,
    so a cut at the median or Youden's cut makes the columns low and high.
    """
    sheets = []
    for row in source.table("figures").to_pylist():
        options = json.loads(row["options"]) if row["kind"] == KIND and row["options"] else {}
        if options.get("plot") == "survival" and options["curves"]:
            sheets.append(_survival(row["title"], options))
        elif options.get("plot") == "dose" and options["curves"]:
            sheets.append(_doses(row["title"], options))
    return sheets


def _survival(title: str, options: Mapping[str, Any]) -> Sheet:
    curves = options["curves"]
    times = [Cell(float(time)) for one in curves for time in one["time"]]
    columns = []
    for i, one in enumerate(curves):
        before = sum(len(other["time"]) for other in curves[:i])
        after = len(times) - before - len(one["time"])
        seen = tuple(Cell(float(event)) for event in one["event"])
        columns.append(Column(one["label"], ((MISSING,) * before + seen + (MISSING,) * after,)))
    unit = f" ({options['time_unit']})" if options["time_unit"] else ""
    notes = [
        f"Survival table: X is {options['time']}{unit}; 1 = the event was seen, 0 = censored.",
        f"One row is one {options['replication_unit']}.",
    ]
    if options["halves"]:
        notes.append(
            "The groups are halves at the median, for the eye: the study tested the number as it is."
        )
    return Sheet(title, "Survival", tuple(columns), (), Column(f"{options['time']}{unit}", (tuple(times),)),
                 tuple(notes))  # fmt: skip


def _doses(title: str, options: Mapping[str, Any]) -> Sheet:
    curves = options["curves"]
    doses = sorted({dose for one in curves for dose in one["dose"]})
    columns = []
    for one in curves:
        pairs = list(zip(one["dose"], one["response"], strict=True))
        at = {dose: [response for own, response in pairs if own == dose] for dose in doses}
        most = max(len(values) for values in at.values())
        columns.append(Column(one["label"] or title, tuple(_replicate(at, doses, k) for k in range(most))))
    unit = f" ({options['dose_unit']})" if options["dose_unit"] else ""
    notes = (
        f"XY table: X is {options['dose']}{unit}, one column per curve.",
        f"Replicates are {options['replication_unit']}; wells of one are averaged.",
    )
    x = Column(f"{options['dose']}{unit}", (tuple(Cell(float(dose)) for dose in doses),))
    return Sheet(title, "XY", tuple(columns), (), x, notes)


def _replicate(at: Mapping[float, Sequence[float]], doses: Sequence[float], k: int) -> tuple[Cell, ...]:
    return tuple(Cell(float(at[dose][k])) if k < len(at[dose]) else MISSING for dose in doses)
