"""Failures of a task in words: whose fault, what was found, what to do; without paths of this machine."""

from __future__ import annotations

import errno
import traceback

from exoraw.engine.crumbs import memory_words
from exoraw.engine.privacy import without_folders
from exoraw.engine.tasks import Order
from exoraw.io.errors import ExorawError, StoreError
from exoraw.store.commit import DiskFull

_MOST_FRAMES = 25
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_WRAPPING = ("exoraw.engine.worker", "contextlib")  # above every step; tells nothing about it


class MachineError(ExorawError):
    """The machine, not the data: never committed, so the next run tries again."""


class FileChangedError(MachineError):
    """A raw file is not the one that was planned with."""

    def __init__(self, relative: str) -> None:
        self.relative = relative
        super().__init__(
            f"{relative}: the file changed while it was read. Run again when the instrument or the copy has "
            "finished."
        )

    def __reduce__(self) -> tuple[type[FileChangedError], tuple[str]]:
        return type(self), (self.relative,)


def is_machine_fault(error: BaseException) -> bool:
    """Return whether another try on the same bytes may well succeed: disk, network, a missing package.

    An OSError without a number comes from no system call: a decoder (gzip, PIL, h5py) says so that the
    content is damaged, and the same bytes give the same again.
    """
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
        return error.errno is not None
    return isinstance(error, MachineError | StoreError | OSError | ImportError)


def is_disk_full(error: BaseException) -> bool:
    """Return whether the results folder could not grow."""
    return isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in _NO_ROOM)


def error_words(error: BaseException, order: Order) -> str:
    """Return the message of a failure as it stands in the table `tasks`."""
    if isinstance(error, MemoryError):
        words = memory_words(f"{order.limits.memory / 1e9:.3g} GB", str(error))
    elif isinstance(error, ExorawError):
        words = str(error)
    elif isinstance(error, SystemExit):
        words = f"the step tried to end the program (SystemExit: {error})"
    else:
        words = f"{type(error).__name__}: {error}"
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    return without_folders(words + notes, order)


def traceback_words(error: BaseException, order: Order) -> str:
    """Return where in the code it failed, innermost last, by module instead of by path."""
    places = [
        (str(frame.f_globals.get("__name__", "?")), number, frame.f_code.co_name)
        for frame, number in traceback.walk_tb(error.__traceback__)
    ]
    own = [place for place in places if place[0] not in _WRAPPING] or places
    lines = [f"{module}:{number} in {function}" for module, number, function in own[-_MOST_FRAMES:]]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        lines += [f"caused by {type(cause).__name__}: {cause}"]
    return without_folders("\n".join([*lines, f"{type(error).__name__}: {error}"]), order)
