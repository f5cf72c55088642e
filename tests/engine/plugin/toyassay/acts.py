"""What a toy file can ask for while it is computed."""

import ctypes
import gzip
import logging
import os
import random
import sys
import time
import warnings
from pathlib import Path

import numpy as np


def sleep(content: dict) -> None:
    time.sleep(content["seconds"])


def burn(content: dict) -> None:
    end = time.process_time() + content["seconds"]
    while time.process_time() < end:
        sum(range(1000))


def fail(content: dict) -> None:
    raise ValueError("the toy is broken")


def segfault(content: dict) -> None:
    ctypes.string_at(0)


def leave(content: dict) -> None:
    os._exit(3)


def abort(content: dict) -> None:
    os.write(2, b"free(): invalid pointer\n")
    os.abort()


def hang(content: dict) -> None:
    ctypes.PyDLL(None).sleep(1000)  # in C, and the GIL stays held


def eat_memory(content: dict) -> None:
    np.ones(1 << 30)  # 8 GiB


def exit_politely(content: dict) -> None:
    sys.exit("enough")


def talk(content: dict) -> None:
    logging.getLogger("toy").info("a word in the log")
    warnings.warn("a warning", UserWarning, stacklevel=1)
    os.write(2, b"a word from C\n")


def gossip(content: dict) -> None:
    """Tell places of this machine in every way a step can."""
    logging.getLogger("toy").info("log: %s", content["places"])
    warnings.warn(f"warning: {content['places']}", UserWarning, stacklevel=1)
    os.write(2, f"from C: {content['places']}\n".encode())
    content["note"] = content["caption"] = content["places"]
    if content.get("then") == "fail":
        raise ValueError(content["places"])


def damaged_gzip(content: dict) -> None:
    raise gzip.BadGzipFile("Not a gzipped file (b'TO')")


def no_picture(content: dict) -> None:
    raise OSError("cannot identify image file")


def disk_error(content: dict) -> None:
    raise OSError(5, "Input/output error")


def missing_package(content: dict) -> None:
    raise ModuleNotFoundError("No module named 'toylib'")


def touch(content: dict) -> None:
    """Grow the raw file while it is read, as an instrument would."""
    path = Path(content["path"])
    with path.open("ab") as stream:
        stream.write(b" ")


def dice(content: dict) -> None:
    content["value"] = 90 * random.random() + 10 * np.random.rand()  # noqa: NPY002


def once(content: dict) -> None:
    """Fail the first time only."""
    mark = Path(content["mark"])
    if not mark.exists():
        mark.write_text("been here")
        raise ValueError("the first time fails")


def tick(content: dict) -> None:
    """Give another number every time."""
    count(content)
    content["value"] = len(Path(content["mark"]).read_text())


def count(content: dict) -> None:
    """Leave a mark of every time it ran, outside the raw folder."""
    with Path(content["mark"]).open("a") as stream:
        stream.write("x")


ACTS = {name: act for name, act in list(globals().items()) if callable(act) and not name.startswith("_")}
