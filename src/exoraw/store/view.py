"""The public tables of a results folder: put together from the parts of the plan's tasks, replaced whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import explaining_full_disk, replacing, sync_folder, write_file
from exoraw.store.manifest import read_manifest, write_manifest
from exoraw.store.matrices import publish_matrices
from exoraw.store.merge import Previous, Spans, write_large, write_small
from exoraw.store.package import write_datapackage
from exoraw.store.parts import OwnRows, Piece, digest_of, own_rows, task_pieces
from exoraw.store.rows import EVIDENCE, TaskRow, task_table, to_record
from exoraw.store.runs import run_table

ALWAYS = ("measurements", "findings", "artefacts", "figures", "methods")  # written also when empty
LARGE = "objects_"  # tables of this kind are written piece by piece
INTERIM_BYTES = 64 * 2**20  # a table of objects larger than this waits for the end of the run
INTERIM_SHARE = 0.05  # of a run's time that publishing before its end may take
QUICK_S = 0.25  # a publication faster than this is never put off


@dataclass(frozen=True)
class Published:
    """A public table as it was last written: the digest of what went in, and the file that came out."""

    digest: str
    rows: int
    size: int
    mtime_ns: int
    spans: Spans = ()


@dataclass(frozen=True)
class State:
    """The last publication: its tables, how long it took, when it ended (s since 1970)."""

    tables: Mapping[str, Published] = field(default_factory=dict)
    seconds: float = 0.0
    finished: float = 0.0

    def is_current(self, results: Path, name: str, digest: str) -> bool:
        """Return whether the public file is there, untouched, and made of just this."""
        return self.is_untouched(results, name) and self.tables[name].digest == digest

    def is_untouched(self, results: Path, name: str) -> bool:
        """Return whether the public file is the one that was written last."""
        if name not in self.tables:
            return False
        try:
            found = layout.public_path(results, name).stat()
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.tables[name].size, self.tables[name].mtime_ns)

    def previous(self, results: Path, name: str) -> Previous | None:
        """Return the rows as last published, where they can be trusted."""
        if not self.is_untouched(results, name):
            return None
        return Previous(layout.public_path(results, name), name, self.tables[name].spans)


def publish(
    results: Path,
    tasks: Sequence[TaskRow],
    *,
    samples: pa.Table,
    files: pa.Table,
    vocabulary: pa.Table,
    findings: pa.Table,
    final: bool,
    redact: Sequence[str] | None = None,
) -> bool:
    """Bring the public tables up to date with these tasks; readers see the old table or the new one.

    Only tables whose content changes are written. Rows stand in the order of the sample sheet, whatever
    the order in which tasks ended, so a resumed run gives the same tables as an undisturbed one.

    Parameters
    ----------
    tasks : newest attempts of the tasks of the plan; rows of other tasks are not in the view
    samples, files, vocabulary : tables of the plan
    findings : the platform's own remarks; those of the tasks are added
    final : False during a run: then it may be put off (it takes at most 5 % of the time) and large tables
        of objects wait
    redact : sheet columns that name persons, kept in exoraw.json; as last time where it is None

    Returns
    -------
    whether anything was written

    Raises
    ------
    StoreError : two tasks gave the same number, or a part is damaged
    DiskFull : no space; the old tables are still there
    """
    started = time.time()
    state = _read_state(results)
    if not final and state.seconds > QUICK_S and started - state.finished < state.seconds / INTERIM_SHARE:
        return False
    own = {"samples": samples, "files": files, "vocabulary": vocabulary, "runs": run_table(results)}
    pieces = _pieces(results, in_sheet_order(tasks, samples), own, findings)
    changed = {
        name: parts
        for name, parts in pieces.items()
        if (final or not _waits(name, parts)) and not state.is_current(results, name, digest_of(parts))
    }
    with explaining_full_disk(results):
        results.mkdir(parents=True, exist_ok=True)
    # first, so that whoever finds a table can open the folder, whenever a run is killed
    described = write_manifest(results, _redact(results) if redact is None else redact)
    written = _write(results, changed, state)
    gone = _remove_absent(results, pieces.keys(), state)
    copied = final and publish_matrices(results)
    if written or gone:
        tables = {name: entry for name, entry in {**state.tables, **written}.items() if name in pieces}
        write_datapackage(results, {name: entry.rows for name, entry in tables.items()})
        _write_state(results, State(tables, time.time() - started, time.time()))
        sync_folder(results)
    return bool(written or gone or copied or described)


def in_sheet_order(tasks: Iterable[TaskRow], samples: pa.Table) -> list[TaskRow]:
    """Return tasks by the first of their samples in the sheet, then by unit; those without samples last."""
    names = zip(samples["pipeline"].to_pylist(), samples["sample"].to_pylist(), strict=True)
    place = {name: number for number, name in enumerate(names)}
    last = len(place)

    def position(row: TaskRow) -> tuple[int, str, str]:
        first = min((place.get((row.pipeline, sample), last) for sample in row.samples), default=last)
        return first, row.unit, row.task_id

    return sorted(tasks, key=position)


def _pieces(
    results: Path, tasks: Sequence[TaskRow], own: Mapping[str, pa.Table], findings: pa.Table
) -> dict[str, list[Piece]]:
    """Return what every public table is made of."""
    found: dict[str, list[Piece]] = {name: [] for name in ALWAYS}
    found["findings"].append(own_rows(findings, "remarks of the platform"))
    for name, parts in task_pieces(results, tasks).items():
        if name != EVIDENCE:
            found.setdefault(name, []).extend(parts)
    for name, table in own.items():
        found[name] = [own_rows(table, f"table {name} of the plan")]
    records = hashlib.sha256("\n".join(map(to_record, tasks)).encode()).hexdigest()
    found["tasks"] = [OwnRows(task_table(tasks), records, "commit rows")]
    return found


def _waits(name: str, parts: Sequence[Piece]) -> bool:
    """Return whether a table is too large to be written again and again during a run."""
    if not name.startswith(LARGE):
        return False
    return sum(part.part.size for part in parts if not isinstance(part, OwnRows)) > INTERIM_BYTES


def _write(results: Path, changed: Mapping[str, Sequence[Piece]], state: State) -> dict[str, Published]:
    """Write the changed tables beside the old ones, then put all in place."""
    spans: dict[str, Spans] = {}
    with contextlib.ExitStack() as stack:
        for name, parts in changed.items():
            temporary = stack.enter_context(replacing(layout.public_path(results, name)))
            if name.startswith(LARGE):
                spans[name] = write_large(temporary, name, parts)
            else:
                spans[name] = write_small(temporary, name, parts, state.previous(results, name))
    written = {}
    for name, parts in changed.items():
        found = layout.public_path(results, name).stat()
        rows = sum(count for _, count in spans[name])
        written[name] = Published(digest_of(parts), rows, found.st_size, found.st_mtime_ns, spans[name])
    return written


def _remove_absent(results: Path, present: Iterable[str], state: State) -> list[str]:
    """Remove tables that were published before and have no rows any more."""
    gone = sorted(state.tables.keys() - set(present))
    for name in gone:
        with contextlib.suppress(FileNotFoundError):
            layout.public_path(results, name).unlink()
    return gone


def _redact(results: Path) -> Sequence[str]:
    try:
        return read_manifest(results).redact
    except StoreError:
        return ()


def _state_path(results: Path) -> Path:
    return layout.store(results) / "view.json"


def _read_state(results: Path) -> State:
    """Return the last publication; an empty one where there was none or its record cannot be read."""
    try:
        content = json.loads(_state_path(results).read_text("utf-8"))
        tables = {
            name: Published(**{**entry, "spans": tuple((digest, rows) for digest, rows in entry["spans"])})
            for name, entry in content["tables"].items()
        }
        return State(tables, content["seconds"], content["finished"])
    except (OSError, ValueError, TypeError, KeyError):
        return State()


def _write_state(results: Path, state: State) -> None:
    with explaining_full_disk(results):
        layout.store(results).mkdir(parents=True, exist_ok=True)
    write_file(_state_path(results), json.dumps(asdict(state)).encode())
