"""What a person sees while a run works: one bar per assay on a terminal, one line a minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from exoraw.cli.console import err, plural, say

if TYPE_CHECKING:
    from rich.progress import TaskID

    from exoraw.engine.options import Totals
    from exoraw.engine.tasks import Receipt

SECONDS_BETWEEN_LINES = 60.0


class LineListener:
    """For log files: one line a minute, and every failure at once."""

    def __init__(self, verbose: int) -> None:
        self._verbose = verbose
        self.said: set[str] = set()  # units whose failure was said
        self._total = self._done = self._failed = 0
        self._last = time.monotonic()

    def planned(self, totals: tuple[Totals, ...]) -> None:
        """Say how much there is to do."""
        self._total = sum(part.to_run for part in totals)
        cached = sum(part.cached for part in totals)
        self.message(f"{plural(self._total, 'task')} to run, {cached:,} kept from earlier runs.")

    def started(self, unit: str, assay: str) -> None:  # noqa: ARG002  the protocol hands it over
        """Name the unit where everything is to be said."""
        if self._verbose >= 2:
            self.message(f"started {unit}")

    def finished(self, receipt: Receipt) -> None:
        """Count; say failures at once, the rest once a minute."""
        self._done += 1
        if receipt.status != "ok":
            self._failed += 1
            self.said.add(receipt.unit)
            self.message(f"{receipt.status} {receipt.unit}: {receipt.error}")
        elif self._verbose:
            self.message(f"ok: {receipt.unit} ({receipt.row.seconds:.1f} s)")
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            self.message(f"{self._done:,} of {self._total:,} tasks done, {self._failed:,} failed.")

    def message(self, text: str) -> None:
        """Print one sentence."""
        say(err(), text)


class BarListener:
    """For terminals: one bar per assay; the remaining time goes by bytes where the raw files' sizes count."""

    def __init__(self, progress: Progress, verbose: int) -> None:
        self._progress = progress
        self._verbose = verbose
        self.said: set[str] = set()  # units whose failure was said
        self._bars: dict[str, TaskID] = {}

    def planned(self, totals: tuple[Totals, ...]) -> None:
        """Open a bar for every assay that has work."""
        for part in totals:
            if part.to_run:
                self._bars[part.assay] = self._progress.add_task(
                    part.assay, total=max(part.bytes, 1), done=0, units=part.to_run, failed=""
                )

    def started(self, unit: str, assay: str) -> None:  # noqa: ARG002  the protocol hands it over
        """Name the unit where everything is to be said."""
        if self._verbose >= 2:
            self.message(f"started {unit}")

    def finished(self, receipt: Receipt) -> None:
        """Move the bar; say failures above it."""
        if receipt.assay in self._bars:
            bar = self._bars[receipt.assay]
            fields = self._progress.tasks[self._progress.task_ids.index(bar)].fields
            self._progress.update(bar, advance=receipt.bytes, done=fields["done"] + 1)
        if receipt.status != "ok":
            self.said.add(receipt.unit)
            self.message(f"{receipt.status} {receipt.unit}: {receipt.error}")
        elif self._verbose:
            self.message(f"ok: {receipt.unit} ({receipt.row.seconds:.1f} s)")

    def message(self, text: str) -> None:
        """Print one sentence above the bars."""
        say(self._progress.console, text)


@contextmanager
def listening(verbose: int) -> Iterator[LineListener | BarListener]:
    """Give the listener that fits where the messages go."""
    console = err()
    if not console.is_terminal:
        yield LineListener(verbose)
        return
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        TextColumn("{task.fields[done]}/{task.fields[units]} tasks"),
        DownloadColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield BarListener(progress, verbose)
