"""One task, from its order to its commit: what a worker process does."""

from __future__ import annotations

import contextlib
import faulthandler
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import exoraw
from exoraw.assays import comparing, registry
from exoraw.assays.contract import Assay, Outcome, Step
from exoraw.engine import platform
from exoraw.engine.capture import Said, error_stream_to, listening
from exoraw.engine.crumbs import drop_crumb, is_called_off, leave_receipt, read_receipt, written_after_header
from exoraw.engine.environment import versions_for
from exoraw.engine.failures import (
    FileChangedError,
    MachineError,
    error_words,
    is_disk_full,
    is_machine_fault,
    traceback_words,
)
from exoraw.engine.inputs import check_unchanged, resolve
from exoraw.engine.keys import digest
from exoraw.engine.outcome import Tables, tables_of
from exoraw.engine.privacy import cleaned, without_folders
from exoraw.engine.tasks import Order, Receipt
from exoraw.io.errors import StoreError
from exoraw.store.commit import commit
from exoraw.store.rows import TaskRow

_ONE_AT_A_TIME = threading.Lock()  # a foreign cluster may run several threads; limits are per process


def perform(order: Order) -> Receipt:
    """Compute one task and commit it; whatever goes wrong becomes the receipt.

    An isolated order leaves a breadcrumb while it runs and is stopped by the fault handler when its time
    is up, even amid C code; then the process ends and there is no receipt.
    """
    with _ONE_AT_A_TIME:
        versions_for(order.row.assay)  # slow the first time: not on the task's clock
        if not order.isolated:
            return _attempt(order)
        crumb = Path(order.crumbs) / order.crumb
        known = read_receipt(crumb)
        if known is not None:  # the process that computed it died with the receipt in its memory
            return known
        try:
            handle = drop_crumb(crumb, order.row.unit)
        except FileExistsError:
            words = "another worker process started this task and died"
            return Receipt(order.row.with_(status="crashed", error=words), committed=False)
        except OSError as error:  # no room even for a breadcrumb
            return _machine_fault(order, order.row, error)
        if is_called_off(crumb.parent):
            receipt = Receipt(order.row.with_(status="held"), committed=False)
        else:
            receipt = _guarded(order, handle)  # never raises: a failure is a receipt too
        leave_receipt(crumb, handle, receipt)
        return receipt


def _guarded(order: Order, crumb: int) -> Receipt:
    """Compute under the time limit, with the error stream and the fault handler on the breadcrumb."""
    faulthandler.enable(file=crumb, all_threads=False)
    faulthandler.dump_traceback_later(order.limits.timeout_s, exit=True, file=crumb)
    try:
        with error_stream_to(crumb):
            receipt = _attempt(order)
    finally:
        faulthandler.cancel_dump_traceback_later()
        faulthandler.disable()
    printed = written_after_header(crumb).strip()
    if not printed:
        return receipt
    said = Said()
    said.add(receipt.log)
    said.add(printed)
    return replace(receipt, log=without_folders(said.text(), order))


class _Meter:
    """Start of an attempt; completes a row with what it took."""

    def __init__(self) -> None:
        self._started = datetime.now(UTC)
        self._clock = time.perf_counter()
        self._cpu = time.process_time()

    def measured(self, row: TaskRow) -> TaskRow:
        """Return the row with start, elapsed time, CPU time and peak memory."""
        return row.with_(
            started_at=self._started,
            seconds=time.perf_counter() - self._clock,
            cpu_seconds=time.process_time() - self._cpu,
            peak_memory=platform.peak_memory(),
        )


def _attempt(order: Order) -> Receipt:
    meter = _Meter()
    with listening() as said:
        try:
            receipt = _succeed(order, meter)
        except (Exception, SystemExit) as error:  # noqa: BLE001  a step is foreign code: its failure is a row
            receipt = _fail(order, meter, error)
    bytes_read = sum(file.size for files in order.files.values() for file in files)
    return replace(receipt, log=without_folders(said.text(), order), bytes=bytes_read)


def _succeed(order: Order, meter: _Meter) -> Receipt:
    """Compute and commit. Raises whatever goes wrong."""
    assay, step = _load(order)
    check_unchanged(order)
    outcome = cleaned(_run(order, step), order)
    check_unchanged(order)
    made = tables_of(outcome, order.row, assay)
    row = meter.measured(order.row).with_(
        status="ok", data=made.data, seed=outcome.seed, versions=versions_for(order.row.assay)
    )
    return _committed(order, row, made)


def _fail(order: Order, meter: _Meter, error: BaseException) -> Receipt:
    """Commit a failure of the data or the step; report a failure of the machine without a commit."""
    row = meter.measured(order.row).with_(
        status="failed",
        error=error_words(error, order),
        traceback=traceback_words(error, order),
        versions=versions_for(order.row.assay),
    )
    if is_machine_fault(error):
        return _machine_fault(order, row, error)
    try:
        return _committed(order, row, Tables({}, {}, "{}", {}))
    except (StoreError, OSError) as store_error:
        return _machine_fault(order, row, store_error)


def _machine_fault(order: Order, row: TaskRow, error: BaseException) -> Receipt:
    """Report what the machine could not do; the task is tried again by the next run."""
    failed = row.with_(status="failed", error=error_words(error, order))
    changed = (error.relative,) if isinstance(error, FileChangedError) else ()
    return Receipt(failed, committed=False, disk_full=is_disk_full(error), changed_files=changed)


def _committed(order: Order, row: TaskRow, made: Tables) -> Receipt:
    done = commit(Path(order.results), row, made.tables, made.evidence)
    return Receipt(done, committed=True, findings=made.severities)


def _load(order: Order) -> tuple[Assay, Step]:
    """Find the step; a worker with other code than the coordinator's must not compute."""
    if order.exoraw_version != exoraw.__version__:
        raise MachineError(
            f"this worker has exoraw {exoraw.__version__}, the run was started with {order.exoraw_version}. "
            "Install the same version everywhere."
        )
    assay = registry.load(order.row.assay)
    if order.row.step == comparing.STEP:  # the house's own step, behind those of every assay
        steps: tuple[Step, ...] = (comparing.Compare(),)
        assay = replace(assay, steps=steps, findings=(*assay.findings, *comparing.FINDINGS))
    step = next((step for step in assay.steps if step.name == order.row.step), None)
    if step is None or step.version != order.row.step_version:
        raise MachineError(
            f"this worker has another version of the assay {assay.name} than the computer that started the "
            "run. Install the same version everywhere."
        )
    if order.isolated:
        _one_thread_for_opencv()
    return assay, step


def _one_thread_for_opencv() -> None:
    """OpenCV brings threads of its own, which the variables set for workers do not reach."""
    opencv = sys.modules.get("cv2")
    if opencv is not None and opencv.getNumThreads() != 1:
        opencv.setNumThreads(1)


def _run(order: Order, step: Step) -> Outcome:
    inputs = resolve(order)
    with platform.memory_limit(order.limits.memory), _seeded(seed_of(step.name, order.unit.key)):
        return step.run(order.unit, inputs)


def seed_of(step: str, key: str) -> int:
    """Return the seed of a unit: the same in every run, another for every unit."""
    return int(digest(f"{step}\n{key}")[:8], 16)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed the global generators, for code that uses them in spite of everything; put them back after."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  the legacy state is meant
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
