"""`exoraw clean`: removing the stored outcomes that no number of the present study needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import TEMPORARY, replace
from exoraw.store.index import Index, read_index
from exoraw.store.lock import holds_lock, locked
from exoraw.store.rows import EVIDENCE, TaskRow


@dataclass(frozen=True)
class Cleaned:
    """What was removed, or would be.

    Parameters
    ----------
    tasks : outcomes of tasks that are not in the plan
    attempts : older attempts of tasks that are
    leftovers : temporary files and outcomes that were never committed or are damaged
    files, bytes : what all of these take on disk
    """

    tasks: int
    attempts: int
    leftovers: int
    files: int
    bytes: int

    def lines(self) -> list[str]:
        """Return the same in words."""
        return [
            f"{self.tasks:,} outcomes of tasks that the study does not contain any more",
            f"{self.attempts:,} earlier attempts, replaced by a later one",
            f"{self.leftovers:,} leftovers of stopped runs",
            f"together {self.files:,} files, {self.bytes / 1e6:,.1f} MB",
        ]


def clean(results: Path, keep: Collection[str], dry_run: bool) -> Cleaned:
    """Remove outcomes that are not in the plan, replaced attempts and leftovers; frozen views stay.

    Parameters
    ----------
    keep : task ids of the present plan
    dry_run : only count

    Raises
    ------
    StoreError : a run is at work, or no results folder
    """
    if not layout.store(results).is_dir():
        raise StoreError(f"{results} is not a results folder of exoraw: there is nothing to clean.")
    with nullcontext() if holds_lock(results) else locked(results):
        index = read_index(results)
        unwanted = [row for row in index.rows.values() if row.task_id not in keep]
        kept = {row.name for row in index.rows.values() if row.task_id in keep}
        files = _files_of(results, [*unwanted, *index.superseded])
        leftovers = _leftovers(results, index, kept, set(files))
        found = [*files, *leftovers]
        cleaned = Cleaned(
            tasks=len(unwanted),
            attempts=len(index.superseded),
            leftovers=len(leftovers),
            files=len(found),
            bytes=sum(path.stat().st_size for path in found),
        )
        if not dry_run:
            _remove(results, found, keep)
    return cleaned


def _files_of(results: Path, rows: Sequence[TaskRow]) -> list[Path]:
    """Return the files of these attempts, commit rows first: once a row is gone, its parts do not count."""
    paths = [layout.row_path(results, row.name) for row in rows]
    paths += [results / part.path for row in rows for part in row.part_list()]
    return [path for path in paths if path.exists()]


def _leftovers(results: Path, index: Index, kept: set[str], named: set[Path]) -> list[Path]:
    """Return files of attempts that do not count: never committed, damaged, or still temporary."""
    found = [layout.row_path(results, item.name) for item in index.ignored]
    for folder in (path for path in layout.store(results).iterdir() if path.is_dir()):
        found += [path for path in folder.glob(f"*{layout.PART}") if path.stem not in kept]
        found += folder.glob(f".*{TEMPORARY}")
    evidence = results / EVIDENCE
    for folder in evidence.iterdir() if evidence.is_dir() else ():
        if folder.name not in kept:
            found += folder.rglob("*")
    for folder in (results, layout.store(results)):
        found += folder.glob(f".*{TEMPORARY}")
    return [path for path in dict.fromkeys(found) if path not in named and path.is_file()]


def _remove(results: Path, files: Iterable[Path], keep: Collection[str]) -> None:
    """Remove files; attempt numbers of tasks that stay in the plan remain taken."""
    for path in files:
        if path.suffix == layout.ROW and path.parent == layout.rows_folder(results):
            replace(path, path.with_suffix(layout.CLAIM))
        else:
            path.unlink(missing_ok=True)
    for claim in layout.rows_folder(results).glob(f"*{layout.CLAIM}"):
        if claim.name.partition(".")[0] not in keep:
            claim.unlink(missing_ok=True)
    evidence = results / EVIDENCE
    for folder in evidence.iterdir() if evidence.is_dir() else ():
        with suppress(OSError):  # not empty: in use
            folder.rmdir()
