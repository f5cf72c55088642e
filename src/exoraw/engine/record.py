"""What a run leaves beside the numbers: public tables, the row of the run, remarks of its own, the log."""

from __future__ import annotations

import contextlib
import json
import platform as system
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import pyarrow as pa

import exoraw
from exoraw.assays.contract import CorrectionInput
from exoraw.engine import platform
from exoraw.engine.environment import dependency_versions
from exoraw.engine.keys import digest
from exoraw.engine.options import RunOptions
from exoraw.engine.tasks import Limits
from exoraw.store import runs
from exoraw.store.rows import TaskRow
from exoraw.store.schemas import FILES, FINDINGS, VOCABULARY, Table
from exoraw.store.view import publish
from exoraw.study.table import samples_table

if TYPE_CHECKING:
    from exoraw.engine.plan import Plan
    from exoraw.engine.project import Project

_PUBLISH_EVERY_S = 60.0  # a person who looks in sees numbers about this old, while publishing is cheap
_PUBLISH_SHARE = 0.02  # of the time of a run that publishing before its end may take

# Remarks of the platform itself: code -> (meaning, what to do).
REMARKS: Mapping[str, tuple[str, str]] = {
    "file_changed": (
        "A raw file changed while it was read; its numbers were not kept.",
        "Run again when the instrument or the copy has finished.",
    ),
    "correction_unused": (
        "A correction touches nothing: no unit of the plan uses it.",
        "Check the name of the sample or batch it is about, or remove the file.",
    ),
    "check": ("What `exoraw check` remarks on study, sheet and raw folder.", "Correct the place it names."),
}

_Row = dict[str, Any]


def new_run_id() -> str:
    """Return a run id that sorts by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


class RunLog:
    """The log of one run: results/logs/<run_id>.log. It never stops a run."""

    def __init__(self, results: Path, run_id: str) -> None:
        self._path = results / "logs" / f"{run_id}.log"
        self._stream: TextIO | None = None

    def write(self, text: str, detail: str = "") -> None:
        """Append a line with the time (UTC); `detail` is indented below."""
        lines = [f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}"]
        lines += [f"    {line}" for line in detail.splitlines()]
        with contextlib.suppress(OSError):  # a full disk is met, and told, where numbers are written
            if self._stream is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = self._path.open("a", encoding="utf-8")
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()
            self._stream = None


class Record:
    """Writes down how a run goes on."""

    def __init__(self, project: Project, options: RunOptions, limits: Limits, run_id: str) -> None:
        self._project = project
        self._results = project.results
        self._run = _run_row(project, options, limits, run_id)
        self._remarks: list[_Row] = list(_remarks(project))
        specs = {pipeline.name: pipeline.assay.sheet for pipeline in project.pipelines}
        self._samples = samples_table(project.loaded, [one.view for one in project.pipelines], specs)
        self._files = _table(FILES, _file_rows(project))
        self._vocabulary = _table(VOCABULARY, _vocabulary_rows(project))
        self._due = time.monotonic() + _PUBLISH_EVERY_S

    def begin(self, planned: int) -> None:
        """Write the row of the run that starts."""
        self._run["planned"] = planned
        runs.begin(self._results, self._run)

    def finish(self, outcome: str, counts: Mapping[str, int], cpu_seconds: float) -> None:
        """Complete the row of the run."""
        failed = sum(counts.get(status, 0) for status in ("failed", "crashed", "timeout", "skipped"))
        self._run |= {
            "finished_at": datetime.now(UTC),
            "outcome": outcome,
            "ok": counts.get("ok", 0),
            "cached": counts.get("cached", 0),
            "failed": failed,
            "cpu_seconds": cpu_seconds,
        }
        runs.finish(self._results, self._run)

    def changed(self, path: str) -> None:
        """Remark that a raw file changed while it was read."""
        self._remarks.append(_remark("file_changed", "error", "The file changed while it was read.", path))

    def unused_corrections(self, planned: Plan) -> None:
        """Remark every correction that no unit takes as an input."""
        inputs = [item for node in planned for items in node.unit.inputs.values() for item in items]
        used = {item.correction.path for item in inputs if isinstance(item, CorrectionInput)}
        for item in self._project.loaded.corrections:
            if item.path not in used:
                scope = f' in the analysis "{item.pipeline}"' if item.pipeline else ""
                words = f"{item.path}: the correction {item.kind} of {item.target}{scope} is used by nothing."
                self._remarks.append(_remark("correction_unused", "warning", words))

    def publish_when_due(self, rows: Iterable[TaskRow]) -> None:
        """Bring the public tables up to date now and then, for a small share of the time."""
        started = time.monotonic()
        if started < self._due:
            return
        try:
            self._publish(rows, final=False)
        finally:
            ended = time.monotonic()
            self._due = ended + max(_PUBLISH_EVERY_S, (ended - started) / _PUBLISH_SHARE)

    def publish_at_end(self, rows: Iterable[TaskRow]) -> None:
        """Bring the public tables up to date."""
        self._publish(rows, final=True)

    def _publish(self, rows: Iterable[TaskRow], *, final: bool) -> None:
        publish(
            self._results,
            list(rows),
            samples=self._samples,
            files=self._files,
            vocabulary=self._vocabulary,
            findings=_table(FINDINGS, self._remarks),
            final=final,
            redact=self._project.loaded.study.redact,
        )


def _run_row(project: Project, options: RunOptions, limits: Limits, run_id: str) -> _Row:
    chosen = {
        "workers": options.workers,
        "scheduler": "external" if options.scheduler else "local",
        "refresh": options.refresh,
        "retry": options.retry,
        "only": list(options.only),
        "timeout_s": limits.timeout_s,
        "memory_gb": limits.memory / 1e9,
    }
    return {
        "run_id": run_id,
        "started_at": datetime.now(UTC),
        "exoraw_version": exoraw.__version__,
        "python_version": system.python_version(),
        "platform": platform.describe_system(),
        "dependencies": dependency_versions(),
        "study_digest": project.loaded.digest,
        "title": project.loaded.study.title,
        "factors": list(project.loaded.study.factors),
        "comparisons": list(project.comparisons),
        "options": json.dumps(chosen),
    }


def _table(table: Table, rows: Iterable[_Row]) -> pa.Table:
    listed = list(rows)
    schema = table.schema
    columns = [pa.array([row.get(field.name) for row in listed], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _used_by(project: Project) -> dict[str, list[str]]:
    """Return raw file -> samples that name it, each once, in the order of the sheet."""
    used: dict[str, dict[str, None]] = {}
    for pipeline in project.pipelines:
        for row in pipeline.view.rows:
            for path in row.files:
                used.setdefault(path, {})[row.sample] = None
    return {path: list(samples) for path, samples in used.items()}


def _file_rows(project: Project) -> Iterator[_Row]:
    used = _used_by(project)
    for raw in project.inventory:
        header = raw.header
        yield {
            "file_id": raw.file_id,
            "sha256": raw.sha256,
            "path": raw.path,
            "size": raw.size,
            "format": raw.format,
            "datasets": len(header.datasets),
            "instrument_make": header.make,
            "instrument_model": header.model,
            "instrument_serial": header.serial,
            "acquired_at": header.acquired_at,
            "used_by": used.get(raw.path, []),
            "problem": raw.problem,
        }


def _vocabulary_rows(project: Project) -> Iterator[_Row]:
    assays = {pipeline.assay.name: pipeline.assay for pipeline in project.pipelines}
    for assay in assays.values():
        for measure in assay.vocabulary:
            yield {**vars(measure), "measure": measure.name, "assay": assay.name}


def _remarks(project: Project) -> Iterator[_Row]:
    """Yield what `check` has to say of study, sheet and raw folder, so that it stands beside the numbers."""
    for problem in project.problems:
        yield _remark("check", problem.severity, str(problem))


def _remark(code: str, severity: str, message: str, file: str | None = None) -> _Row:
    meaning, advice = REMARKS[code]
    return {
        "finding_id": digest(json.dumps(["platform", code, file, message], ensure_ascii=False))[:32],
        "assay": "",
        "pipeline": "",
        "sample": "",
        "entity": "",
        "file": file,
        "code": code,
        "severity": severity,
        "message": message,
        "meaning": meaning,
        "advice": advice,
        "task_id": "",
    }
