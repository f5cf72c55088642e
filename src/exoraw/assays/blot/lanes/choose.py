"""Which lines of the image are the rows that were asked for, and which of them need a person's points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from exoraw.assays.blot.lanes.find import automatic_rows, row_from_points
from exoraw.assays.blot.lanes.geometry import PointPair, Row
from exoraw.assays.blot.lanes.reading import RowReading, State
from exoraw.assays.blot.lanes.signal import SearchImage

RIVAL = 0.6  # of a chosen row's signal: a further line this bright could be meant as well
MOST_CANDIDATES = 4

Lines = list[list[Row]]


def choose_rows(
    search: SearchImage, lanes: int | None, rows: int, points: Sequence[PointPair | None] | None
) -> tuple[RowReading, ...]:
    """Return how every row was read.

    Parameters
    ----------
    search : image for the search
    lanes, rows : how many there are; lanes None: they are counted
    points : first and last band of every row; None for a row, or altogether, to have it found

    Returns
    -------
    the rows in the order of `points`; without points from the top of the image to its bottom
    """
    if points is None:
        chosen, rest = _split(automatic_rows(search, lanes, rows), rows)
        return _beside_each_other(_readings(chosen, rest, range(1, rows + 1)))
    given: dict[int, Row] = {}
    for number, pair in enumerate(points, start=1):
        if pair is not None and lanes is not None:
            others = [other for other in points if other is not None and other != pair]
            given[number] = row_from_points(search, lanes, pair, others)
    numbers = [number for number in range(1, len(points) + 1) if number not in given]
    found = {number: RowReading(number, "ok", "", row, (row.ends,)) for number, row in given.items()}
    if numbers:
        lines = [line for line in automatic_rows(search, lanes, rows) if not _taken(line[0], given)]
        chosen, rest = _split(lines, len(numbers))
        found |= {reading.number: reading for reading in _readings(chosen, rest, numbers)}
    return _beside_each_other(tuple(found[number] for number in sorted(found)))


def _beside_each_other(readings: tuple[RowReading, ...]) -> tuple[RowReading, ...]:
    """Return the readings, every row of which knows where the others run."""
    lines = {reading.number: reading.found.trace for reading in readings if reading.found is not None}
    beside = []
    for reading in readings:
        others = tuple(line for number, line in lines.items() if number != reading.number)
        row = replace(reading.found, others=others) if reading.found is not None else None
        beside.append(replace(reading, found=row))
    return tuple(beside)


def _split(lines: Lines, rows: int) -> tuple[Lines, Lines]:
    """Return the brightest lines, from the top of the image, and the others."""
    return sorted(lines[:rows], key=lambda readings: _height(readings[0])), lines[rows:]


def _height(row: Row) -> float:
    return float(row.trace.y[row.x0 : row.x1].mean())


def _taken(row: Row, given: dict[int, Row]) -> bool:
    return any(abs(_height(row) - _height(other)) < 4 * other.trace.sigma for other in given.values())


def _readings(chosen: Lines, rest: Lines, numbers: Sequence[int]) -> tuple[RowReading, ...]:
    rival = rest[0][0].strength if rest else 0.0
    found = [_reading(number, line, rival, rest) for number, line in zip(numbers, chosen, strict=False)]
    missing = numbers[len(found) :]
    found += [RowReading(number, "needs_points", "no row of bands was found", None) for number in missing]
    return tuple(found)


def _reading(number: int, readings: list[Row], rival: float, rest: Lines) -> RowReading:
    row = readings[0]
    doubts = list(row.doubts)
    candidates = [reading.ends for reading in readings[:MOST_CANDIDATES]]
    if rival > RIVAL * row.strength:
        doubts.append(f"another row is about as strong ({rival / row.strength:.0%} of this one)")
        candidates += [line[0].ends for line in rest[:MOST_CANDIDATES]]
    state: State = "needs_points" if doubts else "ok"
    return RowReading(number, state, "; ".join(doubts), row, tuple(candidates))
