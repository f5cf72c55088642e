"""SPSS files (.sav): one per table, with labels; what SPSS cannot hold is said in notes.txt beside them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from exoraw import __version__
from exoraw.io.errors import StoreError
from exoraw.store.disk import replacing, write_file
from exoraw.store.export.analysed import analysed_tables, meanings
from exoraw.store.export.cells import number_text, plain
from exoraw.store.export.extras import extra
from exoraw.store.export.signs import NUL, Remarks, with_signs
from exoraw.store.export.spss_names import spss_names
from exoraw.store.export.tables import Source

LONGEST_TEXT = 32_767  # bytes of a text (IBM SPSS Statistics, limits of string variables)
LONGEST_LABEL = 255  # bytes of a variable label
LARGEST = 1.7976931348623157e308  # SPSS takes this one for HIGHEST, and its negative for missing
WHOLE = 2**53  # whole numbers beyond are not all numbers of SPSS
_PROBE = 2**20  # bytes
_CUT = " [cut: see notes.txt]"
_PLAIN = (1e-4, 1e9)  # numbers between are shown with a decimal point, all others with an exponent
_SCIENTIFIC = "E20.12"
_DIGITS = 4  # significant digits of the smallest number that the plain format shows at least
_MOST_DECIMALS = 8
_HEADING = f"""What the SPSS files hold differently from the tables of exoraw (exoraw {__version__})

The names of variables follow SPSS's rules; the heading as it was is the variable's label. Missing text is
an empty text, and SPSS does not keep spaces at the end of a text. Lists stand in one text, separated by
"; "; times are texts (UTC). Yes and no are 1 and 0, with value labels. Numbers are stored in full; only
their display is rounded. A number that SPSS cannot hold is missing, and its text stands in the variable
after it, which is called like it with _text at the end."""


@dataclass
class Sheet:
    """The columns of one .sav file, in the words of pyreadstat."""

    columns: dict[str, list[Any]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[int | float, str]] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)


def write_spss(source: Source, folder: Path) -> list[Path]:
    """Write measurements, wide tables, comparisons, samples, findings, vocabulary and objects as .sav.

    Raises
    ------
    StoreError : pyreadstat is not installed or refuses a table
    DiskFull : no space
    """
    pyreadstat = extra("pyreadstat", "SPSS files (.sav)")
    remarks = Remarks()
    written = []
    for name, table in analysed_tables(source):
        path = folder / f"{name}.sav"
        write_sav(pyreadstat, path, spss_sheet(name, table, remarks), name)
        written.append(path)
    notes = folder / "notes.txt"
    write_file(notes, remarks.text(_HEADING).encode())
    return [*written, notes]


def write_sav(pyreadstat: Any, path: Path, sheet: Sheet, label: str) -> None:
    """Write one file, whole or not at all."""
    import pandas as pd

    kinds = {name: "float64" if name in sheet.formats else "object" for name in sheet.columns}
    frame = pd.DataFrame({name: pd.Series(cells, dtype=kinds[name]) for name, cells in sheet.columns.items()})
    with replacing(path) as temporary:
        try:
            pyreadstat.write_sav(
                frame,
                str(temporary),
                file_label=f"exoraw {label}"[:64],
                column_labels=[sheet.labels[name] for name in sheet.columns],
                variable_value_labels=sheet.value_labels,
                variable_measure=sheet.measures,
                variable_format=sheet.formats,
                row_compress=False,  # compressed, -0.0 becomes 0.0
            )
        except pyreadstat.ReadstatError as error:
            _ask_the_system(temporary)
            raise StoreError(f"{path} cannot be written as an SPSS file ({error}).") from error


def _ask_the_system(path: Path) -> None:
    """Write on where pyreadstat stopped: a full disk says so itself, which pyreadstat keeps to itself."""
    with path.open("ab") as file:
        file.write(bytes(_PROBE))
        file.flush()
        os.fsync(file.fileno())


def spss_sheet(name: str, table: pa.Table, remarks: Remarks) -> Sheet:
    """Return a table as SPSS can hold it; every change is added to the remarks.

    Parameters
    ----------
    name : the table's name, for labels and remarks
    """
    columns: list[tuple[str, pa.ChunkedArray]] = []
    for heading, column in zip(table.column_names, table.columns, strict=True):
        columns.append((heading, column))
        beside = _text_beside(column)
        if beside is not None:
            count = len(beside) - beside.to_pylist().count(None)
            remarks.add(f'{name}: "{heading}" has {count} numbers that SPSS cannot hold; see its _text.')
            columns.append((f"{heading} text", beside))
    known = meanings(name)
    sheet = Sheet()
    for (heading, column), variable in zip(columns, spss_names(h for h, _ in columns), strict=True):
        _add(sheet, variable, column)
        where = f"{name}: {variable}"
        sheet.labels[variable] = _label(heading, variable, known, where, remarks)
        if sheet.measures[variable] == "nominal" and variable not in sheet.value_labels:
            sheet.columns[variable] = _texts(sheet.columns[variable], where, remarks)
    return sheet


def _add(sheet: Sheet, variable: str, column: pa.ChunkedArray) -> None:
    kind = column.type
    cells = column.to_pylist()
    if pa.types.is_boolean(kind):
        sheet.columns[variable] = [math.nan if cell is None else float(cell) for cell in cells]
        sheet.value_labels[variable] = {0.0: "no", 1.0: "yes"}
        sheet.formats[variable], sheet.measures[variable] = "F1.0", "nominal"
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        sheet.columns[variable] = numbers = [float(c) if _fits(c) else math.nan for c in cells]
        sheet.formats[variable], sheet.measures[variable] = number_format(numbers), "scale"
    else:
        sheet.columns[variable] = ["" if cell is None else str(plain(cell)) for cell in cells]
        sheet.measures[variable] = "nominal"


def _fits(value: float | None) -> bool:
    if isinstance(value, int):
        return abs(value) <= WHOLE
    return value is not None and abs(value) < LARGEST


def _is_missing(value: float | None) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _text_beside(column: pa.ChunkedArray) -> pa.Array | None:
    """Return the texts of the numbers that SPSS cannot hold; None where it holds them all."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    lost = [not _fits(value) and not _is_missing(value) for value in column.to_pylist()]
    if not any(lost):
        return None
    texts = zip(column.to_pylist(), lost, strict=True)
    return pa.array([number_text(value) if gone else None for value, gone in texts], pa.string())


def _texts(cells: list[str], where: str, remarks: Remarks) -> list[str]:
    """Return texts as SPSS can hold them: no NUL, at most LONGEST_TEXT bytes."""
    if any("\0" in cell for cell in cells):
        remarks.add(f"{where}: the character NUL, which ends a text in SPSS, is shown as ␀.")
        cells = [with_signs(cell, NUL) for cell in cells]
    long = [number for number, cell in enumerate(cells, 1) if len(cell.encode()) > LONGEST_TEXT]
    if long:
        rows = ", ".join(map(str, long[:20])) + (" ..." if len(long) > 20 else "")
        remarks.add(f"{where}: cut after {LONGEST_TEXT:,} bytes in row {rows}; the CSV export has it all.")
        cells = [cut(cell, LONGEST_TEXT, _CUT) for cell in cells]
    return cells


def cut(text: str, most: int, mark: str) -> str:
    """Return a text of at most `most` bytes of UTF-8, ended by a mark where it was longer."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - len(mark.encode())].decode(errors="ignore") + mark


def _label(heading: str, variable: str, known: Mapping[str, str], where: str, remarks: Remarks) -> str:
    meaning = known.get(heading, "")
    words = meaning if variable == heading and meaning else heading
    if variable != heading and meaning:
        words = f"{heading}: {meaning}"
    if variable != heading:
        remarks.add(f'{where} is the column "{heading}".')
    return cut(with_signs(words, NUL), LONGEST_LABEL, "…")


def number_format(numbers: list[float]) -> str:
    """Return SPSS's format for a column: no number but zero is ever shown as zero.

    Parameters
    ----------
    numbers : finite, or NaN for missing
    """
    sizes = [abs(value) for value in numbers if value and not math.isnan(value)]
    if all(value == math.floor(value) for value in sizes) and max(sizes, default=0.0) < 1e15:
        return f"F{max(8, len(str(int(max(sizes, default=0.0)))) + 1)}.0"
    if min(sizes) < _PLAIN[0] or max(sizes) >= _PLAIN[1]:
        return _SCIENTIFIC
    decimals = min(max(_DIGITS - 1 - math.floor(math.log10(min(sizes))), 2), _MOST_DECIMALS)
    return f"F{len(str(int(max(sizes)))) + decimals + 2}.{decimals}"
