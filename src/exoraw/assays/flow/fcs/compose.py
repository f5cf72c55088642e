"""HEADER and keywords of a file to be written: every offset is known before the first byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exoraw.assays.flow.fcs.dataset import FcsDataset
from exoraw.assays.flow.fcs.encode import byte_order, encoded_blocks, event_bits
from exoraw.assays.flow.fcs.plan import Column, FcsWriteError
from exoraw.assays.flow.fcs.segments import HEADER_BYTES, TOO_BIG

_DIGITS = 15  # every offset keyword has this many, so that writing it does not move anything
_ALIGNMENT = 16  # bytes at which the data start: a reader can then use them where they lie
_CRC = b"00000000"  # FCS 3.x: no checksum was computed
_DEFAULT_CYTOMETER = "exoraw"  # FCS 3.2 requires $CYT


@dataclass(frozen=True)
class Plan:
    """Bytes before and behind the data of one dataset."""

    before: bytes
    data_bytes: int
    after: bytes


def compose(dataset: FcsDataset, columns: tuple[Column, ...], followed: bool) -> Plan:
    """HEADER, TEXT, supplemental TEXT and the offsets in them.

    Raises
    ------
    FcsWriteError : a delimiter, keyword or value that the standard cannot express
    """
    encoding = "utf-8" if dataset.version >= "3.1" else "latin-1"
    delimiter = _delimiter(dataset)
    data_bytes = _data_bytes(dataset, columns)
    supplement = _joined(dataset.supplemental, delimiter, encoding) if dataset.supplemental else b""
    if supplement and dataset.version == "2.0":
        raise FcsWriteError("supplemental keywords need FCS 3.0 or later.")
    keywords = _keywords(dataset, columns)
    offsets = dict.fromkeys(_offset_keys(dataset), 0)
    begin = HEADER_BYTES
    length = len(_joined({**keywords, **_padded(offsets)}, delimiter, encoding))
    alignment = _ALIGNMENT if data_bytes else 1
    data = -(-(begin + length) // alignment) * alignment
    last = data + data_bytes - 1
    known = {
        "$BEGINDATA": data if data_bytes else 0,
        "$ENDDATA": last if data_bytes else 0,
        "$BEGINSTEXT": last + 1 if supplement else 0,
        "$ENDSTEXT": last + len(supplement) if supplement else 0,
    }
    crc = b"" if dataset.version == "2.0" else _CRC
    known["$NEXTDATA"] = data + data_bytes + len(supplement) + len(crc) if followed else 0
    offsets = {key: known.get(key, 0) for key in offsets}
    text = _joined({**keywords, **_padded(offsets)}, delimiter, encoding)
    header = _header(dataset, begin, begin + length - 1, data, last)
    return Plan((header + text).ljust(data), data_bytes, supplement + crc)


def _delimiter(dataset: FcsDataset) -> str:
    mark = dataset.delimiter
    if len(mark) != 1 or not 1 <= ord(mark) <= 126 or mark.isalnum() or mark in "$ ,":
        raise FcsWriteError(f"{mark!r} cannot separate keywords; use one ASCII character such as / or |.")
    return mark


def _data_bytes(dataset: FcsDataset, columns: tuple[Column, ...]) -> int:
    bits = event_bits(columns)
    if bits:
        return -(-len(dataset.events) * bits // 8)
    return sum(len(block) for block in encoded_blocks(dataset, columns))


def _offset_keys(dataset: FcsDataset) -> tuple[str, ...]:
    if dataset.version == "2.0":
        return ("$NEXTDATA",)
    return (
        "$BEGINANALYSIS",
        "$ENDANALYSIS",
        "$BEGINDATA",
        "$ENDDATA",
        "$BEGINSTEXT",
        "$ENDSTEXT",
        "$NEXTDATA",
    )


def _padded(offsets: Mapping[str, int]) -> dict[str, str]:
    return {key: f"{value:0{_DIGITS}d}" for key, value in offsets.items()}


def _keywords(dataset: FcsDataset, columns: tuple[Column, ...]) -> dict[str, str]:
    order = byte_order(dataset, columns).order
    keywords = {
        "$BYTEORD": ",".join(str(place) for place in order),
        "$DATATYPE": dataset.datatype,
        "$MODE": "L",
        "$PAR": str(len(columns)),
        "$TOT": str(len(dataset.events)),
    }
    for column in columns:
        keywords.update(_column_keywords(dataset, column))
    if dataset.timestep is not None:
        keywords["$TIMESTEP"] = repr(float(dataset.timestep))
    if dataset.spillover is not None:
        keywords["$SPILLOVER" if dataset.version >= "3.1" else "SPILL"] = _spillover(dataset)
    if dataset.version >= "3.2":
        keywords["$CYT"] = _DEFAULT_CYTOMETER
    own = {key.upper() for key in keywords} - {"$CYT"} | set(_offset_keys(dataset))
    for key, value in dataset.keywords.items():
        if key.upper() in own:
            raise FcsWriteError(f"{key} is set by the writer; use its own argument.")
        keywords[key] = str(value)
    return keywords


def _column_keywords(dataset: FcsDataset, column: Column) -> dict[str, str]:
    start = f"$P{column.number}"
    decades, lowest = column.amplification
    bits = "*" if column.datatype == "A" and column.bits == 0 else str(column.bits)
    top = str(int(column.range)) if float(column.range).is_integer() else repr(column.range)
    keywords = {
        f"{start}N": column.name,
        f"{start}B": bits,
        f"{start}R": top,
        f"{start}E": f"{decades:g},{lowest:g}",
    }
    if column.marker:
        keywords[f"{start}S"] = column.marker
    if column.gain is not None:
        keywords[f"{start}G"] = repr(float(column.gain))
    if column.datatype != dataset.datatype:
        keywords[f"{start}DATATYPE"] = column.datatype
    return keywords


def _spillover(dataset: FcsDataset) -> str:
    matrix = dataset.spillover
    assert matrix is not None
    strange = [name for name in matrix.channels if name not in dataset.channels or "," in name]
    if strange:
        raise FcsWriteError(f"the spillover matrix names {', '.join(strange)}, which cannot be written.")
    numbers = [repr(float(value)) for value in matrix.matrix.ravel()]
    return ",".join([str(len(matrix.channels)), *matrix.channels, *numbers])


def _joined(keywords: Mapping[str, str], delimiter: str, encoding: str) -> bytes:
    """Keywords as TEXT; a delimiter inside a value is doubled."""
    words = [delimiter]
    for key, value in keywords.items():
        if (
            not key
            or delimiter in key
            or not value
            or value.startswith(delimiter)
            or value.endswith(delimiter)
        ):
            raise FcsWriteError(
                f"{key} = {value!r} cannot be written with the delimiter {delimiter!r}: keywords must not "
                "contain it, values must not be empty nor start or end with it."
            )
        words += [key, delimiter, value.replace(delimiter, delimiter * 2), delimiter]
    try:
        return "".join(words).encode(encoding)
    except UnicodeEncodeError as error:
        raise FcsWriteError(f"{error.object[error.start]!r} needs FCS 3.1 or later (UTF-8).") from error


def _header(dataset: FcsDataset, text: int, text_end: int, data: int, data_end: int) -> bytes:
    """Six offsets of eight digits; 0 where a segment is absent, too far away, or left to the keywords."""
    fits = data_end <= TOO_BIG and data_end >= data
    if not fits and data_end >= data and dataset.version == "2.0":
        raise FcsWriteError("FCS 2.0 cannot hold more than 99,999,999 bytes; use 3.0 or later.")
    if not dataset.header_offsets and dataset.version == "2.0":
        raise FcsWriteError("FCS 2.0 has no other place than the HEADER for the offsets of the data.")
    if not fits or not dataset.header_offsets:
        data = data_end = 0
    numbers = "".join(f"{value:8d}" for value in (text, text_end, data, data_end, 0, 0))
    return f"FCS{dataset.version}    {numbers}".encode("ascii")
