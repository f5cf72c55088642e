"""How the units of the flow assay are named, and which raw files they may ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from exoraw.assays.contract import FileInput
from exoraw.assays.flow.controls import Batch
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow

BATCH_COLUMNS = ("batch", "cell_line", "subject", "plate")  # what `batch_by` may name


def compensate_key(pipeline: str, batch: Batch) -> str:
    """Key of the unit that decides on a batch's compensation."""
    return f"{pipeline}/compensate/{batch.name}"


def thresholds_key(pipeline: str, batch: Batch) -> str:
    """Key of the unit that finds a batch's gates."""
    return f"{pipeline}/thresholds/{batch.name}"


def controls_key(pipeline: str, batch: Batch) -> str:
    """Key of the unit that looks at a batch's isotypes, FMOs or DEAB tubes together."""
    return f"{pipeline}/controls/{batch.name}"


def markers_key(pipeline: str, row: SampleRow) -> str:
    """Key of the unit that counts a tube's markers."""
    return f"{pipeline}/markers/{row.sample}"


def gate_key(pipeline: str, row: SampleRow) -> str:
    """Key of the unit that gates one tube."""
    return f"{pipeline}/gate/{row.sample}"


def present(rows: Iterable[SampleRow], files: Inventory) -> tuple[tuple[SampleRow, FileInput], ...]:
    """Rows whose file is in the raw folder and readable, with it: an absent control must not stop a batch."""
    found = []
    for row in rows:
        raw = files.get(row.files[0]) if row.files else None
        if raw is not None and raw.sha256:
            found.append((row, FileInput(row.files[0], row.dataset)))
    return tuple(found)


def absent(rows: Iterable[SampleRow], files: Inventory) -> list[str]:
    """Names of the rows that `present` leaves out, for the finding about them."""
    kept = {row.sample for row, _ in present(rows, files)}
    return [row.sample for row in rows if row.sample not in kept]


def seed_of(step: str, key: str) -> int:
    """Random seed of a unit: the same for the same step and key, whatever ran before."""
    return int.from_bytes(hashlib.sha256(f"{step}\0{key}".encode()).digest()[:6], "big")
