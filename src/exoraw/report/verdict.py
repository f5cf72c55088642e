"""The whole study in one sentence: how many samples, how many numbers, what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exoraw.report import words
from exoraw.report.concerns import Concern, Item
from exoraw.report.groups import counts_as_sample
from exoraw.report.tables import Tables

State = Literal["ok", "warning", "error"]
_UNFINISHED = {
    "running": "The last run has not finished, or was killed: the numbers are those committed so far.",
    "interrupted": "The last run was interrupted: the numbers are those committed so far.",
    "disk_full": "The last run stopped because the disk was full: the numbers are those committed so far.",
}
_EXPECTED = ("runs", "samples", "files", "tasks", "measurements")


@dataclass(frozen=True)
class Verdict:
    """One sentence, how bad it is, and remarks on the results folder as a whole."""

    state: State
    sentence: str
    remarks: tuple[str, ...]


def verdict(tables: Tables, found: Sequence[Concern]) -> Verdict:
    """Say in one sentence what the study gave and what failed."""
    errors = [concern for concern in found if concern.errors]
    warnings = sum(concern.warnings for concern in found)
    remarks = _remarks(tables)
    failed = _what_failed(errors) if errors else "nothing failed"
    warned = f", {words.plural(warnings, 'warning')}" if warnings else ""
    sentence = f"{_given(tables)}; {failed}{warned}."
    if errors:
        return Verdict("error", sentence, remarks)
    without = not np.isfinite(tables.measurements["value"]).any()
    return Verdict("warning" if warnings or remarks or without else "ok", sentence, remarks)


def _given(tables: Tables) -> str:
    """Say how many samples gave how many numbers; controls without a number of their own stand beside."""
    finite = tables.measurements[np.isfinite(tables.measurements["value"])]
    measured = set(zip(finite["pipeline"], finite["sample"], strict=True))
    rows = tables.samples
    keys = list(zip(rows["pipeline"], rows["sample"], strict=True))
    silent = np.array([key not in measured for key in keys], dtype=bool)
    excluded = int((silent & rows["excluded"]).sum())
    controls = int((silent & ~rows["excluded"] & ~counts_as_sample(rows)).sum())
    wanted = len(measured | set(keys)) - controls - excluded
    many = words.plural(wanted, "sample")
    given = f"{many if len(measured) >= wanted else f'{len(measured):,} of {many}'} gave "
    beside = [words.plural(controls, "control")] if controls else []
    beside += [f"{excluded:,} excluded"] if excluded else []
    aside = f" ({' and '.join(beside)} beside them)" if beside else ""
    return f"{given}{words.plural(len(finite), 'number')}{aside}"


def _what_failed(errors: Sequence[Concern]) -> str:
    tasks = [concern for concern in errors if concern.code.startswith("task_")]
    pieces = []
    if tasks:
        names = words.listed((_name(item) for concern in tasks for item in concern.items), 4)
        total = sum(concern.total for concern in tasks)
        pieces.append(f"{words.plural(total, 'task')} failed ({words.one_line(names)})")
    others = [concern for concern in errors if concern not in tasks]
    if others:
        said = words.listed(
            (f"{concern.code.replace('_', ' ')}: {concern.errors:,}" for concern in others), 4
        )
        total = sum(concern.errors for concern in others)
        pieces.append(f"{words.plural(total, 'error')} ({words.one_line(said)})")
    return " and ".join(pieces)


def _name(item: Item) -> str:
    return words.shortened(item.sample or item.file or item.place, 40)


def _remarks(tables: Tables) -> tuple[str, ...]:
    remarks = []
    if len(tables.runs):
        last = tables.runs.sort_values("run_id").iloc[-1]
        if last["outcome"] in _UNFINISHED:
            remarks.append(_UNFINISHED[last["outcome"]])
    absent = [f"{name}.parquet" for name in _EXPECTED if name in tables.absent]
    if absent:
        remarks.append(f"The results folder holds no {words.listed(absent)}; what they say is missing here.")
    return tuple(remarks)
