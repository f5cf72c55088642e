"""Flow cytometry: FCS files in; compensated, gated and counted cells out. Names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exoraw.assays.flow.fcs import FcsData, FcsDataset, header, read_fcs, write_datasets, write_fcs

_HOME = {
    "FcsData": "fcs",
    "FcsDataset": "fcs",
    "header": "fcs",
    "read_fcs": "fcs",
    "write_datasets": "fcs",
    "write_fcs": "fcs",
}

__all__ = ["FcsData", "FcsDataset", "header", "read_fcs", "write_datasets", "write_fcs"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
