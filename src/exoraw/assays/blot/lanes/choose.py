"""Which lines of the image are the rows that were asked for, and which of them need a person's points."""

from __future__ import annotations

from collections.abc import Sequence

from exoraw.assays.blot.lanes.find import automatic_rows, row_from_points
from exoraw.assays.blot.lanes.geometry import PointPair, Row
from exoraw.assays.blot.lanes.reading import RowReading, State
from exoraw.assays.blot.lanes.signal import SearchImage

RIVAL = 0.6  # of a chosen row's signal: a further line this bright could be meant as well
MOST_CANDIDATES = 4


def choose_rows(
    search: SearchImage, lanes: int, rows: int, points: Sequence[PointPair | None] | None
) -> tuple[RowReading, ...]:
    """Return how every row was read, from the top of the image to its bottom.

    Parameters
    ----------
    search : image for the search
    lanes, rows : how many there are
    points : first and last band of every row; None for a row, or altogether, to have it found
    """
    if points is not None and all(pair is not None for pair in points):
        given = [row_from_points(search, lanes, pair) for pair in points if pair is not None]
        return tuple(RowReading(i + 1, "ok", "", row, (row.ends,)) for i, row in enumerate(given))
    lines = automatic_rows(search, lanes, rows)
    return _automatic(lines, rows)


def _automatic(lines: list[list[Row]], rows: int) -> tuple[RowReading, ...]:
    chosen = sorted(lines[:rows], key=lambda readings: readings[0].trace.y.mean())
    rival = lines[rows][0].strength if len(lines) > rows else 0.0
    found = []
    for number, readings in enumerate(chosen, start=1):
        row = readings[0]
        doubts = list(row.doubts)
        if rival > RIVAL * row.strength:
            doubts.append(f"another row is about as strong ({rival / row.strength:.0%} of this one)")
        candidates = [reading.ends for reading in readings[:MOST_CANDIDATES]]
        if doubts and rival:
            candidates += [line[0].ends for line in lines[rows : rows + MOST_CANDIDATES]]
        state: State = "needs_points" if doubts else "ok"
        found.append(RowReading(number, state, "; ".join(doubts), row, tuple(candidates)))
    missing = range(len(found) + 1, rows + 1)
    found += [RowReading(number, "needs_points", "no row of bands was found", None) for number in missing]
    return tuple(found)
