"""Keeping the results as they were when the paper went out: tables, evidence and report under a name."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from exoraw import __version__
from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.difference import Difference, diff
from exoraw.store.disk import TEMPORARY, explaining_full_disk, sync_folder, temporary_beside, write_json
from exoraw.store.lock import holds_lock, locked
from exoraw.store.manifest import read_manifest
from exoraw.store.results import Results

__all__ = ["Difference", "check_frozen", "diff", "freeze", "frozen_names"]

SEAL = "frozen.json"  # what is in a frozen view, with the digest of every file
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BLOCK = 2**20
_KEPT = ("*.parquet", layout.MANIFEST, layout.PACKAGE, "report.html")


@dataclass(frozen=True)
class Damage:
    """A file of a frozen view that is not what was frozen."""

    path: str
    problem: str


def freeze(results: Path, name: str) -> Path:
    """Copy the present view (tables, evidence, report) to results/frozen/NAME and seal it.

    The copy is whole or not there at all; a later run, clean or freeze never touches it. It opens like a
    results folder: `exoraw.open("results/frozen/submitted")`.

    Raises
    ------
    StoreError : a name that is no plain folder name or is taken, no results, or a run is at work
    DiskFull : no space; nothing is left behind
    """
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise StoreError(
            f'"{name}" cannot be the name of a frozen view: use letters, digits, dot, hyphen and underscore, '
            "for example submitted-2026-11."
        )
    read_manifest(results)
    target = results / layout.FROZEN / name
    if target.exists():
        raise StoreError(
            f"{target} is there already, and a frozen view is never overwritten. Choose another name; "
            f"`exoraw diff {target} {results}` shows what has changed since."
        )
    if holds_lock(results):
        return _freeze(results, target)
    with locked(results):
        return _freeze(results, target)


def _freeze(results: Path, target: Path) -> Path:
    temporary = temporary_beside(target)
    try:
        with explaining_full_disk(target):
            temporary.mkdir(parents=True)
            files = [_copy(results, temporary, path) for path in _view_files(results)]
            write_json(
                temporary / SEAL,
                {
                    "name": target.name,
                    "frozen_at": datetime.now(UTC).isoformat("T", "seconds"),
                    "exoraw": __version__,
                    "files": files,
                },
            )
            os.rename(temporary, target)  # noqa: PTH104  refuses where another freeze was quicker
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return target


def _view_files(results: Path) -> Iterator[Path]:
    """Return what the view consists of, relative to the results folder: tables, report, shown evidence."""
    for pattern in _KEPT:
        yield from (path.relative_to(results) for path in sorted(results.glob(pattern)))
    for path in Results(results).arrow("artefacts")["path"].to_pylist():
        if (results / path).is_file():
            yield Path(path)


def _copy(results: Path, folder: Path, path: Path) -> dict[str, str | int]:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with (results / path).open("rb") as source, target.open("xb") as copy:
        while block := source.read(_BLOCK):
            digest.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return {"path": path.as_posix(), "size": target.stat().st_size, "sha256": digest.hexdigest()}


def frozen_names(results: Path) -> list[str]:
    """Return the names of the frozen views of a results folder."""
    folder = results / layout.FROZEN
    found = sorted(path.parent.name for path in folder.glob(f"*/{SEAL}"))
    return [name for name in found if not name.endswith(TEMPORARY)]


def check_frozen(folder: Path) -> list[Damage]:
    """Hold every file of a frozen view against its digest; return what differs, missing files included.

    Raises StoreError where the folder is no frozen view.
    """
    try:
        files = json.loads((folder / SEAL).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{folder} is not a frozen view: it has no readable {SEAL}.") from error
    damages = []
    for item in files:
        path = folder / item["path"]
        if not path.is_file():
            damages.append(Damage(item["path"], "missing"))
        elif _digest(path) != item["sha256"]:
            damages.append(Damage(item["path"], "changed since it was frozen"))
    return damages


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
