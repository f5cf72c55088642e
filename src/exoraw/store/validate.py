"""Holding tables against the schemas: types, required cells, unique keys, words and bounds."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from exoraw.store.results import Results
from exoraw.store.schemas import VOCABULARY, Table, table_named

_WORDS = {  # (table, column) -> the words it may hold
    ("findings", "severity"): ("info", "warning", "error"),
    ("measurements", "qc"): ("ok", "info", "warning", "error"),
    ("tasks", "status"): ("ok", "failed", "crashed", "timeout", "skipped"),
    ("artefacts", "kind"): ("picture", "matrix", "table"),
}
_SHOWN = 3  # examples in a message
_ROUNDING = 1e-9  # relative; a share of 100.00000000000001 % is not out of bounds


def problems_of(table: pa.Table, name: str, vocabulary: pa.Table | None = None) -> list[str]:
    """Return what is wrong with a table, in words; nothing where it is sound.

    Parameters
    ----------
    name : "measurements", "objects_flow" ...
    vocabulary : the table vocabulary, by which numbers are held against their bounds and units

    Raises
    ------
    KeyError : there is no table of that name in the schemas
    """
    declared = table_named(name)
    found = [f"{name}: {text}" for text in _column_problems(table, declared)]
    if found:  # the rest needs sound columns
        return found
    found += [f"{name}: {text}" for text in _key_problems(table, declared)]
    found += [f"{name}: {text}" for text in _word_problems(table, name)]
    if name == "measurements":
        words = VOCABULARY.schema.empty_table() if vocabulary is None else vocabulary
        found += [f"{name}: {text}" for text in _number_problems(table, words, vocabulary is not None)]
    return found


def folder_problems(results: Results, *, evidence: bool = True) -> list[str]:
    """Return what is wrong in a results folder: every table by itself, and what one says of another.

    Parameters
    ----------
    evidence : also read every picture and matrix and hold it against its digest
    """
    vocabulary = results.arrow("vocabulary")
    found = [text for name in results.names for text in problems_of(results.arrow(name), name, vocabulary)]
    if found:
        return found
    tasks = set(results.arrow("tasks")["task_id"].to_pylist())
    for name in results.names:
        if name not in {"tasks", "runs"} and "task_id" in results.arrow(name).column_names:
            strangers = set(results.arrow(name)["task_id"].drop_null().to_pylist()) - tasks - {""}
            if strangers:
                found.append(f"{name}: task_id {_some(strangers)} does not stand in the table tasks")
    return [*found, *_evidence_problems(results)] if evidence else found


def _column_problems(table: pa.Table, declared: Table) -> Iterator[str]:
    for field in declared.fields:
        if field.name not in table.column_names:
            if field.required:
                yield f'the column "{field.name}" is missing'
            continue
        column = table[field.name]
        if column.type != field.type:
            yield f'column "{field.name}" is {column.type}, expected {field.type}'
        elif field.required and column.null_count:
            yield f'column "{field.name}" is empty in {column.null_count:,} rows and must never be'
    further = set(table.column_names) - {field.name for field in declared.fields}
    if further and not declared.open:
        yield f"unknown columns {_some(further)}"


def _key_problems(table: pa.Table, declared: Table) -> Iterator[str]:
    if not set(declared.key) <= set(table.column_names):
        return
    keys = zip(*(table[name].to_pylist() for name in declared.key), strict=True)
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        yield f"{' + '.join(declared.key)} must be unique, but {_some(map(' / '.join, _texts(twice)))} is not"


def _word_problems(table: pa.Table, name: str) -> Iterator[str]:
    for (where, column), words in _WORDS.items():
        if where == name and column in table.column_names:
            strange = set(table[column].drop_null().to_pylist()) - set(words)
            if strange:
                yield f'column "{column}" holds {_some(strange)}; expected one of {", ".join(words)}'


def _number_problems(table: pa.Table, vocabulary: pa.Table, known: bool) -> Iterator[str]:
    bounds = {(row["assay"], row["measure"]): row for row in vocabulary.to_pylist()}
    columns = ["assay", "measure", "sample", "value", "unit", "qc_codes", "numerator", "denominator"]
    for row in table.select([name for name in columns if name in table.column_names]).to_pylist():
        place = f"{row['sample']} {row['measure']}"
        word = bounds.get((row.get("assay"), row["measure"]))
        if word is None:
            if known:
                yield f'{place}: the vocabulary of {row.get("assay")} has no measure "{row["measure"]}"'
        elif (row.get("unit") or "") != (word["unit"] or ""):
            yield f'{place}: the unit is "{row.get("unit")}", the vocabulary says "{word["unit"]}"'
        else:
            yield from _bound_problems(place, row.get("value"), word["low"], word["high"])
        yield from _value_problems(place, row)


def _bound_problems(place: str, value: float | None, low: float | None, high: float | None) -> Iterator[str]:
    if value is None:
        return
    slack = _ROUNDING * max(1.0, abs(value)) if math.isfinite(value) else 0.0
    if low is not None and value < low - slack:
        yield f"{place}: {value!r} is below the smallest possible value {low:g}"
    if high is not None and value > high + slack:
        yield f"{place}: {value!r} is above the largest possible value {high:g}"


def _value_problems(place: str, row: dict[str, object]) -> Iterator[str]:
    value = row.get("value")
    missing = not isinstance(value, float) or math.isnan(value)
    if missing and not row.get("qc_codes"):
        yield f"{place}: there is no number and no finding that says why"
    if (row.get("numerator") is None) != (row.get("denominator") is None):
        yield f"{place}: a fraction needs both numerator and denominator"


def _evidence_problems(results: Results) -> Iterator[str]:
    rows = results.arrow("artefacts").select(["path", "sha256"]).to_pylist()
    for row in rows:
        path = Path(results.path, row["path"])
        if not path.is_file():
            yield f"artefacts: {row['path']} is missing"
        elif row["sha256"] and hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            yield f"artefacts: {row['path']} is not what the task wrote"


def _texts(keys: list[tuple[object, ...]]) -> list[list[str]]:
    return [[str(item) for item in key] for key in keys]


def _some(items: Iterable[object]) -> str:
    found = sorted(str(item) for item in items)
    tail = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return ", ".join(f'"{item}"' for item in found[:_SHOWN]) + tail
