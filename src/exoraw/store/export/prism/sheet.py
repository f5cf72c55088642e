"""A data table as Prism has it, and its XML; what the words mean was learnt from real Prism files.

PrismXMLVersion 5.00 is what Prism 5 to 10 write and read. A table is OneWay (Column), TwoWay (Grouped), XY
or Survival; replicates stand side by side in the subcolumns of a column.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from xml.etree import ElementTree as ET  # it only writes here

from exoraw.store.export.signs import CONTROLS, with_signs

Kind = Literal["OneWay", "TwoWay", "XY", "Survival"]

MOST_COLUMNS = 256  # of a table; and subcolumns of a column (Prism 7 user guide, XY tables)
MOST_REPLICATES = 256
_HUGE_COLUMNS = 104  # more columns, or more subcolumns, than these make a HugeTable in Prism's own files
_HUGE_REPLICATES = 52
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_CREATED = {  # the dialect, for Prism's eyes; that exoraw wrote the file stands on its info sheet
    "CreatedByProgram": "GraphPad Prism",
    "CreatedByVersion": "6.0f.254",
}
_WIDTH = 81  # of a subcolumn, as Prism writes it
_MOST_DECIMALS = 14
_SHOWN_DIGITS = 4
_INFO_NAMES = ("Experiment Date", "Experiment ID", "Notebook ID", "Project", "Experimenter", "Protocol")


@dataclass(frozen=True)
class Cell:
    """A cell: its number (None where there is none), and whether it is excluded from analyses."""

    value: float | None
    excluded: bool = False


MISSING = Cell(None)


@dataclass(frozen=True)
class Column:
    """A column: its title, and its subcolumns of cells, one subcolumn per replicate."""

    title: str
    subcolumns: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """A data table.

    Parameters
    ----------
    row_titles : one per row, or none at all
    x : the X column of XY and Survival tables
    notes : what stands about it on the info sheet
    """

    title: str
    kind: Kind
    columns: tuple[Column, ...]
    row_titles: tuple[str, ...] = ()
    x: Column | None = None
    notes: tuple[str, ...] = ()

    @property
    def replicates(self) -> int:
        """Subcolumns that a column has room for."""
        return max((len(column.subcolumns) for column in self.columns), default=1)


def pzfx(sheets: Sequence[Sheet], title: str, about: Iterable[str], made: datetime) -> bytes:
    """Return a Prism file.

    Parameters
    ----------
    title : of the project
    about : lines of the info sheet
    made : when the numbers were computed
    """
    root = ET.Element("GraphPadPrismFile", PrismXMLVersion="5.00")
    created = ET.SubElement(root, "Created")
    ET.SubElement(
        created,
        "OriginalVersion",
        {**_CREATED, "Login": "", "DateTime": made.isoformat("T", "seconds")},
    )
    _info(root, title, about)
    sequence = ET.SubElement(root, "TableSequence", Selected="1")
    for number in range(len(sheets)):
        ET.SubElement(sequence, "Ref", _selected({"ID": f"Table{number}"}, number))
    for number, sheet in enumerate(sheets):
        _table(root, f"Table{number}", sheet)
    ET.indent(root, space="")
    return _DECLARATION + ET.tostring(root, short_empty_elements=False, encoding="unicode").encode() + b"\n"


def number_of(value: float | None) -> str:
    """Return a number as the text of a cell: the shortest that reads back as the same number."""
    return "" if value is None or not math.isfinite(value) else repr(float(value))


def _selected(attributes: dict[str, str], number: int) -> dict[str, str]:
    return {**attributes, "Selected": "1"} if number == 0 else attributes


def _info(root: ET.Element, title: str, about: Iterable[str]) -> None:
    sequence = ET.SubElement(root, "InfoSequence")
    ET.SubElement(sequence, "Ref", ID="Info0", Selected="1")
    info = ET.SubElement(root, "Info", ID="Info0")
    ET.SubElement(info, "Title").text = "About these tables"
    notes = ET.SubElement(ET.SubElement(info, "Notes"), "Font", Color="#000000", Face="Helvetica")
    previous: ET.Element | None = None
    for line in about:
        if previous is None:
            notes.text = _text(line)
        else:
            previous.tail = _text(line)
        previous = ET.SubElement(notes, "BR")
    values = {"Project": title}
    for name in _INFO_NAMES:
        constant = ET.SubElement(info, "Constant")
        ET.SubElement(constant, "Name").text = name
        ET.SubElement(constant, "Value").text = _text(values.get(name, ""))


def _table(root: ET.Element, name: str, sheet: Sheet) -> None:
    replicates = sheet.replicates
    huge = len(sheet.columns) > _HUGE_COLUMNS or replicates > _HUGE_REPLICATES
    attributes = {"ID": name, "XFormat": "none" if sheet.x is None else "numbers"}
    if sheet.kind in {"TwoWay", "XY"}:
        attributes |= {"YFormat": "replicates", "Replicates": str(replicates)}
    attributes |= {"TableType": sheet.kind, "EVFormat": "AsteriskAfterNumber"}
    table = ET.SubElement(root, "HugeTable" if huge else "Table", attributes)
    ET.SubElement(table, "Title").text = _text(sheet.title)
    if sheet.row_titles:
        titles = ET.SubElement(table, "RowTitlesColumn", Width=str(_WIDTH))
        column = ET.SubElement(titles, "Subcolumn")
        for title in sheet.row_titles:
            ET.SubElement(column, "d").text = _text(title)
    if sheet.x is not None:
        _column(table, "XColumn", sheet.x, 1)
    for column_ in sheet.columns:
        _column(table, "YColumn", column_, replicates)


def _column(table: ET.Element, tag: str, column: Column, replicates: int) -> None:
    width = {"Width": str(_WIDTH * replicates), "Decimals": str(_decimals(column))}
    element = ET.SubElement(table, tag, {**width, "Subcolumns": str(replicates)})
    ET.SubElement(element, "Title").text = _text(column.title)
    empty: tuple[tuple[Cell, ...], ...] = ((),)
    for cells in column.subcolumns + empty * (replicates - len(column.subcolumns)):
        subcolumn = ET.SubElement(element, "Subcolumn")
        for cell in cells:
            excluded = {"Excluded": "1"} if cell.excluded else {}
            ET.SubElement(subcolumn, "d", excluded).text = number_of(cell.value)


def _decimals(column: Column) -> int:
    """Return the decimals to show: four digits of the smallest number, none where all are whole."""
    found = (cell.value for cells in column.subcolumns for cell in cells)
    sizes = [abs(value) for value in found if value is not None and math.isfinite(value) and value]
    if all(size == math.floor(size) for size in sizes):
        return 0
    return min(max(_SHOWN_DIGITS - 1 - math.floor(math.log10(min(sizes))), 1), _MOST_DECIMALS)


def _text(text: str) -> str:
    return with_signs(text, CONTROLS)
