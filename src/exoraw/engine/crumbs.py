"""Breadcrumbs: one small file per task that has started, which tells a crash from a task that never began.

They lie in .store/crumbs/<run_id>/, so that one run never sees those of another, and carry what the
process wrote to its error stream and what the fault handler saw when it died. A task that ended leaves its
receipt in their place: when the process dies with the receipt in its memory, nothing is computed twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from exoraw.engine.tasks import Receipt
from exoraw.store import layout
from exoraw.store.rows import from_record, to_record

FOLDER = "crumbs"
_DONE = ".done"
_CALLED_OFF = "called-off"  # a file in the folder of a run: what has not begun shall not
_FRAME = re.compile(r'^  File "(.+)", line (\d+) in (.+)$')
_WORKER = "engine/worker.py"  # the end of the path of the module in which every task runs
_TIMEOUT = re.compile(r"^Timeout \(\d+:\d\d:\d\d(\.\d+)?\)!$", re.MULTILINE)  # written by faulthandler
_FATAL = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (.+)$", re.MULTILINE)
_MEMORY = re.compile(r"^Memory limit: (.+) held, (.+) allowed$", re.MULTILINE)  # written by MemoryWatch
_SILENT_END = (
    "the worker process ended without a word: it left by itself (os._exit), or the system killed it, often "
    "because the machine ran out of memory"
)


@dataclass(frozen=True)
class Crumb:
    """What a process that died has left: how, in words, and the end of what it wrote."""

    status: str
    error: str
    tail: str


def crumbs_folder(results: Path, run_id: str) -> Path:
    """Return the folder of one run's breadcrumbs."""
    return layout.store(results) / FOLDER / run_id


def drop_crumb(path: Path, unit: str) -> int:
    """Create the breadcrumb of a task that starts now; return its open file descriptor.

    Raises FileExistsError where this very submission was started before: whoever did it died.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    try:
        os.write(handle, (json.dumps({"unit": unit, "pid": os.getpid()}) + "\n").encode())
    except OSError:
        os.close(handle)
        path.unlink(missing_ok=True)
        raise
    return handle


def call_off(folder: Path) -> None:
    """Tell every worker not to begin anything more of this run."""
    (folder / _CALLED_OFF).touch()


def is_called_off(folder: Path) -> bool:
    """Return whether nothing more of this run shall begin. Ask after the breadcrumb is dropped."""
    return (folder / _CALLED_OFF).exists()


def leave_receipt(path: Path, handle: int, receipt: Receipt) -> None:
    """Turn the breadcrumb of a task that ended into its receipt; closes its file descriptor.

    Where the disk has no room for it the receipt travels only through Dask.
    """
    content = json.dumps({**vars(receipt), "row": to_record(receipt.row)})
    try:
        os.ftruncate(handle, 0)
        os.write(handle, content.encode())
        os.close(handle)
        path.replace(path.with_name(path.name + _DONE))
    except OSError:
        with contextlib.suppress(OSError):
            os.close(handle)
        path.unlink(missing_ok=True)


def read_receipt(path: Path) -> Receipt | None:
    """Return the receipt of a task that ended; None where there is none, or only half of it."""
    try:
        values = json.loads(path.with_name(path.name + _DONE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    values["changed_files"] = tuple(values["changed_files"])
    return Receipt(**{**values, "row": from_record(values["row"])})


def written_after_header(handle: int) -> str:
    """Return what was written to an open breadcrumb behind its first line."""
    os.lseek(handle, 0, os.SEEK_SET)
    content = b""
    while block := os.read(handle, 1 << 16):
        content += block
    return content.partition(b"\n")[2].decode("utf-8", "replace")


def read_crumb(path: Path, timeout_s: float) -> Crumb | None:
    """Tell how the task of a breadcrumb ended; None where it never started."""
    try:
        content = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return None
    body = content.partition("\n")[2]
    tail = task_stack(body)
    if _TIMEOUT.search(body):
        return Crumb("timeout", f"stopped after {timeout_s:g} s, the time limit of one task", tail)
    memory = _MEMORY.search(body)
    if memory:
        return Crumb("failed", memory_words(memory.group(2), f"{memory.group(1)} held"), tail)
    fatal = _FATAL.search(body)
    if fatal:
        return Crumb("crashed", f"the worker process crashed: {fatal.group(1)}", tail)
    last = body.strip().splitlines()
    said = f". The last it wrote: {last[-1][:300]}" if last else ""
    return Crumb("crashed", _SILENT_END + said, tail)


def task_stack(body: str) -> str:
    """Return where the task was, by module and innermost first, from what the fault handler wrote.

    The fault handler lists every thread of the worker; that of the task is the one below `perform`.
    """
    stack: list[str] = []
    for line in body.splitlines():
        frame = _FRAME.match(line)
        if frame is None:
            stack = []
            continue
        path, number, function = frame.groups()
        place = "/".join(path.replace("\\", "/").split("/")[-2:])
        if place == _WORKER:
            return "\n".join(stack)
        stack.append(f"{place}:{number} in {function}")
    return ""


def memory_words(limit: str, said: str) -> str:
    """Return what to say of a task that needed too much memory."""
    detail = f" ({said})" if said else ""
    return (
        f"it needed more memory than the {limit} that one task may use{detail}. Raise `limits: memory_gb` in "
        "study.yaml, with fewer workers if the machine is small, and run `exoraw retry`"
    )


def running_pids(folder: Path) -> dict[int, Path]:
    """Return the processes that are at work on a task now, with their breadcrumbs."""
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix == _DONE or path.name == _CALLED_OFF:
            continue
        try:
            header = json.loads(path.read_text("utf-8", "replace").partition("\n")[0])
            found[int(header["pid"])] = path
        except (OSError, ValueError, KeyError, TypeError):
            continue  # gone meanwhile, or its first line is not yet written
    return found


def interrupted_units(results: Path) -> list[str]:
    """Return the units that were at work when an earlier run was killed. Call under the lock."""
    units = []
    for path in sorted((layout.store(results) / FOLDER).glob("*/*")):
        if path.suffix == _DONE or path.name == _CALLED_OFF:
            continue
        try:
            units.append(str(json.loads(path.read_text("utf-8", "replace").partition("\n")[0])["unit"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return units


def sweep_crumbs(results: Path) -> None:
    """Remove the breadcrumbs of all earlier runs. Call under the lock, before the first task starts."""
    shutil.rmtree(layout.store(results) / FOLDER, ignore_errors=True)
