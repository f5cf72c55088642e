"""Can this machine run exoraw: each thing that a run needs, tried, with what to do where it fails."""

from __future__ import annotations

import importlib
import platform as system
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exoraw.engine import platform
from exoraw.io.errors import ExorawError

OLDEST_PYTHON = (3, 11)
LEAST_MEMORY = 2 * 10**9  # bytes free: two workers with an assay each
LEAST_DISK = 1 * 10**9  # bytes free where results go
_TESTED_SYSTEMS = ("Linux",)

# What is imported by every run -> what it is needed for.
_NEEDED = {
    "numpy": "every number",
    "pandas": "tables in Python",
    "pyarrow": "the results folder",
    "pydantic": "the study file",
    "ruamel.yaml": "the study file",
    "distributed": "several workers",
    "psutil": "memory limits",
    "filelock": "one run at a time",
    "matplotlib": "pictures",
    "scipy": "statistics",
    "jinja2": "the report",
}


@dataclass(frozen=True)
class Check:
    """One thing that was tried; `message` says what was found and, where it failed, what to do."""

    name: str
    ok: bool
    message: str


def doctor(results: Path | None = None) -> list[Check]:
    """Try everything that a run needs.

    Parameters
    ----------
    results : folder in which results will be written; the current one where None
    """
    place = results or Path()
    tests: tuple[tuple[str, Callable[[], str]], ...] = (
        ("Python", _python),
        ("system", _system),
        ("packages", _packages),
        ("assays", _assays),
        ("cores", _cores),
        ("memory", _memory),
        ("disk", lambda: _disk(place)),
        ("temporary folder", lambda: _write_and_rename(Path(tempfile.gettempdir()))),
        ("results folder", lambda: _write_and_rename(place)),
        ("Dask", _dask),
    )
    return [_tried(name, test) for name, test in tests]


class _NotWell(ExorawError):  # noqa: N818  it is a finding, said aloud
    """A check that failed, in words."""


def _tried(name: str, test: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, message=test())
    except _NotWell as error:
        return Check(name, ok=False, message=str(error))
    except Exception as error:  # noqa: BLE001  whatever is broken on this machine is the answer
        return Check(name, ok=False, message=f"{type(error).__name__}: {error}")


def _python() -> str:
    version = system.python_version()
    if sys.version_info < OLDEST_PYTHON:
        raise _NotWell(f"{version} is too old; install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer.")
    return f"{version} ({system.python_implementation()})"


def _system() -> str:
    tested = "" if system.system() in _TESTED_SYSTEMS else "; exoraw was never tested on this system"
    memory = "" if platform.limits_memory() else "; memory limits are watched, not enforced"
    return f"{platform.describe_system()}{tested}{memory}"


def _packages() -> str:
    missing = []
    for name, purpose in _NEEDED.items():
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name} (for {purpose}): {error}")
    if missing:
        raise _NotWell(f"{'; '.join(missing)}. Install exoraw again: `uv sync` or `pip install exoraw`.")
    return f"all {len(_NEEDED)} import"


def _assays() -> str:
    from exoraw.assays import registry

    broken, sound = [], []
    for name in sorted(registry.registered()):
        try:
            registry.load(name)
            sound.append(name)
        except Exception as error:  # noqa: BLE001  a plug-in's code
            broken.append(f"{name} ({type(error).__name__}: {error})")
    if broken:
        raise _NotWell(f"cannot be loaded: {'; '.join(broken)}. Install what is missing.")
    return ", ".join(sound)


def _cores() -> str:
    return f"{platform.usable_cores()} can be used; so many workers a run starts unless told otherwise"


def _memory() -> str:
    free, total = platform.free_memory(), platform.total_memory()
    if free < LEAST_MEMORY:
        raise _NotWell(
            f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free; {LEAST_MEMORY / 1e9:.0f} GB are wanted. Close "
            "other programs, or run with --workers 1."
        )
    return f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free"


def _disk(place: Path) -> str:
    free = shutil.disk_usage(_existing(place)).free
    if free < LEAST_DISK:
        raise _NotWell(f"{free / 1e9:.1f} GB free in {place.resolve()}; put `results:` on a larger disk.")
    return f"{free / 1e9:.1f} GB free in {place.resolve()}"


def _existing(place: Path) -> Path:
    place = place.resolve()
    while not place.exists():
        place = place.parent
    return place


def _write_and_rename(place: Path) -> str:
    from exoraw.store.disk import replace, write_file

    folder = _existing(place)
    try:
        with tempfile.TemporaryDirectory(prefix=".exoraw-doctor-", dir=folder) as name:
            first, second = Path(name) / "first", Path(name) / "second"
            write_file(first, b"one")
            write_file(second, b"two")
            replace(first, second)
            content = second.read_bytes()
    except OSError as error:
        raise _NotWell(
            f"{folder} cannot be written: {error.strerror or error}. Choose a folder in which you may write."
        ) from error
    if content != b"one":
        raise _NotWell(f"{folder}: renaming lost a file's content; choose a local disk.")
    return f"{folder}: files can be written and renamed"


def _dask() -> str:
    from exoraw.engine.cluster import local_workers

    with (
        tempfile.TemporaryDirectory(prefix="exoraw-doctor-") as name,
        local_workers(1, Path(name) / "crumbs" / "doctor", 10**9) as executor,
    ):
        answer = executor.ask_workers(system.python_version)
    if answer != [system.python_version()]:
        raise _NotWell(f"one worker was started and answered {answer}; expected {system.python_version()}.")
    return "one worker was started, answered and ended"
