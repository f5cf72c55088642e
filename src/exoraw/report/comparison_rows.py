"""The table of a pipeline's comparisons: every test in the study's order, those that failed among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from exoraw.report import words
from exoraw.report.groups import Series
from exoraw.report.pipeline import Pipeline
from exoraw.report.tables import FAILED_STATES

MOST_COMPARISONS = 200
STEP = "compare"
UNTESTED = ("4PL curve", "mean of curves")  # rows of a number that nothing was tested on
CONFIDENCE = 0.95  # of the intervals, where the table says nothing else


@dataclass(frozen=True)
class ComparisonRow:
    """One test of the table `comparisons`, as text."""

    what: str
    contrast: str
    n: str
    estimate: str
    interval: str
    test: str
    p: str
    p_adjusted: str
    stars: str
    unit: str
    name: str
    message: str = ""


def comparison_rows(pipeline: Pipeline) -> tuple[tuple[ComparisonRow, ...], str]:
    """Return the tests of a pipeline in the study's order, and a note where there are more than are shown.

    A comparison that failed as a whole has a row with its message: a reader sees what was asked in vain.
    """
    every = [*_tested(pipeline), *_failed(pipeline)]
    ordered = [row for _, row in sorted(every, key=lambda one: one[0])]
    if len(ordered) <= MOST_COMPARISONS:
        return tuple(ordered), ""
    note = f"{MOST_COMPARISONS} of {len(ordered):,} tests are shown; all are in comparisons.parquet."
    return tuple(ordered[:MOST_COMPARISONS]), note


def _tested(pipeline: Pipeline) -> Iterator[tuple[int, ComparisonRow]]:
    unit_of = dict(zip(pipeline.tasks["task_id"], pipeline.tasks["unit"], strict=True))
    for row in pipeline.comparisons.to_dict("records"):
        yield _place(pipeline, unit_of.get(row["task_id"], "")), _comparison(row)


def _failed(pipeline: Pipeline) -> Iterator[tuple[int, ComparisonRow]]:
    tasks: pd.DataFrame = pipeline.tasks
    for row in tasks[(tasks["step"] == STEP) & tasks["status"].isin(FAILED_STATES)].to_dict("records"):
        name = str(row["unit"]).split(f"/{STEP}/", 1)[-1]
        empty = ComparisonRow("", "not tested", "", "", "", "", str(row["status"]), "", "", "", name)
        yield _place(pipeline, row["unit"]), replace(empty, message=str(row["error"]))


def _place(pipeline: Pipeline, unit: str) -> int:
    return pipeline.asked.index(unit) if unit in pipeline.asked else len(pipeline.asked)


def _first_effect(assumptions: str) -> Mapping[str, Any]:
    """Return what the estimate is and how wide its interval, from the record of the test."""
    record = words.from_json(assumptions, {})
    effects = record.get("effects") if isinstance(record, dict) else None
    return effects[0] if effects else {}


def _comparison(row: Mapping[Any, Any]) -> ComparisonRow:
    def text(name: str) -> str:
        return str(row[name])

    def value(name: str) -> str:
        return words.number(row[name])

    what = Series(text("measure"), text("entity"), text("target")).label if row["measure"] else ""
    if row["outcome"]:
        what = f"{text('outcome')} by {what or text('factor')}"
    if row["second_measure"]:
        what += f" with {words.measure_words(text('second_measure'))}"
    low, high = row["ci_low"], row["ci_high"]
    effect = _first_effect(text("assumptions"))
    interval = "" if np.isnan(low) and np.isnan(high) else f"{value('ci_low')} to {value('ci_high')}"
    if interval and effect.get("confidence", CONFIDENCE) != CONFIDENCE:
        interval += f" ({100 * effect['confidence']:.0f} %)"
    estimate = value("estimate") + (f" {effect['name']}" if effect and not np.isnan(row["estimate"]) else "")
    adjusted = f"{value('p_adjusted')} ({text('adjustment')})" if row["adjustment"] else value("p_adjusted")
    test = text("test") if np.isnan(row["statistic"]) else f"{text('test')} ({value('statistic')})"
    if row["exclusions"] == "ignored":
        test += ", excluded samples kept"
    untested = row["state"] not in ("", "ok")
    contrast = (
        f"{text('group')} vs {text('reference')}" if row["reference"] else text("group") or text("factor")
    )
    if not contrast and row["kind"] == "survival":
        contrast = "as a number"
    counts = ", ".join(
        words.count(row[name]) for name in ("n_group", "n_reference") if not np.isnan(row[name])
    )
    return ComparisonRow(
        what, contrast, counts, estimate, interval, test,
        _p(row) if untested else value("p"), "" if untested else adjusted,
        text("stars"), text("replication_unit"), text("name"), text("message"),
    )  # fmt: skip


def _p(row: Mapping[Any, Any]) -> str:
    """Say why there is no p; the row of a curve has none, its state is about its IC50."""
    if str(row["test"]).startswith(UNTESTED):
        return words.NO_VALUE
    return f"not tested: {row['state']}"
