"""PNG pictures: size, depth, resolution and gamma from the chunks, then grey, palette or RGB pixels."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.reading.findings import finding
from exoraw.assays.blot.reading.limits import check_size
from exoraw.assays.blot.reading.raster import Capture, Meaning, Raster
from exoraw.assays.contract import Finding
from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes, open_raw

FORMAT = "blot_png"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEAST_PNG = 57  # signature, IHDR, an empty IDAT, IEND
MAX_CHUNKS = 100_000
MAX_TEXT = 64_000
MAX_GROWTH = 1_032  # deflate's own limit
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # PNG colour type -> samples of a pixel
_DEPTHS = {0: (8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_NAMES = {0: "grey", 2: "colour", 3: "palette", 4: "grey with alpha", 6: "colour with alpha"}
_ADVICE = "The file is cut off or damaged; export the picture again."
LINEAR_GAMMA = 1.0


@dataclass(frozen=True)
class Chunks:
    """What the chunks say before a pixel is decoded.

    Parameters
    ----------
    packed : bytes of compressed pixels
    gamma : of the gAMA chunk, file value = light ** gamma; None where there is none
    pixels_per_metre : of pHYs; None where there is none
    """

    rows: int
    columns: int
    depth: int
    colour: int
    packed: int
    gamma: float | None = None
    pixels_per_metre: float | None = None
    texts: dict[str, str] = field(default_factory=dict)


def read_png(path: Path) -> Raster:
    """Read a PNG file.

    Raises
    ------
    FormatError : not PNG, cut off, damaged, or far larger than its file can be
    """
    with open_raw(path, least=LEAST_PNG, expected="a PNG picture") as raw:
        chunks = png_header(raw)
        pixels = _decode(raw, chunks)
    pixels, meaning, findings = _without_alpha(pixels)
    metre = chunks.pixels_per_metre
    return Raster(
        FORMAT,
        words_of(chunks),
        pixels,
        bits=chunks.depth,
        white_level=65535.0 if pixels.dtype == np.uint16 else 255.0,
        capture=Capture(
            pixel_size_um=1e6 / metre if metre else None,
            software=chunks.texts.get("Software", ""),
            settings={key: text for key, text in chunks.texts.items() if key != "Software"},
        ),
        meaning=meaning,
        gamma=chunks.gamma,
        findings=findings,
    )


def words_of(chunks: Chunks) -> str:
    """How the picture is stored, in words: "16-bit grey, PNG"."""
    return f"{chunks.depth}-bit {_NAMES[chunks.colour]}, PNG"


def png_header(raw: RawBytes) -> Chunks:
    """Walk the chunks of a PNG file; their checksums and the declared size are held against the file."""
    path = raw.path
    if raw.read(0, 8, "a PNG signature") != SIGNATURE:
        raise FormatError(path, 0, "a PNG picture", repr(raw.read(0, 8, "a PNG signature")))
    head = raw.read(8, 25, "a PNG header")
    if head[:8] != b"\0\0\0\x0dIHDR" or struct.unpack(">I", head[21:])[0] != zlib.crc32(head[4:21]):
        raise FormatError(path, 8, "a sound IHDR chunk", "another or a damaged one", _ADVICE)
    columns, rows, depth, colour, _, _, _ = struct.unpack(">IIBBBBB", head[8:21])
    if depth not in _DEPTHS.get(colour, ()):
        found = f"{depth} bits, colour type {colour}"
        advice = "A picture of 1 bit has no intensities left."
        raise FormatError(path, 24, "a PNG of 8 or 16 bits, or with a palette", found, advice)
    pixel = _CHANNELS[colour] * (2 if depth == 16 else 1) * (3 if colour == 3 else 1)
    check_size(path, (rows, columns), pixel, raw.size, 16)
    chunks = _walk(raw, Chunks(rows, columns, depth, colour, 0))
    raw_bytes = rows * (columns * _CHANNELS[colour] * depth // 8)
    if raw_bytes > MAX_GROWTH * chunks.packed:
        packed = f"{chunks.packed:,} bytes of compressed pixels"
        raise FormatError(path, 33, f"pixels of {raw_bytes:,} bytes", packed, _ADVICE)
    return chunks


def _walk(raw: RawBytes, chunks: Chunks) -> Chunks:
    place, packed = 33, 0
    facts: dict[str, Any] = {"texts": {}}
    for _ in range(MAX_CHUNKS):
        length, kind = struct.unpack(">I4s", raw.read(place, 8, "a PNG chunk"))
        if kind == b"IEND":
            return Chunks(**{**vars(chunks), **facts, "packed": packed})
        if place + 12 + length > raw.size:
            expected = f"a {kind.decode('latin-1')!r} chunk of {length:,} bytes"
            raise FormatError(raw.path, place, expected, f"a file of {raw.size:,} bytes", _ADVICE)
        if kind == b"IDAT":
            packed += length
        elif length <= MAX_TEXT:
            _note(kind, raw.read(place + 8, length, "a PNG chunk"), facts)
        place += 12 + length
    raise FormatError(raw.path, place, f"at most {MAX_CHUNKS:,} chunks", "more", _ADVICE)


def _note(kind: bytes, body: bytes, facts: dict[str, Any]) -> None:
    """Keep what a chunk says of gamma, resolution and origin."""
    if kind == b"gAMA" and len(body) == 4:
        facts["gamma"] = int.from_bytes(body, "big") / 100_000
    elif kind == b"pHYs" and len(body) == 9 and body[8] == 1:
        across, down = struct.unpack(">II", body[:8])
        if across == down and across:
            facts["pixels_per_metre"] = float(across)
    elif kind == b"tEXt" and b"\0" in body:
        key, text = body.split(b"\0", 1)
        facts["texts"][key.decode("latin-1")] = text.decode("latin-1").strip()


def _decode(raw: RawBytes, chunks: Chunks) -> npt.NDArray[Any]:
    """(rows, columns) or (rows, columns, samples) as libpng gives them; a palette comes as RGB."""
    import imagecodecs

    try:
        pixels: npt.NDArray[Any] = imagecodecs.png_decode(_bare(raw))
    except (RuntimeError, ValueError, TypeError) as error:
        raise FormatError(raw.path, 33, "sound PNG pixels", str(error), _ADVICE) from error
    if pixels.shape[:2] != (chunks.rows, chunks.columns):
        found = f"{pixels.shape[1]} x {pixels.shape[0]}"
        raise FormatError(raw.path, 16, f"{chunks.columns} x {chunks.rows} pixels", found, _ADVICE)
    return pixels


def _bare(raw: RawBytes) -> bytes:
    """The file without texts, profiles and other chunks: a decoder would expand them without a limit."""
    parts, place = [SIGNATURE], 8
    while place + 12 <= raw.size:
        length, kind = struct.unpack(">I4s", raw.read(place, 8, "a PNG chunk"))
        if kind in _CRITICAL:
            parts.append(raw.read(place, 12 + length, "a PNG chunk"))
        if kind == b"IEND":
            break
        place += 12 + length
    return b"".join(parts)


def _without_alpha(
    pixels: npt.NDArray[Any],
) -> tuple[npt.NDArray[Any], Meaning, tuple[Finding, ...]]:
    """Drop transparency, and say so where something was transparent."""
    colours = 1 if pixels.ndim == 2 else pixels.shape[2]
    findings: tuple[Finding, ...] = ()
    if colours in (2, 4):
        alpha = pixels[:, :, -1]
        clear = float(np.mean(alpha < np.iinfo(alpha.dtype).max))
        if clear:
            findings = (finding("transparent", f"{clear:.1%} of the picture is transparent", clear),)
        pixels = pixels[:, :, :-1]
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return pixels, "grey" if pixels.ndim == 2 else "rgb", findings
