"""Rows and lanes of an image: found without help, or between two points that a person clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from exoraw.assays.blot.lanes.arrays import FloatArray, IntArray
from exoraw.assays.blot.lanes.count import count_lanes
from exoraw.assays.blot.lanes.doubts import lane_doubts, lane_score, lies_between_bands
from exoraw.assays.blot.lanes.geometry import Lane, Point, PointPair, Row, Trace
from exoraw.assays.blot.lanes.partition import Partition, cut, judge, partitions, runs_above, whole_ends
from exoraw.assays.blot.lanes.rows import guess_rows
from exoraw.assays.blot.lanes.signal import SearchImage
from exoraw.assays.blot.lanes.trace import follow, smooth_curve, soften, straighten, trace_row

MORE_GUESSES = 4  # lines looked at beyond the rows that are asked for
DIM = 0.15  # of the light of a line that was found: dimmer ones are no rivals
SEARCH_HALF = 22  # pixels from a straight line that a row may bend
CLICK_REACH = 24.0  # pixels from the line of the clicks at which the row may lie at its ends
BEND_SHARE = 0.05  # of the distance of two points
VISIBLE = 0.06  # of the row's bright columns
VISIBLE_FIRST = 0.10  # before the row's line is known exactly
CORE, RIM = 1.5, 2.8  # sigmas on either side of the line: core of a band, and the end of its rim
LEAST_CONTRAST = 8.0  # noise of a column of the row: below it a row may be an accident
BRIGHT_ENOUGH = 0.4  # of the brightest line: above it a line whose borders lie between bands goes first
SAME_BAND = 3.0  # sigmas of a row: a line that comes nearer to it sees its light
SAME_LINE = 8.0  # pixels between two guesses that found the same row
POINT_REACH = 0.35  # of the pitch that a border may lie off equal lanes


@dataclass(frozen=True)
class _Clicked:
    """First and last band of a row as a person clicked them, from left to right, pixels of the search."""

    left: Point
    right: Point

    @classmethod
    def of(cls, points: PointPair, scale: int) -> _Clicked:
        left, right = sorted(points)
        return cls(_scaled(left, scale), _scaled(right, scale))

    def line(self, columns: IntArray) -> FloatArray:
        length = self.right[0] - self.left[0]
        slope = (self.right[1] - self.left[1]) / length if length else 0.0
        height: FloatArray = self.left[1] + slope * (columns - self.left[0])
        return height

    def allowed(self, columns: IntArray, sag: float, others: Sequence[_Clicked]) -> FloatArray:
        """Return highest and lowest place of the row's line: near the clicks, sagging at most between them.

        Halfway to another row that was clicked it ends in any case.
        """
        line = self.line(columns)
        part = (columns - self.left[0]) / max(self.right[0] - self.left[0], 1.0)
        reach = CLICK_REACH + sag * np.clip(4 * part * (1 - part), 0, 1)
        highest, lowest = line - reach, line + reach
        for other in others:
            halfway = (line + other.line(columns)) / 2
            highest = np.where(halfway < line, np.maximum(highest, halfway), highest)
            lowest = np.where(halfway > line, np.minimum(lowest, halfway), lowest)
        return np.stack((highest, lowest))


def _scaled(point: Point, scale: int) -> Point:
    x, y = point
    return (x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5


def automatic_rows(search: SearchImage, lanes: int | None, rows: int) -> list[list[Row]]:
    """Return every line of the image that `lanes` lanes can be laid over, with its readings.

    Parameters
    ----------
    search : image for the search
    lanes, rows : how many there are; lanes None: they are counted

    Returns
    -------
    one list for each line, likeliest line first: its readings, likeliest first; in pixels of the raw image
    """
    found: list[list[Row]] = []
    lights: list[float] = []
    soft, noise = soften(search.pixels), _noise(search.pixels)
    for guess in guess_rows(search.pixels, rows + MORE_GUESSES):
        if len(found) >= rows and guess.light < DIM * min(lights):
            break
        readings = _readings(search.pixels, soft, guess.line(search.pixels.shape[1]), lanes, noise)
        if readings and not any(_same_line(readings[0], other[0]) for other in found):
            found.append(readings)
            lights.append(guess.light)
    found = _likeliest_first(found)
    found[rows:] = _by_their_own_light(
        search.pixels, found[rows:], [readings[0] for readings in found[:rows]]
    )
    top = found[0][0].strength if found else 1.0
    return [
        [_to_raw(replace(row, strength=row.strength / top), search.scale) for row in readings]
        for readings in found
    ]


def row_from_points(
    search: SearchImage, lanes: int, points: PointPair, others: Sequence[PointPair] = ()
) -> Row:
    """Return the row between the first and the last band's middle, as clicked.

    The line follows the bands between the points; borders lie in the valleys near where equal lanes would
    put them. Where the first point lies right of the last, lanes are numbered from right to left.

    Parameters
    ----------
    search : image for the search
    lanes : how many there are
    points : ((x, y), (x, y)) of the first and last band, pixels of the raw image
    others : the points of other rows, which the line keeps clear of
    """
    clicked = _Clicked.of(points, search.scale)
    left, right = clicked.left, clicked.right
    columns = np.arange(search.pixels.shape[1])
    length = right[0] - left[0]
    guess = np.clip(clicked.line(columns), 0, len(search.pixels) - 1)
    pitch = length / (lanes - 1) if lanes > 1 else 0.0
    half = max(SEARCH_HALF, int(BEND_SHARE * length))
    x0 = int(max(left[0] - pitch / 2, 0))
    x1 = int(min(right[0] + pitch / 2, len(columns) - 1))
    allowed = clicked.allowed(columns, half, [_Clicked.of(other, search.scale) for other in others])
    trace = trace_row(search.pixels, soften(search.pixels), guess, half, (x0, x1), allowed)
    profile = _column_profile(search.pixels, trace)
    if lanes == 1:
        borders = _around(profile, (left[0] + right[0]) / 2)
    else:
        borders = cut(profile, left[0] - pitch / 2, right[0] + pitch / 2, lanes, reach=POINT_REACH)
    row = _row(trace, judge(profile, borders), profile, ())
    if points[0] > points[1]:
        row = replace(row, lanes=_renumbered(row.lanes))
    return _to_raw(replace(row, score=1.0), search.scale)


def _readings(
    pixels: FloatArray, soft: FloatArray, guess: FloatArray, lanes: int | None, noise: float
) -> list[Row]:
    path, weight = follow(soft, guess, SEARCH_HALF)
    rough = np.clip(straighten(pixels, path, 8).mean(axis=0), 0, None)
    runs = runs_above(gaussian_filter1d(rough, 2.0), VISIBLE_FIRST * _bright(rough))
    if not runs:
        return []
    x0, x1 = runs[0][0], runs[-1][1]
    trace = trace_row(pixels, soft, smooth_curve(path, weight, x0, x1), 8, (x0, x1))
    profile = _column_profile(pixels, trace)
    doubts = _faintness(noise, profile, trace)
    if lanes is None:
        lanes, uncertain = count_lanes(profile)
        doubts += uncertain
    found = partitions(profile, max(lanes, 1), VISIBLE * _bright(profile))
    if not found:
        return []
    doubts += lane_doubts(profile, found)
    core = straighten(pixels, trace.y, max(1, round(CORE * trace.sigma))).mean(axis=0)
    whole = [judge(profile, whole_ends(profile, partition.borders)) for partition in found]
    rows = [_row(trace, partition, profile, doubts) for partition in whole]
    return [replace(row, strength=_strength(core, row)) for row in rows]


def _column_profile(pixels: FloatArray, trace: Trace) -> FloatArray:
    """Return the light of the row in every column: its core, and as much from its upper and lower rim.

    Where thick bands run into each other their cores hide the borders; their rims still show them.
    """
    half = max(3, round(RIM * trace.sigma))
    strip = straighten(pixels, trace.y, half)
    off = np.abs(np.arange(-half, half + 1))
    core = np.clip(strip[off <= CORE * trace.sigma].mean(axis=0), 0, None)
    rim = np.clip(strip[off > CORE * trace.sigma].mean(axis=0), 0, None)
    profile: FloatArray = (core + rim * (_bright(core) / _bright(rim))) / 2
    return profile


def _noise(pixels: FloatArray) -> float:
    """Return the noise of a pixel, from what neighbouring ones differ by."""
    every_other = pixels[::2]
    return 1.4826 * float(np.median(np.abs(np.diff(every_other, axis=1)))) / float(np.sqrt(2))


def _faintness(noise: float, profile: FloatArray, trace: Trace) -> tuple[str, ...]:
    """Return a doubt where the row does not rise above the noise of the picture."""
    averaged = noise / np.sqrt(2 * CORE * trace.sigma + 1)
    if _bright(profile) > LEAST_CONTRAST * averaged:
        return ()
    return ("nothing that looks like a row of bands stands out from the noise",)


def _bright(profile: FloatArray) -> float:
    return max(float(np.percentile(profile, 97)), 1e-9)


def _row(trace: Trace, partition: Partition, profile: FloatArray, doubts: tuple[str, ...]) -> Row:
    borders = partition.borders
    lanes = tuple(Lane(i + 1, int(a), int(b)) for i, (a, b) in enumerate(pairwise(borders)))
    between = lies_between_bands(profile, partition)
    return Row(trace, lanes, lane_score(profile, partition), doubts, between_bands=between)


def _strength(core: FloatArray, row: Row) -> float:
    """Return the light of a row's usual band; from its core alone, so that no other row's rim counts."""
    peaks = [core[lane.x0 : max(lane.x1, lane.x0 + 1)].max(initial=0.0) for lane in row.lanes]
    return max(float(np.median(peaks)) * row.trace.sigma, 1e-9)


def _likeliest_first(lines: list[list[Row]]) -> list[list[Row]]:
    """Return bright lines whose lanes lie between bands, then the others; each group brightest first."""
    top = max((readings[0].strength for readings in lines), default=0.0)

    def rank(readings: list[Row]) -> tuple[bool, float]:
        row = readings[0]
        return not (row.between_bands and row.strength > BRIGHT_ENOUGH * top), -row.strength

    return sorted(lines, key=rank)


def _by_their_own_light(pixels: FloatArray, lines: list[list[Row]], rows: list[Row]) -> list[list[Row]]:
    """Return further lines with the strength that is left where they do not see the light of brighter rows.

    The lines of scattered bands above and below a row bend into the row itself, and lanes squeezed onto a
    few of them would be as bright as a row; in the row's own lanes they are not.
    """
    found = []
    for readings in lines:
        trace = readings[0].trace
        core = straighten(pixels, trace.y, max(1, round(CORE * trace.sigma))).mean(axis=0)
        for row in rows:
            core[np.abs(trace.y - row.trace.y) < SAME_BAND * row.trace.sigma] = 0.0
        found.append([replace(one, strength=_strength(core, _in_lanes_of(rows, one))) for one in readings])
    return sorted(found, key=lambda readings: -readings[0].strength)


def _in_lanes_of(rows: list[Row], row: Row) -> Row:
    """Return a row with the lanes of the first of these rows that spans it: lanes run through all rows."""
    for other in rows:
        reach = other.pitch / 2
        if other.x0 - reach <= row.x0 and row.x1 <= other.x1 + reach:
            return replace(row, lanes=other.lanes)
    return row


def _around(profile: FloatArray, x: float) -> IntArray:
    runs = runs_above(profile, VISIBLE * _bright(profile))
    near = [run for run in runs if run[0] <= x <= run[1]]
    first, last = near[0] if near else (int(x) - 30, int(x) + 30)
    return np.array([max(first - 4, 0), min(last + 5, len(profile))])


def _same_line(row: Row, other: Row) -> bool:
    x0 = max(row.lanes[0].x0, other.lanes[0].x0)
    x1 = min(row.lanes[-1].x1, other.lanes[-1].x1)
    if x1 <= x0:
        return False
    near = np.abs(row.trace.y[x0:x1] - other.trace.y[x0:x1]) < SAME_LINE
    return bool(near.mean() > 0.5)


def _renumbered(lanes: tuple[Lane, ...]) -> tuple[Lane, ...]:
    return tuple(replace(lane, number=i + 1) for i, lane in enumerate(reversed(lanes)))


def _to_raw(row: Row, scale: int) -> Row:
    if scale == 1:
        return row
    size = len(row.trace.y) * scale
    y = np.interp((np.arange(size) + 0.5) / scale - 0.5, np.arange(len(row.trace.y)), row.trace.y)
    trace = Trace((y + 0.5) * scale - 0.5, row.trace.sigma * scale)
    lanes = tuple(Lane(lane.number, lane.x0 * scale, lane.x1 * scale) for lane in row.lanes)
    return replace(row, trace=trace, lanes=lanes)
