"""A small lab for the store's tests: tasks with numbers, committed and published as the engine does it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from exoraw.store.commit import commit
from exoraw.store.index import committed
from exoraw.store.results import Results
from exoraw.store.rows import TaskRow
from exoraw.store.schemas import TABLES
from exoraw.store.view import publish

PIPELINE = "annexin"


def table(name: str, rows: list[Mapping[str, Any]]) -> pa.Table:
    """Return rows in the schema of a table; further keys become further columns."""
    declared = TABLES[name].schema
    further = sorted({key for row in rows for key in row} - set(declared.names))
    columns = {
        column.name: pa.array([row.get(column.name) for row in rows], column.type) for column in declared
    }
    columns |= {key: pa.array([row.get(key) for row in rows]) for key in further}
    return pa.table(columns)


def digest(*words: object) -> str:
    return hashlib.sha256(json.dumps([str(word) for word in words]).encode()).hexdigest()[:32]


def number(sample: str, value: float | None, measure: str = "late_apoptotic", **more: Any) -> dict[str, Any]:
    """Return a row of measurements with sound defaults."""
    entity = more.get("entity", "")
    return {
        "measurement_id": digest(PIPELINE, sample, entity, more.get("target", ""), measure, ""),
        "assay": "flow",
        "pipeline": PIPELINE,
        "sample": sample,
        "entity_type": "sample",
        "entity": "",
        "target": "",
        "measure": measure,
        "statistic": "",
        "value": value,
        "unit": "%",
        "qc": "ok",
        "qc_codes": [],
        "curated": False,
        **more,
    }


@dataclass
class Lab:
    """A results folder under test."""

    results: Path
    sheet: list[dict[str, Any]] = field(default_factory=list)
    vocabulary: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"assay": "flow", "measure": word, "definition": f"share of {word} cells of all single cells",
             "unit": "%", "low": 0.0, "high": 100.0}
            for word in ("late_apoptotic", "live")
        ]
    )  # fmt: skip

    def sample(self, name: str, **cells: Any) -> None:
        row = {
            "pipeline": PIPELINE,
            "sample": name,
            "excluded": False,
            "sheet_row": len(self.sheet) + 2,
            **cells,
        }
        self.sheet.append(row)

    def row(self, unit: str, **more: Any) -> TaskRow:
        values = {
            "task_id": digest("task", unit),
            "unit": f"{PIPELINE}/gate/{unit}",
            "status": "ok",
            "assay": "flow",
            "pipeline": PIPELINE,
            "step": "gate",
            "step_version": 1,
            "samples": (unit,),
            **more,
        }
        return TaskRow(**values)

    def task(self, unit: str, tables: Mapping[str, pa.Table] | None = None, **more: Any) -> TaskRow:
        """Commit a task with one number (or the tables given) for the sample called like its unit."""
        evidence = more.pop("evidence", {})
        value = more.pop("value", 12.5)
        row = self.row(unit, **more)
        if tables is None:
            tables = {"measurements": table("measurements", [number(unit, value, task_id=row.task_id)])}
        return commit(self.results, row, tables, evidence)

    def publish(self, tasks: list[TaskRow] | None = None, **more: Any) -> bool:
        rows = list(committed(self.results).values()) if tasks is None else tasks
        given = {
            "samples": table("samples", self.sheet),
            "files": table("files", []),
            "vocabulary": table("vocabulary", self.vocabulary),
            "findings": table("findings", []),
            "final": True,
            **more,
        }
        return publish(self.results, rows, **given)

    def open(self) -> Results:
        return Results(self.results)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """An empty results folder."""
    return Lab(tmp_path / "results")


@pytest.fixture
def make_table() -> Callable[[str, list[Mapping[str, Any]]], pa.Table]:
    return table


@pytest.fixture
def make_number() -> Callable[..., dict[str, Any]]:
    return number


@pytest.fixture
def filled(lab: Lab) -> Lab:
    """Three samples with hostile names, two assays' worth of columns, a failed task and its findings."""
    lab.sample("A1", treatment="control", subject="Anna Meier", files=["day1/Meier_A1.fcs"])
    lab.sample("=1+1", treatment="-DOX", subject="Anna Meier", files=["day1/x.fcs"])
    lab.sample("µ-Müller 😀", treatment="DOX", subject="P12", excluded=True, exclusion_reason="clot")
    for name, value in (("A1", 1.0), ("=1+1", -0.25), ("µ-Müller 😀", 1e-300)):
        row = lab.row(name)
        lab.task(
            name,
            {
                "measurements": table(
                    "measurements",
                    [
                        number(name, value, numerator=1.0, denominator=4.0, n=4, task_id=row.task_id),
                        number(name, 100.0 - value, "live", entity="population:all", task_id=row.task_id),
                    ],
                ),
                "artefacts": table(
                    "artefacts",
                    [{"task_id": row.task_id, "kind": "picture", "path": f"{row.evidence_folder}/gates.png",
                      "sha256": hashlib.sha256(b"png").hexdigest(), "sample": name, "caption": "gates"}],
                ),
            },
            evidence={"gates.png": b"png"},
        )  # fmt: skip
    failed = lab.row("B1", status="failed", error="<b>no events</b>")
    finding = {
        "finding_id": "f1",
        "code": "no_events",
        "severity": "error",
        "message": "no events left",
        "sample": "A1",
        "task_id": failed.task_id,
    }
    lab.task("B1", {"findings": table("findings", [finding])}, status="failed", error="<b>no events</b>")
    lab.publish()
    return lab
