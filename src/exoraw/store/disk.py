"""Writing a file so that a reader, a power cut or a kill never meets half of it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exoraw.io.errors import StoreError

REPLACE_WAITS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0)  # virus scanners on Windows hold a new file for a moment
TEMPORARY = ".tmp"  # suffix of a file that is still being written

_BINARY = getattr(os, "O_BINARY", 0)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
_NEW_PART = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota of this account is used up",
    errno.EFBIG: "the file is larger than this disk or account allows",
}


class DiskFull(StoreError):  # noqa: N818  the contract's word; says what is, like FileExists
    """The results folder cannot grow; what is committed stays as it is."""


@contextlib.contextmanager
def explaining_full_disk(path: Path) -> Iterator[None]:
    """Turn "no space" from the system into DiskFull, in words; every other error passes through."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"{path}: {_FULL[error.errno]}. Everything computed so far is kept: free some space and run the "
            "same command again, it goes on where it stopped."
        ) from error


def temporary_beside(path: Path) -> Path:
    """Return an unused hidden name in the same folder, so that the final rename stays on one disk."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}")


def replace(source: Path, target: Path) -> None:
    """`os.replace`, tried again while another program holds the target open (Windows)."""
    for wait in REPLACE_WAITS_S:
        try:
            os.replace(source, target)  # noqa: PTH105  Path.replace is this very call; tests watch it here
        except PermissionError:
            time.sleep(wait)
        else:
            return
    try:
        os.replace(source, target)  # noqa: PTH105
    except PermissionError as error:
        raise StoreError(
            f"{target} cannot be replaced: another program holds it open. Close it there (Excel? a viewer?) "
            "and run the same command again."
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can (not on Windows)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems cannot; the rename itself is still atomic
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Hand out a temporary path; on success its content is synced and takes the place of `path`.

    On any error the temporary file is removed and `path` stays as it was. The folder itself is synced by
    the caller, once for many files. Raises DiskFull.
    """
    temporary = temporary_beside(path)
    try:
        with explaining_full_disk(path):
            yield temporary
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
        replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_file(path: Path, content: bytes | memoryview) -> None:
    """Put `content` at `path`: temporary file in the same folder, fsync, rename. Raises DiskFull."""
    temporary = temporary_beside(path)
    try:
        with explaining_full_disk(path):
            handle = os.open(temporary, _NEW_FILE, 0o666)
            try:
                _write_all(handle, content)
                os.fsync(handle)
            finally:
                os.close(handle)
        replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_part(path: Path, content: bytes | memoryview) -> None:
    """Write a file that counts only once a commit row names it, with its size and digest. Raises DiskFull.

    It is written in place and left to the system to flush: until the row is there nobody looks at it, and
    a row whose part a power cut made short or wrong does not count. Six flushed renames a task cost more
    CPU than a small task.
    """
    try:
        with explaining_full_disk(path):
            handle = os.open(path, _NEW_PART, 0o666)
            try:
                _write_all(handle, content)
            finally:
                os.close(handle)
    except DiskFull:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _write_all(handle: int, content: bytes | memoryview) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def write_json(path: Path, value: Any) -> None:
    """Put a value as readable JSON at `path`, atomically."""
    write_file(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False).encode())


def read_parquet(path: Path) -> pa.Table:
    """Read a Parquet file, opening it once: one that is replaced meanwhile is read whole, as it was.

    `pyarrow.parquet.read_table(path)` opens a file twice and may meet two versions of it. One thread reads:
    Arrow's own threads that hold a Python file may still be at work when the interpreter ends, and abort it
    (apache/arrow#34314).
    """
    with path.open("rb") as file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        return parquet.read(use_threads=False)
