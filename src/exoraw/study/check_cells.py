"""Checks of single cells: names, words, numbers, units, and columns that are missing or misspelled."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from exoraw.study.checked import Checked, in_row
from exoraw.study.numbers import as_whole, is_ambiguous, normalised_number
from exoraw.study.sheet import COMMON_COLUMNS, NUMBER_COLUMNS, SheetRow
from exoraw.study.spec import Column, Problem
from exoraw.study.views import comma_columns
from exoraw.study.wells import normal_well
from exoraw.study.words import did_you_mean, fold, listed, nearest, shown

YES_NO = ("true", "false", "yes", "no", "1", "0")
MICRO = str.maketrans({"µ": "u", "μ": "u"})  # the micro sign and the Greek letter look the same
_NUMBER_AND_UNIT = re.compile(r"[-+]?[\d.,]+\s*[^\d\s.,eE+-].*\Z")


def check_cells(study: Checked) -> Iterator[Problem]:
    """Yield what is wrong with single cells of the sheet."""
    yield from _names(study)
    yield from _columns(study)
    yield from _common_cells(study)
    for pipeline in study.specs:
        yield from _assay_columns(study, pipeline)
    yield from _control_roles(study)
    yield from _doses(study)


# ------------------------------------------------------------------ sample names


def _names(study: Checked) -> Iterator[Problem]:
    for row in study.rows:
        if not row.sample:
            yield in_row(row, "error", "is empty; every row needs a name of its own", "sample")
    for source in study.loaded.pipelines:
        first: dict[str, SheetRow] = {}
        folded: dict[str, SheetRow] = {}
        for row in study.owned_rows(source.name):
            name = row.sample
            if not name:
                continue
            other = first.setdefault(name, row)
            similar = folded.setdefault(name.casefold(), row)
            if other is not row:
                yield in_row(row, "error", _twice(name, row, other), "sample")
            elif similar.sample != name:
                message = (
                    f"{shown(name)} differs from {shown(similar.sample)} of "
                    f"{_place(similar, row)} only by case"
                )
                yield in_row(row, "warning", message, "sample")


def _twice(name: str, row: SheetRow, other: SheetRow) -> str:
    advice = "Give each row a name of its own; repeats are told by the column technical_replicate."
    return f"the name {shown(name)} stands in {_place(other, row)} too. {advice}"


def _place(other: SheetRow, row: SheetRow) -> str:
    return f"row {other.row}" if other.source == row.source else f"{other.source} row {other.row}"


# ------------------------------------------------------------------ columns


def _columns(study: Checked) -> Iterator[Problem]:
    sheet = study.loaded.sheet
    own = {column.name: column for pipeline in study.specs for column in study.spec(pipeline).columns}
    known = {*COMMON_COLUMNS, *own, *study.loaded.study.factors}
    present = set(sheet.columns) | {study.column_name(column) for column in own.values()}
    absent = {fold(name) for name in known if name not in present}
    for column in sheet.columns:
        if column in known or fold(column) in {fold(name) for name in known}:
            continue
        near = nearest(column, known)
        if near and fold(near) in absent:
            message = (
                f"is no column that the analyses know. Did you mean {near}? It is kept as a "
                "column of your own"
            )
            yield Problem("warning", message, sheet.source, None, column)
        unit = re.match(r"(dose|time_h|concentration)\s*[(\[]\s*(.+?)\s*[)\]]\Z", column, re.IGNORECASE)
        if unit:
            message = (
                f"holds a unit in its name; name the column dose and write {unit[2]} into "
                "the column dose_unit"
            )
            yield Problem("warning", message, sheet.source, None, column)


def _common_cells(study: Checked) -> Iterator[Problem]:
    sheet = study.loaded.sheet
    commas = comma_columns(sheet, NUMBER_COLUMNS)
    names = tuple(source.name for source in study.loaded.pipelines)
    for row, owners in zip(study.rows, study.owners, strict=True):
        for column in NUMBER_COLUMNS:
            yield from _number(row, column, comma=column in commas)
        yield from _dataset(row)
        yield from _well(row)
        named = [part.strip() for part in row.cells.get("pipeline", "").split(";") if part.strip()]
        for name in named:
            if name not in names:
                message = (
                    f"{shown(name)} is no analysis of the study: {listed(names)}.{did_you_mean(name, names)}"
                )
                yield in_row(row, "error", message, "pipeline")
        if not owners and all(name in names for name in named):
            yield in_row(row, "warning", "belongs to no analysis (column pipeline, or `where` of study.yaml)")


def _dataset(row: SheetRow) -> Iterator[Problem]:
    cell = row.cells.get("dataset", "")
    whole = as_whole(cell)
    if cell and (whole is None or whole < 0):
        message = f"{shown(cell)} is no dataset; expected 0 for the first, 1 for the second, or an empty cell"
        yield in_row(row, "error", message, "dataset")


def _well(row: SheetRow) -> Iterator[Problem]:
    cell = row.cells.get("well", "")
    if cell and not normal_well(cell):
        yield in_row(
            row, "error", f"{shown(cell)} is no well; expected a letter and a number, such as B3", "well"
        )


def _number(row: SheetRow, column: str, *, comma: bool) -> Iterator[Problem]:
    cell = row.cells.get(column, "")
    if not cell or normalised_number(cell, comma_is_decimal=comma) is not None:
        return
    advice = ""
    if is_ambiguous(cell):
        plain = cell.replace(",", "")
        advice = f" Its comma may mean {plain} or {cell.replace(',', '.')}; write one of them."
    elif _NUMBER_AND_UNIT.match(cell):
        advice = f" Write the unit into a column of its own{' (dose_unit)' if column == 'dose' else ''}."
    yield in_row(row, "error", f"{shown(cell)} is no number.{advice}", column)


# ------------------------------------------------------------------ what the assays declare


def _assay_columns(study: Checked, pipeline: str) -> Iterator[Problem]:
    rows = list(study.owned_rows(pipeline))
    sheet = study.loaded.sheet
    for column in study.spec(pipeline).columns:
        header = study.column_name(column)
        if header not in sheet.columns:
            if column.required and rows:
                message = f"the column {shown(column.name)} is missing; {pipeline} needs it: {column.meaning}"
                yield Problem("error", message, sheet.source)
            continue
        comma = bool(comma_columns(sheet, (header,)))
        for row in rows:
            yield from _assay_cell(row, column, header, pipeline, comma=comma)


def _assay_cell(
    row: SheetRow, column: Column, header: str, pipeline: str, *, comma: bool
) -> Iterator[Problem]:
    cell = row.cells.get(header, "")
    if not cell:
        if column.required:
            yield in_row(row, "error", f"is empty; {pipeline} needs it: {column.meaning}", header)
        return
    if column.words:
        yield from _word(row, header, cell, column.words)
    elif column.kind in ("number", "integer"):
        yield from _number(row, header, comma=comma)
        if (
            column.kind == "integer"
            and normalised_number(cell, comma_is_decimal=comma)
            and as_whole(cell) is None
        ):
            yield in_row(row, "error", f"{shown(cell)} is no whole number", header)
    elif column.kind == "boolean" and cell.casefold() not in YES_NO:
        yield in_row(row, "error", f"{shown(cell)} is neither yes nor no", header)


def _word(row: SheetRow, column: str, cell: str, words: Iterable[str]) -> Iterator[Problem]:
    known = tuple(words)
    if cell in known:
        return
    by_fold = {fold(word): word for word in known}
    if fold(cell) in by_fold:
        yield in_row(row, "info", f"{shown(cell)} is read as {by_fold[fold(cell)]}", column)
        return
    message = f"{shown(cell)} is not one of {listed(known, 30)}.{did_you_mean(cell, known)}"
    yield in_row(row, "error", message, column)


def _control_roles(study: Checked) -> Iterator[Problem]:
    """A row of several analyses may play a role that only one of them knows."""
    roles = {name: tuple(role.name for role in study.spec(name).control_roles) for name in study.specs}
    for row, owners in zip(study.rows, study.owners, strict=True):
        cell = row.cells.get("control_role", "")
        known = tuple(dict.fromkeys(role for owner in owners for role in roles.get(owner, ())))
        if not cell or not any(owner in roles for owner in owners):
            continue
        if known:
            yield from _word(row, "control_role", cell, known)
        else:
            message = f"{shown(cell)}: {listed(owners)} knows no controls; empty the cell"
            yield in_row(row, "error", message, "control_role")


# ------------------------------------------------------------------ doses and units


def _doses(study: Checked) -> Iterator[Problem]:
    spelled: dict[str, dict[str, SheetRow]] = defaultdict(dict)
    for row in study.rows:
        dose, unit = row.cells.get("dose", ""), row.cells.get("dose_unit", "")
        if unit:
            spelled[_unit_key(unit)].setdefault(unit, row)
        number = normalised_number(dose, comma_is_decimal=True) if dose else None
        if number is not None and float(number) != 0 and not unit:
            yield in_row(
                row, "warning", f"the dose {dose} has no unit; write it into this column", "dose_unit"
            )
        if unit and not dose:
            yield in_row(row, "info", f"the unit {shown(unit)} has no dose", "dose_unit")
    yield from _mixed_units(spelled)


def _mixed_units(spelled: Mapping[str, Mapping[str, SheetRow]]) -> Iterator[Problem]:
    for spellings in spelled.values():
        (first, other), *rest = spellings.items()
        for unit, row in rest:
            message = (
                f"{shown(unit)} and {shown(first)} of row {other.row} seem to be one unit; spell it alike"
            )
            yield in_row(row, "warning", message, "dose_unit")
    units = [next(iter(spellings)) for spellings in spelled.values()]
    if len(units) > 1:
        row = next(iter(list(spelled.values())[1].values()))
        message = (
            f"doses stand in {len(units)} units ({listed(units)}); they are never converted into each other"
        )
        yield in_row(row, "warning", message, "dose_unit")


def _unit_key(unit: str) -> str:
    """Return a unit as a reader sees it: µM, uM and µmol/L are one; mM and MM are not."""
    key = re.sub(r"\s+", "", unit.translate(MICRO))
    key = re.sub(r"mol(?:/[lL]|\*?[lL]-1|·[lL]-1|·?[lL]⁻¹)\Z", "M", key)
    return key if re.fullmatch(r"[munp]M", key) else key.casefold()
