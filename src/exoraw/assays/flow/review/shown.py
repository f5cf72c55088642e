"""What the browser draws of a tube: panels, axes, gates as handles, populations, numbers; plain JSON."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from exoraw.assays.flow.arrays import BoolArray
from exoraw.assays.flow.quadrants import Share, share_of
from exoraw.assays.flow.review.axes import axis_data
from exoraw.assays.flow.review.decided import CELLS, NO_GATES, Corner, Gates
from exoraw.assays.flow.review.looked import IN_RANGE, SINGLES, Looked, Panel


def drawing(looked: Looked, gates: Gates, *, blind: bool) -> dict[str, Any]:
    """Return everything that is drawn, with the gates in force.

    Parameters
    ----------
    gates : what people decided so far; the rest is automatic
    blind : leave out what the automatic gates were found on: it tells treated tubes from others
    """
    return {
        "columns": list(looked.columns),
        "axes": {name: axis_data(axis) for name, axis in looked.axes.items()},
        "panels": [vars(panel) for panel in _panels(looked)],
        "parent": looked.scheme.parent,
        "alive": list(looked.scheme.alive),
        "gates": [*_lines(looked, gates, blind=blind), *_outlines(looked, gates)],
        "populations": [vars(one) for one in looked.scheme.populations()],
        "events": {
            "shown": len(looked.shown),
            "in_range": int(np.count_nonzero(looked.tube.in_range)),
            "all": len(looked.tube),
        },
        "automatic": numbers(looked, NO_GATES)["numbers"],
        **numbers(looked, gates),
    }


def numbers(looked: Looked, gates: Gates) -> dict[str, Any]:
    """Return the numbers under these gates, counted on all events, and the mask of the shown single cells."""
    cleaned = looked.cleaned(gates)
    parent = looked.parent(cleaned.singlets, gates)
    singles, cells, in_range, live = (
        int(np.count_nonzero(mask)) for mask in (cleaned.singlets, cleaned.cells, cleaned.in_range, parent)
    )
    rows = [{**_row(share), "of": looked.scheme.parent} for share in looked.counted(parent, gates)]
    if looked.scheme.parent != SINGLES:
        rows.append({**_row(share_of(looked.scheme.parent, live, singles)), "of": SINGLES})
    rows += [
        {**_row(share_of(CELLS, cells, in_range)), "of": f"events {IN_RANGE}"},
        {**_row(share_of(SINGLES, singles, len(looked.tube))), "of": "all events"},
    ]
    return {"numbers": rows, "singles": _bits(cleaned.singlets[looked.shown])}


def packed(looked: Looked) -> bytes:
    """Return the shown events: little-endian float64, one column after the other, in the order of `columns`.

    Float64, because an event is above a border or not: the browser's counts are those of the analysis.
    """
    return b"".join(
        np.ascontiguousarray(column[looked.shown], dtype="<f8").tobytes()
        for column in looked.columns.values()
    )


def _bits(mask: BoolArray) -> str:
    """Return a mask as base64, one bit an event, the first in the lowest bit."""
    return base64.b64encode(np.packbits(mask, bitorder="little").tobytes()).decode()


# ----------------------------------------------------------------- plots and gates


def _panels(looked: Looked) -> Iterator[Panel]:
    yield from looked.scheme.panels(list(looked.axes))
    if "FSC" in looked.axes:
        yield Panel(CELLS, "Cells and debris", "FSC", "SSC", IN_RANGE, (CELLS,))


def _lines(looked: Looked, gates: Gates, *, blind: bool) -> Iterator[dict[str, Any]]:
    movable = {name for panel in looked.scheme.panels(list(looked.axes)) for name in panel.gates}
    for dye in looked.dyes:
        if dye.key not in movable:
            continue
        automatic = looked.automatic.borders.get(dye.key)
        value = gates.borders.get(dye.key, automatic)
        source = "" if blind else looked.automatic.sources.get(dye.key, "")
        yield {
            "name": dye.key, "kind": "line", "axis": dye.key, "title": f"{dye.title} border",
            "value": value, "automatic": automatic, "source": source,
            "by_hand": dye.key in gates.borders,
        }  # fmt: skip


def _outlines(looked: Looked, gates: Gates) -> Iterator[dict[str, Any]]:
    if "FSC" not in looked.axes:
        return
    automatic = automatic_outline(looked)
    corners = gates.cells or automatic
    yield {
        "name": CELLS, "kind": "outline", "axes": ["FSC", "SSC"], "title": "outline of the cells",
        "corners": [list(corner) for corner in corners],
        "automatic": [list(corner) for corner in automatic],
        "by_hand": gates.cells is not None,
    }  # fmt: skip


def automatic_outline(looked: Looked) -> tuple[Corner, ...]:
    """Return the batch's debris gate as an outline: a rectangle over all that it keeps of this tube."""
    scatter = looked.tube.scatter
    assert scatter.area is not None
    assert scatter.side is not None
    debris = looked.automatic.debris
    low = None if debris is None else debris.threshold
    left, right = _span(scatter.area, scatter.tops[0])
    bottom, top = _span(scatter.side, scatter.tops[1])
    left = left if low is None else min(low, right)
    return ((left, bottom), (right, bottom), (right, top), (left, top))


def _span(values: Any, top: float | None) -> tuple[float, float]:
    """Return ends that hold every event of a scatter signal, and its detector's whole range."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return min(low, 0.0), max(high, top or 0.0)


def _row(share: Share) -> dict[str, Any]:
    return {
        "name": share.name,
        "count": share.numerator,
        "total": share.denominator,
        "percent": _finite(share.percent),
        "low": _finite(share.ci_low),
        "high": _finite(share.ci_high),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
