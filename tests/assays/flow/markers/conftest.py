"""What the marker tests share: the bench's simulator."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def markers_bench(project) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "accuracy_markers", project / "tests" / "bench" / "accuracy_markers.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["accuracy_markers"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
