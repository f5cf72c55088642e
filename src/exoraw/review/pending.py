"""What will be computed again because of what a person changed, and computing it."""

from __future__ import annotations

import glob
import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from exoraw.engine.options import RunOptions, RunSummary, Totals
from exoraw.engine.plan import Node
from exoraw.engine.run import run
from exoraw.engine.tasks import Receipt
from exoraw.io.errors import ExorawError
from exoraw.review.desk import Opened

NOTHING = "\0"  # as a choice of units: none has this name
MOST_NAMED = 40  # tasks that are listed by name; the rest is counted

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pending:
    """Work that waits.

    Parameters
    ----------
    again : (unit key, reason) of what was computed before and is not valid any more
    known : number of units whose outcome is known from an earlier run, but not in the results' tables: a
        correction was taken back
    new : number of units that never ran: those are left to `exoraw run`
    """

    again: tuple[tuple[str, str], ...]
    known: int
    new: int
    steps: tuple[tuple[str, int], ...]

    @property
    def only(self) -> tuple[str, ...]:
        """Patterns that choose these units and no other for a run."""
        return tuple(glob.escape(key) for key, _ in self.again) or (NOTHING,)

    def as_json(self, *, blind: bool) -> dict[str, Any]:
        """Return it for the page; blinded, without the names of tasks, which are those of samples."""
        named = [] if blind else [{"task": key, "reason": reason} for key, reason in self.again[:MOST_NAMED]]
        steps = [{"step": step, "count": count} for step, count in self.steps]
        counts = {"again": len(self.again), "known": self.known, "new": self.new}
        return {**counts, "steps": steps, "tasks": named}


def pending(opened: Opened) -> Pending:
    """Return what a run would compute now."""
    work = [node for node in opened.plan if node.state in ("run", "wait")]
    again = [node for node in work if node.key in opened.current]
    known = sum(is_known(node, opened) for node in opened.plan)
    return Pending(
        tuple((node.key, node.reason) for node in again),
        known,
        len(work) - len(again),
        tuple(Counter(node.step for node in again).items()),
    )


def is_known(node: Node, opened: Opened) -> bool:
    """Whether a unit has an outcome that the results do not show yet."""
    return node.row is not None and node.row.task_id != opened.published.get(node.key)


@dataclass(frozen=True)
class Progress:
    """How a run goes on: `state` is "idle", "running", "done" or "failed"."""

    state: str = "idle"
    done: int = 0
    total: int = 0
    words: str = ""


class Runner:
    """Runs what waits, one run at a time, in a thread of its own; also a listener of the run."""

    def __init__(self, study: Path, published: Callable[[RunSummary], None]) -> None:
        self._study = study
        self._published = published
        self._lock = threading.Lock()
        self._progress = Progress()

    @property
    def progress(self) -> Progress:
        """How the last run goes on."""
        return self._progress

    def start(self, work: Pending, finished: Callable[[], None]) -> bool:
        """Begin to run what waits; return whether it began: one run at a time.

        `finished` is called when everything is on disk, before the progress says "done".
        """
        if not self._lock.acquire(blocking=False):
            return False
        self._progress = Progress("running", 0, len(work.again))
        threading.Thread(target=self._run, args=(work.only, finished), daemon=True).start()
        return True

    def _run(self, only: tuple[str, ...], finished: Callable[[], None]) -> None:
        try:
            summary = run(self._study, RunOptions(workers=0, only=only), self)
            self._published(summary)
            finished()
            self._progress = replace(self._progress, state=_state(summary), words=_words(summary))
        except ExorawError as error:
            self._progress = replace(self._progress, state="failed", words=str(error))
        except Exception as error:  # noqa: BLE001  the thread's last place; logged and said on the page
            _log.exception("the run of the review ended")
            words = f"This should not happen: {type(error).__name__}: {error}. The terminal says more."
            self._progress = replace(self._progress, state="failed", words=words)
        finally:
            self._lock.release()

    def planned(self, totals: tuple[Totals, ...]) -> None:
        """Take the amount of work; it is known already."""

    def started(self, unit: str, assay: str) -> None:
        """Say nothing: a unit's name is a sample's."""

    def finished(self, receipt: Receipt) -> None:  # noqa: ARG002  the listener's shape
        """Count a unit that ended."""
        self._progress = replace(self._progress, done=self._progress.done + 1)

    def message(self, text: str) -> None:
        """Say nothing: what matters is in how the run ends."""


def _state(summary: RunSummary) -> str:
    return "done" if summary.outcome in ("complete", "failed_tasks") else "failed"


def _words(summary: RunSummary) -> str:
    computed = summary.counts.get("ok", 0)
    failed = sum(summary.counts.get(status, 0) for status in ("failed", "crashed", "timeout"))
    words = f"{computed:,} {'task' if computed == 1 else 'tasks'} computed in {summary.seconds:.1f} s"
    ended = {"disk_full": "; the disk is full", "interrupted": "; interrupted"}.get(summary.outcome, "")
    return f"{words}{f', {failed:,} failed' if failed else ''}{ended}."
