"""What a worker process of ours does before its first task. Dask imports this module in each of them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from exoraw.engine import platform
from exoraw.engine import worker as _warm  # noqa: F401  imported now, so that no task pays for it


def dask_setup(worker: Any) -> None:  # noqa: ARG001  Dask's signature
    """Leave Ctrl-C to the coordinator, die with it, and use one core."""
    platform.ignore_interrupts()
    platform.die_with_parent()
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
