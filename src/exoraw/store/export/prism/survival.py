"""Survival tables from a sample sheet that has a time and an event for every animal or patient."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
_FACTOR = "time_h"
_BETWEEN = " | "
_SEEN = {"1": 1.0, "1.0": 1.0, "true": 1.0, "yes": 1.0, "0": 0.0, "0.0": 0.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True)
class Subject:
    """An animal or patient: its group (levels of the factors), time, event (1 or 0), whether excluded."""

    name: str
    group: tuple[str, ...]
    time: float
    event: float
    excluded: bool


def survival_sheets(source: Source, grouping: Grouping) -> list[Sheet]:
    """Return a Survival table per pipeline whose sheet rows have a time and an event; mostly none.

    X is the time, each group has a column with 1 (the event was seen) or 0 (censored), one row per subject.
    The columns are found by name: event, survival_event ...; time, time_to_event, survival_time_days ...
    """
    samples = source.table("samples")
    time, event = _named(samples, _TIME), _named(samples, _EVENT)
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
    """Return the filled column of this name; the lab's own columns before time_h, which is a factor."""
    found = [
        name
        for name in samples.column_names
        if pattern.fullmatch(name) and any(value not in {None, ""} for value in samples[name].to_pylist())
    ]
    return next((name for name in found if name != _FACTOR), found[0] if found else "")


def _sheet(title: str, rows: Sequence[Mapping[str, Any]], time: str, event: str, grouping: Grouping) -> Sheet:
    factors = [name for name in grouping.factors if name in rows[0] and name != time]
    varying = [name for name in factors if len({shown(row[name]) for row in rows}) > 1]
    subjects, left_out = _subjects(rows, time, event, varying)
    groups = sorted(
        {subject.group for subject in subjects},
        key=lambda levels: [grouping.order(*pair) for pair in zip(varying, levels, strict=True)],
    )
    ordered = sorted(subjects, key=lambda subject: groups.index(subject.group))
    notes = (
        f"Survival table: X is {time}; 1 = the event was seen, 0 = censored (column {event}).",
        "One row is one subject (one sample, where the sheet names no subject).",
        *left_out,
    )
    columns = tuple(Column(_BETWEEN.join(group) or "all", (_events(ordered, group),)) for group in groups)
    x = Column(time, (tuple(Cell(subject.time, subject.excluded) for subject in ordered),))
    return Sheet(title, "Survival", columns, tuple(subject.name for subject in ordered), x, notes)


def _subjects(
    rows: Sequence[Mapping[str, Any]], time: str, event: str, factors: Sequence[str]
) -> tuple[list[Subject], list[str]]:
    """Return each subject once, and what is to be said about rows that were left out."""
    kept: dict[str, Subject] = {}
    said: dict[str, None] = {}
    for row in rows:
        name = str(row["subject"] or row["sample"])
        at, seen = _number(row[time]), _SEEN.get(str(row[event]).strip().lower())
        if at is None or seen is None:
            said[
                f'{name}: {time} "{row[time]}", {event} "{row[event]}" is no time with 1 or 0; left out.'
            ] = None
            continue
        group = tuple(shown(row[factor]) for factor in factors)
        subject = Subject(name, group, at, seen, row["excluded"] is True)
        if kept.setdefault(name, subject) != subject:
            said[f"{name} has several rows that differ; the first stands here."] = None
    return list(kept.values()), list(said)


def _events(subjects: Sequence[Subject], group: tuple[str, ...]) -> tuple[Cell, ...]:
    return tuple(Cell(s.event, s.excluded) if s.group == group else MISSING for s in subjects)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
