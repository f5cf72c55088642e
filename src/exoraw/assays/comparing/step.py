"""The step `compare`: each comparison of the study is one unit, behind those that measure its samples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exoraw.assays.comparing import drawn
from exoraw.assays.comparing.ask import answers, levels_of, words
from exoraw.assays.comparing.findings import BATCH_COLUMNS, of_results, of_table
from exoraw.assays.comparing.numbers import joined, measured, series
from exoraw.assays.contract import Comparison, Finding, Inputs, Method, Outcome, Params, TaskInput, Unit
from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory
from exoraw.statistics import Comparison as Test
from exoraw.statistics import StatisticsError, comparisons_frame
from exoraw.study.model import CompareEntry
from exoraw.study.view import SampleRow, StudyView

STEP = "compare"
APPLIED, IGNORED = "applied", "ignored"


class CompareParams(Params):
    """What a comparison depends on beside the numbers and the sheet."""

    entry: CompareEntry


@dataclass(frozen=True)
class Compare:
    """Test what `compare:` asks of one analysis.

    Parameters
    ----------
    entries : the comparisons of this analysis; the worker needs none, its unit carries its own
    controls : roles of the sheet whose rows are samples too (a stained vehicle tube)
    """

    entries: tuple[CompareEntry, ...] = ()
    controls: tuple[str, ...] = ()
    name: str = STEP
    version: int = 2

    @property
    def columns(self) -> tuple[str, ...]:
        """Sheet columns that any of the comparisons looks at."""
        found = (column for entry in self.entries for column in columns_of(entry))
        return tuple(dict.fromkeys(("control_role", *BATCH_COLUMNS, *found)))

    def units(self, study: StudyView, files: Inventory) -> Iterator[Unit]:  # noqa: ARG002  numbers, not files
        """One unit per comparison, behind every unit that may measure its samples."""
        for entry in self.entries:
            rows = [row for row in study.rows if self._takes_part(row, entry)]
            names = {row.sample for row in rows}
            earlier = tuple(TaskInput(key) for key, samples in study.planned.items() if names & set(samples))
            columns = needed(entry)
            yield Unit(
                key=f"{study.pipeline}/{STEP}/{entry.key}",
                samples=tuple(row.sample for row in rows),
                inputs={"numbers": earlier},
                params=CompareParams(entry=entry),
                needs="any",
                columns=columns,
                payload={
                    "rows": [
                        {
                            "sample": row.sample,
                            "cells": {name: row[name] for name in columns},
                            "excluded": bool(row.excluded),
                        }
                        for row in rows
                    ]
                },
            )

    def _takes_part(self, row: SampleRow, entry: CompareEntry) -> bool:
        """Whether a row is a sample, not a control, and of the subgroup and levels that are compared."""
        if row["control_role"] not in ("", *self.controls):
            return False
        if any(row[column] not in words(cell) for column, cell in entry.where.items()):
            return False
        named = {level for level, _ in entry.reference_levels}
        return not entry.levels or row[entry.factor] in {*entry.levels, *named}

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Gather the numbers, test, and say what is doubtful.

        Raises
        ------
        StudyError : the measure, a column or a level does not exist, or the question cannot be asked
        """
        params = unit.params
        assert isinstance(params, CompareParams)
        entry = params.entry
        numbers = measured(inputs.earlier.get("numbers", ()))
        found = {"value": series(numbers, entry.measure, entry.entity, entry.target)}
        if entry.second_measure:
            found["second"] = series(numbers, entry.second_measure, entry.second_entity, entry.second_target)
        frame = joined(unit.payload["rows"], needed(entry), found)
        frame = frame[list(dict.fromkeys(frame.columns))]
        levels = levels_of(frame, entry)
        tests = {way: _tested(rows, entry, levels) for way, rows in _ways(frame, entry)}
        shown = next(iter(tests.values()))
        counted = frame if entry.exclusions == "ignored" else frame[~frame["excluded"]]
        units = next((cell for cell in found["value"]["unit"] if cell), "")
        return Outcome(
            comparisons=[row for way, results in tests.items() for row in _rows(results, entry, way)],
            findings=[*_findings(shown, entry), *of_table(counted, entry.factor, entry.title)],
            figures=[drawn.figure(_as_drawn(frame, entry), entry, shown, units)],
            methods=[_method(entry, shown)],
        )


def columns_of(entry: CompareEntry) -> Iterable[str]:
    """Return the columns that an entry names."""
    groupings = (column for groups in entry.random for column in groups)
    named = (entry.factor, entry.second_factor, *words(entry.unit), *words(entry.pair_by), *groupings)
    return dict.fromkeys(column for column in (*named, *entry.where) if column)


def needed(entry: CompareEntry) -> tuple[str, ...]:
    """Return the columns whose cells a comparison uses."""
    return tuple(dict.fromkeys((*columns_of(entry), *BATCH_COLUMNS)))


def _ways(frame: pd.DataFrame, entry: CompareEntry) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the table without excluded samples, with them, or both; the first one is drawn."""
    if entry.exclusions in (APPLIED, "both"):
        yield APPLIED, frame[~frame["excluded"]]
    if entry.exclusions in (IGNORED, "both"):
        yield IGNORED, frame


def _as_drawn(frame: pd.DataFrame, entry: CompareEntry) -> pd.DataFrame:
    return frame.assign(excluded=False) if entry.exclusions == IGNORED else frame


def _tested(frame: pd.DataFrame, entry: CompareEntry, levels: Sequence[str]) -> tuple[Test, ...]:
    try:
        return answers(frame, entry, levels)
    except StatisticsError as error:
        raise StudyError(f'The comparison "{entry.title}" cannot be made: {error}') from error


def _findings(results: Sequence[Test], entry: CompareEntry) -> Iterator[Finding]:
    said = {(one.code, one.message): one for one in of_results(results, entry.title)}
    yield from said.values()


def _rows(results: Sequence[Test], entry: CompareEntry, way: str) -> Iterator[Comparison]:
    table = comparisons_frame(results).astype(object)
    for result, row in zip(results, table.where(table.notna(), None).to_dict("records"), strict=True):
        yield Comparison(
            measure=entry.measure, second_measure=entry.second_measure, entity=entry.entity,
            target=entry.target, factor=entry.factor, group=result.group, reference=result.reference,
            n_group=row["n_group"], n_reference=row["n_reference"], replication_unit=result.unit,
            estimate=_number(row["estimate"]), ci_low=_number(row["ci_low"]), ci_high=_number(row["ci_high"]),
            test=result.test, statistic=_number(row["statistic"]), df=_number(row["df"]),
            p=result.p, p_adjusted=result.p_adjusted, adjustment=result.adjustment, stars=result.stars,
            assumptions=_recorded(row["assumptions"], row["estimate_of"]), name=entry.title, exclusions=way,
            state=str(result.state), message=result.message,
        )  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _recorded(assumptions: str, estimate_of: str) -> Mapping[str, Any]:
    return {**json.loads(assumptions), "estimate_of": estimate_of}


def _method(entry: CompareEntry, results: Sequence[Test]) -> Method:
    """Say the test as a methods section does."""
    unit = " x ".join(words(entry.unit))
    against = " and ".join(level for level, _ in entry.reference_levels)
    compared = f" with {against}" if against else ""
    by = drawn.adjustment(results)
    adjusted = f", p adjusted after {by}" if by and entry.test not in ("tukey", "dunnett") else ""
    what = entry.measure + (f" ({entry.entity})" if entry.entity else "")
    across = f"across {entry.factor}" if entry.factor else f"with {entry.second_measure}"
    text = (
        f"{what} was compared {across}{compared} by {entry.test}{adjusted}; n counts {unit}, repeated "
        f"measurements of one were averaged first. Excluded samples: {entry.exclusions}."
    )
    return Method(f"Comparison: {entry.title}", text, drawn.ORDER)
