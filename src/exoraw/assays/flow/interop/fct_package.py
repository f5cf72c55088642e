"""FlowCytometryTools 0.5.1, made to work on current Python, numpy and pandas.

The last release of the package is of January 2021. What it misses is lent to it only while it is imported,
and taken back; what it calls later is replaced inside its own modules, where no other package looks:

| missing | since | here |
|---|---|---|
| collections.MutableMapping, Mapping, Iterable | Python 3.10 | lent; then those of collections.abc |
| numpy.lib.shape_base | numpy 2.0 | lent |
| matplotlib.inspect, which matplotlib happens to have | | lent where it has it no more |
| inspect.getargspec | Python 3.11 | a stand-in inside its modules |
| df[j][i] = x, which left every table of a plate empty | pandas 3.0 | its method written anew |
| DataFrame.applymap | pandas 3.0 | its method written anew |
| pyplot.subplots in a figure that is there, for plots of plates | | a stand-in |
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import inspect
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from exoraw.assays.flow.interop.missing import MissingExtraError

PACKAGE, EXTRA = "FlowCytometryTools", "flowcytometrytools"
_OWN_CODE = (
    r"(.*[/\\])?(FlowCytometryTools|fcsparser)\b"  # as module or as file: a compiler's warning has no module
)
_MOVED = ("MutableMapping", "Mapping", "Iterable")
_NUMPY_HOME = "numpy.lib.shape_base"
_LOCK = threading.Lock()


def flowcytometrytools() -> Any:
    """Return the package FlowCytometryTools, imported and adapted on first use.

    `FCMeasurement`, `FCPlate` and the gates are its own classes: what its manual says holds.

    Raises
    ------
    MissingExtraError : (an ImportError) the package, or what it needs, is not installed
    """
    with _LOCK:
        package = sys.modules[PACKAGE] if PACKAGE in sys.modules else _imported()
        _adapt()
    return package


def _imported() -> ModuleType:
    try:
        with _lent(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=_OWN_CODE)  # escapes that Python will refuse one day
            return importlib.import_module(PACKAGE)
    except (ImportError, AttributeError) as error:
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]  # half of it would be taken for all of it next time
        raise MissingExtraError(PACKAGE, EXTRA, error) from error


@contextmanager
def _lent() -> Iterator[None]:
    """Lend the names that the package looks for while it is imported; take them back whatever happens."""
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError("matplotlib", EXTRA, error) from error
    wanted: list[tuple[Any, str, Any]] = [
        (collections, name, getattr(collections.abc, name)) for name in _MOVED
    ]
    wanted.append((matplotlib, "inspect", inspect))
    lent = [(owner, name, value) for owner, name, value in wanted if not hasattr(owner, name)]
    stand_in = ModuleType(_NUMPY_HOME)
    stand_in.apply_along_axis = np.apply_along_axis  # type: ignore[attr-defined]  # all that is asked of it
    before = sys.modules.get(_NUMPY_HOME)
    for owner, name, value in lent:
        setattr(owner, name, value)
    sys.modules[_NUMPY_HOME] = stand_in
    try:
        yield
    finally:
        for owner, name, _ in lent:
            delattr(owner, name)
        if before is None:
            del sys.modules[_NUMPY_HOME]
        else:
            sys.modules[_NUMPY_HOME] = before


def _adapt() -> None:
    """Replace inside the package what it calls when it is used. Done again it changes nothing."""
    bases, containers, tools, graph = (
        importlib.import_module(f"{PACKAGE}.core.{name}")
        for name in ("bases", "containers", "utils", "graph")
    )
    for module in (bases, containers, tools):
        module.collections = collections.abc  # type: ignore[attr-defined]
    for module in (bases, containers):
        module.inspect = _copy_of("inspect", getargspec=_getargspec)  # type: ignore[attr-defined]
    graph.plt = _copy_of("matplotlib.pyplot", subplots=_subplots)  # type: ignore[attr-defined]
    ordered = bases.OrderedCollection
    ordered._dict2DF = _table_of_plate
    ordered.__str__ = _plate_as_text


def _copy_of(name: str, **others: Any) -> ModuleType:
    """A module with some names exchanged; the module itself stays as it is."""
    module = ModuleType(name)
    module.__dict__.update(importlib.import_module(name).__dict__)
    module.__dict__.update(others)
    return module


def _subplots(rows: int, columns: int, *, squeeze: bool, subplot_kw: dict[str, Any], num: int) -> Any:
    """Subplots in the figure of this number, beside the axes that it has."""
    from matplotlib import pyplot

    figure = pyplot.figure(num)
    return figure, figure.subplots(rows, columns, squeeze=squeeze, subplot_kw=subplot_kw)


def _getargspec(function: Callable[..., Any]) -> SimpleNamespace:
    """What the package reads of the old `inspect.getargspec`: names of arguments, and of the **rest."""
    found = inspect.getfullargspec(function)
    return SimpleNamespace(args=found.args, keywords=found.varkw)


def _table_of_plate(plate: Any, found: dict[Any, Any], noneval: Any, dropna: bool = False) -> Any:
    """A value of every well as a table of the plate's rows and columns; `noneval` where there is none."""
    import pandas as pd

    cells = np.full((len(plate.row_labels), len(plate.col_labels)), noneval, dtype=object)
    rows = {label: place for place, label in enumerate(plate.row_labels)}
    columns = {label: place for place, label in enumerate(plate.col_labels)}
    for key, value in found.items():
        row, column = plate._positions[key]
        cells[rows[row], columns[column]] = value
    table = pd.DataFrame(cells, index=plate.row_labels, columns=plate.col_labels, dtype=object)
    with suppress(TypeError, ValueError):  # texts and measurements stay what they are
        table = table.astype(float)
    if dropna:
        table = table.dropna(axis=0, how="all").dropna(axis=1, how="all")
    return table


def _plate_as_text(plate: Any) -> str:
    shown = plate.layout.map(lambda cell: cell.ID if hasattr(cell, "ID") else "")
    return f"ID:\n{plate.ID}\n\nData:\n{shown}"
