"""What every check of a study looks at: its rows, and which analyses each of them belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exoraw.io.inventory import Inventory
from exoraw.study.load import LoadedStudy
from exoraw.study.sheet import SheetRow, match_columns
from exoraw.study.spec import Column, Problem, Severity, SheetSpec
from exoraw.study.views import belongs

_ANY_SPEC = SheetSpec()
_NO_FORMATS: Mapping[str, Collection[str]] = MappingProxyType({})


@dataclass(frozen=True)
class Checked:
    """A study under check.

    Parameters
    ----------
    loaded : the study
    inventory : the raw files
    specs : pipeline -> what its assay understands of a sheet
    formats : pipeline -> names of the formats that its assay reads; a pipeline without entry is not checked
    owners : for each row of the sheet, in order, the pipelines that it belongs to
    """

    loaded: LoadedStudy
    inventory: Inventory
    specs: Mapping[str, SheetSpec]
    formats: Mapping[str, Collection[str]] = field(default_factory=dict)
    owners: tuple[tuple[str, ...], ...] = ()

    @property
    def rows(self) -> tuple[SheetRow, ...]:
        """Rows of the sheet."""
        return self.loaded.sheet.rows

    @property
    def study_file(self) -> str:
        """Name of the study file, for messages."""
        return self.loaded.path.name

    def owned_rows(self, pipeline: str) -> Iterator[SheetRow]:
        """Yield the rows of an analysis."""
        for row, owners in zip(self.rows, self.owners, strict=True):
            if pipeline in owners:
                yield row

    def spec(self, pipeline: str) -> SheetSpec:
        """Return what an analysis understands of the sheet; nothing special where its assay is unknown."""
        return self.specs.get(pipeline, _ANY_SPEC)

    def column_name(self, column: Column) -> str:
        """Return the sheet's own header of a column: "Membrane nr" for membrane_nr."""
        renamed = match_columns(self.loaded.sheet.columns, [column.name])
        return next((typed for typed, name in renamed.items() if name == column.name), column.name)


def checked(
    loaded: LoadedStudy,
    inventory: Inventory,
    specs: Mapping[str, SheetSpec],
    formats: Mapping[str, Collection[str]],
) -> Checked:
    """Find out which analyses every row belongs to."""
    owners = tuple(
        tuple(source.name for source in loaded.pipelines if belongs(row, source)) for row in loaded.sheet.rows
    )
    return Checked(loaded, inventory, specs, formats, owners)


def in_row(
    row: SheetRow, severity: Severity, message: str, column: str = "", *, confined: bool = False
) -> Problem:
    """Return a problem of one row of the sheet."""
    return Problem(severity, message, row.source, row.row, column, confined)
