"""What an FCS file says about itself, from HEADER and keywords alone: for the inventory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from exoraw.assays.flow.fcs.heading import MAX_PARAMETERS, Heading, headings
from exoraw.assays.flow.fcs.segments import HEADER_BYTES
from exoraw.assays.flow.fcs.text import Text, parse_integer
from exoraw.io.errors import FormatError
from exoraw.io.guard import open_raw
from exoraw.io.inventory import DatasetHeader, Header

LONGEST_FIELD = 4_000  # characters; only matrices and vendors' blobs are longer
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_CENTURY_TURN = 70  # two-digit years: 70-99 are 1970-1999 (FCS dates from 1984)
_SERIALS = ("$CYTSN", "CYTNUM", "@CYTOMETERID")
_MAKERS = (  # part of $CYT -> maker
    (r"FACS|LSR|ARIA|CANTO|FORTESSA|ACCURI|SYMPHONY|MELODY|CELESTA|LYRIC|\bBD\b", "BD"),
    (r"CYTOMICS|GALLIOS|NAVIOS|MOFLO|CYAN|CYTOFLEX|EPICS|^XL\b|COULTER", "Beckman Coulter"),
    (r"ATTUNE|BIGFOOT", "Thermo Fisher"),
    (r"MACSQUANT|TYTO", "Miltenyi Biotec"),
    (r"AURORA|NORTHERN LIGHTS|CYTEK", "Cytek"),
    (r"PARTEC|CYFLOW", "Partec / Sysmex"),
    (r"S1400|S1000|1400-8|STRATEDIGM", "Stratedigm"),
    (r"ZE5|\bS3E?\b", "Bio-Rad"),
    (r"GUAVA|EASYCYTE|IMAGESTREAM|FLOWSIGHT", "Luminex / Cytek Amnis"),
    (r"CYTOF|HELIOS|DVSSCIENCES", "Standard BioTools"),
    (r"NOVOCYTE", "Agilent"),
    (r"ID7000|SH800|SA3800|MA900", "Sony"),
)


def header(path: str | Path) -> Header:
    """Read HEADER and keywords of every dataset of an FCS file; the data are not touched.

    A later dataset that cannot be read ends the list; `read_fcs` says so with a finding.

    Raises
    ------
    FormatError : not FCS, or the first dataset's keywords cannot be read
    """
    found: list[Heading] = []
    with open_raw(Path(path), least=HEADER_BYTES, expected="an FCS file") as raw:
        try:
            for heading in headings(raw):
                found.append(heading)  # noqa: PERF402 (what was read before an error is kept)
        except FormatError:
            if not found:
                raise
    first = found[0].text
    channels = first.integer("$PAR")
    if channels is None or not 1 <= channels <= MAX_PARAMETERS:  # else the reader will refuse it, overnight
        raise first.error("$PAR", f"a number of channels between 1 and {MAX_PARAMETERS:,}")
    model = first.get("$CYT") or ""
    return Header(
        datasets=tuple(_dataset(index, found) for index in range(len(found))),
        make=next((maker for pattern, maker in _MAKERS if re.search(pattern, model.upper())), ""),
        model=model,
        serial=next((value for key in _SERIALS if (value := first.get(key))), ""),
        acquired_at=acquired_at(first),
    )


def _dataset(index: int, found: Sequence[Heading]) -> DatasetHeader:
    text = found[index].text
    fields = {key: value for key, value in text.keywords.items() if len(value) <= LONGEST_FIELD}
    original = next((k for k in range(index) if same_events(found[k], found[index])), None)
    return DatasetHeader(index, _events(text), fields, original)


def same_events(first: Heading, second: Heading) -> bool:
    """Whether two datasets of a file hold the same events, as Beckman Coulter's .LMD files do.

    Such a file has the events once as FCS 2.0 (10 bits, log amplified) and once as 3.0 (20 bits,
    linear), from the same cytometer and tube, with the same number of events.
    """
    if {first.segments.version, second.segments.version} != {"2.0", "3.0"}:
        return False
    one, other = first.text, second.text
    if not _events(one) or _events(one) != _events(other):
        return False
    marks = ("@CYTOMETERID", "@Y2KDATE", "@SAMPLEID1", "@SAMPLEID2", "@TUBENO")
    pairs = [(one.get(key), other.get(key)) for key in marks]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    return bool(both) and all(a == b for a, b in both)


def _events(text: Text) -> int | None:
    """$TOT; None where it is missing or no number, of which `read_fcs` tells."""
    return parse_integer(text.get("$TOT") or "")


def acquired_at(text: Text) -> str:
    """ISO 8601 start of acquisition, as far as the file tells; "" where it does not. No zone is invented."""
    begin = text.get("$BEGINDATETIME")  # FCS 3.2, already ISO
    if begin is not None and re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", begin
    ):
        return begin
    date = _date(text.get("$DATE") or "")
    time = re.match(r"(\d{1,2}):(\d\d):(\d\d)", (text.get("$BTIM") or "").strip())
    if not date or not time or int(time[1]) > 23 or int(time[2]) > 59 or int(time[3]) > 60:
        return date
    return f"{date}T{int(time[1]):02d}:{time[2]}:{time[3]}"


def _date(written: str) -> str:
    """28-JUL-2015, 24-Jun-03, 21 Dec 2010, 2015-JUL-28, and day-first numbers, as 2015-07-28."""
    match = re.fullmatch(r"(\d{1,4})[-/. ]([A-Za-z]{3}|\d{1,2})[-/. ](\d{1,4})", written.strip())
    if match is None:
        return ""
    first, middle, last = match.groups()
    day, year = (last, first) if len(first) == 4 else (first, last)
    word = middle.upper()
    month = int(middle) if middle.isdigit() else _MONTHS.index(word) + 1 if word in _MONTHS else 0
    if not 1 <= month <= 12 or not 1 <= int(day) <= 31 or len(year) not in (2, 4):
        return ""
    full_year = int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= _CENTURY_TURN else 2000)
    return f"{full_year:04d}-{month:02d}-{int(day):02d}"
