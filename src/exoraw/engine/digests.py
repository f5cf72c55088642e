"""Digests and headers of raw files that were read before, so that a second look at a folder is cheap."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from exoraw.io.errors import StoreError
from exoraw.io.inventory import DatasetHeader, Header, RawFile
from exoraw.store.disk import write_file

CACHE_VERSION = 1


@dataclass(frozen=True)
class DigestCache:
    """What is remembered of raw files.

    A digest is trusted while size and modification time are the same; a header while, besides, the code
    that read it is the same (`stamp`).
    """

    stamp: str
    files: Mapping[str, RawFile]
    headers_valid: bool

    def digest(self, path: str, size: int, mtime_ns: int) -> str:
        """Return the sha256 of an unchanged file, "" where it is not known."""
        known = self._same(path, size, mtime_ns)
        return known.sha256 if known else ""

    def recognised(self, path: str, size: int, mtime_ns: int) -> RawFile | None:
        """Return the whole entry of an unchanged file, where its header is still valid."""
        known = self._same(path, size, mtime_ns)
        return known if known and self.headers_valid else None

    def _same(self, path: str, size: int, mtime_ns: int) -> RawFile | None:
        known = self.files.get(path)
        if known and known.sha256 and (known.size, known.mtime_ns) == (size, mtime_ns):
            return known
        return None


def load_cache(place: Path | None, stamp: str) -> DigestCache:
    """Read the cache; a missing, damaged or older one is an empty one."""
    empty = DigestCache(stamp, {}, headers_valid=True)
    if place is None:
        return empty
    try:
        stored = json.loads(place.read_bytes())
        if stored["version"] != CACHE_VERSION:
            return empty
        files = {path: _to_file(path, entry) for path, entry in stored["files"].items()}
        return DigestCache(stamp, files, headers_valid=stored["stamp"] == stamp)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return empty


def save_cache(place: Path, stamp: str, files: Mapping[str, RawFile]) -> None:
    """Write the cache beside the index; a disk that refuses costs only time, so it is no error."""
    entries = {path: _from_file(raw) for path, raw in files.items()}
    content = json.dumps({"version": CACHE_VERSION, "stamp": stamp, "files": entries}, ensure_ascii=False)
    if place.parent.is_dir():  # only a run makes a results folder
        with contextlib.suppress(OSError, StoreError):
            write_file(place, content.encode())


def _from_file(raw: RawFile) -> dict[str, Any]:
    header = raw.header
    return {
        "sha256": raw.sha256,
        "size": raw.size,
        "mtime_ns": raw.mtime_ns,
        "format": raw.format,
        "problem": raw.problem,
        "header": [header.make, header.model, header.serial, header.acquired_at],
        "datasets": [_plain(item) for item in header.datasets],
    }


def _plain(dataset: DatasetHeader) -> dict[str, Any]:
    plain = {item.name: getattr(dataset, item.name) for item in fields(dataset)}
    return {**plain, "fields": dict(dataset.fields)}


def _to_file(path: str, entry: Mapping[str, Any]) -> RawFile:
    datasets = tuple(DatasetHeader(**item) for item in entry["datasets"])
    make, model, serial, acquired_at = entry["header"]
    return RawFile(
        path=path,
        sha256=entry["sha256"],
        size=entry["size"],
        mtime_ns=entry["mtime_ns"],
        format=entry["format"],
        header=Header(datasets, make, model, serial, acquired_at),
        problem=entry["problem"],
    )
