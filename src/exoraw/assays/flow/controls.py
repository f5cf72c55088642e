"""Which tubes belong together: by batch, role and dye."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exoraw.assays.flow.panel import same_dye
from exoraw.study.view import SampleRow

VEHICLE = "vehicle"
UNSTAINED = "unstained"
SINGLE_STAIN = "single_stain"
FMO = "fmo"
POSITIVE = "positive"
VIABILITY_ONLY = "viability"
ISOTYPE = "isotype"
DEAB = "deab"
NO_EXOSOME = "no_exosome"
DYE_ONLY = "dye_only"
GATED_ROLES = frozenset({"", VEHICLE, POSITIVE})  # stained with every dye: their quadrants are results


@dataclass(frozen=True)
class Batch:
    """Tubes that share controls and gates.

    Parameters
    ----------
    columns, values : the sheet columns that make the batch and what stands in them
    rows : the batch's rows in sheet order; excluded ones are gated, but never serve as controls
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    rows: tuple[SampleRow, ...]

    @property
    def name(self) -> str:
        """Readable and unique within a study: "day1 | MDA-MB-231"; "all tubes" where nothing is filled in."""
        if not any(self.values):
            return "all tubes"
        return " | ".join(
            {"": "-", "-": "\\-"}.get(value, value.replace("|", "\\|")) for value in self.values
        )

    def role(self, *roles: str) -> tuple[SampleRow, ...]:
        """Rows with a file, not excluded, whose control_role is one of these words."""
        kept = (row for row in self.rows if row.files and not row.excluded)
        return tuple(row for row in kept if row["control_role"] in roles)

    @property
    def stained(self) -> tuple[SampleRow, ...]:
        """The tubes whose quadrants are results, without the excluded ones."""
        return self.role(*GATED_ROLES)

    @property
    def gated(self) -> tuple[SampleRow, ...]:
        """The tubes that are gated: excluded ones too, so that a reader can judge the exclusion."""
        return tuple(row for row in self.rows if row.files and row["control_role"] in GATED_ROLES)

    def single_stains(self, dyes: Sequence[Sequence[str]]) -> tuple[tuple[SampleRow, ...], ...]:
        """Per dye (each with its names) the single-stain rows that carry it."""
        tubes = self.role(SINGLE_STAIN, VIABILITY_ONLY)
        return tuple(tuple(row for row in tubes if is_stain(row, names)) for names in dyes)

    def without(self, dye: Sequence[str], others: Sequence[Sequence[str]]) -> tuple[SampleRow, ...]:
        """Tubes with every dye but this one: its FMO and, of two colours, the other's single stain."""
        fmo = tuple(row for row in self.role(FMO) if is_stain(row, dye))
        if len(others) != 1:
            return fmo
        return fmo + tuple(row for row in self.role(SINGLE_STAIN) if is_stain(row, others[0]))


def is_stain(row: SampleRow, names: Iterable[str]) -> bool:
    """Whether the row's `stain` cell names this dye ("FITC", "Annexin V", "Annexin V-FITC" alike)."""
    cell = row["stain"]
    if not cell.strip():
        return False
    parts = [cell, *re.split(r"[\s\-/,()]+", cell)]
    return any(same_dye(part, name) for part in parts for name in names if part)


def batches_of(rows: Iterable[SampleRow], columns: Sequence[str]) -> tuple[Batch, ...]:
    """Group rows by these columns, in the order the sheet first names them."""
    grouped: dict[tuple[str, ...], list[SampleRow]] = {}
    for row in rows:
        grouped.setdefault(tuple(row[column] for column in columns), []).append(row)
    return tuple(Batch(tuple(columns), values, tuple(members)) for values, members in grouped.items())
