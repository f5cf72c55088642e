"""Drafts of assays whose files are no samples: the assay itself writes rows and settings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from exoraw.io.inventory import Inventory
from exoraw.study.draft_rows import Draft, DraftRow, Origin, columns_of
from exoraw.study.spec import SheetSpec, Start
from exoraw.study.words import listed


@dataclass(frozen=True)
class Started:
    """The start of one analysis.

    Parameters
    ----------
    name : of the analysis
    formats : its formats
    start : what its assay drafted
    """

    name: str
    formats: tuple[str, ...]
    start: Start


def started(
    raw: Path,
    inventory: Inventory,
    specs: Mapping[str, SheetSpec],
    analyses: Iterable[tuple[str, tuple[str, ...], str]],
) -> tuple[Started, ...]:
    """Ask every assay that drafts by itself.

    Parameters
    ----------
    raw : raw folder
    inventory : what lies in it
    specs : format -> what its assay understands of a sheet
    analyses : name, formats and preset of each
    """
    found = []
    for name, formats, preset in analyses:
        start = next((specs[item].start for item in formats if item in specs), None)
        files = [file for file in inventory if file.format in formats and not file.problem]
        if start is not None and files:
            found.append(Started(name, formats, start(raw, files, preset)))
    return tuple(found)


def own_formats(specs: Mapping[str, SheetSpec]) -> frozenset[str]:
    """Return the formats whose assay drafts by itself."""
    return frozenset(name for name, spec in specs.items() if spec.start is not None)


def with_starts(
    drafted: Draft, starts: Iterable[Started], specs: Mapping[str, SheetSpec], named: bool
) -> Draft:
    """Return a draft with the rows that assays drafted by themselves.

    Parameters
    ----------
    named : whether rows must say which analysis they belong to
    """
    rows, origins, remarks = list(drafted.rows), list(drafted.origins), list(drafted.remarks)
    for one in starts:
        made = list(_rows(one, named))
        rows += made
        origins += _origins(one.start, made)
        remarks += one.start.remarks
    return replace(
        drafted,
        rows=tuple(rows),
        columns=columns_of(rows, specs),
        origins=tuple(origins),
        remarks=tuple(remarks),
    )


def new_pictures(inventory: Inventory, formats: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """Return what to say of files that came later: their assay drafts only once."""
    new = [f.path for f in inventory if f.format in formats and not f.problem and f.path not in known]
    if not new:
        return ()
    return (f"not named in the sheet yet: {listed(new, 5)}; add them to the settings by hand",)


def _rows(one: Started, named: bool) -> Iterator[DraftRow]:
    for cells in one.start.rows:
        own = {**cells, "pipeline": one.name} if named else dict(cells)
        filled = {column: text for column, text in own.items() if text}
        sources = {column: one.start.sources.get(column, "the format of the file") for column in filled}
        yield DraftRow(filled, sources, frozenset(), one.formats[0])


def _origins(start: Start, rows: list[DraftRow]) -> Iterator[Origin]:
    for column, source in start.sources.items():
        cells = [row.cells[column] for row in rows if column in row.cells]
        if cells:
            yield Origin(column, source, len(cells), cells[0], guessed=False)
