"""What needs a person's attention: failed tasks, unusable files, findings; grouped by code, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exoraw.report import words
from exoraw.report.groups import counts_as_sample
from exoraw.report.tables import FAILED_STATES, SEVERITIES, Tables

MOST_ITEMS = 300  # remarks of one code that are written out; the note names the table with all of them

_STATES: Mapping[str, tuple[str, str]] = {
    "failed": (
        "The computation stopped with an error; the numbers of this task are missing.",
        "Read the message, correct the file, the sheet or the settings, and run again: only this is redone.",
    ),
    "crashed": (
        "The process that computed it died (crash or out of memory); the numbers of this task are missing.",
        "Run `exoraw retry`. If it dies again, send the file with the lines of logs/ to the developers.",
    ),
    "timeout": (
        "It took longer than the time limit and was stopped; the numbers of this task are missing.",
        "Raise limits.timeout_s in study.yaml, or look whether the file is what it should be.",
    ),
    "skipped": (
        "It needs an earlier task that did not succeed; the numbers of this task are missing.",
        "Solve what stopped the earlier task; this one follows by itself.",
    ),
}


@dataclass(frozen=True)
class Item:
    """One remark: about which sample and file, in words, with the value and the limit it was held against."""

    severity: str
    sample: str
    file: str
    message: str
    value: str = ""
    limit: str = ""
    place: str = ""  # unit of a task, or path below the sample


@dataclass(frozen=True)
class Concern:
    """All remarks of one code.

    `samples` counts distinct samples; `errors`, `warnings` and `total` count remarks; `items` are at most
    MOST_ITEMS of them.
    """

    code: str
    severity: str
    meaning: str
    advice: str
    samples: int
    total: int
    errors: int
    warnings: int
    items: tuple[Item, ...]
    table: str


def concerns(tables: Tables) -> list[Concern]:
    """Return everything that needs attention, worst first, then by how many samples it touches."""
    found = [*_failed_tasks(tables), *_unusable_files(tables), *_without_numbers(tables), *_findings(tables)]
    return sorted(found, key=lambda c: (SEVERITIES.index(c.severity), -c.samples, -c.total, c.code))


def _concern(code: str, items: Iterable[Item], meaning: str, advice: str, table: str) -> Concern:
    ordered = sorted(items, key=lambda item: SEVERITIES.index(item.severity))
    said = Counter(item.severity for item in ordered)
    return Concern(
        code, ordered[0].severity, meaning, advice,
        samples=len({item.sample for item in ordered if item.sample}), total=len(ordered),
        errors=said["error"], warnings=said["warning"], items=tuple(ordered[:MOST_ITEMS]), table=table,
    )  # fmt: skip


def _failed_tasks(tables: Tables) -> Iterable[Concern]:
    tasks = tables.tasks[tables.tasks["status"].isin(FAILED_STATES)]
    for state in FAILED_STATES:
        rows = tasks[tasks["status"] == state].to_dict("records")
        if rows:
            items = [_task_item(row) for row in rows]
            yield _concern(f"task_{state}", items, *_STATES[state], table="tasks.parquet")


def _task_item(row: Mapping[Any, Any]) -> Item:
    message = row["error"] or "no message was left"
    return Item("error", words.listed(row["samples"]), words.listed(files_of_task(row["inputs"])), message,
                place=row["unit"])  # fmt: skip


def files_of_task(inputs: str) -> list[str]:
    """Return the raw files among a task's inputs, as they were named."""
    roles = words.from_json(inputs, {})
    entries = [entry for given in roles.values() if isinstance(given, list) for entry in given]
    return [
        str(entry.get("name", ""))
        for entry in entries
        if isinstance(entry, dict) and entry.get("kind") == "file"
    ]


def _unusable_files(tables: Tables) -> Iterable[Concern]:
    said = set(tables.findings["file"])
    rows = tables.files[(tables.files["problem"] != "") & ~tables.files["path"].isin(said)]
    asked, other = rows[rows["used_by"].map(bool)], rows[~rows["used_by"].map(bool)]
    if len(asked):
        yield _concern(
            "file_unusable", [_file_item(row, "error") for row in asked.to_dict("records")],
            "A raw file that the sample sheet names could not be used.",
            "Replace the file by a sound copy from the instrument, or take its row out of the sheet.",
            "files.parquet",
        )  # fmt: skip
    if len(other):
        yield _concern(
            "file_not_read", [_file_item(row, "info") for row in other.to_dict("records")],
            "A file in the raw folder was not read; no row of the sheet names it.",
            "Nothing, unless it should have been part of the study: then add a row for it.",
            "files.parquet",
        )  # fmt: skip


def _file_item(row: Mapping[Any, Any], severity: str) -> Item:
    return Item(severity, words.listed(row["used_by"]), row["path"], row["problem"])


def _without_numbers(tables: Tables) -> Iterable[Concern]:
    """Name the samples that gave no number although no failed task explains it."""
    rows = tables.samples[counts_as_sample(tables.samples) & ~tables.samples["excluded"]]
    finite = tables.measurements[np.isfinite(tables.measurements["value"])]
    known = set(zip(finite["pipeline"], finite["sample"], strict=True))
    broken = tables.tasks[tables.tasks["status"].isin(FAILED_STATES)]
    for pipeline, names in zip(broken["pipeline"], broken["samples"], strict=True):
        known |= {(pipeline, name) for name in names}
    items = [
        Item("error", row["sample"], words.listed(row["files"]), "no number was computed for it",
             place=row["pipeline"])
        for row in rows.to_dict("records") if (row["pipeline"], row["sample"]) not in known
    ]  # fmt: skip
    if items:
        yield _concern(
            "no_number", items,
            "A sample of the sheet has no number, and no failed task says why.",
            "Run the study to its end; if it stays, `exoraw explain SAMPLE` shows what was planned for it.",
            "samples.parquet",
        )  # fmt: skip


def _findings(tables: Tables) -> Iterable[Concern]:
    findings = tables.findings[tables.findings["severity"].isin(SEVERITIES)]
    files = dict(zip(tables.samples["sample"], tables.samples["files"], strict=True))
    for code, rows in findings.groupby("code", sort=False):
        items = [_finding_item(row, files) for row in rows.to_dict("records")]
        meaning = _first(rows["meaning"]) or words.measure_words(str(code))
        yield _concern(str(code), items, meaning, _first(rows["advice"]), "findings.parquet")


def _finding_item(row: Mapping[Any, Any], files: Mapping[str, tuple[str, ...]]) -> Item:
    file = row["file"] or words.listed(files.get(row["sample"], ()))
    return Item(row["severity"], row["sample"], file, row["message"], _bare(row["value"]),
                _bare(row["limit"]), row["entity"])  # fmt: skip


def _bare(value: float) -> str:
    return "" if np.isnan(value) else words.number(value)


def _first(cells: pd.Series) -> str:
    return next((str(cell) for cell in cells if cell), "")
