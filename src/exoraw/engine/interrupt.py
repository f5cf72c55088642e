"""Ctrl-C: once finishes what is running, twice stops at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exoraw.engine import platform


@dataclass
class Interrupts:
    """How often the person pressed Ctrl-C; the second time raises KeyboardInterrupt where the program is."""

    tell: Callable[[str], None]
    count: int = 0

    @property
    def asked(self) -> bool:
        """Whether the run should end soon."""
        return self.count > 0

    @property
    def at_once(self) -> bool:
        """Whether the run should end without finishing anything."""
        return self.count > 1

    def press(self) -> None:
        """Take one Ctrl-C."""
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
        self.tell("Stopping: what is running is finished first. Press Ctrl-C again to stop at once.")


@contextlib.contextmanager
def watching_for_interrupts(tell: Callable[[str], None]) -> Iterator[Interrupts]:
    """Count Ctrl-C instead of being torn down by it, while the block runs in the main thread."""
    interrupts = Interrupts(tell)
    with platform.interrupt_handler(interrupts.press):
        yield interrupts
