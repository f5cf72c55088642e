"""Writes a simulated picture as imagers do: plain TIFF with exposure, date and pixel size in its tags."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Stored = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
_SHORT, _LONG, _TEXT, _RATIO = 3, 4, 2, 5


@dataclass(frozen=True)
class Shot:
    """How a simulated picture was taken.

    Parameters
    ----------
    exposure_s : seconds
    acquired_at : "2026:03:02 10:15:00", as TIFF writes dates
    white_zero : write the tag "0 is white" over data whose bands are bright, as two makers do
    channel : the imaging mode
    pixel_um : micrometres from pixel to pixel
    """

    exposure_s: float
    acquired_at: str
    white_zero: bool = False
    channel: str = "Chemiluminescence"
    pixel_um: float = 120.0


def write_tiff(path: Path, pages: list[tuple[Stored, Shot]]) -> None:
    """Write pictures as the pages of one file; the same pictures give the same bytes.

    Parameters
    ----------
    pages : (rows, columns) uint8 or uint16 pictures with how they were taken
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    out = bytearray(struct.pack("<2sHI", b"II", 42, 0))
    link = 4  # where the offset of the next page goes
    for pixels, shot in pages:
        data = len(out)
        out += pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
        out += b"\0" * (len(out) % 2)
        tags = _tags(pixels, shot, data)
        directory, values = _directory(tags, len(out))
        struct.pack_into("<I", out, link, len(out))
        link = len(out) + len(directory) - 4
        out += directory + values
        out += b"\0" * (len(out) % 2)
    path.write_bytes(bytes(out))


def _tags(pixels: Stored, shot: Shot, data: int) -> list[tuple[int, int, bytes]]:
    """Tag, type and packed value."""
    rows, columns = pixels.shape
    text = (
        f"Imaging mode = {shot.channel}\r\nExposure time = {shot.exposure_s:g} s\r\n"
        f"Date time = {shot.acquired_at}\r\nInstrument = exoraw simulated imager\r\n"
    )
    resolution = struct.pack("<II", 10_000_000, round(shot.pixel_um * 1_000))
    words = {270: text, 271: "exoraw", 272: "exoraw simulated imager", 306: shot.acquired_at}
    found = [
        (256, _LONG, struct.pack("<I", columns)),
        (257, _LONG, struct.pack("<I", rows)),
        (258, _SHORT, struct.pack("<H", 8 * pixels.dtype.itemsize)),
        (259, _SHORT, struct.pack("<H", 1)),
        (262, _SHORT, struct.pack("<H", 0 if shot.white_zero else 1)),
        (273, _LONG, struct.pack("<I", data)),
        (277, _SHORT, struct.pack("<H", 1)),
        (278, _LONG, struct.pack("<I", rows)),
        (279, _LONG, struct.pack("<I", pixels.nbytes)),
        (282, _RATIO, resolution),
        (283, _RATIO, resolution),
        (296, _SHORT, struct.pack("<H", 3)),
        *((tag, _TEXT, value.encode() + b"\0") for tag, value in words.items()),
    ]
    return sorted(found)


def _directory(tags: list[tuple[int, int, bytes]], start: int) -> tuple[bytes, bytes]:
    """The page at byte `start`, and the values that do not fit into it."""
    sizes = {_SHORT: 2, _LONG: 4, _TEXT: 1, _RATIO: 8}
    place = start + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, kind, value in tags:
        count = len(value) // sizes[kind]
        if len(value) <= 4:
            field = value.ljust(4, b"\0")
        else:
            field = struct.pack("<I", place + len(values))
            values += value + b"\0" * (len(value) % 2)
        entries += struct.pack("<HHI", tag, kind, count) + field
    return struct.pack("<H", len(tags)) + entries + b"\0\0\0\0", values
