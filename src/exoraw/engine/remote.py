"""Tasks on Dask workers: handing out, telling a crash from a task that never began, handing out again."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from exoraw.engine.crumbs import read_crumb, read_receipt
from exoraw.engine.failures import without_folders
from exoraw.engine.tasks import Order, Receipt
from exoraw.engine.worker import perform
from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.commit import DiskFull, commit
from exoraw.store.index import next_attempt
from exoraw.store.rows import TaskRow, from_record

MOST_RESUBMISSIONS = 3  # of a task that only sat on a worker which died
_KEPT_PER_WORKER = 3  # orders held per worker: above twice the threads, so that Dask queues them itself
_SPARE = 2

_log = logging.getLogger(__name__)


class DaskExecutor:
    """Runs orders on the workers of a Dask client.

    Receipts are small; everything else is written by the workers. When a worker dies, Dask blames every
    task it held; the breadcrumb tells which of them had begun. That one is labelled, the others are handed
    out again, at most three times.
    """

    isolated = True

    def __init__(self, client: Any, workers: int) -> None:
        self._client = client
        self._futures: dict[str, tuple[Any, Order]] = {}
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.window = _KEPT_PER_WORKER * workers + _SPARE
        self.broken = ""

    def submit(self, order: Order) -> None:
        """Take an order."""
        key = (f"exoraw-{order.row.run_id}", order.crumb)  # one group: Dask then queues on the scheduler
        future = self._client.submit(perform, order, key=key, pure=False, retries=0)
        self._futures[order.crumb] = (future, order)
        future.add_done_callback(lambda _future: self._ended.put(order.crumb))

    def completed(self, wait_s: float) -> list[Receipt]:
        """Return receipts of what ended meanwhile; wait for the first at most `wait_s` seconds."""
        ended = [item for crumb in self._ended_now(wait_s) if (item := self._futures.pop(crumb, None))]
        return [receipt for future, order in ended for receipt in self._receipts(order, future)]

    def _receipts(self, order: Order, future: Any) -> list[Receipt]:
        """Return the receipt of an order that ended; none where it is handed out again.

        It is read from the disk, where the worker left it: the worker itself may be gone by now, and to
        ask for its memory would stop everything until a new one has computed the task again.
        """
        known = read_receipt(Path(order.crumbs) / order.crumb)
        if known is None and future.status == "finished":
            known = future.result()  # a network disk that does not show the file yet
        receipts = [known] if known is not None else self._judged(order, future)
        future.release()
        return receipts

    def drop_waiting(self) -> int:
        """Give up orders that no worker has begun."""
        waiting = [
            crumb
            for crumb, (_future, order) in self._futures.items()
            if not (Path(order.crumbs) / crumb).exists() and read_receipt(Path(order.crumbs) / crumb) is None
        ]
        futures = [self._futures.pop(crumb)[0] for crumb in waiting]
        self._client.cancel(futures, force=True)
        return len(waiting)

    def stop(self) -> None:
        """Give up everything; the owner of the workers ends them."""
        futures = [future for future, _order in self._futures.values()]
        self._futures.clear()
        self._client.cancel(futures, force=True)

    def ask_workers(self, question: Callable[[], Any]) -> list[Any]:
        """Return the answers of all workers to a function without arguments."""
        return list(self._client.run(question).values())

    def _ended_now(self, wait_s: float) -> Iterator[str]:
        try:
            yield self._ended.get(timeout=wait_s)
            while True:
                yield self._ended.get_nowait()
        except queue.Empty:
            return

    def _judged(self, order: Order, future: Any) -> list[Receipt]:
        """Say what became of an order that gave no receipt; none where it is handed out again."""
        crumb_path = Path(order.crumbs) / order.crumb
        crumb = read_crumb(crumb_path, order.limits.timeout_s)
        if crumb is not None:
            row = _committed_meanwhile(order)
            if row is not None:
                return [Receipt(row, committed=True)]
            crumb_path.unlink(missing_ok=True)
            row = order.row.with_(
                status=crumb.status,
                error=without_folders(crumb.error, order),
                traceback=without_folders(crumb.tail, order),
            )
            return [_committed(order, row)]
        return self._resubmitted(order, future)

    def _resubmitted(self, order: Order, future: Any) -> list[Receipt]:
        error = None if future.status == "cancelled" else future.exception(timeout=10)
        if type(error).__name__ == "KilledWorker" and order.submission < MOST_RESUBMISSIONS:
            self.submit(replace(order, submission=order.submission + 1))
            return []
        if type(error).__name__ == "KilledWorker":
            words = f"it never began: {order.submission + 1} worker processes died before it was its turn"
        elif error is None or type(error).__name__ == "NoValidWorkerError":
            words = "no worker is left to compute it"
            self.broken = "No Dask worker is left, or the scheduler is gone."
        else:
            words = f"the cluster could not run it ({type(error).__name__}: {error})"
        return [Receipt(order.row.with_(status="failed", error=words), committed=False)]


def _committed_meanwhile(order: Order) -> TaskRow | None:
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
