"""From what a step returns to rows of the common tables, held against what its assay promised."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from exoraw.assays.contract import Artefact, Assay, Finding, Measurement, Outcome
from exoraw.engine.keys import canonical, digest
from exoraw.engine.violations import ContractError, touching_findings, violations
from exoraw.store.rows import TaskRow
from exoraw.store.schemas import TABLES, Table

_SEVERITIES = ("ok", "info", "warning", "error")  # from harmless to worst
_ID_DIGITS = 32  # of a digest: 128 bits, unique among any number of rows a lab can make

_Row = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """An outcome, ready to be committed.

    Parameters
    ----------
    tables : table name -> rows in the schema of the store
    evidence : file name -> content
    data : JSON for later units
    severities : severity -> number of findings
    """

    tables: Mapping[str, pa.Table]
    evidence: Mapping[str, bytes]
    data: str
    severities: Mapping[str, int]


def tables_of(outcome: Outcome, row: TaskRow, assay: Assay) -> Tables:
    """Turn an outcome into tables.

    Parameters
    ----------
    outcome : what the step returned
    row : the task it belongs to

    Raises
    ------
    ContractError : the outcome breaks the contract of an assay; every fault is named
    """
    faults = list(violations(outcome, row, assay))
    if faults:
        raise ContractError(faults)
    rows: dict[str, list[_Row]] = {
        "measurements": list(_measurements(outcome, row, assay)),
        "findings": list(_findings(outcome.findings, row, assay)),
        "artefacts": list(_artefacts(outcome.artefacts, row)),
        "figures": list(_figures(outcome, row)),
        "methods": list(_methods(outcome, row)),
        "comparisons": list(_comparisons(outcome, row)),
    }
    tables = {name: _table(TABLES[name], items) for name, items in rows.items() if items}
    if outcome.objects:
        tables[f"objects_{assay.name}"] = _objects(outcome.objects, row)
    return Tables(
        tables=tables,
        evidence={artefact.name: artefact.content for artefact in outcome.artefacts},
        data=canonical(dict(outcome.data)),
        severities=_count(outcome.findings),
    )


def measurement_id(pipeline: str, measurement: Measurement) -> str:
    """Return the name of a number: a digest of its natural key, the same in every run."""
    key = (
        pipeline,
        measurement.sample,
        measurement.entity,
        measurement.target,
        measurement.measure,
        measurement.statistic,
    )
    return digest(json.dumps(key, ensure_ascii=False))[:_ID_DIGITS]


def _table(table: Table, rows: Sequence[_Row]) -> pa.Table:
    schema = table.schema
    columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _place(row: TaskRow) -> _Row:
    return {"assay": row.assay, "pipeline": row.pipeline, "task_id": row.task_id}


def _measurements(outcome: Outcome, row: TaskRow, assay: Assay) -> Iterator[_Row]:
    units = {measure.name: measure.unit for measure in assay.vocabulary}
    place = _place(row)
    for item in outcome.measurements:
        touching = touching_findings(outcome.findings, item)
        yield {
            **place,
            **vars(item),
            "measurement_id": measurement_id(row.pipeline, item),
            "value": float(item.value),
            "unit": item.unit or units[item.measure],
            "members": list(item.members) or None,
            "qc": _worst(touching),
            "qc_codes": sorted({finding.code for finding in touching}),
        }


def _worst(findings: Iterable[Finding]) -> str:
    return max((finding.severity for finding in findings), key=_SEVERITIES.index, default="ok")


def _findings(findings: Iterable[Finding], row: TaskRow, assay: Assay) -> Iterator[_Row]:
    kinds = {kind.code: kind for kind in assay.findings}
    place = _place(row)
    seen: set[str] = set()
    for item in findings:
        key = (row.task_id, item.code, item.sample, item.entity, item.message)
        finding_id = digest(json.dumps(key, ensure_ascii=False))[:_ID_DIGITS]
        if finding_id in seen:
            continue  # said twice in the very same words
        seen.add(finding_id)
        kind = kinds[item.code]
        yield {
            **place,
            **vars(item),
            "value": _number(item.value),
            "limit": _number(item.limit),
            "finding_id": finding_id,
            "file": None,
            "meaning": kind.meaning,
            "advice": kind.advice,
        }


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _count(findings: Iterable[Finding]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    return counts


def _artefacts(artefacts: Iterable[Artefact], row: TaskRow) -> Iterator[_Row]:
    for item in artefacts:
        yield {
            **_place(row),
            "kind": item.kind,
            "path": f"{row.evidence_folder}/{item.name}",
            "sha256": hashlib.sha256(item.content).hexdigest(),
            "sample": item.sample,
            "entity": item.entity,
            "caption": item.caption,
            "public": item.public or None,
        }


def _figures(outcome: Outcome, row: TaskRow) -> Iterator[_Row]:
    for item in outcome.figures:
        lists = {name: list(getattr(item, name)) for name in ("measures", "entities", "group_by")}
        options = canonical(dict(item.options)) if item.options else ""
        yield {**_place(row), **vars(item), **lists, "options": options}


def _methods(outcome: Outcome, row: TaskRow) -> Iterator[_Row]:
    for item in outcome.methods:
        yield {**_place(row), **vars(item)}


COMPARISON_KEY = (  # what names a test within its pipeline
    "measure",
    "second_measure",
    "entity",
    "target",
    "factor",
    "group",
    "reference",
    "replication_unit",
    "test",
    "adjustment",
    "name",
    "exclusions",
)


def _comparisons(outcome: Outcome, row: TaskRow) -> Iterator[_Row]:
    for item in outcome.comparisons:
        key = [row.pipeline, *(getattr(item, name) for name in COMPARISON_KEY)]
        yield {
            "pipeline": row.pipeline,
            "task_id": row.task_id,
            **vars(item),
            "comparison_id": digest(json.dumps(key, ensure_ascii=False))[:_ID_DIGITS],
            "assumptions": canonical(dict(item.assumptions)),
        }


def _objects(objects: Sequence[Mapping[str, Any]], row: TaskRow) -> pa.Table:
    """Build the open table of objects: the fixed columns first, then the assay's own, typed by Arrow."""
    fixed = {field.name: field.type for field in TABLES["objects"].schema}
    count = len(objects)
    columns: dict[str, pa.Array] = {
        "object_id": pa.array([f"{row.task_id}-{number}" for number in range(count)], fixed["object_id"]),
        "pipeline": pa.array([row.pipeline] * count, fixed["pipeline"]),
        "task_id": pa.array([row.task_id] * count, fixed["task_id"]),
    }
    for name in objects[0]:
        values = [item[name] for item in objects]
        columns[name] = pa.array([_plain(value) for value in values], fixed.get(name))
    return pa.table(columns)


def _plain(value: Any) -> Any:
    """Return a numpy scalar as the Python scalar it stands for."""
    return value.item() if hasattr(value, "item") else value
