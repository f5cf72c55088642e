"""From the sheet to what each analysis sees: its rows, with exclusions, corrections and plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from exoraw.study.exclusions import Exclusion
from exoraw.study.load import LoadedStudy, PipelineSource
from exoraw.study.numbers import decimal_commas, normalised_number
from exoraw.study.sheet import NUMBER_COLUMNS, Sheet, SheetRow, match_columns
from exoraw.study.spec import SheetSpec
from exoraw.study.view import Correction, SampleRow, StudyView
from exoraw.study.wells import normal_well
from exoraw.study.words import fold

_IDENTITY = ("sample", "file", "dataset")
_NO_SPECS: Mapping[str, SheetSpec] = MappingProxyType({})


def views(
    loaded: LoadedStudy,
    settings: Mapping[str, Any],
    assays: Mapping[str, str],
    specs: Mapping[str, SheetSpec] = _NO_SPECS,
) -> tuple[StudyView, ...]:
    """Return one view per analysis, in the order of study.yaml.

    Parameters
    ----------
    loaded : the study
    settings : pipeline -> the assay's checked settings
    assays : pipeline -> assay
    specs : pipeline -> what the assay understands of a sheet; with it, headers and words are matched with
        the assay's own ("FMO" is fmo) and its number columns are spelled with a point

    Returns
    -------
    views; a row stands in every view whose pipeline it names or, naming none, whose `where` it fits
    """
    excluded = excluded_rows(loaded)
    return tuple(
        StudyView(
            source.name,
            settings.get(source.name),
            _sample_rows(
                loaded.sheet, rows_of(loaded, source), specs.get(source.name, SheetSpec()), excluded
            ),
            corrections_of(loaded, source.name, assays.get(source.name, source.assay)),
            {reference.name: reference for reference in loaded.references},
        )
        for source in loaded.pipelines
    )


def corrections_of(loaded: LoadedStudy, pipeline: str, assay: str) -> tuple[Correction, ...]:
    """Return the corrections that an analysis sees: its own before those for every analysis of the assay."""
    found = [item for item in loaded.corrections if item.assay == assay and item.pipeline in ("", pipeline)]
    own = {(item.kind, item.target) for item in found if item.pipeline}
    return tuple(item for item in found if item.pipeline or (item.kind, item.target) not in own)


def rows_of(loaded: LoadedStudy, source: PipelineSource) -> tuple[SheetRow, ...]:
    """Return the rows of the sheet that belong to an analysis."""
    return tuple(row for row in loaded.sheet.rows if belongs(row, source))


def belongs(row: SheetRow, source: PipelineSource) -> bool:
    """Whether a row belongs to an analysis: by its cell `pipeline`, the entry's sheet, and its `where`."""
    named = row.cells.get("pipeline", "")
    if named and source.name not in (part.strip() for part in named.split(";")):
        return False
    if source.sheet and row.source != source.sheet.replace("\\", "/").rsplit("/", 1)[-1]:
        return False
    return all(row.cells.get(column, "") in words for column, words in source.where.items())


def excluded_rows(loaded: LoadedStudy) -> dict[int, str]:
    """Return index of a sheet row -> reasons of its exclusion."""
    reasons: dict[int, list[str]] = {}
    only_plate = len({row.cells.get("plate", "") for row in loaded.sheet.rows} - {""}) <= 1
    for index, row in enumerate(loaded.sheet.rows):
        for exclusion in loaded.exclusions:
            if touches(exclusion, row, only_plate=only_plate):
                reasons.setdefault(index, []).append(exclusion.reason)
    return {index: "; ".join(dict.fromkeys(found)) for index, found in reasons.items()}


def touches(exclusion: Exclusion, row: SheetRow, *, only_plate: bool) -> bool:
    """Whether an exclusion is about a row; a well without plate is, where the study has one plate."""
    if exclusion.kind == "sample":
        return exclusion.target == row.sample
    if exclusion.kind == "file":
        return exclusion.target.replace("\\", "/") in row.files
    plate, well = exclusion.plate_and_well
    if well != normal_well(row.cells.get("well", "")):
        return False
    return plate == row.cells.get("plate", "") if plate else only_plate


def number_columns(columns: Iterable[str], spec: SheetSpec) -> tuple[str, ...]:
    """Return those columns whose cells are numbers: dose, time_h and the assay's own."""
    own = {column.name for column in spec.columns if column.kind in ("number", "integer")}
    return tuple(column for column in columns if column in own or column in NUMBER_COLUMNS)


def comma_columns(sheet: Sheet, columns: Iterable[str]) -> frozenset[str]:
    """Return those number columns in which a comma is a decimal comma."""
    return frozenset(
        column
        for column in columns
        if sheet.delimiter == ";" or decimal_commas(row.cells.get(column, "") for row in sheet.rows)
    )


def _sample_rows(
    sheet: Sheet, rows: Sequence[SheetRow], spec: SheetSpec, excluded: Mapping[int, str]
) -> tuple[SampleRow, ...]:
    renamed = match_columns(sheet.columns, [column.name for column in spec.columns])
    names = [renamed.get(column, column) for column in sheet.columns]
    numbers = frozenset(number_columns(names, spec))
    typed_of = {name: column for column, name in zip(sheet.columns, names, strict=True)}
    commas = {name for name in numbers if typed_of[name] in comma_columns(sheet, (typed_of[name],))}
    words = _words_of(spec)
    index_of = {id(row): index for index, row in enumerate(sheet.rows)}
    found = []
    for row in rows:
        cells = {
            name: _normalised(name, row.cells.get(typed_of[name], ""), numbers, commas, words)
            for name in names
            if name not in _IDENTITY
        }
        reason = excluded.get(index_of[id(row)], "")
        found.append(
            SampleRow(
                row.sample, row.files, row.dataset, cells, row.row, reason, source=row.source or sheet.source
            )
        )
    return tuple(found)


def _words_of(spec: SheetSpec) -> dict[str, dict[str, str]]:
    """Return column -> folded word -> word, for columns with a fixed list of words."""
    words = {
        column.name: {fold(word): word for word in column.words} for column in spec.columns if column.words
    }
    words["control_role"] = {fold(role.name): role.name for role in spec.control_roles}
    return words


def _normalised(
    name: str, cell: str, numbers: frozenset[str], commas: set[str], words: Mapping[str, Mapping[str, str]]
) -> str:
    if name in numbers:
        return normalised_number(cell, comma_is_decimal=name in commas) or cell
    if name == "well":
        return normal_well(cell) or cell
    return words.get(name, {}).get(fold(cell), cell)
