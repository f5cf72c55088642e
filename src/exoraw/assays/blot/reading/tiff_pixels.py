"""Decodes the strips and tiles of a TIFF page into one array; never more bytes than the layout allows."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.reading.jpeg import decode_jpeg
from exoraw.assays.blot.reading.raster import Pixels
from exoraw.assays.blot.reading.tiff_layout import (
    DEFLATE,
    JPEG,
    LZW,
    NONE,
    OLD_DEFLATE,
    PACKBITS,
    Layout,
)
from exoraw.assays.blot.reading.tiff_structure import Directory
from exoraw.io.errors import FormatError

JPEG_TABLES, FILL_ORDER, JPEG_COLOUR_YCC, PHOTOMETRIC = 347, 266, 6, 262


def decode(page: Directory, layout: Layout) -> Pixels:
    """(rows, columns) or (rows, columns, samples) of a page, in this machine's byte order.

    Raises
    ------
    FormatError : a strip that cannot be decoded or is shorter than its pixels
    """
    native = layout.dtype.newbyteorder("=")
    picture = np.empty((layout.rows, layout.columns, layout.samples), dtype=native)
    per_plane = layout.down * layout.across
    for block, offset in enumerate(layout.offsets):
        plane, place = divmod(block, per_plane)
        down, across = divmod(place, layout.across)
        pixels = _block(page, layout, block, offset)
        top, left = down * layout.block_rows, across * layout.block_columns
        target = picture[top : top + layout.block_rows, left : left + layout.block_columns]
        if layout.planar:
            target = target[:, :, plane : plane + 1]
        target[...] = pixels[: target.shape[0], : target.shape[1]]
    return picture[:, :, 0] if layout.samples == 1 else picture


def _block(page: Directory, layout: Layout, block: int, offset: int) -> npt.NDArray[Any]:
    """(rows, columns, samples) of one strip or tile."""
    shape = (layout.height_of(block), layout.block_columns, layout.block_samples)
    stored = page.raw.array(offset, layout.counts[block])
    if layout.compression == JPEG:
        return _jpeg_block(page, layout, stored.tobytes(), shape, offset)
    data = _expand(page, layout, stored, layout.bytes_of(block), offset)
    if layout.predictor == 3:
        return _undo_float_differences(data, shape, layout.dtype.itemsize)
    pixels = data.view(layout.dtype).reshape(shape)
    if layout.predictor == 2:
        native = pixels.astype(layout.dtype.newbyteorder("="))
        unsigned = native.view(f"u{layout.dtype.itemsize}")  # differences wrap around
        return np.add.accumulate(unsigned, axis=1, dtype=unsigned.dtype).view(native.dtype)
    return pixels


def _expand(
    page: Directory, layout: Layout, stored: npt.NDArray[np.uint8], wanted: int, offset: int
) -> npt.NDArray[np.uint8]:
    """The bytes of a block before any predictor."""
    if layout.compression == NONE:
        return stored
    try:
        data = _decompress(layout.compression, stored.tobytes(), wanted)
    except (RuntimeError, ValueError, zlib.error) as error:
        advice = "The file is damaged; copy it again from the imager."
        found = str(error) or type(error).__name__
        raise FormatError(page.raw.path, offset, "a strip of sound pixels", found, advice) from error
    if len(data) < wanted:
        advice = "The file is cut off or damaged; copy it again from the imager."
        expected = f"a strip of {wanted:,} bytes"
        raise FormatError(page.raw.path, offset, expected, f"{len(data):,} bytes", advice)
    return np.frombuffer(data, dtype=np.uint8, count=wanted)


def _decompress(compression: int, data: bytes, wanted: int) -> bytes:
    """At most `wanted` bytes of a block (PackBits: its own limit is 64 per byte)."""
    if compression in (DEFLATE, OLD_DEFLATE):
        return zlib.decompressobj().decompress(data, wanted)
    import imagecodecs

    if compression == LZW:
        return bytes(imagecodecs.lzw_decode(data, out=wanted))
    assert compression == PACKBITS
    return bytes(imagecodecs.packbits_decode(data))


def _jpeg_block(
    page: Directory, layout: Layout, data: bytes, shape: tuple[int, int, int], offset: int
) -> npt.NDArray[Any]:
    entry = page.entries.get(JPEG_TABLES)
    tables = page.raw.array(entry.start, entry.count).tobytes() if entry else None
    pixels = decode_jpeg(page.raw.path, data, offset, shape, tables)
    return pixels.astype(layout.dtype.newbyteorder("="), copy=False)


def _undo_float_differences(
    data: npt.NDArray[np.uint8], shape: tuple[int, int, int], size: int
) -> npt.NDArray[Any]:
    """TIFF's predictor 3 (Adobe technical note 3): byte differences along a row, bytes grouped by weight."""
    rows, columns, samples = shape
    steps = data.reshape(rows, columns * size, samples)
    summed = np.add.accumulate(steps, axis=1, dtype=np.uint8).reshape(rows, size, columns * samples)
    grouped = np.ascontiguousarray(
        np.moveaxis(summed, 1, 2)
    )  # heaviest byte first, whatever the file's order
    return grouped.view(f">f{size}").reshape(shape)
