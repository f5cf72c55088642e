"""What is committed: the resume index of a results folder, read from its commit rows."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import TEMPORARY, replace
from exoraw.store.lock import require_lock
from exoraw.store.manifest import refuse_other_major
from exoraw.store.rows import EVIDENCE, Part, TaskRow, from_record

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ignored:
    """A commit row that does not count, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Index:
    """The committed tasks.

    Parameters
    ----------
    rows : task id -> its newest sound attempt
    superseded : older sound attempts
    ignored : rows whose parts are missing or short, or that cannot be read
    """

    rows: Mapping[str, TaskRow]
    superseded: tuple[TaskRow, ...]
    ignored: tuple[Ignored, ...]


def committed(results: Path) -> dict[str, TaskRow]:
    """Return task id -> newest sound attempt; unsound rows are left out and logged as warnings."""
    index = read_index(results)
    for item in index.ignored:
        _log.warning("%s: %s; it will be computed again", item.name, item.reason)
    return dict(index.rows)


def read_index(results: Path) -> Index:
    """Read every commit row of a results folder; an absent folder is an empty index.

    Raises StoreError where the folder was written in another schema major: its rows mean something else.
    """
    refuse_other_major(results)
    ignored: list[Ignored] = []
    present = _sizes(results)
    sound: dict[str, list[TaskRow]] = {}
    for row in _all_rows(results, ignored):
        problem = _problem(row, present)
        if problem:
            ignored.append(Ignored(row.name, problem))
        else:
            sound.setdefault(row.task_id, []).append(row)
    for attempts in sound.values():
        attempts.sort(key=lambda row: row.attempt)
    return Index(
        rows={task_id: attempts[-1] for task_id, attempts in sound.items()},
        superseded=tuple(row for attempts in sound.values() for row in attempts[:-1]),
        ignored=tuple(ignored),
    )


def next_attempt(results: Path, task_id: str) -> int:
    """Return the first attempt number of this task that nobody has taken."""
    attempt = 1
    while (
        layout.row_path(results, f"{task_id}.{attempt}").exists()
        or layout.claim_path(results, f"{task_id}.{attempt}").exists()
    ):
        attempt += 1
    return attempt


def read_part(results: Path, row: TaskRow, table: str) -> pa.Table | None:
    """Return the rows a task wrote for one table, or None where it wrote none.

    Raises StoreError where the file is not the one that was committed; the task then leaves the index, so
    the next run computes it again.
    """
    for part in row.part_list():
        if part.table == table:
            return checked_part(results, row, part).read_all()
    return None


def checked_part(results: Path, row: TaskRow, part: Part) -> pa.ipc.RecordBatchFileReader:
    """Open a part, held against its digest; see read_part for what happens otherwise.

    The file is mapped, not loaded: a large table is read piece by piece.
    """
    try:
        content = pa.memory_map(str(results / part.path)).read_buffer()
    except (OSError, pa.ArrowInvalid):
        content = pa.py_buffer(b"")
    if hashlib.sha256(content).hexdigest() != part.sha256:
        discard(results, row)
        raise StoreError(
            f"{part.path} is not the file that the task {row.unit} wrote (missing, damaged or edited). The "
            "task was taken out of the index: run `exoraw run` again and it is computed anew."
        )
    return pa.ipc.open_file(content)


def discard(results: Path, row: TaskRow) -> None:
    """Take one attempt out of the index; its number stays taken."""
    with contextlib.suppress(FileNotFoundError):
        replace(layout.row_path(results, row.name), layout.claim_path(results, row.name))


def sweep(results: Path) -> int:
    """Remove temporary files and the parts of attempts that were never committed; return how many.

    Needs the lock of the folder. Attempt numbers of such leftovers stay taken, so a worker that outlived
    its killed run cannot meet the files of a later one.
    """
    require_lock(results)
    named = {part.path for row in _all_rows(results, []) for part in row.part_list()}
    removed = 0
    for folder in _private_folders(results):
        for entry in os.scandir(folder):
            relative = f"{layout.STORE}/{folder.name}/{entry.name}"
            uncommitted = entry.name.endswith(layout.PART) and relative not in named
            if entry.name.endswith(TEMPORARY) or uncommitted:
                removed += _remove(Path(entry.path))
    return removed + _sweep_evidence(results, named) + _sweep_temporary(results)


def _sweep_evidence(results: Path, named: set[str]) -> int:
    folder = results / EVIDENCE
    folders_named = {path.rpartition("/")[0] for path in named if path.startswith(f"{EVIDENCE}/")}
    removed = 0
    for entry in os.scandir(folder) if folder.is_dir() else ():
        if f"{EVIDENCE}/{entry.name}" not in folders_named:
            removed += _remove(Path(entry.path))
    return removed


def _sweep_temporary(results: Path) -> int:
    folders = (results, layout.store(results))
    leftovers = [path for folder in folders for path in folder.glob(f".*{TEMPORARY}")]
    return sum(_remove(path) for path in leftovers)


def _remove(path: Path) -> int:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        _log.warning("%s could not be removed: %s", path, error)
        return 0
    return 1


def _private_folders(results: Path) -> list[Path]:
    store = layout.store(results)
    return [path for path in store.iterdir() if path.is_dir()] if store.is_dir() else []


def _all_rows(results: Path, ignored: list[Ignored]) -> list[TaskRow]:
    rows = []
    names = sorted(entry.name for entry in _entries(layout.rows_folder(results)))
    for name in names:
        if name.endswith(layout.ROW) and not name.startswith("."):
            try:
                rows.append(from_record((layout.rows_folder(results) / name).read_text("utf-8")))
            except (OSError, ValueError, TypeError) as error:
                ignored.append(Ignored(name[: -len(layout.ROW)], f"its commit row cannot be read ({error})"))
    return rows


def _sizes(results: Path) -> dict[str, int]:
    """Return the size of every part, and the evidence folders that exist (size 0)."""
    sizes: dict[str, int] = {}
    for folder in _private_folders(results):
        prefix = f"{layout.STORE}/{folder.name}/"
        parts = (entry for entry in _entries(folder) if entry.name.endswith(layout.PART))
        sizes.update((prefix + entry.name, entry.stat().st_size) for entry in parts)
    sizes.update((f"{EVIDENCE}/{entry.name}", 0) for entry in _entries(results / EVIDENCE))
    return sizes


def _entries(folder: Path) -> Iterable[os.DirEntry[str]]:
    return os.scandir(folder) if folder.is_dir() else ()


def _problem(row: TaskRow, present: Mapping[str, int]) -> str:
    for part in row.part_list():
        if part.table == EVIDENCE:
            if part.path.rpartition("/")[0] not in present:
                return f"its evidence folder {part.path.rpartition('/')[0]} is gone"
        elif part.path not in present:
            return f"its file {part.path} is missing"
        elif present[part.path] != part.size:
            return f"its file {part.path} has {present[part.path]:,} bytes instead of {part.size:,}"
    return ""
