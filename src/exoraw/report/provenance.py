"""Where every number comes from: runs, versions, settings, tasks, raw files with hashes, exclusions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exoraw.report import words
from exoraw.report.pipeline import Pipeline
from exoraw.report.tables import FAILED_STATES, Tables

MOST_FILES = 1000
MOST_TASKS = 400
MOST_RUNS = 20
MOST_EXCLUSIONS = 500


@dataclass(frozen=True)
class Sheet:
    """A plain table of the report: its columns, its rows as text, and what was left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def runs(tables: Tables) -> Sheet:
    """Return the runs that filled the results folder, the newest first."""
    columns = ("Run", "Started (UTC)", "Took", "Outcome", "Tasks computed", "kept", "failed", "CPU",
               "exoraw", "Python", "System")  # fmt: skip
    rows = tables.runs.sort_values("run_id", ascending=False)
    made = [
        (
            row["run_id"], moment(row["started_at"]),
            words.duration((row["finished_at"] - row["started_at"]).total_seconds()), row["outcome"],
            words.count(row["ok"]), words.count(row["cached"]), words.count(row["failed"]),
            words.duration(row["cpu_seconds"]), row["exoraw_version"], row["python_version"], row["platform"],
        )
        for row in rows.head(MOST_RUNS).to_dict("records")
    ]  # fmt: skip
    return Sheet(columns, tuple(made), _of(len(made), len(rows), "runs"))


def moment(when: Any) -> str:
    """Write a time (UTC) to the second; a dash where there is none."""
    return words.NO_VALUE if when is None or pd.isna(when) else f"{when:%Y-%m-%d %H:%M:%S}"


def _of(shown: int, total: int, table: str) -> str:
    return f"{shown:,} of {total:,} rows shown; all are in {table}.parquet." if shown < total else ""


def versions(tables: Tables) -> Sheet:
    """Return every package with the versions that runs and tasks used; more than one is worth a look."""
    used: dict[str, Counter[str]] = {}
    texts = [*tables.runs["dependencies"].drop_duplicates(), *tables.tasks["versions"].drop_duplicates()]
    for text in texts:
        for package, version in words.from_json(text, {}).items():
            used.setdefault(str(package), Counter())[str(version)] += 1
    rows = tuple((package, ", ".join(sorted(found))) for package, found in sorted(used.items()))
    return Sheet(("Package", "Version"), rows)


def settings(pipeline: Pipeline) -> Sheet:
    """Return the settings of every step; where tasks differ, each value with how many used it."""
    rows = []
    for (step, version), tasks in pipeline.tasks.groupby(["step", "step_version"], sort=False, dropna=False):
        used: dict[str, Counter[str]] = {}
        for text, amount in tasks["params"].value_counts(sort=False).items():
            for key, value in flat(words.from_json(str(text), {})):
                used.setdefault(key, Counter())[value] += int(amount)
        name = f"{step} (version {_whole(version)})"
        rows += [(name, key, _settled(values, len(tasks))) for key, values in used.items()]
    return Sheet(("Step", "Setting", "Value"), tuple(rows))


def _whole(version: Any) -> str:
    return words.count(version)


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every leaf of a JSON value; a short list is one leaf."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from flat(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, str):
        yield path, value or "(empty)"
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _settled(values: Counter[str], total: int) -> str:
    if len(values) == 1:
        value, amount = next(iter(values.items()))
        return value if amount == total else f"{value} ({words.plural(amount, 'task')} of {total:,})"
    said = [f"{value} ({words.plural(amount, 'task')})" for value, amount in values.most_common(8)]
    return "; ".join([*said, *([f"{len(values) - 8:,} more"] if len(values) > 8 else [])])


def tasks(tables: Tables) -> Sheet:
    """Return the tasks, failed ones first, with status, why they ran, and what they took."""
    columns = ("Task", "Step", "Status", "Why it ran", "Attempt", "Time", "CPU", "Memory", "Task id")
    bad = tables.tasks["status"].isin(FAILED_STATES)
    ordered = pd.concat([tables.tasks[bad], tables.tasks[~bad]])
    made = tuple(
        (
            row["unit"], row["step"], row["status"], row["reason"], words.count(row["attempt"]),
            words.duration(row["seconds"]), words.duration(row["cpu_seconds"]),
            words.size(row["peak_memory"]), row["task_id"][:12],
        )
        for row in ordered.head(MOST_TASKS).to_dict("records")
    )  # fmt: skip
    return Sheet(columns, made, _of(len(made), len(ordered), "tasks"))


def task_totals(tables: Tables) -> Sheet:
    """Return per pipeline and step how many tasks there are in each state and what they took together."""
    rows = []
    by = ["pipeline", "step", "step_version"]
    for (pipeline, step, version), own in tables.tasks.groupby(by, sort=False, dropna=False):
        states = Counter(own["status"])
        said = ", ".join(f"{amount:,} {state}" for state, amount in states.most_common())
        spent = (words.duration(own["seconds"].sum()), words.duration(own["cpu_seconds"].sum()))
        memory = words.size(own["peak_memory"].max())
        rows.append((str(pipeline), str(step), _whole(version), said, *spent, memory))
    return Sheet(("Pipeline", "Step", "Version", "Tasks", "Time", "CPU", "Most memory"), tuple(rows))


def files(tables: Tables) -> Sheet:
    """Return every raw file with its digest; those with a problem first."""
    columns = ("File", "Size", "Format", "Instrument", "Acquired", "Samples", "SHA-256", "Problem")
    bad = tables.files["problem"] != ""
    ordered = pd.concat([tables.files[bad], tables.files[~bad]])
    made = tuple(
        (
            row["path"], words.size(row["size"]), row["format"], _instrument(row), row["acquired_at"],
            words.listed(row["used_by"], 3), row["sha256"], row["problem"],
        )
        for row in ordered.head(MOST_FILES).to_dict("records")
    )  # fmt: skip
    return Sheet(columns, made, _of(len(made), len(ordered), "files"))


def _instrument(row: Mapping[Any, Any]) -> str:
    serial = row["instrument_serial"] and f"no. {row['instrument_serial']}"
    return " ".join(piece for piece in (row["instrument_make"], row["instrument_model"], serial) if piece)


def exclusions(pipeline: Pipeline) -> Sheet:
    """Return the rows that are left out of group results, and why."""
    rows = pipeline.samples[pipeline.samples["excluded"]]
    made = tuple(
        (row["sample"], words.listed(row["files"], 3), row["exclusion_reason"] or "no reason given")
        for row in rows.head(MOST_EXCLUSIONS).to_dict("records")
    )
    return Sheet(("Sample", "File", "Reason"), made, _of(len(made), len(rows), "samples"))


def vocabulary(pipeline: Pipeline) -> Sheet:
    """Return the measures of the pipeline's numbers with definition, unit and bounds."""
    used = set(pipeline.measurements["measure"])
    rows: Iterable[Mapping[Any, Any]] = pipeline.vocabulary.to_dict("records")
    made = tuple(
        (row["measure"], row["definition"], words.unit_words(row["unit"]) or "none",
         f"{words.number(row['low'])} to {words.number(row['high'])}", row["term"])
        for row in rows if row["measure"] in used
    )  # fmt: skip
    return Sheet(("Measure", "Definition", "Unit", "Range", "Ontology term"), made)
