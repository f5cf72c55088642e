"""Survival tables from a sample sheet that has a time and an event for every animal or patient."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from exoraw.store.export.prism.series import Grouping, shown
from exoraw.store.export.prism.sheet import MISSING, Cell, Column, Sheet
from exoraw.store.export.tables import Source

_TIME = re.compile(
    r"((survival|event|follow_?up|os|pfs|dfs)_time|time_to_event|time|follow_?up)"
    r"(_(h|hours|d|days|weeks|months|years))?",
    re.IGNORECASE,
)
_EVENT = re.compile(r"(survival_|os_|pfs_|dfs_)?event(_observed)?", re.IGNORECASE)
_SEEN = {"1": 1.0, "1.0": 1.0, "true": 1.0, "yes": 1.0, "0": 0.0, "0.0": 0.0, "false": 0.0, "no": 0.0}


def survival_sheets(source: Source, grouping: Grouping) -> list[Sheet]:
    """Return a Survival table per pipeline whose sheet rows have a time and an event; mostly none.

    X is the time, each group has a column with 1 (the event was seen) or 0 (censored), one row per subject.
    The columns are found by name: event, survival_event ...; time, time_to_event, survival_time_days ...
    """
    samples = source.table("samples")
    time = _named(samples, _TIME) or ("time_h" if "time_h" in samples.column_names else "")
    event = _named(samples, _EVENT)
    if not time or not event:
        return []
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for row in samples.to_pylist():
        filled = row[time] not in {None, ""} and row[event] not in {None, ""}
        if filled and not row["control_role"]:
            rows.setdefault(row["pipeline"], []).append(row)
    titles = {name: f"Survival: {name}" if len(rows) > 1 else "Survival" for name in rows}
    return [_sheet(titles[name], found, time, event, grouping) for name, found in rows.items()]


def _named(samples: pa.Table, pattern: re.Pattern[str]) -> str:
    return next((name for name in samples.column_names if pattern.fullmatch(name)), "")


def _sheet(title: str, rows: Sequence[Mapping[str, Any]], time: str, event: str, grouping: Grouping) -> Sheet:
    factors = [name for name in grouping.factors if name in rows[0] and name != time]
    varying = [name for name in factors if len({shown(row[name]) for row in rows}) > 1]
    notes = [f"Survival table: X is {time}; 1 = the event was seen, 0 = censored (column {event})."]
    kept: dict[str, tuple[tuple[str, ...], float, float, bool]] = {}
    for row in rows:
        who = str(row["subject"] or row["sample"])
        group = tuple(shown(row[name]) for name in varying)
        seen, at = _SEEN.get(str(row[event]).strip().lower()), _number(row[time])
        if seen is None or at is None:
            notes.append(
                f'{who}: {time} "{row[time]}", {event} "{row[event]}" is no time with 1 or 0; left out.'
            )
        elif kept.setdefault(who, (group, at, seen, row["excluded"] is True))[:3] != (group, at, seen):
            notes.append(f"{who} has several rows that differ; the first stands here.")
    notes.append("One row is one subject (one sample, where the sheet names no subject).")
    groups = sorted(
        {group for group, *_ in kept.values()},
        key=lambda levels: [grouping.order(*pair) for pair in zip(varying, levels, strict=True)],
    )
    ordered = sorted(kept.items(), key=lambda item: groups.index(item[1][0]))
    columns = tuple(
        Column(" | ".join(group) or "all", (tuple(_cell(entry, group) for _, entry in ordered),))
        for group in groups
    )
    x = Column(time, (tuple(Cell(at, excluded) for _, (_, at, _, excluded) in ordered),))
    return Sheet(title, "Survival", columns, tuple(who for who, _ in ordered), x, tuple(dict.fromkeys(notes)))


def _cell(entry: tuple[tuple[str, ...], float, float, bool], group: tuple[str, ...]) -> Cell:
    own, _, seen, excluded = entry
    return Cell(seen, excluded) if own == group else MISSING


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
