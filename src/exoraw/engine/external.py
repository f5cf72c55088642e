"""A Dask cluster that is already there: checked before anything runs, used as it is, never reconfigured."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import exoraw
from exoraw.engine.remote import DaskExecutor, quiet_loggers
from exoraw.io.errors import StudyError
from exoraw.store import layout

if TYPE_CHECKING:
    from exoraw.engine.project import Project

_CONNECT_S = 15
_WORKERS_S = 60  # a batch system may start its first worker late
_PROBED_FILES = 3
_PROBED_BYTES = 65_536


@dataclass(frozen=True)
class Probe:
    """What every worker is asked to look at.

    Parameters
    ----------
    raw, results : folders, as the coordinator calls them
    nonce : name of a file that the coordinator has just written into the results folder, and its content
    files : relative path -> (size, digest of its beginning) of a few raw files
    """

    raw: str
    results: str
    nonce: tuple[str, str]
    files: Mapping[str, tuple[int, str]]


@contextlib.contextmanager
def external_workers(address: str, project: Project, tell: Callable[[str], None]) -> Iterator[DaskExecutor]:
    """Use the workers behind a scheduler's address.

    Raises
    ------
    StudyError : the scheduler cannot be reached, has no workers, or one of them has another version of
        exoraw or sees other folders; nothing was run
    """
    from distributed import Client

    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise StudyError(
            f"The Dask scheduler {address} cannot be reached: {error}. Check the address (tcp://host:8786), "
            "and that it is running."
        ) from error
    with quiet_loggers(), client:
        threads = _wait_for_workers(client, address)
        _check_workers(client, project)
        crowded = sorted(worker for worker, count in threads.items() if count > 1)
        if crowded:
            tell(
                f"{len(crowded)} of {len(threads)} Dask workers have several threads; one of each is used, "
                "because a crash takes the whole process. Start workers with one thread for full speed."
            )
        executor = DaskExecutor(client, len(threads))
        try:
            yield executor
        finally:
            executor.stop()


def _wait_for_workers(client: Any, address: str) -> dict[str, int]:
    """Return worker -> threads, once there is a worker."""
    try:
        client.wait_for_workers(1, timeout=_WORKERS_S)
    except TimeoutError as error:
        raise StudyError(
            f"The Dask scheduler {address} has no worker after {_WORKERS_S} s. Start workers and run again."
        ) from error
    threads: dict[str, int] = client.nthreads()
    return threads


def _check_workers(client: Any, project: Project) -> None:
    nonce = layout.store(project.results) / f"nonce-{secrets.token_hex(8)}"
    word = secrets.token_hex(16)
    nonce.write_text(word, "ascii")
    try:
        probe = Probe(str(project.raw), str(project.results), (nonce.name, word), _probed_files(project))
        answers: dict[str, object] = client.run(look_around, probe, exoraw.__version__, on_error="return")
    finally:
        for path in nonce.parent.glob(f"{nonce.name}*"):
            path.unlink(missing_ok=True)
    faults = {worker: fault for worker, answer in answers.items() if (fault := _fault(answer))}
    if faults:
        lines = "\n".join(f"  {worker}: {fault}" for worker, fault in sorted(faults.items()))
        raise StudyError(f"{len(faults)} of {len(answers)} Dask workers cannot compute this study:\n{lines}")


def _fault(answer: object) -> str:
    if isinstance(answer, ImportError):
        return f"exoraw {exoraw.__version__} is not installed there ({answer})"
    if isinstance(answer, BaseException):
        return f"it could not be asked ({type(answer).__name__}: {answer})"
    return str(answer)


def _probed_files(project: Project) -> dict[str, tuple[int, str]]:
    readable = [raw for raw in project.inventory if raw.sha256][:_PROBED_FILES]
    return {raw.path: (raw.size, _beginning(project.raw / raw.path)) for raw in readable}


def _beginning(path: Path) -> str:
    import hashlib

    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(_PROBED_BYTES)).hexdigest()


def look_around(probe: Probe, version: str) -> str:
    """On a worker: say in words why this study cannot be computed here, "" where it can."""
    if exoraw.__version__ != version:
        return f"it has exoraw {exoraw.__version__}, here is {version}. Install the same version."
    results, (name, word) = layout.store(Path(probe.results)), probe.nonce
    try:
        if (results / name).read_text("ascii") != word:
            return f"{probe.results} is another folder there"
    except OSError as error:
        return f"the results folder is not there as {probe.results} ({error.strerror})"
    try:
        answer = results / f"{name}.{secrets.token_hex(8)}"
        answer.write_text(word, "ascii")
        answer.unlink()
    except OSError as error:
        return f"it cannot write into {probe.results} ({error.strerror})"
    return _raw_fault(probe)


def _raw_fault(probe: Probe) -> str:
    for relative, (size, digest) in probe.files.items():
        path = Path(probe.raw) / relative
        try:
            same = path.stat().st_size == size and _beginning(path) == digest
        except OSError as error:
            return f"the raw folder is not there as {probe.raw} ({relative}: {error.strerror})"
        if not same:
            return f"{probe.raw} is another folder there: {relative} differs"
    return ""
