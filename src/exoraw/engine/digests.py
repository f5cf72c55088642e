"""Digests and headers of raw files that were read before, so that a second look at a folder is cheap."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from exoraw.io.errors import StoreError
from exoraw.io.inventory import DatasetHeader, Header, RawFile
from exoraw.store.disk import write_file

CACHE_VERSION = 2


@dataclass(frozen=True)
class Remembered:
    """A file as it was found, and when its name, content or rights last changed."""

    file: RawFile
    ctime_ns: int


@dataclass(frozen=True)
class DigestCache:
    """What is remembered of raw files.

    A digest is trusted while size, modification time and change time are the same (copying programs put
    the modification time back, the change time they cannot); a header while, besides, the code that read
    it is the same (`stamp`).
    """

    stamp: str
    files: Mapping[str, Remembered]
    headers_valid: bool

    def digest(self, path: str, found: os.stat_result) -> str:
        """Return the sha256 of an unchanged file, "" where it is not known."""
        known = self._same(path, found)
        return known.sha256 if known else ""

    def recognised(self, path: str, found: os.stat_result) -> RawFile | None:
        """Return the whole entry of an unchanged file, where its header is still valid."""
        return self._same(path, found) if self.headers_valid else None

    def _same(self, path: str, found: os.stat_result) -> RawFile | None:
        known = self.files.get(path)
        if known is None or known.ctime_ns != found.st_ctime_ns:
            return None
        same = (known.file.size, known.file.mtime_ns) == (found.st_size, found.st_mtime_ns)
        return known.file if same else None


def load_cache(place: Path | None, stamp: str) -> DigestCache:
    """Read the cache; a missing, damaged or older one is an empty one."""
    empty = DigestCache(stamp, {}, headers_valid=True)
    if place is None:
        return empty
    try:
        stored = json.loads(place.read_bytes())
        if stored["version"] != CACHE_VERSION:
            return empty
        files = {path: _from_entry(path, entry) for path, entry in stored["files"].items()}
        return DigestCache(stamp, files, headers_valid=stored["stamp"] == stamp)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return empty


def save_cache(place: Path, stamp: str, files: Mapping[str, Remembered]) -> None:
    """Write the cache beside the index; a disk that refuses costs only time, so it is no error."""
    entries = {path: _to_entry(known) for path, known in files.items()}
    content = json.dumps({"version": CACHE_VERSION, "stamp": stamp, "files": entries}, ensure_ascii=False)
    if place.parent.is_dir():  # only a run makes a results folder
        with contextlib.suppress(OSError, StoreError):
            write_file(place, content.encode())


def _to_entry(known: Remembered) -> dict[str, Any]:
    raw, header = known.file, known.file.header
    return {
        "sha256": raw.sha256,
        "size": raw.size,
        "mtime_ns": raw.mtime_ns,
        "ctime_ns": known.ctime_ns,
        "format": raw.format,
        "problem": raw.problem,
        "header": [header.make, header.model, header.serial, header.acquired_at],
        "datasets": [_plain(item) for item in header.datasets],
    }


def _plain(dataset: DatasetHeader) -> dict[str, Any]:
    plain = {item.name: getattr(dataset, item.name) for item in fields(dataset)}
    return {**plain, "fields": dict(dataset.fields)}


def _from_entry(path: str, entry: Mapping[str, Any]) -> Remembered:
    datasets = tuple(DatasetHeader(**item) for item in entry["datasets"])
    make, model, serial, acquired_at = entry["header"]
    file = RawFile(
        path=path,
        sha256=entry["sha256"],
        size=entry["size"],
        mtime_ns=entry["mtime_ns"],
        format=entry["format"],
        header=Header(datasets, make, model, serial, acquired_at),
        problem=entry["problem"],
    )
    return Remembered(file, entry["ctime_ns"])
