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
from exoraw.engine.remote import DaskExecutor

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
ONE_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"} | dict.fromkeys(
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
_CLOSE_S = 10


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
    with _environment_restored():
        os.environ.update({name: os.environ.get(name, value) for name, value in ONE_THREAD.items()})
        _start_fork_server(assays)
        import dask
        from distributed import Client, LocalCluster

    with (
        _environment_restored(),
        dask.config.set(
            {
                **SETTINGS,
                "distributed.worker.multiprocessing-method": platform.worker_start_method(),
                "distributed.nanny.pre-spawn-environ": ONE_THREAD,
            }
        ),
        _quiet_loggers(),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            host=_LOOPBACK,
            dashboard_address=f"{_LOOPBACK}:0",
            silence_logs=logging.CRITICAL,
            preload=["exoraw.engine.startup"],
            local_directory=str(crumbs.parent / "dask"),
        ) as cluster,
        Client(cluster) as client,
        _memory_watched(crumbs, memory),
    ):
        executor = DaskExecutor(client, count)
        try:
            yield executor
        except BaseException:
            platform.kill_now(_worker_pids(cluster))
            raise


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
def _quiet_loggers() -> Iterator[None]:
    """Keep Dask's reports of lost workers off the terminal: every one is told in our own words."""
    names = ("distributed", "distributed.nanny", "distributed.scheduler", "distributed.core", "tornado")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


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
