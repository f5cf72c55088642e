"""Opening raw files without being harmed by them: regular files only, and never more bytes than are there."""

from __future__ import annotations

import contextlib
import mmap
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from exoraw.io.errors import FormatError

MAX_DECLARED_RATIO = 10_000  # a header that declares more bytes than this times the file is refused
MAX_GZIP_RATIO = 1_000  # sequencing gzips reach 10, blank images 500; deflate itself ends at 1,032
MAX_RECORD = 1_000_000  # bytes of one line or record; the longest real read or table row is far below
_BLOCK = 1 << 20


@dataclass(frozen=True)
class RawBytes:
    """The bytes of a raw file, mapped read-only; nothing is loaded before it is asked for.

    A context manager: arrays taken from it stay good after the block and keep the mapping alive.
    """

    path: Path
    size: int
    _map: mmap.mmap

    def read(self, start: int, length: int, what: str) -> bytes:
        """Copy of `length` bytes from `start`. Raises FormatError where the file ends before."""
        if start < 0 or length < 0 or start + length > self.size:
            raise FormatError(
                self.path,
                max(0, min(start, self.size)),
                f"{what} ({length:,} bytes from byte {start:,})",
                f"a file of {self.size:,} bytes",
                "The file is cut off or its header is damaged; copy it again from the instrument.",
            )
        return self._map[start : start + length]

    def array(self, start: int, length: int) -> npt.NDArray[np.uint8]:
        """View of `length` bytes from `start`, clipped to the file; reads nothing yet."""
        start = max(0, min(start, self.size))
        length = max(0, min(length, self.size - start))
        return np.frombuffer(self._map, dtype=np.uint8, count=length, offset=start)

    def forget(self, start: int, length: int) -> None:
        """Let mapped pages go that were copied already; they come back from the disk when needed again."""
        first, end = start // mmap.PAGESIZE * mmap.PAGESIZE, min(start + length, self.size)
        if first < end and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
            self._map.madvise(mmap.MADV_DONTNEED, first, end - first)

    def __enter__(self) -> RawBytes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(BufferError):  # arrays look at the mapping: it goes with the last of them
            self._map.close()


def open_raw(path: Path, *, least: int = 1, expected: str = "a raw data file") -> RawBytes:
    """Map a raw file for reading; close the mapping by using it as a context manager.

    Parameters
    ----------
    path : the file
    least : bytes that the smallest sound file of this format has
    expected : the format in words, for the message

    Raises
    ------
    FormatError : no such file, no permission, a folder, pipe or device, or fewer bytes than `least`
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size < max(least, 1):
            found = "an empty file" if size == 0 else f"{size:,} bytes"
            advice = "The file was not written to its end; copy it again from the instrument."
            raise FormatError(path, size, f"{expected} of at least {least:,} bytes", found, advice)
        try:
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise FormatError(path, None, f"{expected} that can be read", str(error)) from error
    return RawBytes(path, size, mapped)


def open_regular(path: Path) -> FileIO:
    """Open an ordinary file for reading, without a buffer; a pipe or device is refused before it can block.

    Raises
    ------
    FormatError : no such file, no permission, or not an ordinary file
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
            raise FormatError(path, None, "an ordinary file", kind)
        return path.open("rb", buffering=0)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        advice = "Check the name, and whether you may read it."
        raise FormatError(path, None, "a file that can be opened", reason, advice) from error


def check_declared(path: Path, declared: int, on_disk: int, position: int | None, what: str) -> None:
    """Refuse a header that declares far more data than the file can hold, before anything is allocated.

    Parameters
    ----------
    declared : bytes that the decoded data would take
    on_disk : bytes that the file has for them
    position : byte offset of the declaration
    what : the data in words ("pixels of page 1")

    Raises
    ------
    FormatError : more than `MAX_DECLARED_RATIO` times the bytes on disk
    """
    if declared > MAX_DECLARED_RATIO * max(on_disk, 1):
        raise FormatError(
            path,
            position,
            f"{what}: at most {MAX_DECLARED_RATIO:,} times the {on_disk:,} bytes that the file has for it",
            f"a declared size of {declared:,} bytes",
            "The header is damaged or the file was made to harm; it was not read.",
        )


def gzip_blocks(path: Path) -> Iterator[bytes]:
    """Uncompressed bytes of a gzip file (several members too), in blocks of at most 1 MiB.

    Raises
    ------
    FormatError : not gzip, damaged, cut off, or more than `MAX_GZIP_RATIO` bytes out per byte in
    """
    taken = given = 0
    with open_regular(path) as file:
        member = zlib.decompressobj(wbits=31)
        fresh = True
        while piece := file.read(_BLOCK // 16):
            taken += len(piece)
            while piece:
                block = _inflate(path, member, piece, taken)
                fresh = False
                given += len(block)
                _check_ratio(path, given, taken)
                if block:
                    yield block
                piece = member.unconsumed_tail or member.unused_data
                if member.eof:
                    member, fresh, piece = zlib.decompressobj(wbits=31), True, piece.lstrip(b"\0")
        if not fresh or taken == 0:
            advice = "The file is cut off; copy or download it again."
            raise FormatError(path, taken, "the end of a gzip stream", "the end of the file", advice)


def _inflate(path: Path, member: zlib._Decompress, piece: bytes, position: int) -> bytes:
    try:
        return member.decompress(piece, _BLOCK)
    except zlib.error as error:
        advice = "Copy or download it again."
        raise FormatError(path, position, "a sound gzip stream", str(error), advice) from error


def _check_ratio(path: Path, given: int, taken: int) -> None:
    if given > MAX_GZIP_RATIO * taken + _BLOCK:  # one block of grace, or tiny sound files would be refused
        raise FormatError(
            path,
            taken,
            f"a gzip stream of at most {MAX_GZIP_RATIO:,}:1",
            f"{given:,} bytes from {taken:,}",
            "Sequencing and image data never compress this far; the file was not read.",
        )


def limited_lines(path: Path, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of a text that comes in blocks, without their line ends.

    Raises
    ------
    FormatError : a line longer than `MAX_RECORD` bytes
    """
    rest = b""
    position = 0
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for whole in lines:
            line = whole.removesuffix(b"\r")
            _check_record(path, position, len(line))
            position += len(whole) + 1
            yield line
        _check_record(path, position, len(rest.removesuffix(b"\r")))
    if rest:
        yield rest.removesuffix(b"\r")


def _check_record(path: Path, position: int, length: int) -> None:
    if length > MAX_RECORD:
        found = f"one of {length:,} bytes or more"
        raise FormatError(path, position, f"records of at most {MAX_RECORD:,} bytes", found)
