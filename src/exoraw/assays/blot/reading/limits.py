"""How large a picture may be, told from its header before a single pixel is decoded."""

from __future__ import annotations

from pathlib import Path

from exoraw.io.errors import FormatError
from exoraw.io.guard import check_declared

# A Typhoon at 50 um over its whole bed is 147 MB in 16 bits. Larger ones are read too, but only when the
# file itself is large: a small file must not be able to ask for more.
MAX_IMAGE_BYTES = 160_000_000
MAX_GROWTH = 4  # decoded bytes per byte on disk, above MAX_IMAGE_BYTES
LEAST_SIDE = 2  # pixels


def check_size(path: Path, shape: tuple[int, int], pixel_bytes: int, on_disk: int, position: int) -> None:
    """Refuse a picture without pixels, or with far more of them than its file can hold.

    Parameters
    ----------
    shape : rows, columns as declared
    pixel_bytes : bytes of one decoded pixel, all its colours together
    on_disk : bytes of the file
    position : byte offset of the declaration

    Raises
    ------
    FormatError : a side below 2 pixels, more than 10,000 times the bytes on disk, or more than 160 MB that
        the file does not have in at least a quarter of that size
    """
    rows, columns = shape
    if min(rows, columns) < LEAST_SIDE:
        raise FormatError(
            path,
            position,
            "a picture of at least 2 x 2 pixels",
            f"{columns:,} x {rows:,} pixels",
            "The header is damaged; export the picture again.",
        )
    declared = rows * columns * pixel_bytes
    check_declared(path, declared, on_disk, position, f"a picture of {columns:,} x {rows:,} pixels")
    if declared > max(MAX_IMAGE_BYTES, MAX_GROWTH * on_disk):
        raise FormatError(
            path,
            position,
            f"a picture of at most {MAX_IMAGE_BYTES // 1_000_000} MB, or {MAX_GROWTH} times its file",
            f"{columns:,} x {rows:,} pixels, {declared // 1_000_000:,} MB, in a file of {on_disk:,} bytes",
            "Save the picture without compression, or crop it to the membrane.",
        )
