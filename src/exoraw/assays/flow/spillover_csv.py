"""Spillover matrices that labs keep as tables: CytoExploreR's and FlowJo's CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.io.errors import FormatError
from exoraw.io.text import read_text

LIMIT_BYTES = 1_000_000  # 64 dyes make 30 kB
MARKER_SEPARATOR = "::"  # FlowJo writes "FITC-A :: CD3"
FLOWJO_PREFIX = "Comp-"
ADVICE = "A matrix file has the channel names in its first line and one row of numbers per dye."


def spillover_from_csv(path: Path | str) -> Spillover:
    """Read a spillover matrix.

    Understood are commas, semicolons or tabs; a first column with the dyes' names or none (rows are
    then in the order of the columns); names with a marker ("FITC-A :: CD3") and FlowJo's "Comp-"; rows
    in another order than the columns. Numbers have a decimal point.

    Parameters
    ----------
    path : CSV or text file; row = dye, column = detector, diagonal 1 (or 100)

    Raises
    ------
    FormatError : not such a table; names line and column
    SpilloverError : a table of numbers that is no usable matrix
    """
    file = Path(path)
    text = read_text(file, LIMIT_BYTES).text
    rows = _rows(text)
    if len(rows) < 2:
        raise FormatError(file, None, "a line of names and rows of numbers", f"{len(rows)} lines", ADVICE)
    body = [row for _, row in rows[1:]]
    named = not _is_number(body[0][0])
    header = rows[0][1]
    if named and len(header) == len(body[0]):
        header = header[1:]
    channels = _names(header)
    numbers = np.array([_numbers(file, line, row[1:] if named else row, channels) for line, row in rows[1:]])
    if named:
        numbers = _in_column_order(file, _names([row[0] for row in body]), channels, numbers)
    if len(numbers) != len(channels):
        raise FormatError(
            file, None, f"{len(channels)} rows, one per channel", f"{len(numbers)} rows", ADVICE
        )
    return Spillover(channels, numbers, file.name)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Non-empty lines as (line number, cells)."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    lines = ((reader.line_num, [cell.strip() for cell in row]) for row in reader)
    return [(number, row) for number, row in lines if any(row)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _names(cells: list[str]) -> tuple[str, ...]:
    """Channel names without marker and, where every name has it, without FlowJo's prefix."""
    names = [cell.split(MARKER_SEPARATOR)[0].strip() for cell in cells]
    if all(name.startswith(FLOWJO_PREFIX) for name in names):
        names = [name.removeprefix(FLOWJO_PREFIX) for name in names]
    return tuple(names)


def _numbers(file: Path, line: int, cells: list[str], channels: tuple[str, ...]) -> list[float]:
    if len(cells) != len(channels):
        raise FormatError(
            file,
            None,
            f"{len(channels)} numbers in line {line}, one per channel",
            f"{len(cells)} cells",
            ADVICE,
        )
    for cell, channel in zip(cells, channels, strict=True):
        if not _is_number(cell):
            raise FormatError(
                file, None, f"a number in line {line}, column {channel}", f'"{cell[:40]}"', ADVICE
            )
    return [float(cell) for cell in cells]


def _in_column_order(
    file: Path, rows: tuple[str, ...], channels: tuple[str, ...], numbers: FloatArray
) -> FloatArray:
    """Sort the rows like the columns; every column needs its row."""
    if sorted(rows) != sorted(channels):
        odd = sorted(set(rows) ^ set(channels)) or sorted({name for name in rows if rows.count(name) > 1})
        raise SpilloverError(
            f"spillover matrix from {file.name}: rows and columns must name the same channels, each once; "
            f"these do not fit: {', '.join(odd)}."
        )
    return numbers[[rows.index(name) for name in channels]]
