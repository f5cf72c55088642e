"""Watches the memory of worker processes from outside, where the system cannot refuse an allocation."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import psutil

from exoraw.engine.crumbs import running_pids

WATCH_INTERVAL_S = 0.2


class MemoryWatch:
    """Ends worker processes whose task holds more than it may, and says so in the breadcrumb.

    Parameters
    ----------
    crumbs : folder of this run's breadcrumbs: they name the processes
    memory : bytes a task may use on top of what its worker held when it began
    """

    def __init__(self, crumbs: Path, memory: int) -> None:
        self._crumbs = crumbs
        self._memory = memory
        self._stopped = threading.Event()
        self._at_start: dict[Path, int] = {}  # breadcrumb -> bytes held when it was first seen

    def run(self) -> None:
        """Look again and again until `stop`."""
        while not self._stopped.wait(WATCH_INTERVAL_S):
            self.look()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def look(self) -> list[int]:
        """End what holds too much; return the processes that were ended."""
        ended = []
        for pid, crumb in running_pids(self._crumbs).items():
            with contextlib.suppress(psutil.Error, OSError):
                process = psutil.Process(pid)
                held = process.memory_info().rss
                more = held - self._at_start.setdefault(crumb, held)
                if more > self._memory:
                    _note(crumb, more, self._memory)
                    process.kill()
                    ended.append(pid)
        return ended


def _note(crumb: Path, held: int, limit: int) -> None:
    with crumb.open("a", encoding="utf-8") as stream:
        stream.write(f"\nMemory limit: {held / 1e9:.3g} GB held, {limit / 1e9:.3g} GB allowed\n")
