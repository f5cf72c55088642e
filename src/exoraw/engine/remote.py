"""Tasks on Dask workers: handing out, telling a crash from a task that never began, handing out again."""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from exoraw.engine.bundles import Pace, perform_all
from exoraw.engine.crumbs import call_off, read_crumb, read_receipt
from exoraw.engine.privacy import without_folders
from exoraw.engine.tasks import Order, Receipt
from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.commit import DiskFull, commit
from exoraw.store.index import next_attempt
from exoraw.store.rows import TaskRow, from_record

MOST_RESUBMISSIONS = 3  # of a task that only sat on a worker which died
_KEPT_PER_WORKER = 32  # orders held per worker: far above twice the threads, so that Dask queues them
_ANSWER_S = 10  # for the scheduler to say why a task failed

_DASK_LOGGERS = (
    "distributed",
    "distributed.client",
    "distributed.core",
    "distributed.nanny",
    "distributed.scheduler",
    "tornado",
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Handed:
    """An order on the cluster: the bundle it is in, and its place there."""

    order: Order
    future: Any
    place: int


class DaskExecutor:
    """Runs orders on the workers of a Dask client; short ones in bundles.

    Receipts are small; everything else is written by the workers. When a worker dies, Dask blames every
    task it held; the breadcrumb tells which of them had begun. That one is labelled, the others are handed
    out again, each for itself, at most three times.
    """

    isolated = True

    def __init__(self, client: Any, workers: int) -> None:
        self._client = client
        self._handed: dict[str, _Handed] = {}
        self._ended: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
        self._pace = Pace()
        self.window = _KEPT_PER_WORKER * workers
        self.broken = ""

    @property
    def pending(self) -> int:
        """Orders it holds now."""
        return len(self._handed)

    def submit(self, orders: Sequence[Order]) -> None:
        """Take orders; many at a time cost less than one after the other."""
        bundles = self._pace.bundles(orders)
        # Keys of one group: Dask then queues on the scheduler what no worker can begin at once.
        keys = [(f"exoraw-{bundle[0].row.run_id}", bundle[0].crumb) for bundle in bundles]
        futures = self._client.map(perform_all, bundles, key=keys, pure=False, retries=0)
        for bundle, future in zip(bundles, futures, strict=True):
            for place, order in enumerate(bundle):
                self._handed[order.crumb] = _Handed(order, future, place)
            future.add_done_callback(partial(self._note_end, tuple(order.crumb for order in bundle)))

    def _note_end(self, crumbs: tuple[str, ...], _future: Any) -> None:
        self._ended.put(crumbs)

    def completed(self, wait_s: float) -> list[Receipt]:
        """Return receipts of what ended meanwhile; wait for the first at most `wait_s` seconds."""
        found: list[Receipt] = []
        for crumbs in self._ended_now(wait_s):
            bundle = [item for crumb in crumbs if (item := self._handed.pop(crumb, None))]
            found += [receipt for item in bundle for receipt in self._receipts(item)]
            if bundle:
                bundle[0].future.release()
        for receipt in found:
            self._pace.note(receipt)
        return found

    def _receipts(self, item: _Handed) -> list[Receipt]:
        """Return the receipt of an order that ended; none where it is handed out again.

        It is read from the disk, where the worker left it: the worker itself may be gone by now, and to
        ask for its memory would stop everything until a new one has computed the task again.
        """
        order, future = item.order, item.future
        known = read_receipt(Path(order.crumbs) / order.crumb)
        if known is None and future.status == "finished":
            known = future.result()[item.place]  # the disk was full, or a network disk does not show it yet
        tried_again = known is not None and known.status == "crashed"  # by Dask: it had killed a worker
        if known is None or tried_again:
            receipts = self._judged(order, future, died=tried_again or _worker_died(future))
        else:
            receipts = [known]
        return [receipt for receipt in receipts if receipt.status != "held"]

    def drop_waiting(self) -> None:
        """Give up orders that no worker has begun; one that is about to begin sees the mark and does not."""
        begun = set()
        for crumb, item in self._handed.items():
            place = Path(item.order.crumbs) / crumb
            call_off(place.parent)
            if place.exists() or read_receipt(place) is not None:
                begun.add(id(item.future))
        waiting = [crumb for crumb, item in self._handed.items() if id(item.future) not in begun]
        self._client.cancel(self._distinct(waiting), force=True)

    def stop(self) -> None:
        """Give up everything; the owner of the workers ends them."""
        self._client.cancel(self._distinct(list(self._handed)), force=True)

    def _distinct(self, crumbs: Sequence[str]) -> list[Any]:
        """Take orders out; return their bundles, each once."""
        futures = (self._handed.pop(crumb).future for crumb in crumbs)
        return list({id(future): future for future in futures}.values())

    def ask_workers(self, question: Callable[[], Any]) -> list[Any]:
        """Return the answers of all workers to a function without arguments."""
        return list(self._client.run(question).values())

    def _ended_now(self, wait_s: float) -> Iterator[tuple[str, ...]]:
        try:
            yield self._ended.get(timeout=wait_s)
            while True:
                yield self._ended.get_nowait()
        except queue.Empty:
            return

    def _judged(self, order: Order, future: Any, *, died: bool) -> list[Receipt]:
        """Say what became of an order that gave no receipt; none where it is handed out again."""
        crumb_path = Path(order.crumbs) / order.crumb
        crumb = read_crumb(crumb_path, order.limits.timeout_s) if died else None
        if crumb is not None:
            row = committed_meanwhile(order)
            if row is not None:
                return [Receipt(row, committed=True)]
            crumb_path.unlink(missing_ok=True)
            row = order.row.with_(
                status=crumb.status,
                error=without_folders(crumb.error, order),
                traceback=without_folders(crumb.tail, order),
            )
            return [_committed(order, row)]
        if died and order.submission < MOST_RESUBMISSIONS:
            self.submit([replace(order, submission=order.submission + 1)])
            return []
        return [self._never_computed(order, future, died=died)]

    def _never_computed(self, order: Order, future: Any, *, died: bool) -> Receipt:
        error = _error_of(future)
        if died:
            words = f"it never began: {order.submission + 1} worker processes died before it was its turn"
        elif error is None or type(error).__name__ == "NoValidWorkerError":
            words = "no worker is left to compute it"
            self.broken = "No Dask worker is left, or the scheduler is gone."
        else:
            words = f"the cluster could not run it ({type(error).__name__}: {error})"
        return Receipt(order.row.with_(status="failed", error=words), committed=False)


def _error_of(future: Any) -> BaseException | None:
    """Return what Dask says of a task that it could not finish; None where it was given up."""
    return None if future.status == "cancelled" else future.exception(timeout=_ANSWER_S)


def _worker_died(future: Any) -> bool:
    return type(_error_of(future)).__name__ == "KilledWorker"


def committed_meanwhile(order: Order) -> TaskRow | None:
    """Return the row of a task whose worker died between commit and receipt."""
    results = Path(order.results)
    attempt = next_attempt(results, order.row.task_id) - 1
    try:
        text = layout.row_path(results, f"{order.row.task_id}.{attempt}").read_text("utf-8")
    except OSError:
        return None
    row = from_record(text)
    return row if row.run_id == order.row.run_id else None


def _committed(order: Order, row: TaskRow) -> Receipt:
    """Commit the label of a task that died, so that a plain run does not walk into it again."""
    try:
        return Receipt(commit(Path(order.results), row, {}, {}), committed=True)
    except (StoreError, OSError) as error:
        _log.warning("%s: its failure could not be recorded (%s)", row.unit, error)
        return Receipt(row, committed=False, disk_full=isinstance(error, DiskFull))


@contextlib.contextmanager
def quiet_loggers() -> Iterator[None]:
    """Keep Dask's reports of lost workers off the terminal: every one is told in our own words."""
    loggers = [logging.getLogger(name) for name in _DASK_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
