"""Who computes: the common face of the executors, and the one that computes in this very process."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from exoraw.engine.tasks import Order, Receipt
from exoraw.engine.worker import perform


class Executor(Protocol):
    """Takes orders, gives receipts, in any order.

    `window` is how many orders it should hold at a time; `broken` says why it can take no more.
    """

    @property
    def window(self) -> int:
        """Orders it should hold at a time."""

    @property
    def isolated(self) -> bool:
        """Whether tasks run in processes of their own, with a time limit."""

    @property
    def pending(self) -> int:
        """Orders it holds now."""

    @property
    def broken(self) -> str:
        """Why it cannot go on, "" where it can."""

    def submit(self, orders: Sequence[Order]) -> None:
        """Take orders; many at a time cost less than one after the other."""

    def completed(self, wait_s: float) -> list[Receipt]:
        """Return receipts of what ended, after at most about `wait_s` seconds."""

    def drop_waiting(self) -> None:
        """Give up orders that have not started."""

    def stop(self) -> None:
        """End at once, also what is running."""


class InProcess:
    """Computes one order after the other, here: for debuggers and notebooks. No time limit."""

    window = 1
    isolated = False
    broken = ""

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()

    @property
    def pending(self) -> int:
        """Orders it holds now."""
        return len(self._orders)

    def submit(self, orders: Sequence[Order]) -> None:
        """Take orders."""
        self._orders.extend(orders)

    def completed(self, wait_s: float) -> list[Receipt]:  # noqa: ARG002  it never waits
        """Compute the next order."""
        return [perform(self._orders.popleft())] if self._orders else []

    def drop_waiting(self) -> None:
        """Give up what has not started."""
        self._orders.clear()

    def stop(self) -> None:
        """Give up what has not started; what runs is this very thread."""
        self._orders.clear()
