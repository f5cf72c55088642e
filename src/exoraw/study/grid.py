"""Reading sheets as text: a CSV in any usual form, or every worksheet of a workbook."""

from __future__ import annotations

import csv
import hashlib
import time
from io import StringIO
from pathlib import Path

from exoraw.io.errors import FormatError, StudyError
from exoraw.io.text import Decoded, decode, read_bytes
from exoraw.study.cells import Grid
from exoraw.study.spec import Problem

LARGEST_SHEET = 50_000_000  # bytes; 200,000 rows of 20 columns take 30 MB
MOST_ROWS = 200_000
MOST_COLUMNS = 2_000
OPEN_RETRIES = 5  # a program that is saving holds the file for a fraction of a second
RETRY_AFTER_S = 0.2
WORKBOOKS = (".xlsx", ".xlsm")
OTHER_WORKBOOKS = (".xls", ".xlsb", ".ods", ".numbers")
LARGEST_FIELD = 131_072  # characters in one CSV cell, the csv module's own limit


def read_grids(path: Path) -> tuple[Grid, ...]:
    """Read every worksheet of a workbook, or the one grid of a CSV.

    Raises
    ------
    StudyError
        The file is missing, locked, too large, of another kind, or broken beyond reading.
    """
    if path.name.startswith("~$"):
        raise StudyError(f"{path.name} is a lock file of Excel. Name the workbook itself, {path.name[2:]}.")
    if path.suffix.lower() in OTHER_WORKBOOKS:
        raise StudyError(f"{path.name}: save it as .xlsx or CSV; {path.suffix} is not read.")
    data = read_patiently(path)
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(b"PK\x03\x04"):
        from exoraw.study.workbook import workbook_grids  # its reader is loaded for workbooks only

        return workbook_grids(data, path.name, digest)
    if path.suffix.lower() in WORKBOOKS:
        raise StudyError(f"{path.name}: this is no Excel workbook (it may be protected by a password).")
    return (csv_grid(data, path.name, digest),)


def read_patiently(path: Path) -> bytes:
    """Read a file that another program may hold open; a short lock is waited for.

    Raises
    ------
    StudyError
        It is missing, locked, too large or unreadable, in words.
    """
    for attempt in range(OPEN_RETRIES):
        try:
            return read_bytes(path, LARGEST_SHEET)
        except PermissionError as error:
            if attempt == OPEN_RETRIES - 1:
                advice = "Close it in the program that holds it, or check who may read it."
                raise StudyError(f"{path.name} cannot be opened: {error.strerror}. {advice}") from error
            time.sleep(RETRY_AFTER_S)
        except FileNotFoundError as error:
            raise StudyError(f"{path.name} does not exist in {path.parent}.") from error
        except IsADirectoryError as error:
            raise StudyError(f"{path.name} is a folder; a file is expected.") from error
        except FormatError as error:
            raise StudyError(str(error)) from error
        except (OSError, ValueError) as error:
            raise StudyError(f"{path.name} cannot be read: {error}.") from error
    raise AssertionError("unreachable: the last attempt returns or raises")


def csv_grid(data: bytes, source: str, digest: str = "") -> Grid:
    """Read the bytes of a CSV: comma, semicolon or tab; any encoding that `decode` understands.

    Raises StudyError where the bytes are no text.
    """
    try:
        decoded = decode(data, Path(source))
    except FormatError as error:
        raise StudyError(str(error)) from error
    problems = [Problem("warning", remark, source) for remark in decoded.remarks]
    text, delimiter = _delimiter(decoded)
    cells, broken = _parse(text, delimiter, source)
    return Grid(
        source,
        tuple(cells),
        problems=(*problems, *broken),
        delimiter=delimiter,
        encoding=decoded.encoding,
        newline=decoded.newline,
        sha256=digest,
    )


def _delimiter(decoded: Decoded) -> tuple[str, str]:
    """Return the text that follows Excel's hint line "sep=;", if any, and the delimiter."""
    first, _, rest = decoded.text.partition("\n")
    if first[:4].lower() == "sep=" and len(first) == 5:
        return rest, first[4]
    lines = decoded.text.split("\n", 20)
    header = next((line for line in lines if line.strip(" ,;\t")), lines[0])
    outside = "".join(header.split('"')[::2])  # what stands between quotes does not count
    if "\t" in outside:  # nobody types a tab into a name
        return decoded.text, "\t"
    return decoded.text, max(",;", key=outside.count)


def _parse(text: str, delimiter: str, source: str) -> tuple[list[tuple[str, ...]], list[Problem]]:
    """Return the rows and what is wrong with the text; rows before a broken one are kept."""
    cells: list[tuple[str, ...]] = []
    if csv.field_size_limit() < LARGEST_FIELD:
        csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for record in reader:
            cells.append(tuple(record))
            if len(cells) > MOST_ROWS or len(record) > MOST_COLUMNS:
                message = (
                    f"holds more than {MOST_ROWS:,} rows or {MOST_COLUMNS:,} columns; is this the right file?"
                )
                return cells[:-1], [Problem("error", message, source, len(cells))]
    except csv.Error as error:
        return cells, [Problem("error", _csv_message(str(error)), source, len(cells) + 1)]
    return cells, []


def _csv_message(error: str) -> str:
    if "unexpected end of data" in error:
        return 'a quote (") is opened in or below this row and never closed; close or remove it'
    if "expected after" in error:
        return 'text follows a closing quote ("); put the whole cell in quotes and double those inside'
    if "field larger" in error:
        return f'a cell holds more than {LARGEST_FIELD:,} characters; is a quote (") never closed?'
    return f"cannot be read as CSV: {error}"
