"""One run at a time in a results folder; readers never lock."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import filelock

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import explaining_full_disk, write_json

_held: set[Path] = set()  # results folders this process has locked


@contextlib.contextmanager
def locked(results: Path) -> Iterator[None]:
    """Hold the results folder for one run or clean-up; the folder is created where it is missing.

    The system releases the lock when its holder ends, also by `kill -9`. A file beside the lock names
    the holder (process number and start, neither host nor user).

    Raises
    ------
    StoreError : another run is at work (its process, since when), or the disk cannot lock files
    """
    with explaining_full_disk(results):
        layout.store(results).mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(layout.store(results) / "lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise StoreError(_at_work(results)) from error
    except NotImplementedError as error:
        raise StoreError(
            f"{results} lies on a disk that cannot lock files. Put `results:` on another disk."
        ) from error
    place = results.resolve()
    try:
        _held.add(place)
        write_json(
            _holder(results), {"pid": os.getpid(), "since": datetime.now(UTC).isoformat("T", "seconds")}
        )
        yield
    finally:
        _held.discard(place)
        with contextlib.suppress(OSError):
            _holder(results).unlink()
        lock.release()


def holds_lock(results: Path) -> bool:
    """Return whether this process holds the lock of this folder."""
    return results.resolve() in _held


def require_lock(results: Path) -> None:
    """Raise StoreError unless this process holds the lock: something is about to be removed."""
    if not holds_lock(results):
        raise StoreError(f"{results}: clean-up without the lock of the folder; wrap it in `locked(results)`.")


def _holder(results: Path) -> Path:
    return layout.store(results) / "lock.holder.json"


def _at_work(results: Path) -> str:
    try:
        holder = json.loads(_holder(results).read_text("utf-8"))
        who = f" (process {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        who = ""
    return f"Another run is at work in {results}{who}. Wait until it ends, or stop it there first."
