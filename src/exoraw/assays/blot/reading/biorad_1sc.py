"""Bio-Rad Quantity One scans (.1sc): the picture and the scan header, found by walking the file's own index.

Structure: "File Specification for Bio-Rad 1sc Files" (biorad1sc-doc.readthedocs.io) and the package
biorad1sc-reader 0.7, which our tests compare with. That package is not called here: a damaged field length of
0 makes it loop for ever. Everything below advances by at least 8 bytes a step and is counted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exoraw.assays.blot.reading.findings import finding
from exoraw.assays.blot.reading.imager_text import iso_date
from exoraw.assays.blot.reading.limits import check_size
from exoraw.assays.blot.reading.raster import Capture, Raster
from exoraw.assays.contract import Finding
from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes, open_raw

FORMAT = "biorad_1sc"
MAGIC = b"\xaf\xaf"
LEAST_1SC = 400
FIRST_POINTER, POINTERS_END = 160, 148  # the index of blocks, and where its end is written
PIXEL_BLOCK = 130  # field type that points to the pixels
BLOCKS = {142, 143, 132, 133, 141, 140, 126, 127, 128, 129}  # those that point to what is known of them
END_OF_BLOCK, TEXT, KEY, ITEMS, COLLECTION = 0, 16, 100, 101, 102
MAX_FIELDS = 20_000  # real files have 300 to 2,000
MAX_INDEX = 100
_WORD_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 9: 4, 10: 8, 15: 4, 17: 4, 21: 4}
_ADVICE = "The file is damaged or cut off; copy it again, or export a TIFF from Image Lab."


@dataclass(frozen=True)
class _Field:
    kind: int
    identity: int
    payload: bytes


@dataclass(frozen=True)
class ScanHeader:
    """What the file says of its picture: size, range, scanner, date, millimetres."""

    rows: int
    columns: int
    pixel_bytes: int
    ceiling: int | None
    scanner: str
    created: str
    width_mm: float
    height_mm: float
    pixels_at: int
    pixels_length: int


def read_1sc(path: Path) -> Raster:
    """Read a .1sc file; rows are stored from the bottom and turned round.

    Raises
    ------
    FormatError : not a .1sc, damaged, cut off, or of another depth than 8 or 16 bits
    """
    with open_raw(path, least=LEAST_1SC, expected="a Bio-Rad .1sc scan") as raw:
        head = scan_header(raw)
        dtype = np.dtype("<u2" if head.pixel_bytes == 2 else "u1")
        length = head.rows * head.columns * head.pixel_bytes
        data = raw.read(head.pixels_at, length, "the pixels of the scan")
    pixels = np.frombuffer(data, dtype=dtype).reshape(head.rows, head.columns)[::-1]
    return Raster(
        FORMAT,
        words_of(head),
        np.ascontiguousarray(pixels, dtype=dtype.newbyteorder("=")),
        bits=8 * head.pixel_bytes,
        white_level=float(np.iinfo(dtype).max),
        capture=capture_of(head),
        findings=_sizes(head),
    )


def words_of(head: ScanHeader) -> str:
    """How the scan is stored, in words: "16-bit grey, uncompressed"."""
    return f"{8 * head.pixel_bytes}-bit grey, uncompressed"


def capture_of(head: ScanHeader) -> Capture:
    """How the scan was taken. The format has no exposure time."""
    size = 1_000.0 * head.width_mm / head.columns
    return Capture(
        pixel_size_um=round(size, 3) if 0.1 < size < 10_000 else None,
        make="Bio-Rad",
        model=head.scanner,
        acquired_at=iso_date(head.created),
    )


def _sizes(head: ScanHeader) -> tuple[Finding, ...]:
    stored = head.pixels_length
    expected = head.rows * head.columns * head.pixel_bytes
    if stored == expected:
        return ()
    message = f"The picture of {expected:,} bytes lies in a block of {stored:,} bytes."
    return (finding("size_mismatch", message, stored, expected),)


def scan_header(raw: RawBytes) -> ScanHeader:
    """Walk the index and the scan header; the pixels are not touched.

    Raises
    ------
    FormatError : as for `read_1sc`
    """
    _check_signature(raw)
    blocks = _index(raw)
    if PIXEL_BLOCK not in blocks:
        raise FormatError(raw.path, FIRST_POINTER, "a pointer to the pixels", "none", _ADVICE)
    start, length = blocks[PIXEL_BLOCK]
    values = _scan_values(raw, [place for kind, place in blocks.items() if kind != PIXEL_BLOCK])
    rows, columns, size = (_whole(raw, values, name) for name in ("nypix", "nxpix", "bytes_per_pix"))
    if size not in (1, 2):
        raise FormatError(raw.path, None, "pixels of 1 or 2 bytes", f"{size}", _ADVICE)
    check_size(raw.path, (rows, columns), size, raw.size, start)
    if rows * columns * size > length:
        found = f"a block of {length:,} bytes"
        raise FormatError(raw.path, start, f"{columns} x {rows} pixels of {size} bytes", found, _ADVICE)
    ceiling = values.get("data_ceiling", b"")
    return ScanHeader(
        rows, columns, size,
        int.from_bytes(ceiling, "little") or None,
        _text(values.get("scanner", b"")),
        _text(values.get("creation_date", b"")),
        _millimetres(values.get("img_size_x", b"")),
        _millimetres(values.get("img_size_y", b"")),
        start, length,
    )  # fmt: skip


def _check_signature(raw: RawBytes) -> None:
    mark = raw.read(0, 136, "the signature of a .1sc")
    if mark[:2] != MAGIC or not mark[56:].startswith(b"Bio-Rad Scan File"):
        raise FormatError(raw.path, 0, "a Bio-Rad scan file", repr(mark[:16]), _ADVICE)
    if not mark[32:].startswith(b"Intel Format"):
        found = repr(mark[32:48])
        raise FormatError(raw.path, 32, "little-endian data (Intel Format)", found, "Export a TIFF instead.")


def _index(raw: RawBytes) -> dict[int, tuple[int, int]]:
    """Field type -> start and length of the block that it points to."""
    end = min(struct.unpack("<I", raw.read(POINTERS_END, 4, "the length of the index"))[0], raw.size)
    place = FIRST_POINTER
    found: dict[int, tuple[int, int]] = {}
    for _ in range(MAX_INDEX):
        if place + 20 > end:
            break
        field = raw.read(place, 20, "the index of blocks")
        kind, length = struct.unpack_from("<HH", field)
        if kind in BLOCKS or kind == PIXEL_BLOCK:
            start, size = struct.unpack_from("<II", field, 8)
            if start + size > raw.size:
                expected = f"a block of {size:,} bytes at byte {start:,}"
                raise FormatError(raw.path, place, expected, f"a file of {raw.size:,} bytes", _ADVICE)
            found[kind] = (start, size)
        if kind == END_OF_BLOCK:
            break
        place += 20 if length <= 1 else max(length, 8)  # 1 stands for 20 here
    return found


def _fields(raw: RawBytes, blocks: list[tuple[int, int]]) -> list[_Field]:
    """All fields of the blocks in the order of the file."""
    found: list[_Field] = []
    for start, size in sorted(blocks):
        place, end = start + 8, start + size
        while place + 8 <= end:
            kind, length, identity = struct.unpack("<HHI", raw.read(place, 8, "a field"))
            if kind == END_OF_BLOCK:
                break
            if length < 8 or place + length > end:
                found_words = f"{length} bytes"
                raise FormatError(raw.path, place, "a field within its block", found_words, _ADVICE)
            found.append(_Field(kind, identity, raw.read(place + 8, length - 8, "a field")))
            if len(found) > MAX_FIELDS:
                raise FormatError(raw.path, place, f"at most {MAX_FIELDS:,} fields", "more", _ADVICE)
            place += length
    return found


def _scan_values(raw: RawBytes, blocks: list[tuple[int, int]]) -> dict[str, bytes]:
    """Name -> bytes of every value of the record SCN in the collection "Scan Header"."""
    fields = _fields(raw, blocks)
    by_identity = {field.identity: field for field in fields}
    inside, item = False, None
    for field in fields:
        if field.kind == COLLECTION:
            inside = len(field.payload) >= 16 and _named(by_identity, field.payload, 12) == "Scan Header"
        elif field.kind == ITEMS and inside:
            item = _item(by_identity, field.payload, "SCN")
        elif item is not None and inside and field.kind == item[0]:
            key = by_identity.get(item[1])
            if key is not None and key.kind == KEY:
                return _values(by_identity, key.payload, field.payload)
    raise FormatError(raw.path, None, "a scan header (record SCN)", "none", _ADVICE)


def _named(fields: dict[int, _Field], payload: bytes, place: int) -> str:
    """The text field that a reference in a payload names."""
    target = fields.get(struct.unpack_from("<I", payload, place)[0])
    return "" if target is None or target.kind != TEXT else _text(target.payload)


def _item(fields: dict[int, _Field], payload: bytes, name: str) -> tuple[int, int] | None:
    """Field type of the records of that name, and the identity of the key that explains them."""
    for start in range(0, len(payload) - 19, 20):
        if _named(fields, payload, start + 16) == name:
            return struct.unpack_from("<H", payload, start)[0], struct.unpack_from("<I", payload, start + 8)[
                0
            ]
    return None


def _values(fields: dict[int, _Field], key: bytes, record: bytes) -> dict[str, bytes]:
    """Cut a record into its named values. Old files write a word size of 0; the type gives it then."""
    found: dict[str, bytes] = {}
    for start in range(0, len(key) - 35, 36):
        kind = struct.unpack_from("<H", key, start)[0]
        words, offset, _, _, size = struct.unpack_from("<IIIII", key, start + 4)
        width = size or _WORD_BYTES.get(kind, 0)
        found.setdefault(_named(fields, key, start + 12), record[offset : offset + words * width])
    return found


def _whole(raw: RawBytes, values: dict[str, bytes], name: str) -> int:
    data = values.get(name, b"")
    if not 1 <= len(data) <= 4:
        raise FormatError(raw.path, None, f"the value {name} of the scan header", "none", _ADVICE)
    return int.from_bytes(data, "little")


def _text(data: bytes) -> str:
    text = data.split(b"\0")[0].decode("latin-1").strip()
    return "".join(letter for letter in text if letter.isprintable())[:200]


def _millimetres(data: bytes) -> float:
    value = float(np.frombuffer(data, dtype="<f4")[0]) if len(data) == 4 else 0.0
    return value if 0.0 < value < 10_000.0 else 0.0
