"""Dask workers of our own on this machine, set up so that a poisonous file harms nobody but itself."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from exoraw.engine import platform
from exoraw.engine.memory import MemoryWatch
from exoraw.engine.remote import DaskExecutor, quiet_loggers
from exoraw.io.errors import StudyError

# Measured; with Dask's defaults four poisonous files of forty hung the batch in three of three runs.
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # one death of its worker = that task failed
    "distributed.scheduler.worker-saturation": 1.0,  # a worker holds only what it runs
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.no-workers-timeout": "2m",  # never wait for ever
    "distributed.scheduler.worker-ttl": None,  # C code that holds the GIL sends no heartbeat: we have a limit
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.deploy.lost-worker-timeout": "1h",  # 15 s would close the nanny of a crashed worker for good
    "distributed.comm.timeouts.connect": "5s",
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",  # 20 ms: every process would wake fifty times a second
    "distributed.admin.large-graph-warning-threshold": "1GB",  # a unit over thousands of earlier ones
}

# One thread per worker, also for libraries that bring their own; read when these are first imported.
ONE_THREAD = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MALLOC_TRIM_THRESHOLD_": "65536",  # Dask's own setting: freed arrays go back to the system at once
} | dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
        "RAYON_NUM_THREADS",
        "POLARS_MAX_THREADS",
    ),
    "1",
)
_PRELOADED = (
    "exoraw.engine.forked",
    "exoraw.engine.startup",
    "distributed.nanny",
    "distributed.worker",
    "pandas",
)
_LOOPBACK = "127.0.0.1"


@contextlib.contextmanager
def local_workers(
    count: int, crumbs: Path, memory: int, assays: Iterable[str] = ()
) -> Iterator[DaskExecutor]:
    """Start `count` worker processes, one thread each, on the loopback only; end them with the block.

    Parameters
    ----------
    crumbs : folder of this run's breadcrumbs
    memory : bytes that one task may use, for systems that cannot refuse an allocation
    assays : packages that the workers will need: imported once, before the workers are made
    """
    with contextlib.ExitStack() as stack:
        try:
            cluster, client = _start(stack, count, crumbs, assays)
        except (OSError, RuntimeError, TimeoutError) as error:
            raise StudyError(
                f"The worker processes could not be started ({type(error).__name__}: {error}). "
                "`exoraw doctor` looks for the reason; --workers 0 computes without them. In a script the "
                'call must stand below `if __name__ == "__main__":`.'
            ) from error
        stack.enter_context(_memory_watched(crumbs, memory))
        try:
            yield DaskExecutor(client, count)
        except BaseException:
            platform.kill_now(_worker_pids(cluster))
            raise


def _start(stack: contextlib.ExitStack, count: int, crumbs: Path, assays: Iterable[str]) -> tuple[Any, Any]:
    """Return cluster and client; the stack ends them."""
    stack.enter_context(_environment_restored())
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    _start_fork_server(assays)
    import dask
    from distributed import Client, LocalCluster

    method = {"distributed.worker.multiprocessing-method": platform.worker_start_method()}
    environment = {"distributed.nanny.pre-spawn-environ": ONE_THREAD}
    stack.enter_context(dask.config.set({**SETTINGS, **method, **environment}))
    stack.enter_context(quiet_loggers())
    cluster = LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        memory_limit=0,
        host=_LOOPBACK,
        dashboard_address=f"{_LOOPBACK}:0",
        silence_logs=logging.CRITICAL,
        preload=["exoraw.engine.startup"],
        local_directory=str(crumbs.parent / "dask"),
    )
    stack.enter_context(cluster)
    return cluster, stack.enter_context(Client(cluster, set_as_default=False))


def _start_fork_server(assays: Iterable[str]) -> None:
    """Import what every worker needs once; workers, also those that replace a crashed one, are forked off.

    The server has a single thread (ONE_THREAD sees to that) and computes nothing. It starts beside this
    process's own imports.
    """
    if platform.worker_start_method() != "forkserver":
        return
    import multiprocessing
    from multiprocessing import forkserver

    packages = [f"{package}.assay" for package in assays]
    multiprocessing.set_forkserver_preload(["__main__", *_PRELOADED, *packages])
    forkserver.ensure_running()


def _worker_pids(cluster: Any) -> list[int]:
    return [nanny.pid for nanny in cluster.workers.values() if getattr(nanny, "pid", None)]


@contextlib.contextmanager
def _environment_restored() -> Iterator[None]:
    """Dask writes the workers' variables into this process too; a notebook keeps its own."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextlib.contextmanager
def _memory_watched(crumbs: Path, memory: int) -> Iterator[None]:
    if platform.limits_memory():
        yield
        return
    watch = MemoryWatch(crumbs, memory)
    thread = threading.Thread(target=watch.run, name="exoraw memory watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.stop()
        thread.join()
