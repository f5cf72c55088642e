"""The tables of a results folder as frames of one known shape, whatever is missing in the folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from exoraw.store.schemas import FLAG, REAL, TABLES, TEXT, TEXTS, WHOLE, Table

WANTED = (
    "runs", "files", "samples", "tasks", "measurements", "findings", "artefacts", "figures", "methods",
    "comparisons", "vocabulary",
)  # fmt: skip
SEVERITIES = ("error", "warning", "info")  # worst first
FAILED_STATES = ("failed", "crashed", "timeout", "skipped")


@dataclass(frozen=True)
class Tables:
    """Every table of a results folder; an absent one is an empty frame with its columns.

    Text is "" where there is none, numbers are float with NaN, flags are bool, lists are tuples of text.
    `absent` names the tables the folder does not hold.
    """

    folder: Path
    runs: pd.DataFrame
    files: pd.DataFrame
    samples: pd.DataFrame
    tasks: pd.DataFrame
    measurements: pd.DataFrame
    findings: pd.DataFrame
    artefacts: pd.DataFrame
    figures: pd.DataFrame
    methods: pd.DataFrame
    comparisons: pd.DataFrame
    vocabulary: pd.DataFrame
    absent: tuple[str, ...] = ()


def frame_of(content: pa.Table | None, table: Table) -> pd.DataFrame:
    """Return an Arrow table as a frame with every column of its schema, empty cells made uniform."""
    frame = pd.DataFrame() if content is None else content.to_pandas(timestamp_as_object=False)
    frame = frame.reset_index(drop=True)
    for field in table.fields:
        given = frame[field.name] if field.name in frame else pd.Series([None] * len(frame), dtype=object)
        frame[field.name] = _uniform(given, field.type)
    declared = {field.name for field in table.fields}
    for name in frame.columns.difference(list(declared)):
        if not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = _uniform(frame[name], TEXT)
    return frame


def _uniform(cells: pd.Series, kind: pa.DataType) -> pd.Series:
    if kind == TEXT:
        return cells.astype(object).where(cells.notna(), "").map(str).astype(object)
    if kind == TEXTS:
        rows = [() if cell is None else tuple(str(word) for word in cell if word is not None)
                for cell in cells.astype(object).where(cells.notna(), None)]  # fmt: skip
        return pd.Series(rows, cells.index, dtype=object)
    if kind in (REAL, WHOLE):
        return pd.to_numeric(cells, errors="coerce").astype(float)
    if kind == FLAG:
        return pd.Series([bool(cell) and not _empty(cell) for cell in cells], cells.index, dtype=bool)
    return pd.to_datetime(cells, utc=True)


def _empty(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell))


def empty(name: str) -> pd.DataFrame:
    """Return a table of the schema without rows."""
    return frame_of(None, TABLES[name])
