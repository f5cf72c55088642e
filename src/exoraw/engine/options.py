"""What a person can ask of a run, what a run tells while it works, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from exoraw.engine.tasks import Receipt
from exoraw.store.rows import TaskRow
from exoraw.study.spec import Problem

RunOutcome = Literal["complete", "failed_tasks", "interrupted", "disk_full"]

EXIT_CODES: Mapping[RunOutcome, int] = {
    "complete": 0,
    "failed_tasks": 1,
    "disk_full": 3,
    "interrupted": 130,
}


@dataclass(frozen=True)
class RunOptions:
    """What is executed, and where. It never changes what is planned.

    Parameters
    ----------
    workers : worker processes; 0 computes in this process (debugger, notebook); None = one per core
    scheduler : address of a Dask scheduler that is already there ("tcp://host:8786")
    refresh : compute again what is valid
    retry : compute again what failed, crashed or timed out
    dry_run : plan only
    timeout_s, memory_gb : limits of one task; None = those of the study
    only : pipelines, samples or patterns of unit keys ("annexin_pi/gate/*"); with what they need. () = all
    """

    workers: int | None = None
    scheduler: str | None = None
    refresh: bool = False
    retry: bool = False
    dry_run: bool = False
    timeout_s: float | None = None
    memory_gb: float | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """Work of one assay in this run: units to compute, units still valid, raw bytes of the former."""

    assay: str
    to_run: int
    cached: int
    bytes: int


class Listener(Protocol):
    """Who wants to know how a run goes on: the progress bars of the command line, a notebook, a test."""

    def planned(self, totals: tuple[Totals, ...]) -> None:
        """Take the amount of work, per assay, before anything runs."""

    def started(self, unit: str, assay: str) -> None:
        """Note that a unit was handed to a worker."""

    def finished(self, receipt: Receipt) -> None:
        """Note that a unit ended, well or not."""

    def message(self, text: str) -> None:
        """Show a sentence to the person who waits."""


class Silent:
    """A listener that says nothing."""

    def planned(self, totals: tuple[Totals, ...]) -> None:
        """Say nothing."""

    def started(self, unit: str, assay: str) -> None:
        """Say nothing."""

    def finished(self, receipt: Receipt) -> None:
        """Say nothing."""

    def message(self, text: str) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class RunSummary:
    """How a run ended.

    Parameters
    ----------
    counts : "ok" (computed now), "cached", "failed", "crashed", "timeout", "skipped", "held" -> units;
        a failure of an earlier run that was not tried again counts under its own status
    failures : rows of the units that did not succeed, with their reasons
    problems : remarks of `check` that did not prevent the run
    """

    run_id: str
    outcome: RunOutcome
    results: Path
    counts: Mapping[str, int]
    failures: tuple[TaskRow, ...]
    problems: tuple[Problem, ...]
    seconds: float
    cpu_seconds: float

    @property
    def exit_code(self) -> int:
        """0 all ok; 1 some units failed, the rest is there; 3 disk; 130 interrupted."""
        return EXIT_CODES[self.outcome]
