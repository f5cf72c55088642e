"""Matrices that people open (count tables, designs): copied from the evidence to results/matrices."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import explaining_full_disk, read_parquet, write_file

MATRICES = "matrices"
_UNSAFE = re.compile(r"[^A-Za-z0-9 ._()+-]")


def publish_matrices(results: Path) -> bool:
    """Bring results/matrices up to date with the table of artefacts, just published.

    A public artefact lies at matrices/<pipeline>/<name>. Files that were put there before and have no
    artefact any more are removed; what a person put there stays.

    Returns
    -------
    whether anything changed

    Raises
    ------
    StoreError : two artefacts of a pipeline have the same name
    DiskFull : no space
    """
    wanted = _wanted(results)
    before = _read_list(results)
    changed = {
        place: row
        for place, row in wanted.items()
        if before.get(place) != row["sha256"] or not (results / place).is_file()
    }
    gone = sorted(before.keys() - wanted.keys())
    if not changed and not gone:
        return False
    for place, row in changed.items():
        with explaining_full_disk(results):
            (results / place).parent.mkdir(parents=True, exist_ok=True)
        write_file(results / place, (results / row["path"]).read_bytes())
    for place in gone:
        with contextlib.suppress(OSError):
            (results / place).unlink()
    write_file(_list_path(results), json.dumps({k: row["sha256"] for k, row in wanted.items()}).encode())
    return True


def _wanted(results: Path) -> dict[str, Mapping[str, str]]:
    """Return place relative to the results folder -> row of the artefact."""
    found: dict[str, Mapping[str, str]] = {}
    for row in _public(results):
        name = row["path"].rpartition("/")[2]
        place = f"{MATRICES}/{_UNSAFE.sub('_', row['pipeline'] or '').strip('. ') or '_'}/{name}"
        other = next((found[known] for known in found if known.lower() == place.lower()), None)
        if other is not None:
            raise StoreError(
                f"{place} was given twice: by the tasks {other['task_id']} and {row['task_id']}. A public "
                "matrix needs a name of its own in its pipeline; this is a fault of the assay."
            )
        found[place] = row
    return found


def _public(results: Path) -> list[Mapping[str, str]]:
    try:
        table: pa.Table = read_parquet(layout.public_path(results, "artefacts"))
    except FileNotFoundError:
        return []
    if "public" not in table.column_names:
        return []
    rows: list[Mapping[str, str]] = table.filter(pc.fill_null(table["public"], False)).to_pylist()
    return rows


def _list_path(results: Path) -> Path:
    return layout.store(results) / "matrices.json"


def _read_list(results: Path) -> dict[str, str]:
    """Return what was put there last: place -> sha256; nothing where the record cannot be read."""
    try:
        content = json.loads(_list_path(results).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
