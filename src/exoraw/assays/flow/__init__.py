"""Flow cytometry: FCS files in; compensated, gated and counted cells out. Names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exoraw.assays.flow.annexin import AnnexinThresholds, annexin_thresholds
    from exoraw.assays.flow.compensation import compensate
    from exoraw.assays.flow.debris import DebrisGate, debris_gate
    from exoraw.assays.flow.fcs import FcsData, FcsDataset, header, read_fcs, write_datasets, write_fcs
    from exoraw.assays.flow.margins import Margins, margin_events
    from exoraw.assays.flow.quadrants import QuadrantNames, Quadrants
    from exoraw.assays.flow.quadrants import quadrants as quadrant_shares
    from exoraw.assays.flow.single_stains import spillover_from_single_stains
    from exoraw.assays.flow.singlets import SingletGate, singlet_gate
    from exoraw.assays.flow.spillover import Spillover
    from exoraw.assays.flow.spillover_csv import spillover_from_csv
    from exoraw.assays.flow.transforms import (
        Arcsinh,
        Logicle,
        arcsinh,
        estimate_arcsinh,
        estimate_logicle,
        logicle,
    )

_HOME = {
    "AnnexinThresholds": "annexin",
    "Arcsinh": "transforms",
    "DebrisGate": "debris",
    "FcsData": "fcs",
    "FcsDataset": "fcs",
    "Logicle": "transforms",
    "Margins": "margins",
    "QuadrantNames": "quadrants",
    "Quadrants": "quadrants",
    "SingletGate": "singlets",
    "Spillover": "spillover",
    "annexin_thresholds": "annexin",
    "arcsinh": "transforms",
    "compensate": "compensation",
    "debris_gate": "debris",
    "estimate_arcsinh": "transforms",
    "estimate_logicle": "transforms",
    "header": "fcs",
    "logicle": "transforms",
    "margin_events": "margins",
    "quadrant_shares": "quadrants",
    "read_fcs": "fcs",
    "singlet_gate": "singlets",
    "spillover_from_csv": "spillover_csv",
    "spillover_from_single_stains": "single_stains",
    "write_datasets": "fcs",
    "write_fcs": "fcs",
}

__all__ = [
    "AnnexinThresholds",
    "Arcsinh",
    "DebrisGate",
    "FcsData",
    "FcsDataset",
    "Logicle",
    "Margins",
    "QuadrantNames",
    "Quadrants",
    "SingletGate",
    "Spillover",
    "annexin_thresholds",
    "arcsinh",
    "compensate",
    "debris_gate",
    "estimate_arcsinh",
    "estimate_logicle",
    "header",
    "logicle",
    "margin_events",
    "quadrant_shares",
    "read_fcs",
    "singlet_gate",
    "spillover_from_csv",
    "spillover_from_single_stains",
    "write_datasets",
    "write_fcs",
]

_RENAMED = {"quadrant_shares": "quadrants"}  # a module has the name already


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), _RENAMED.get(name, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
