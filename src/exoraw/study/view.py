"""The part of a study that one step may look at: declared columns only, never results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from exoraw.io.errors import StudyError

IDENTITY_COLUMNS = ("sample", "file", "dataset")  # every step may see which row it is about


@dataclass(frozen=True)
class SampleRow:
    """One row of the sample sheet.

    Parameters
    ----------
    sample : unique name, exactly as typed
    files : relative paths of its raw files; empty for a row without a file
    dataset : dataset of the file (FCS dataset, scene), from 0
    cells : every other column, as text exactly as normalised on reading ("" = empty)
    row : line in the spreadsheet (header = 1)
    excluded : reason of exclusion, "" where it is kept; an excluded control is never used as one
    source : name of the sheet the row stands in, for messages
    """

    sample: str
    files: tuple[str, ...]
    dataset: int
    cells: Mapping[str, str]
    row: int
    excluded: str = ""
    visible: frozenset[str] | None = None  # None = all columns
    source: str = "samples.csv"

    def __getitem__(self, column: str) -> str:
        """Return the cell of a declared column; "" where the sheet has no such column or no value."""
        if column == "sample":
            return self.sample
        if self.visible is not None and column not in self.visible:
            raise StudyError(
                f'A step looked at the column "{column}", which it does not declare. '
                f"Declared: {', '.join(sorted(self.visible)) or 'none'}. Add it to the step's `columns`."
            )
        return self.cells.get(column, "")

    def declared_cells(self) -> dict[str, str]:
        """Return the cells that enter the cache key of a unit about this row."""
        names = self.cells.keys() if self.visible is None else self.visible
        return {name: self.cells.get(name, "") for name in sorted(names)}


@dataclass(frozen=True)
class Correction:
    """A person's word on one thing: a dragged gate, clicked lanes, a typed value.

    `target` names what it touches ("sample:A1", "batch:day1/MDA-MB-231", "strategy"); `path` is the file
    beside the study, an input of the units it touches; `sha256` its digest; `value` its content. `pipeline`
    is the analysis it is about, "" for all analyses of the assay; for one thing the former counts. A unit
    depends on `kind`, `target` and `value` alone: another reason is no other number.
    """

    assay: str
    kind: str
    target: str
    value: Mapping[str, Any]
    who: str
    when: str
    why: str
    path: str
    sha256: str
    pipeline: str = ""


@dataclass(frozen=True)
class Reference:
    """A file that analyses compare with (a database, a standard), named in study.yaml; only read.

    `size` (bytes) and `mtime_ns` are those it had when `sha256` was taken.
    """

    name: str
    path: Path
    version: str
    sha256: str
    size: int
    mtime_ns: int


_NO_REFERENCES: Mapping[str, Reference] = MappingProxyType({})


@dataclass(frozen=True)
class StudyView:
    """What `Step.units` sees of a study: one pipeline's rows and settings.

    Parameters
    ----------
    pipeline : name of the pipeline entry in study.yaml, the first part of every unit key
    settings : the assay's validated settings (frozen pydantic model)
    rows : the sheet rows of this pipeline, in sheet order
    corrections : corrections of this assay
    references : name -> reference file of the study
    planned : unit key -> samples, of every unit of this analysis that stands before the step
    """

    pipeline: str
    settings: Any
    rows: tuple[SampleRow, ...]
    corrections: tuple[Correction, ...] = field(default=())
    references: Mapping[str, Reference] = field(default_factory=lambda: _NO_REFERENCES)
    planned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[SampleRow]:
        return iter(self.rows)

    def limited_to(self, columns: tuple[str, ...]) -> StudyView:
        """Return the same view with every other column hidden; reading a hidden one raises."""
        visible = frozenset(columns) - frozenset(IDENTITY_COLUMNS)
        return replace(self, rows=tuple(replace(row, visible=visible) for row in self.rows))
