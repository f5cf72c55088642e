"""JPEG pictures: their size from the markers before anything is decoded, then grey or RGB pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.reading.limits import check_size
from exoraw.assays.blot.reading.raster import Capture, Raster
from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes, open_raw

FORMAT = "blot_jpeg"
LEAST_JPEG = 100
START, END = b"\xff\xd8", b"\xff\xd9"
MAX_SCANS = 64  # progressive files have about 10; hundreds of empty scans make a decoder work for minutes
MAX_GROWTH = 1_000  # decoded bytes per byte; a blank picture reaches about 250
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: Huffman coded, as every imager writes them
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_SCAN, _ALONE = 0xDA, {0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True)
class Frame:
    """What the markers of a JPEG picture say."""

    rows: int
    columns: int
    colours: int
    bits: int
    first_scan: int


def frame_of(path: Path, data: bytes, start: int) -> Frame:
    """Walk the markers up to the pixels. `start` is where `data` lies in the file, for messages.

    Raises
    ------
    FormatError : no JPEG, cut off, a kind that imagers do not write, or more than 64 scans
    """
    if data[:2] != START:
        raise FormatError(path, start, "a JPEG picture", repr(data[:4]))
    place, frame = 2, None
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            raise FormatError(path, start + place, "a JPEG marker", f"byte {data[place]:#04x}", _ADVICE)
        code = data[place + 1]
        if code == 0xFF:  # padding
            place += 1
        elif code in _ALONE:
            place += 2
        else:
            length = int.from_bytes(data[place + 2 : place + 4], "big")
            if length < 2 or place + 2 + length > len(data):
                raise FormatError(path, start + place, f"a marker of {length:,} bytes", "the end", _ADVICE)
            if code in _OTHER_FRAMES:
                raise FormatError(path, start + place, "a baseline or progressive JPEG", f"kind {code:#04x}")
            if code in _FRAMES:
                frame = _frame(path, data[place + 4 : place + 2 + length], start + place)
            if code == _SCAN:
                return _at_first_scan(path, data, start, place, frame)
            place += 2 + length
    raise FormatError(path, start + len(data), "the pixels of a JPEG picture", "the end of the file", _ADVICE)


_ADVICE = "The file is cut off or damaged; export the picture again, as TIFF."


def _frame(path: Path, body: bytes, position: int) -> Frame:
    if len(body) < 6:
        raise FormatError(path, position, "a JPEG frame", f"{len(body)} bytes", _ADVICE)
    bits, colours = body[0], body[5]
    if bits != 8 or colours not in (1, 3):
        found = f"{bits} bits, {colours} colours"
        raise FormatError(path, position, "a JPEG of 8 bits in grey or three colours", found)
    rows, columns = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return Frame(rows, columns, colours, bits, 0)


def _at_first_scan(path: Path, data: bytes, start: int, place: int, frame: Frame | None) -> Frame:
    if frame is None:
        raise FormatError(path, start + place, "the size of the picture before its pixels", "none", _ADVICE)
    scans = data.count(bytes((0xFF, _SCAN)), place)
    if scans > MAX_SCANS:
        advice = "The file was made to harm; it was not read."
        raise FormatError(path, start + place, f"at most {MAX_SCANS} scans", f"{scans:,}", advice)
    if data.rfind(END, place) < 0:
        raise FormatError(path, start + len(data), "the end mark of a JPEG", "the end of the file", _ADVICE)
    return Frame(frame.rows, frame.columns, frame.colours, frame.bits, place)


def decode_jpeg(
    path: Path, data: bytes, start: int, shape: tuple[int, int, int], tables: bytes | None = None
) -> npt.NDArray[np.uint8]:
    """(rows, columns, colours) of a JPEG picture whose size must be `shape`.

    Parameters
    ----------
    data : one whole JPEG stream, as it lies at byte `start` of the file
    shape : rows, columns, colours that the file's header promises; rows may be fewer (a last TIFF strip)
    tables : quantisation and Huffman tables that a TIFF keeps apart

    Raises
    ------
    FormatError : another size, more than 1,000 bytes of pixels per byte, or a stream that cannot be decoded
    """
    import imagecodecs

    frame = frame_of(path, data, start)
    rows, columns, colours = shape
    if (frame.columns, frame.colours) != (columns, colours) or frame.rows < rows:
        found = f"{frame.columns} x {frame.rows} pixels of {frame.colours} colours"
        raise FormatError(path, start, f"a JPEG of {columns} x {rows} pixels of {colours} colours", found)
    declared = frame.rows * columns * colours
    if declared > MAX_GROWTH * len(data):
        found = f"{declared:,} bytes of pixels in {len(data):,} bytes"
        raise FormatError(path, start, f"a JPEG of at most {MAX_GROWTH:,} bytes per byte", found, _ADVICE)
    try:
        pixels: npt.NDArray[Any] = imagecodecs.jpeg8_decode(data, tables=tables)
    except (RuntimeError, ValueError, TypeError) as error:
        raise FormatError(path, start, "a sound JPEG stream", str(error), _ADVICE) from error
    return pixels.reshape(frame.rows, columns, colours)[:rows]


def read_jpeg(path: Path) -> Raster:
    """Read a JPEG file.

    Raises
    ------
    FormatError : not JPEG, cut off, damaged, or far larger than its file can be
    """
    with open_raw(path, least=LEAST_JPEG, expected="a JPEG picture") as raw:
        frame = jpeg_header(raw)
        data = raw.read(0, raw.size, "a JPEG picture")
        pixels = decode_jpeg(path, data, 0, (frame.rows, frame.columns, frame.colours))
        software = _comment(data, frame.first_scan)
    grey = frame.colours == 1
    return Raster(
        FORMAT,
        words_of(frame),
        pixels[:, :, 0] if grey else pixels,
        bits=8,
        white_level=255.0,
        capture=Capture(software=software),
        meaning="grey" if grey else "rgb",
        lossy=True,
    )


def words_of(frame: Frame) -> str:
    """How the picture is stored, in words: "8-bit grey, JPEG"."""
    return f"8-bit {'grey' if frame.colours == 1 else 'colour'}, JPEG"


def jpeg_header(raw: RawBytes) -> Frame:
    """Size and colours of a JPEG file, held against its length."""
    frame = frame_of(raw.path, raw.read(0, raw.size, "a JPEG picture"), 0)
    check_size(raw.path, (frame.rows, frame.columns), frame.colours, raw.size, 0)
    return frame


def _comment(data: bytes, end: int) -> str:
    """Text of the first comment before the pixels: programs sign there."""
    place = data.find(b"\xff\xfe", 2, end)
    if place < 0:
        return ""
    length = int.from_bytes(data[place + 2 : place + 4], "big")
    text = data[place + 4 : place + 2 + length].decode("latin-1")
    return "".join(letter for letter in text if letter.isprintable()).strip()[:200]
