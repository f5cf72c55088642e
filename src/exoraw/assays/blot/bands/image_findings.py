"""Remarks about rows and about the image as a whole."""

from __future__ import annotations

import numpy as np

from exoraw.assays.blot.bands.splice import find_splices
from exoraw.assays.blot.lanes.arrays import AnyImage
from exoraw.assays.blot.lanes.reading import RowReading
from exoraw.assays.contract import Finding

UNEQUAL = 0.25  # of the mean width: a lane that differs by more


def image_findings(image: AnyImage, rows: tuple[RowReading, ...]) -> tuple[Finding, ...]:
    """Return the remarks that belong to no single band.

    Parameters
    ----------
    image : (rows, columns) raw signal
    rows : how every row was read
    """
    found = [_needs_points(row) for row in rows if row.state != "ok"]
    found += [finding for row in rows if row.state == "ok" for finding in _unequal(row)]
    read = tuple(row.found for row in rows if row.state == "ok" and row.found is not None)
    for splice in find_splices(image, read):
        message = (
            f"The background steps by {splice.step:.4g} between columns {splice.x - 1} and {splice.x}, over "
            f"{splice.agreement:.0%} of the height: parts of different pictures may stand side by side there."
        )
        found.append(Finding("splice", "warning", message, value=splice.step))
    return tuple(found)


def _needs_points(row: RowReading) -> Finding:
    message = f"Row {row.number} was not measured: {row.reason}. Click the middle of its first and last band."
    return Finding("needs_points", "error", message, entity=f"row:{row.number}")


def _unequal(row: RowReading) -> list[Finding]:
    if row.found is None or len(row.found.lanes) < 3:
        return []
    widths = np.array([lane.width for lane in row.found.lanes])
    off = float(np.abs(widths / widths.mean() - 1).max())
    if off <= UNEQUAL:
        return []
    at = row.found.lanes[int(np.abs(widths - widths.mean()).argmax())].number
    message = f"Lane {at} of row {row.number} is {off:.0%} wider or narrower than the others."
    return [Finding("unequal_lanes", "info", message, entity=f"row:{row.number}", value=off, limit=UNEQUAL)]
