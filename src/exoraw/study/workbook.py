"""Workbooks (.xlsx) as a person sees them: dates, whole numbers, merged cells, failed formulas."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import python_calamine

from exoraw.io.errors import StudyError
from exoraw.study.cells import Grid, column_letter
from exoraw.study.spec import Problem

LARGEST_UNPACKED = 200_000_000  # bytes of all parts
SMALL_UNPACKED = 20_000_000  # bytes that never hurt, however well they were packed
MOST_RATIO = 200  # unpacked over packed beyond that; real workbooks stay below 50
MOST_CELLS = (
    2_000_000  # the reader allocates the whole rectangle: one stray cell at XFD1048576 means 17e9 cells
)
CHUNK = 1 << 16
OVERLAP = 512  # longer than any cell tag, so that none is cut in two between chunks

_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]{0,300})>")
_REF = re.compile(rb"""\br=["']([A-Za-z]{1,12})([0-9]{1,20})["']""")
_ERROR = re.compile(rb"""\bt=["']e["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]{0,300}?\br=["']([0-9]{1,20})["']""")
_TAB = re.compile(rb"<(?:\w+:)?sheet\b([^>]{0,2000})>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b([^>]{0,2000})>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)=["']([^"']*)["']""")


@dataclass(frozen=True)
class _Extent:
    """Largest row and column of a worksheet that hold something, and its cells with a failed formula."""

    rows: int
    columns: int
    errors: tuple[str, ...]


def workbook_grids(data: bytes, source: str, digest: str) -> tuple[Grid, ...]:
    """Read the visible worksheets of a workbook.

    Raises
    ------
    StudyError
        Broken, protected by a password, or so large that reading it would exhaust the memory.
    """
    extents = _extents(data, source)
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        visible = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        return tuple(
            _grid(book.get_sheet_by_name(name), source, digest, extents.get(name)) for name in visible
        )
    except StudyError:
        raise
    except (python_calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise StudyError(_broken(source, str(error))) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the Rust reader; not derived from Exception
            raise StudyError(_broken(source, str(error))) from error
        raise


def _broken(source: str, why: str) -> str:
    return (
        f"{source}: the workbook is broken or protected ({why}). Open it in Excel and save it "
        "again as .xlsx or CSV."
    )


def _grid(sheet: python_calamine.CalamineSheet, source: str, digest: str, extent: _Extent | None) -> Grid:
    rows = sheet.to_python(skip_empty_area=False)
    cells = [[_text(value) for value in row] for row in rows]
    dates = frozenset(
        (number, column)
        for number, row in enumerate(rows, start=1)
        for column, value in enumerate(row, start=1)
        if isinstance(value, datetime.date | datetime.time | datetime.timedelta)
    )
    problems = [
        Problem("error", f"the formula in cell {cell} gives an error (#N/A, #REF! ...); correct it", source)
        for cell in (extent.errors if extent else ())
    ]
    problems.extend(_fill_merged(cells, sheet.merged_cell_ranges or [], source))
    return Grid(source, tuple(map(tuple, cells)), sheet.name, tuple(problems), dates=dates, sha256=digest)


def _text(value: object) -> str:
    """Return a cell as Excel shows it: 1.0 is 1, a date is ISO 8601, TRUE is TRUE."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return format(value, ".15g")  # Excel itself shows 15 digits
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="minutes" if value.second == 0 else "seconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.isoformat(timespec="minutes" if value.second == 0 else "seconds")
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    return str(value)


def _fill_merged(
    cells: list[list[str]], ranges: list[tuple[tuple[int, int], tuple[int, int]]], source: str
) -> Iterator[Problem]:
    """Give every cell of a merged block the text that the person sees in it."""
    for (top, left), (bottom, right) in ranges:
        if top >= len(cells) or left >= len(cells[top]) or not cells[top][left]:
            continue
        text = cells[top][left]
        for row in cells[top : bottom + 1]:
            row[left : right + 1] = [text] * len(row[left : right + 1])
        block = f"{column_letter(left + 1)}{top + 1}:{column_letter(right + 1)}{bottom + 1}"
        message = f"the merged cells {block} were read as {text!r} in each of them"
        yield Problem("info", message, source, top + 1)


# ------------------------------------------------------------------ what the workbook declares


def _extents(data: bytes, source: str) -> dict[str, _Extent]:
    """Return worksheet name -> extent, refusing what would not fit into memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bomb(archive, len(data), source)
            names = _worksheet_names(archive)
            found = {}
            for part in archive.namelist():
                if re.fullmatch(r"/?xl/worksheets/[^/]+\.xml", part):
                    extent = _extent(archive, part)
                    if extent.rows * extent.columns > MOST_CELLS:
                        raise StudyError(_too_large(source, names.get(part, part), extent))
                    found[names.get(part, part)] = extent
            return found
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        KeyError,
    ) as error:
        raise StudyError(_broken(source, str(error))) from error


def _refuse_bomb(archive: zipfile.ZipFile, packed: int, source: str) -> None:
    unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > LARGEST_UNPACKED or unpacked > max(SMALL_UNPACKED, MOST_RATIO * packed):
        raise StudyError(
            f"{source}: unpacks to {unpacked:,} bytes, more than a sample sheet can need; not read."
        )


def _too_large(source: str, tab: str, extent: _Extent) -> str:
    corner = f"{column_letter(extent.columns)}{extent.rows}"
    return (
        f'{source}, worksheet "{tab}": its cells reach to {corner}. Press Ctrl+End in Excel, '
        "delete the stray "
        "rows and columns, save, and try again."
    )


def _extent(archive: zipfile.ZipFile, part: str) -> _Extent:
    rows = columns = unnamed = 0
    errors: list[str] = []
    for chunk in _chunks(archive, part):
        for row in _ROW.finditer(chunk):
            rows = max(rows, int(row[1]))
        for cell in _CELL.finditer(chunk):
            if cell[1].endswith(b"/"):
                continue  # formatted but empty
            ref = _REF.search(cell[1])
            if ref is None:
                unnamed += 1
                continue
            rows, columns = max(rows, int(ref[2])), max(columns, _column_number(ref[1]))
            name = (ref[1] + ref[2]).decode("ascii")
            if _ERROR.search(cell[1]) and name not in errors[-50:]:
                errors.append(name)
    return _Extent(rows, max(columns, unnamed), tuple(dict.fromkeys(errors)))


def _chunks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield a part in pieces that overlap, so that a tag on the border is whole in one of them."""
    tail = b""
    with archive.open(part) as stream:
        while block := stream.read(CHUNK):
            yield tail + block
            tail = block[-OVERLAP:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _worksheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return part name -> worksheet name as the user sees it; what cannot be told is left out."""
    parts = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= parts:
        return {}
    targets = {}
    for relation in _RELATION.finditer(archive.read("xl/_rels/workbook.xml.rels")):
        attributes = dict(_ATTRIBUTE.findall(relation[1]))
        target = attributes.get(b"Target", b"").decode("utf-8", "replace").removeprefix("/xl/")
        targets[attributes.get(b"Id", b"")] = f"xl/{target}"
    names = {}
    for tab in _TAB.finditer(archive.read("xl/workbook.xml")):
        attributes = dict(_ATTRIBUTE.findall(tab[1]))
        part = targets.get(attributes.get(b"r:id", b""), "")
        names[part] = _unescaped(attributes.get(b"name", b"").decode("utf-8", "replace"))
    return names


def _unescaped(text: str) -> str:
    import html

    return html.unescape(text)
