"""Cells to and from other programs: FlowCytometryTools, AnnData, FCS files of a population. Loads on use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exoraw.assays.flow.interop.anndata_events import anndata_strategy, from_anndata, to_anndata
    from exoraw.assays.flow.interop.event_table import EventTable
    from exoraw.assays.flow.interop.fct_gates import gate_to_fct, population_to_fct, quadrants_to_fct
    from exoraw.assays.flow.interop.fct_gates_back import gate_from_fct, strategy_from_fct
    from exoraw.assays.flow.interop.fct_measurements import from_fcmeasurement, to_fcmeasurement, to_fcplate
    from exoraw.assays.flow.interop.fct_package import flowcytometrytools
    from exoraw.assays.flow.interop.missing import MissingExtraError
    from exoraw.assays.flow.interop.population_files import write_population, write_populations

_HOME = {
    "EventTable": "event_table",
    "MissingExtraError": "missing",
    "anndata_strategy": "anndata_events",
    "flowcytometrytools": "fct_package",
    "from_anndata": "anndata_events",
    "from_fcmeasurement": "fct_measurements",
    "gate_from_fct": "fct_gates_back",
    "gate_to_fct": "fct_gates",
    "population_to_fct": "fct_gates",
    "quadrants_to_fct": "fct_gates",
    "strategy_from_fct": "fct_gates_back",
    "to_anndata": "anndata_events",
    "to_fcmeasurement": "fct_measurements",
    "to_fcplate": "fct_measurements",
    "write_population": "population_files",
    "write_populations": "population_files",
}

__all__ = [
    "EventTable",
    "MissingExtraError",
    "anndata_strategy",
    "flowcytometrytools",
    "from_anndata",
    "from_fcmeasurement",
    "gate_from_fct",
    "gate_to_fct",
    "population_to_fct",
    "quadrants_to_fct",
    "strategy_from_fct",
    "to_anndata",
    "to_fcmeasurement",
    "to_fcplate",
    "write_population",
    "write_populations",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
