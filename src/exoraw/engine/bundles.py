"""Short tasks travel to the workers in bundles: Dask asks several ms of CPU for everything it hands out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from exoraw.engine.tasks import Order, Receipt
from exoraw.engine.worker import perform

BUNDLE_S = 0.5  # about the time of a bundle: a person who looks on sees no step
LARGEST = 16  # orders in one: a refill of the window still gives every worker its share
_NEWEST = 0.3  # weight of the newest task in the mean


class Pace:
    """How long the tasks of each step take in this run, and what may travel together."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], float] = {}

    def note(self, receipt: Receipt) -> None:
        """Learn from a task that ended; a kind that fails is better handed out alone."""
        row = receipt.row
        step = (row.pipeline, row.step)
        seconds = row.seconds if row.status == "ok" and row.seconds is not None else BUNDLE_S
        before = self._seconds.get(step, seconds)
        self._seconds[step] = (1 - _NEWEST) * before + _NEWEST * seconds

    def bundles(self, orders: Sequence[Order]) -> list[tuple[Order, ...]]:
        """Part orders into bundles of one step, in their order; what was handed out before goes alone."""
        found: list[tuple[Order, ...]] = []
        for (pipeline, step, first), group in groupby(orders, key=_kind):
            size = self._size(pipeline, step) if first else 1
            found += _parts(tuple(group), size)
        return found

    def _size(self, pipeline: str, step: str) -> int:
        seconds = self._seconds.get((pipeline, step))
        if seconds is None:
            return 1
        return max(1, min(LARGEST, int(BUNDLE_S / max(seconds, 1e-6))))


def perform_all(orders: Sequence[Order]) -> list[Receipt]:
    """Compute orders one after the other; each leaves its own breadcrumb and receipt."""
    return [perform(order) for order in orders]


def _kind(order: Order) -> tuple[str, str, bool]:
    return order.row.pipeline, order.row.step, order.submission == 0


def _parts(orders: tuple[Order, ...], size: int) -> Iterator[tuple[Order, ...]]:
    for start in range(0, len(orders), size):
        yield orders[start : start + size]
