"""The Arrow schemas of every table of a results folder, with a description and a unit for every column.

Validator, datapackage.json and the documentation page are generated from here and from nowhere else.
Within a schema major, columns are only added, nullable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import pyarrow as pa

SCHEMA_MAJOR = 1
SCHEMA_MINOR = 3

TEXT = pa.string()
REAL = pa.float64()
WHOLE = pa.int64()
FLAG = pa.bool_()
TEXTS = pa.list_(pa.string())
UTC = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Field:
    """A column: its type, what it means, its UCUM unit where it has one."""

    name: str
    type: pa.DataType
    description: str
    unit: str = ""
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the results folder.

    Parameters
    ----------
    grain : what one row is
    key : columns that are unique together
    open : whether further columns may follow (objects, samples)
    """

    name: str
    grain: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    open: bool = False

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema with description and unit as field metadata."""
        return pa.schema([_arrow_field(field) for field in self.fields])


def _arrow_field(field: Field) -> pa.Field:
    metadata = {"description": field.description}
    if field.unit:
        metadata["unit"] = field.unit
    return pa.field(field.name, field.type, nullable=not field.required, metadata=metadata)


RUNS = Table(
    "runs",
    "one `exoraw run`",
    ("run_id",),
    (
        Field("run_id", TEXT, "time of start and a random part; sorts by time", required=True),
        Field("started_at", UTC, "start of the run (UTC)", required=True),
        Field("finished_at", UTC, "end of the run (UTC); empty where it was killed"),
        Field("outcome", TEXT, "complete, failed_tasks, interrupted, disk_full or running"),
        Field("exoraw_version", TEXT, "version of exoraw"),
        Field("python_version", TEXT, "version of Python"),
        Field("platform", TEXT, "operating system and machine type; no user, host or path"),
        Field("dependencies", TEXT, "JSON: package -> version"),
        Field("study_digest", TEXT, "sha256 of study file and sample sheet as read"),
        Field("title", TEXT, "title of the study, as typed"),
        Field("factors", TEXTS, "sheet columns that make the groups, as typed in the study"),
        Field("options", TEXT, "JSON: workers, scheduler kind, refresh, limits"),
        Field("planned", WHOLE, "tasks of the plan"),
        Field("ok", WHOLE, "tasks computed in this run"),
        Field("cached", WHOLE, "tasks whose earlier outcome is still valid"),
        Field("failed", WHOLE, "tasks failed, crashed, timed out or skipped"),
        Field("cpu_seconds", REAL, "CPU time of all tasks computed in this run", "s"),
        Field("comparisons", TEXTS, "unit keys of the comparisons, in the order of the study"),
    ),
)

FILES = Table(
    "files",
    "raw file",
    ("path",),
    (
        Field("file_id", TEXT, "first 16 hex digits of the sha256"),
        Field("sha256", TEXT, "digest of the content; empty where it could not be read"),
        Field("path", TEXT, "path relative to the raw folder, forward slashes", required=True),
        Field("size", WHOLE, "size of the file", "By"),
        Field("format", TEXT, "recognised format; empty where unknown"),
        Field("datasets", WHOLE, "datasets or scenes in the file"),
        Field("instrument_make", TEXT, "manufacturer as the file says"),
        Field("instrument_model", TEXT, "model as the file says"),
        Field("instrument_serial", TEXT, "serial number as the file says"),
        Field("acquired_at", TEXT, "acquisition time as the instrument wrote it (ISO 8601, no zone added)"),
        Field("used_by", TEXTS, "samples of the sheet that name it"),
        Field("problem", TEXT, "why it could not be used; empty where it could"),
    ),
)

SAMPLES = Table(
    "samples",
    "row of the sample sheet",
    ("pipeline", "sample"),
    (
        Field("pipeline", TEXT, "pipeline entry of the study that the row belongs to", required=True),
        Field("sample", TEXT, "name as typed, never cleaned", required=True),
        Field("files", TEXTS, "raw files of the row, relative to the raw folder"),
        Field("dataset", WHOLE, "dataset or scene within the file, from 0"),
        Field("subject", TEXT, "patient or animal"),
        Field("preparation", TEXT, "exosome preparation or culture"),
        Field("parent_sample", TEXT, "donor culture -> exosome preparation -> recipient well"),
        Field("biological_replicate", TEXT, "independent repeat"),
        Field("technical_replicate", TEXT, "repeat of the measurement on the same material"),
        Field("control_role", TEXT, "role of a control tube, lane or well; empty for samples"),
        Field(
            "counts_as_sample",
            FLAG,
            "whether it has its n in group results: every row without control_role, and controls that are "
            "samples too (vehicle); empty where that is not known",
        ),
        Field("batch", TEXT, "measured together: day, plate, membrane"),
        Field("cell_line", TEXT, "cell line"),
        Field("treatment", TEXT, "treatment"),
        Field("dose", REAL, "dose, in dose_unit"),
        Field("dose_unit", TEXT, "unit of the dose as typed"),
        Field("time_h", REAL, "time after treatment", "h"),
        Field("plate", TEXT, "plate"),
        Field("well", TEXT, "well: letter and number"),
        Field("excluded", FLAG, "whether it is left out of group results"),
        Field("exclusion_reason", TEXT, "why, as typed"),
        Field("sheet_row", WHOLE, "line in the sheet; the header is line 1"),
    ),
    open=True,
)

TASKS = Table(
    "tasks",
    "task",
    ("task_id",),
    (
        Field("task_id", TEXT, "cache key: digest of everything the numbers depend on", required=True),
        Field("attempt", WHOLE, "attempts made so far; 1 = the first", required=True),
        Field("run_id", TEXT, "run that computed it"),
        Field("assay", TEXT, "assay"),
        Field("pipeline", TEXT, "pipeline entry of the study"),
        Field("step", TEXT, "step of the assay"),
        Field("step_version", WHOLE, "version of the step"),
        Field("unit", TEXT, "unit key", required=True),
        Field("samples", TEXTS, "samples it is about"),
        Field("params", TEXT, "JSON: settings"),
        Field("inputs", TEXT, "JSON: role -> list of {kind, name, digest or task_id, status}"),
        Field("status", TEXT, "ok, failed, crashed, timeout or skipped", required=True),
        Field("reason", TEXT, "why it ran: new, input changed (which), settings changed, refresh, retry"),
        Field("error", TEXT, "what went wrong, in words"),
        Field("traceback", TEXT, "where in the code, for a bug report"),
        Field("started_at", UTC, "start (UTC)"),
        Field("seconds", REAL, "elapsed time", "s"),
        Field("cpu_seconds", REAL, "CPU time", "s"),
        Field("peak_memory", WHOLE, "peak resident memory of the worker by the end of the task", "By"),
        Field("seed", WHOLE, "random seed, where one was used"),
        Field("versions", TEXT, "JSON: package -> version on the worker"),
        Field("parts", TEXT, "JSON: list of {table, path, sha256, rows}"),
        Field("data", TEXT, "JSON: facts for later units"),
    ),
)

MEASUREMENTS = Table(
    "measurements",
    "one number",
    ("measurement_id",),
    (
        Field(
            "measurement_id",
            TEXT,
            "digest of pipeline, sample, entity, target, measure and statistic",
            required=True,
        ),
        Field("assay", TEXT, "assay"),
        Field("pipeline", TEXT, "pipeline entry of the study"),
        Field("sample", TEXT, "sample; empty for a number that belongs to several", required=True),
        Field("entity_type", TEXT, "sample, population, lane, band, sphere, well ..."),
        Field("entity", TEXT, "path below the sample: lane:3/band:2; empty for the sample itself"),
        Field("target", TEXT, "protein, gene, marker or channel"),
        Field("measure", TEXT, "word of the vocabulary", required=True),
        Field("statistic", TEXT, "mean, median, geometric mean ...; empty where it has none"),
        Field("value", REAL, "the number, in `unit`"),
        Field("unit", TEXT, "UCUM unit"),
        Field("numerator", REAL, "of a fraction"),
        Field("denominator", REAL, "of a fraction"),
        Field("n", WHOLE, "events, cells, pixels or wells behind the number"),
        Field("ci_low", REAL, "lower end of the 95 % interval, in `unit`"),
        Field("ci_high", REAL, "upper end of the 95 % interval, in `unit`"),
        Field("reference", TEXT, "what a fold or a gate refers to"),
        Field("qc", TEXT, "ok, info, warning or error: the worst finding that touches it"),
        Field("qc_codes", TEXTS, "codes of the findings that touch it"),
        Field("curated", FLAG, "whether a person's correction went into it"),
        Field("task_id", TEXT, "task that computed it"),
        Field("file_id", TEXT, "raw file it comes from; empty for several"),
        Field("members", TEXTS, "samples behind a number that belongs to several; empty for one sample"),
    ),
)

OBJECTS = Table(
    "objects",
    "cell, sphere, band, population ...; one table per assay: objects_<assay>",
    ("object_id",),
    (
        Field("object_id", TEXT, "digest of task and position", required=True),
        Field("pipeline", TEXT, "pipeline entry of the study"),
        Field("sample", TEXT, "sample; empty for an object that belongs to several", required=True),
        Field("entity", TEXT, "path below the sample"),
        Field("task_id", TEXT, "task that computed it"),
        Field("file_id", TEXT, "raw file it comes from"),
    ),
    open=True,
)

FINDINGS = Table(
    "findings",
    "QC remark",
    ("finding_id",),
    (
        Field("finding_id", TEXT, "digest of task, code, sample, entity and message", required=True),
        Field("assay", TEXT, "assay; empty for a remark of the platform"),
        Field("pipeline", TEXT, "pipeline entry of the study"),
        Field("sample", TEXT, "sample; empty where the whole task is meant"),
        Field("entity", TEXT, "path below the sample"),
        Field("file", TEXT, "raw file, where one is meant"),
        Field("code", TEXT, "short stable word", required=True),
        Field("severity", TEXT, "info, warning or error", required=True),
        Field("message", TEXT, "in words", required=True),
        Field("value", REAL, "the value that led to it"),
        Field("limit", REAL, "the limit it was held against"),
        Field("meaning", TEXT, "what the code means, from the assay's list of findings"),
        Field("advice", TEXT, "what the lab can do, from the assay's list of findings"),
        Field("task_id", TEXT, "task that made it; empty for a remark of the platform"),
    ),
)

ARTEFACTS = Table(
    "artefacts",
    "picture or matrix",
    ("path",),
    (
        Field("task_id", TEXT, "task that made it", required=True),
        Field("assay", TEXT, "assay"),
        Field("pipeline", TEXT, "pipeline entry of the study"),
        Field("kind", TEXT, "picture, matrix or table"),
        Field("path", TEXT, "path relative to the results folder", required=True),
        Field("sha256", TEXT, "digest of the content"),
        Field("sample", TEXT, "sample"),
        Field("entity", TEXT, "path below the sample"),
        Field("caption", TEXT, "in words"),
        Field("public", FLAG, "whether it also lies in matrices/<pipeline>/; empty for no"),
    ),
)

FIGURES = Table(
    "figures",
    "figure that the report draws from measurements and samples",
    ("pipeline", "name"),
    (
        Field("assay", TEXT, "assay"),
        Field("pipeline", TEXT, "pipeline entry of the study", required=True),
        Field("name", TEXT, "short name", required=True),
        Field("title", TEXT, "title"),
        Field("kind", TEXT, "how it is drawn: group_points, stacked_shares or another kind of the report"),
        Field("measures", TEXTS, "measures drawn"),
        Field("entities", TEXTS, "entities drawn; empty = all"),
        Field("group_by", TEXTS, "sheet columns on the x axis; empty = the study's factors"),
        Field("caption", TEXT, "in words"),
        Field("order", WHOLE, "place in its section"),
        Field("task_id", TEXT, "task that declared it"),
        Field("options", TEXT, "JSON: what its kind has to know besides; empty for nothing"),
    ),
)

METHODS = Table(
    "methods",
    "paragraph of the methods text",
    ("pipeline", "title"),
    (
        Field("assay", TEXT, "assay"),
        Field("pipeline", TEXT, "pipeline entry of the study", required=True),
        Field("title", TEXT, "heading", required=True),
        Field("text", TEXT, "text ready for a paper"),
        Field("order", WHOLE, "place in its section"),
        Field("task_id", TEXT, "task that wrote it"),
    ),
)

COMPARISONS = Table(
    "comparisons",
    "one test",
    ("comparison_id",),
    (
        Field("comparison_id", TEXT, "digest of everything that names the test", required=True),
        Field("pipeline", TEXT, "pipeline entry of the study"),
        Field("measure", TEXT, "measure; empty where all stands in the sheet", required=True),
        Field("second_measure", TEXT, "of a correlation, Cox model or ROC"),
        Field("entity", TEXT, "path below the sample"),
        Field("target", TEXT, "protein, gene, marker or channel"),
        Field("factor", TEXT, "sheet column compared across"),
        Field("group", TEXT, "level of the factor"),
        Field("reference", TEXT, "level it is compared with"),
        Field("n_group", WHOLE, "units of replication in the group"),
        Field("n_reference", WHOLE, "units of replication in the reference"),
        Field("replication_unit", TEXT, "what one n is"),
        Field("estimate", REAL, "effect, as `test` defines it"),
        Field("ci_low", REAL, "lower end of the interval"),
        Field("ci_high", REAL, "upper end of the interval"),
        Field("test", TEXT, "name of the test"),
        Field("statistic", REAL, "test statistic"),
        Field("df", REAL, "degrees of freedom"),
        Field("p", REAL, "p value"),
        Field("p_adjusted", REAL, "adjusted p value"),
        Field("adjustment", TEXT, "name of the adjustment"),
        Field("stars", TEXT, "as the study's star map says"),
        Field("assumptions", TEXT, "JSON: assumption checks and choices"),
        Field("task_id", TEXT, "task that computed it"),
        Field("name", TEXT, "name of the comparison in the study"),
        Field("exclusions", TEXT, "excluded samples: applied (left out) or ignored (kept)"),
        Field("state", TEXT, "ok, or why there is no p value"),
        Field("message", TEXT, "the state in words, or what a reader must know of the number"),
        Field("kind", TEXT, "question of the study: groups, survival, categories or dose-response"),
        Field(
            "outcome",
            TEXT,
            "sheet columns that the groups are compared in beside or instead of a measure: time and event, "
            "the counted column, the dose",
        ),
        Field("estimate_of", TEXT, "what the estimate is: mean difference, hazard ratio, IC50 (uM) ..."),
    ),
)

VOCABULARY = Table(
    "vocabulary",
    "measure",
    ("assay", "measure"),
    (
        Field("measure", TEXT, "word", required=True),
        Field("assay", TEXT, "assay", required=True),
        Field("definition", TEXT, "what it is"),
        Field("unit", TEXT, "UCUM unit"),
        Field("low", REAL, "smallest possible value"),
        Field("high", REAL, "largest possible value"),
        Field("term", TEXT, "ontology term"),
    ),
)

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            RUNS,
            FILES,
            SAMPLES,
            TASKS,
            MEASUREMENTS,
            OBJECTS,
            FINDINGS,
            ARTEFACTS,
            FIGURES,
            METHODS,
            COMPARISONS,
            VOCABULARY,
        )
    }
)


def table_named(name: str) -> Table:
    """Return the table of this name; objects_<assay> share one definition. KeyError where unknown."""
    return TABLES["objects" if name.startswith("objects_") else name]
