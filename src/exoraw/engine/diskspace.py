"""Is there room for the results before anything runs: a guess from what earlier tasks of the study took."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from exoraw.engine.plan import Plan
from exoraw.store.commit import DiskFull
from exoraw.store.rows import TaskRow

RESERVE = 64 * 1024 * 1024  # public tables, log and report are written beside the parts
NEW_TASK = 256 * 1024  # one picture and a few tables, where no earlier task tells better
BLOCKS = 4 * 4096  # a task's small files each fill a block of the disk


def check_disk(results: Path, plan: Plan, index: Mapping[str, TaskRow]) -> None:
    """Raise DiskFull where the results folder has clearly too little room for what is planned."""
    tasks = plan.counts.get("run", 0) + plan.counts.get("wait", 0)
    if not tasks:
        return
    needed = RESERVE + tasks * (BLOCKS + _bytes_per_task(index.values()))
    free = shutil.disk_usage(results).free
    if free < needed:
        raise DiskFull(
            f"{results}: {tasks:,} tasks need about {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free. "
            "Free some space or put `results:` on another disk; nothing was run."
        )


def _bytes_per_task(rows: Iterable[TaskRow]) -> int:
    sizes = [sum(part.size for part in row.part_list()) for row in rows if row.status == "ok"]
    return sum(sizes) // len(sizes) if sizes else NEW_TASK
