"""What the browser draws of a tube: panels, axes, gates as handles, populations, numbers; plain JSON."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from exoraw.assays.flow.arrays import BoolArray
from exoraw.assays.flow.quadrants import Quadrants, Share, share_of
from exoraw.assays.flow.review.axes import axis_data
from exoraw.assays.flow.review.decided import CELLS, Corner, Gates
from exoraw.assays.flow.review.looked import APOPTOTIC, IN_RANGE, SINGLES, Looked

CORNERS = ((False, False), (True, False), (True, True), (False, True))  # live, early, late, necrotic


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
        "panels": list(_panels(looked)),
        "gates": [*_lines(looked, gates, blind=blind), *_outlines(looked, gates)],
        "populations": _populations(looked),
        "events": {
            "shown": len(looked.shown),
            "in_range": int(np.count_nonzero(looked.tube.in_range)),
            "all": len(looked.tube),
        },
        **numbers(looked, gates),
    }


def numbers(looked: Looked, gates: Gates) -> dict[str, Any]:
    """Return the numbers under these gates, counted on all events, and the mask of the shown single cells."""
    cleaned = looked.cleaned(gates)
    counted = looked.counted(cleaned.singlets, gates)
    singles = int(np.count_nonzero(cleaned.singlets))
    share = share_of(SINGLES, singles, len(looked.tube))
    cells = share_of(CELLS, int(np.count_nonzero(cleaned.cells)), int(np.count_nonzero(cleaned.in_range)))
    rows = [
        *_quadrant_rows(looked, counted),
        {**_row(cells), "of": f"events {IN_RANGE}"},
        {**_row(share), "of": "all events"},
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


def _panels(looked: Looked) -> Iterator[dict[str, Any]]:
    first, second = looked.dyes
    names = looked.params.quadrants.names
    yield {
        "name": "quadrants", "title": "Quadrants", "x": first.key, "y": second.key, "parent": SINGLES,
        "gates": [first.key, second.key], "corners": list(names),
    }  # fmt: skip
    if "FSC" in looked.axes:
        yield {
            "name": CELLS, "title": "Cells and debris", "x": "FSC", "y": "SSC", "parent": IN_RANGE,
            "gates": [CELLS], "corners": [],
        }  # fmt: skip


def _lines(looked: Looked, gates: Gates, *, blind: bool) -> Iterator[dict[str, Any]]:
    for dye in looked.dyes:
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


# ----------------------------------------------------------------- populations and numbers


def _populations(looked: Looked) -> list[dict[str, Any]]:
    """Return what is counted, as conditions that the browser can count by itself."""
    first, second = (dye.key for dye in looked.dyes)
    names = looked.params.quadrants.names
    found: list[dict[str, Any]] = [
        {"name": name, "parent": SINGLES, "above": {first: above[0], second: above[1]}}
        for name, above in zip(names, CORNERS, strict=True)
    ]
    found.append({"name": APOPTOTIC, "parent": SINGLES, "sum": _apoptotic(looked)})
    if "FSC" in looked.axes:
        found.append({"name": CELLS, "parent": IN_RANGE, "inside": CELLS})
    return found


def _apoptotic(looked: Looked) -> list[str]:
    names = looked.params.quadrants
    return [
        name
        for name, part in ((names.early, "early"), (names.late, "late"))
        if part in looked.params.apoptotic
    ]


def _quadrant_rows(looked: Looked, counted: Quadrants | None) -> list[dict[str, Any]]:
    if counted is None:
        return []
    parts = _apoptotic(looked)
    total = sum(share.numerator for share in counted.quadrants if share.name in parts)
    shares = (*counted.quadrants, share_of(APOPTOTIC, total, counted.n))
    return [{**_row(share), "of": SINGLES} for share in shares]


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
