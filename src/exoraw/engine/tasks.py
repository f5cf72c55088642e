"""What travels between the coordinator and a worker: the order for one task, and the receipt for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from exoraw.assays.contract import Unit
from exoraw.store.rows import TaskRow
from exoraw.study.view import Reference

Status = Literal["ok", "failed", "crashed", "timeout", "skipped", "held"]
UNSUCCESSFUL = frozenset({"failed", "crashed", "timeout"})


@dataclass(frozen=True)
class Limits:
    """What one task may use.

    Parameters
    ----------
    timeout_s : seconds after which the task is stopped
    memory : bytes it may allocate on top of what its worker holds already
    """

    timeout_s: float
    memory: int


@dataclass(frozen=True)
class OrderFile:
    """A raw file as the inventory saw it; a worker that meets another size or time does not commit."""

    relative: str
    sha256: str
    dataset: int
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Order:
    """One task, ready to be computed.

    Parameters
    ----------
    raw, results : the folders, as they are called on every worker
    crumbs : folder of this run's breadcrumbs
    row : the task's row as far as it is known before it runs (ids, params, inputs, reason)
    unit : what the assay planned
    files : role -> raw files
    earlier : role -> rows of the earlier tasks
    references : role -> reference files
    study : folder of study.yaml, known so that it can be left out of texts
    submission : how often this task was handed out in this run before
    isolated : whether it runs in a worker process of its own (time-out and crash file are on)
    """

    raw: str
    results: str
    crumbs: str
    row: TaskRow
    unit: Unit
    files: Mapping[str, tuple[OrderFile, ...]]
    earlier: Mapping[str, tuple[TaskRow, ...]]
    limits: Limits
    exoraw_version: str
    references: Mapping[str, tuple[Reference, ...]] = field(default_factory=dict)
    study: str = ""
    submission: int = 0
    isolated: bool = True

    @property
    def crumb(self) -> str:
        """Name of the breadcrumb of this submission."""
        return f"{self.row.task_id}.{self.submission}"


@dataclass(frozen=True)
class Receipt:
    """What comes back for one order.

    Parameters
    ----------
    row : the task's row; with parts where it was committed
    committed : whether the row stands in the index. A failure of the machine (disk, network, a file that
        changed while it was read) is never committed, so the next run tries again
    disk_full : whether it failed because the results folder cannot grow
    findings : severity -> number of findings of the task
    changed_files : raw files that changed while they were read
    log : what the task printed, warned or logged
    bytes : size of its raw files
    """

    row: TaskRow
    committed: bool
    disk_full: bool = False
    findings: Mapping[str, int] = field(default_factory=dict)
    changed_files: tuple[str, ...] = ()
    log: str = ""
    bytes: int = 0

    @property
    def unit(self) -> str:
        """Key of the unit."""
        return self.row.unit

    @property
    def assay(self) -> str:
        """Assay it belongs to."""
        return self.row.assay

    @property
    def status(self) -> str:
        """ok, failed, crashed or timeout."""
        return self.row.status

    @property
    def error(self) -> str:
        """What went wrong, in words; "" where nothing did."""
        return self.row.error
