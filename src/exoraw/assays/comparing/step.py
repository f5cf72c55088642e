"""The step `compare`: each comparison of the study is one unit, behind those that measure its samples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exoraw.assays.comparing import drawn
from exoraw.assays.comparing.findings import BATCH_COLUMNS, of_table
from exoraw.assays.comparing.kinds import Answered, Kind, kind_of
from exoraw.assays.comparing.numbers import joined, measured, series
from exoraw.assays.contract import Comparison, Finding, Inputs, Method, Outcome, Params, TaskInput, Unit
from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory
from exoraw.statistics import Comparison as Test
from exoraw.statistics import StatisticsError, comparisons_frame
from exoraw.study.compare_entries import AnyComparison
from exoraw.study.compare_outcomes import SurvivalEntry
from exoraw.study.strict import words_of
from exoraw.study.view import SampleRow, StudyView

STEP = "compare"
APPLIED, IGNORED = "applied", "ignored"


class CompareParams(Params):
    """What a comparison depends on beside the numbers and the sheet."""

    entry: AnyComparison


@dataclass(frozen=True)
class Compare:
    """Test what `compare:` asks of one analysis.

    Parameters
    ----------
    entries : the comparisons of this analysis; the worker needs none, its unit carries its own
    controls : roles of the sheet whose rows are samples too (a stained vehicle tube)
    """

    entries: tuple[AnyComparison, ...] = ()
    controls: tuple[str, ...] = ()
    name: str = STEP
    version: int = 3

    @property
    def columns(self) -> tuple[str, ...]:
        """Sheet columns that any of the comparisons looks at."""
        found = (column for entry in self.entries for column in columns_of(entry))
        return tuple(dict.fromkeys(("control_role", *BATCH_COLUMNS, *found)))

    def units(self, study: StudyView, files: Inventory) -> Iterator[Unit]:  # noqa: ARG002  numbers, not files
        """One unit per comparison, behind every unit that may measure its samples."""
        for entry in self.entries:
            rows = [row for row in study.rows if self._takes_part(row, entry)]
            names = {row.sample for row in rows} if entry.numbers else set()
            earlier = tuple(TaskInput(key) for key, samples in study.planned.items() if names & set(samples))
            columns = needed(entry)
            yield Unit(
                key=unit_key(study.pipeline, entry),
                samples=tuple(row.sample for row in rows),
                inputs={"numbers": earlier},
                params=CompareParams(entry=entry),
                needs="any" if earlier else "all",
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

    def _takes_part(self, row: SampleRow, entry: AnyComparison) -> bool:
        """Whether a row is a sample, not a control, and of the subgroup and levels that are compared."""
        if row["control_role"] not in ("", *self.controls):
            return False
        if any(row[column] not in words_of(cell) for column, cell in entry.where.items()):
            return False
        named = {*entry.chosen_levels, *entry.named_levels}
        return not entry.chosen_levels or row[entry.grouping] in named

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
        found = {
            name: series(numbers, *asked) for name, asked in zip(_names(entry), entry.numbers, strict=True)
        }
        frame = joined(unit.payload["rows"], needed(entry), found)
        frame = frame[list(dict.fromkeys(frame.columns))]
        seed = seed_of(unit.key)
        answers, kind = _answers(entry, frame, seed)
        shown = next(iter(answers.values()))
        kept = dict(_ways(frame, entry))[next(iter(answers))]
        units = next((cell for own in found.values() for cell in own["unit"] if cell), "")
        text = kind.method(shown.tests)
        return Outcome(
            comparisons=[
                row for way, one in answers.items() for row in _rows(one.tests, entry, way, kind.outcome)
            ],
            findings=[*_once(shown.findings), *of_table(frame.loc[kept], entry.grouping, entry.title)],
            figures=[kind.figure(kept, shown.tests, units)],
            methods=[Method(f"Comparison: {entry.title}", text, drawn.ORDER)],
            seed=seed if isinstance(entry, SurvivalEntry) and entry.cut == "youden" else None,
        )


def unit_key(pipeline: str, entry: AnyComparison) -> str:
    """Return the key of a comparison's unit."""
    return f"{pipeline}/{STEP}/{entry.key}"


def seed_of(key: str) -> int:
    """Return the seed of a comparison's permutations: from step and unit key, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{STEP}\0{key}".encode()).digest()[:6], "big")


def _names(entry: AnyComparison) -> tuple[str, ...]:
    """Return what the numbers of an entry are called in its table."""
    if isinstance(entry, SurvivalEntry) and entry.signature is not None:
        return tuple(f"marker{i}" for i in range(len(entry.numbers)))
    return ("value", "second")[: len(entry.numbers)]


def _answers(entry: AnyComparison, frame: pd.DataFrame, seed: int) -> tuple[dict[str, Answered], Kind]:
    try:
        kind = kind_of(entry, frame, seed)
        return {way: kind.answered(kept) for way, kept in _ways(frame, entry)}, kind
    except (StatisticsError, StudyError) as error:
        raise StudyError(f'The comparison "{entry.title}" cannot be made: {error}') from error


def _once(findings: Iterable[Finding]) -> list[Finding]:
    return list({(one.code, one.message): one for one in findings}.values())


def columns_of(entry: AnyComparison) -> Iterable[str]:
    """Return the columns that an entry names."""
    return dict.fromkeys(column for _, columns in entry.named_columns for column in columns)


def needed(entry: AnyComparison) -> tuple[str, ...]:
    """Return the columns whose cells a comparison uses."""
    return tuple(dict.fromkeys((*columns_of(entry), *BATCH_COLUMNS)))


def _ways(frame: pd.DataFrame, entry: AnyComparison) -> Iterator[tuple[str, pd.Index]]:
    """Yield the samples without excluded ones, with them, or both; the first way is drawn."""
    if entry.exclusions in (APPLIED, "both"):
        yield APPLIED, frame.index[~frame["excluded"]]
    if entry.exclusions in (IGNORED, "both"):
        yield IGNORED, frame.index


def _rows(results: Sequence[Test], entry: AnyComparison, way: str, outcome: str) -> Iterator[Comparison]:
    table = comparisons_frame(results).astype(object)
    measures = list(dict.fromkeys(measure for measure, _, _ in entry.numbers))
    measure, entity, target = entry.numbers[0] if entry.numbers else ("", "", "")
    for result, row in zip(results, table.where(table.notna(), None).to_dict("records"), strict=True):
        yield Comparison(
            measure=measure, second_measure=measures[1] if len(measures) == 2 else "", entity=entity,
            target=target, factor=getattr(entry, "factor", ""), group=result.group,
            reference=result.reference,
            n_group=row["n_group"], n_reference=row["n_reference"], replication_unit=result.unit,
            estimate=_number(row["estimate"]), ci_low=_number(row["ci_low"]), ci_high=_number(row["ci_high"]),
            test=result.test, statistic=_number(row["statistic"]), df=_number(row["df"]),
            p=result.p, p_adjusted=result.p_adjusted, adjustment=result.adjustment, stars=result.stars,
            assumptions=_recorded(row["assumptions"], row["estimate_of"]), name=entry.title, exclusions=way,
            state=str(result.state), message=result.message, kind=entry.kind, outcome=outcome,
            estimate_of=row["estimate_of"] or "",
        )  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _recorded(assumptions: str, estimate_of: str) -> Mapping[str, Any]:
    return {**json.loads(assumptions), "estimate_of": estimate_of}
