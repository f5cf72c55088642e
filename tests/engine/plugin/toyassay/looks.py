"""What a worker process says of itself."""

import os
import signal
from typing import Any

import psutil
import pyarrow as pa

from exoraw.engine.cluster import ONE_THREAD


def look_around() -> dict[str, Any]:
    sockets = psutil.Process().net_connections("inet")
    return {
        "interrupts": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        "threads": {name: os.environ.get(name) for name in ONE_THREAD},
        "arrow": pa.cpu_count(),
        "listening": {item.laddr.ip for item in sockets if item.status == "LISTEN"},
        "start_threads": psutil.Process(os.getppid()).num_threads(),
    }
