"""How a TIFF page stores its pixels: geometry, sample type, compression; refused if it cannot be true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.blot.reading.limits import check_size
from exoraw.assays.blot.reading.tiff_structure import Directory
from exoraw.io.errors import FormatError

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS, SAMPLE_FORMAT = 322, 323, 324, 325, 339

NONE, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 7, 8, 32946, 32773
COMPRESSIONS = {
    NONE: "uncompressed", LZW: "LZW", JPEG: "JPEG", DEFLATE: "deflate", OLD_DEFLATE: "deflate",
    PACKBITS: "PackBits",
}  # fmt: skip
# decoded bytes that one stored byte can become at most: deflate by its definition, PackBits 128 from 2,
# LZW 4,096 growing strings in 12-bit codes; JPEG a blank 8 x 8 block of 3 colours in 6 bits, with reserve
MOST_FROM_A_BYTE = {NONE: 1, LZW: 1_400, JPEG: 1_000, DEFLATE: 1_032, OLD_DEFLATE: 1_032, PACKBITS: 64}
_GRACE = 64  # bytes, so that tiny blocks of few codes pass
_SAMPLE_LETTERS = {1: "u", 2: "i", 3: "f", 4: "u"}
_KNOWN_TYPES = {"u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"}
MAX_SAMPLES = 8
MAX_BLOCKS = 200_000


@dataclass(frozen=True)
class Layout:
    """Where the pixels of a page are and what they look like.

    Parameters
    ----------
    rows, columns, samples : of the picture; samples are its colours (and alpha)
    dtype : of a stored sample, with the file's byte order
    block_rows, block_columns : of a strip (its columns are the picture's) or a tile
    offsets, counts : of the blocks, row by row, plane by plane where `planar`
    """

    rows: int
    columns: int
    samples: int
    dtype: np.dtype[np.generic]
    compression: int
    predictor: int
    planar: bool
    tiled: bool
    block_rows: int
    block_columns: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]

    @property
    def block_samples(self) -> int:
        """Samples of a pixel that lie together in a block."""
        return 1 if self.planar else self.samples

    @property
    def down(self) -> int:
        """Blocks from top to bottom."""
        return -(-self.rows // self.block_rows)

    @property
    def across(self) -> int:
        """Blocks from left to right."""
        return -(-self.columns // self.block_columns)

    def height_of(self, block: int) -> int:
        """Rows that a block holds: tiles are padded, the last strip is shorter."""
        if self.tiled:
            return self.block_rows
        row = block % self.down
        return min(self.block_rows, self.rows - row * self.block_rows)

    def bytes_of(self, block: int) -> int:
        """Decoded length of a block."""
        return self.height_of(block) * self.block_columns * self.block_samples * self.dtype.itemsize

    @property
    def words(self) -> str:
        """In words: "16-bit grey, LZW"."""
        number = "floating point " if self.dtype.kind == "f" else "signed " if self.dtype.kind == "i" else ""
        colours = {1: "grey", 3: "colour", 4: "colour"}.get(self.samples, f"{self.samples} samples")
        parts = [f"{8 * self.dtype.itemsize}-bit {number}{colours}", COMPRESSIONS[self.compression]]
        parts += ["planar"] * self.planar + ["tiled"] * self.tiled
        return ", ".join(parts)


def layout_of(page: Directory) -> Layout:
    """Layout of a page; everything in it is held against the size of the file.

    Raises
    ------
    FormatError : a tag that is needed is missing, or what it says cannot be or is not supported
    """
    rows, columns = _needed(page, HEIGHT, "a height"), _needed(page, WIDTH, "a width")
    samples = page.integer(SAMPLES, 1)
    if not 1 <= samples <= MAX_SAMPLES:
        place = page.place(SAMPLES)
        raise FormatError(page.raw.path, place, f"1 to {MAX_SAMPLES} samples a pixel", f"{samples}")
    dtype = _dtype(page)
    check_size(page.raw.path, (rows, columns), samples * dtype.itemsize, page.raw.size, page.place(WIDTH))
    compression = _compression(page)
    predictor = page.integer(PREDICTOR, 1)
    sound = {1, 2} if dtype.kind != "f" else {1, 2, 3}
    if predictor not in sound:
        place = page.place(PREDICTOR)
        raise FormatError(page.raw.path, place, f"a predictor of {sorted(sound)}", f"{predictor}")
    planar = page.integer(PLANAR, 1) == 2 and samples > 1
    layout = _blocks(page, Layout(
        rows, columns, samples, dtype, compression, predictor, planar, False, rows, columns, (), ()
    ))  # fmt: skip
    _check_blocks(page, layout)
    return layout


def _needed(page: Directory, code: int, what: str) -> int:
    value = page.integer(code, -1)
    if value < 0:
        advice = "The file holds no picture, or its header is damaged."
        raise FormatError(page.raw.path, page.position, f"a page with {what} (tag {code})", "none", advice)
    return value


def _dtype(page: Directory) -> np.dtype[np.generic]:
    """Type of one sample; all samples of a pixel must have the same."""
    path = page.raw.path
    bits = {int(value) for value in _integers(page, BITS, 1)}
    kinds = {int(value) for value in _integers(page, SAMPLE_FORMAT, 1)}
    letters = f"{_SAMPLE_LETTERS.get(min(kinds), '?')}{min(bits) / 8:g}"
    if len(bits) > 1 or len(kinds) > 1 or letters not in _KNOWN_TYPES:
        found = f"{'/'.join(map(str, sorted(bits)))} bits, sample format {'/'.join(map(str, sorted(kinds)))}"
        advice = (
            "A picture of 1 bit has no intensities left; other depths must be exported again as 8 or 16 bits."
        )
        expected = "samples of 8, 16 or 32 bits (64 for floating point)"
        raise FormatError(path, page.place(BITS), expected, found, advice)
    return np.dtype(page.dialect.order + letters)


def _integers(page: Directory, code: int, default: int) -> tuple[int, ...]:
    values = page.numbers(code)
    if values is None or values.dtype.kind not in "ui":
        return (default,)
    return tuple(int(value) for value in values[:MAX_SAMPLES])


def _compression(page: Directory) -> int:
    compression = page.integer(COMPRESSION, NONE)
    if compression not in COMPRESSIONS:
        raise FormatError(
            page.raw.path,
            page.place(COMPRESSION),
            f"a compression of {', '.join(sorted(set(COMPRESSIONS.values())))}",
            f"number {compression}",
            "Save the picture again without compression.",
        )
    return compression


def _blocks(page: Directory, whole: Layout) -> Layout:
    """The layout with its strips or tiles."""
    tiled = TILE_OFFSETS in page.entries or TILE_WIDTH in page.entries
    if tiled:
        high, wide = _needed(page, TILE_LENGTH, "a tile height"), _needed(page, TILE_WIDTH, "a tile width")
    else:
        high, wide = min(page.integer(ROWS_PER_STRIP, whole.rows), whole.rows), whole.columns
    if high < 1 or wide < 1:
        raise FormatError(
            page.raw.path, page.position, "strips or tiles of at least 1 pixel", f"{wide} x {high}"
        )
    check_size(
        page.raw.path, (max(high, 2), max(wide, 2)), whole.samples * whole.dtype.itemsize, page.raw.size,
        page.position,
    )  # fmt: skip
    codes = (TILE_OFFSETS, TILE_COUNTS) if tiled else (STRIP_OFFSETS, STRIP_COUNTS)
    fields = {**vars(whole), "tiled": tiled, "block_rows": high, "block_columns": wide}
    bare = Layout(**fields)
    number = bare.down * bare.across * (bare.samples if bare.planar else 1)
    if number > MAX_BLOCKS:
        raise FormatError(page.raw.path, page.position, f"at most {MAX_BLOCKS:,} strips", f"{number:,}")
    offsets = _table(page, codes[0], number, "offsets")
    counts = _table(page, codes[1], number, "lengths") if codes[1] in page.entries else None
    if counts is None and whole.compression != NONE and number == 1:
        counts = (page.raw.size - offsets[0],)
    if counts is None and whole.compression != NONE:
        raise FormatError(page.raw.path, page.position, "lengths of the compressed strips", "none")
    expected = tuple(bare.bytes_of(block) for block in range(number))
    if whole.compression == NONE:  # many programs write lengths of 0 or of whole strips; the pixels decide
        counts = expected
    return Layout(**{**fields, "offsets": offsets, "counts": counts})


def _table(page: Directory, code: int, number: int, what: str) -> tuple[int, ...]:
    """The offsets or lengths of all blocks."""
    values = page.numbers(code)
    if values is None or values.dtype.kind not in "ui" or len(values) < number:
        found = "none" if values is None else f"{len(values):,}"
        expected = f"{what} of {number:,} strips or tiles (tag {code})"
        advice = "The header is damaged; export the picture again."
        raise FormatError(page.raw.path, page.place(code), expected, found, advice)
    return tuple(int(value) for value in values[:number])


def _check_blocks(page: Directory, layout: Layout) -> None:
    """Every block must lie in the file, be able to hold its pixels, and not be counted over and over."""
    path, size = page.raw.path, page.raw.size
    most = MOST_FROM_A_BYTE[layout.compression]
    for block, (offset, count) in enumerate(zip(layout.offsets, layout.counts, strict=True)):
        if offset + count > size:
            advice = "The file is cut off or its header is damaged; copy it again from the imager."
            expected = f"strip {block + 1} of {count:,} bytes"
            raise FormatError(path, min(offset, size), expected, f"a file of {size:,} bytes", advice)
        wanted = layout.bytes_of(block)
        if wanted > most * count + _GRACE * (layout.compression != NONE):
            found = f"{count:,} bytes, which can hold {most * count:,} at most"
            advice = "The header is damaged; export the picture again."
            raise FormatError(path, offset, f"strip {block + 1} of {wanted:,} bytes of pixels", found, advice)
    if sum(layout.counts) > 2 * size:
        found = f"strips of {sum(layout.counts):,} bytes together"
        raise FormatError(path, page.position, f"pixels within a file of {size:,} bytes", found)
