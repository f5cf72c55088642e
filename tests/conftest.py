"""What every test may ask for: the folder of real files, and fresh random generators."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers; before numpy is imported

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    """Ctrl-C reaches the runs under test also where the tests themselves were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def project() -> Path:
    """Root of the checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def fixtures(project: Path) -> Path:
    """Small raw folders that our own simulators wrote."""
    return project / "fixtures"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real instrument files and frozen simulators; they lie beside the checkout and are never copied."""
    place = Path(os.environ.get("EXORAW_SHARED", PROJECT.parent / "shared"))
    if not place.is_dir():
        pytest.skip("the folder of real files (../shared) is not beside this checkout")
    return place


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20261120)
