"""What every test may ask for: the folder of real files, and fresh random generators."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the workers; before numpy is imported

import numpy as np
import pytest

PROJECT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium under Playwright; without one the test is skipped, in CI it fails."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = "no Chromium on this machine: the pages were not used in a browser"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=list(BROWSER_ARGUMENTS))
        yield started
        started.close()
