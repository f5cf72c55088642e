"""Calls that differ between Linux, macOS and Windows; only this module asks which system it runs on."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

LINUX = sys.platform.startswith("linux")
_PR_SET_PDEATHSIG = 1  # prctl(2): signal this process when its parent ends


def describe_system() -> str:
    """Return operating system and machine type, without user, host or path."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def limits_memory() -> bool:
    """Return whether the system itself can refuse an allocation (else the coordinator watches)."""
    return LINUX


@contextlib.contextmanager
def memory_limit(extra: int) -> Iterator[None]:
    """Let this process allocate `extra` bytes more than it holds now; beyond that, MemoryError.

    Files that are only mapped for reading do not count. Does nothing where the system cannot do it.
    """
    if sys.platform == "win32" or not LINUX:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _private_writable_bytes() + extra
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _private_writable_bytes() -> int:
    """Return what RLIMIT_DATA counts of this process (VmData, kB), in bytes."""
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return psutil.Process().memory_info().vms


def die_with_parent() -> None:
    """Make the kernel end this process when the one that started it ends, even amid C code.

    Elsewhere than on Linux Dask's own watch thread does it, which code that holds the GIL delays.
    """
    if not LINUX:
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel knew
        os._exit(1)


def worker_start_method() -> str:
    """Return how worker processes are made: forked from a clean server on Linux, started anew elsewhere."""
    return "forkserver" if LINUX else "spawn"


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the coordinator. Call in the main thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def peak_memory() -> int:
    """Return the largest resident size this process has had, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def kill_now(pids: Iterator[int] | list[int]) -> None:
    """End these processes at once."""
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            psutil.Process(pid).kill()


@contextlib.contextmanager
def interrupt_handler(handle: object) -> Iterator[None]:
    """Call `handle` on Ctrl-C while the block runs; only the main thread can, others change nothing."""
    if threading.current_thread() is not threading.main_thread() or not callable(handle):
        yield
        return
    before = signal.signal(signal.SIGINT, lambda _number, _frame: handle())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def usable_cores() -> int:
    """Return the cores this process may use (a cluster job or container often has fewer than the machine)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int:
    """Return the memory that could be used now without swapping, in bytes."""
    return int(psutil.virtual_memory().available)


def total_memory() -> int:
    """Return the memory of this machine, or of the container it runs in where that is less, in bytes."""
    total = int(psutil.virtual_memory().total)
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(Path(name).read_text("ascii")))
    return total
