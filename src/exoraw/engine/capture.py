"""What a task says while it works: warnings, log records and what C code writes to the error stream."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator

_MOST_LINES = 200  # kept of one task; the rest is counted


class Said(logging.Handler):
    """Collects lines, up to a bound."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self._lines: list[str] = []
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a log record, unless it is Dask's own."""
        if not record.name.startswith(("distributed", "tornado", "asyncio")):
            self.add(self.format(record))

    def add(self, text: str) -> None:
        """Keep a text, line by line."""
        for line in text.rstrip().splitlines():
            if len(self._lines) < _MOST_LINES:
                self._lines.append(line)
            else:
                self._dropped += 1

    def text(self) -> str:
        """Return what was said."""
        more = [f"... and {self._dropped} more lines"] if self._dropped else []
        return "\n".join([*self._lines, *more])


@contextlib.contextmanager
def listening() -> Iterator[Said]:
    """Collect log records (INFO and worse) and warnings of the block; nothing reaches the terminal."""
    said = Said()
    root = logging.getLogger()
    level = root.level
    root.addHandler(said)
    if level > logging.INFO or level == logging.NOTSET:
        root.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            try:
                yield said
            finally:
                for warning in caught:
                    said.add(f"WARNING {warning.category.__name__}: {warning.message}")
    finally:
        root.setLevel(level)
        root.removeHandler(said)


@contextlib.contextmanager
def error_stream_to(handle: int) -> Iterator[None]:
    """Send everything that is written to the error stream, also by C code, to this file descriptor."""
    sys.stderr.flush()
    before = os.dup(2)
    os.dup2(handle, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
