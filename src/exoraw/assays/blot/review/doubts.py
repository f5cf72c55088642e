"""What looks odd about points that were clicked, before anybody believes the numbers made with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from exoraw.assays.blot.lanes.geometry import Row as FoundRow
from exoraw.assays.blot.review.places import Place
from exoraw.assays.blot.steps.agreement import TOLERANCE
from exoraw.assays.blot.steps.reading import TOTAL_PROTEIN, Read
from exoraw.assays.contract import Earlier

BESIDE = 0.3  # of the distance of two lanes: beyond it the lane is another than was clicked
ABOVE = 2.5  # half heights of a band: beyond it the point lies outside the band
LEAST_ABOVE = 10.0  # pixels
ON_BAND = 0.95  # of a band's darkness: a border this dark lies on the band, not beside it
LANE = re.compile(r"lane:(\d+)/band:\d+$")  # entity of a remark about one lane
SAME_ROW = 1.5  # half heights of a band: two rows nearer than this are one


@dataclass(frozen=True)
class Doubt:
    """Something to look at.

    Parameters
    ----------
    row : place of the row in the picture, from 0
    words : what was found and what to look at, without the name of a sample
    """

    row: int
    words: str


def doubts(
    place: Place, reads: Sequence[Read], others: Iterable[Earlier], names: Sequence[str]
) -> tuple[Doubt, ...]:
    """Return everything that looks odd about the rows that were read with points.

    Parameters
    ----------
    reads : the rows of the picture, from the top
    others : what the membrane's other pictures gave
    names : of the rows
    """
    pitches = _pitches(others)
    found = []
    for index, read in enumerate(reads):
        row = read.reading.found
        if read.row.points is not None and row is not None and read.reading.state == "ok":
            found += [Doubt(index, words) for words in _of_row(read, row, len(place.slots))]
            found += [Doubt(index, words) for words in _against_others(row, pitches)]
    found += [Doubt(index, words) for index, words in _order(reads, names)]
    return tuple(found)


def _of_row(read: Read, row: FoundRow, lanes: int) -> Iterator[str]:
    assert read.row.points is not None
    tall = read.row.role == TOTAL_PROTEIN  # any height of a stained lane will do
    for word, clicked, end in zip(("first", "last"), read.row.points, row.ends, strict=True):
        aside, off = abs(end[0] - clicked[0]), abs(end[1] - clicked[1])
        if lanes > 1 and aside > BESIDE * row.pitch:
            yield (
                f"The {word} lane was laid {aside:.0f} pixels beside your point: look whether its box holds "
                "the band that you meant."
            )
        if not tall and off > max(ABOVE * row.trace.sigma, LEAST_ABOVE):
            side = "above" if end[1] < clicked[1] else "below"
            yield (
                f"The bands run {off:.0f} pixels {side} your {word} point: look whether this is the row that "
                "you meant."
            )
    cut = _cut_lanes(read)
    if cut:
        where = f"{'lane' if len(cut) == 1 else 'lanes'} {', '.join(cut)}"
        yield (
            f"A border lies on a band ({where}): look whether there are really {lanes} lanes between your "
            "points, empty ones counted."
        )
    if lanes > 1 and read.row.points[0][0] > read.row.points[1][0]:
        yield "The first band was clicked right of the last: lanes count from right to left."


def _cut_lanes(read: Read) -> list[str]:
    """Return the lanes whose borders are as dark as their inside."""
    return [
        found.group(1)
        for one in read.findings
        if one.code == "touching_bands" and one.value is not None and one.value >= ON_BAND
        if (found := LANE.match(one.entity))
    ]


def _pitches(others: Iterable[Earlier]) -> Mapping[tuple[int, ...], float]:
    """Return size of a picture -> usual distance of its lanes; other sizes are other scales."""
    by_size: dict[tuple[int, ...], list[float]] = {}
    for one in others:
        picture = one.data["picture"]
        by_size.setdefault(tuple(picture["size"]), []).extend(lane["pitch"] for lane in picture["lanes"])
    return {size: median(found) for size, found in by_size.items() if found}


def _against_others(row: FoundRow, pitches: Mapping[tuple[int, ...], float]) -> Iterator[str]:
    width = len(row.trace.y)
    usual = next((pitch for size, pitch in pitches.items() if size[1] == width), None)
    if len(row.lanes) > 1 and usual is not None and abs(row.pitch / usual - 1) > TOLERANCE:
        yield (
            f"The lanes lie {row.pitch:.0f} pixels apart here and {usual:.0f} in the membrane's other "
            "pictures: look whether you clicked the first and the last sample, not the ladder or an empty "
            "lane."
        )


def _order(reads: Sequence[Read], names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Two names for one row of bands, or rows in another order than the study says."""
    found = [
        (index, read, read.reading.found)
        for index, read in enumerate(reads)
        if read.reading.state == "ok" and read.reading.found is not None and read.row.role != TOTAL_PROTEIN
    ]
    for (upper_at, upper, above), (at, lower, below) in combinations(found, 2):
        if upper.row.points is None and lower.row.points is None:
            continue
        gap = _height(below) - _height(above)
        if abs(gap) < SAME_ROW * min(above.trace.sigma, below.trace.sigma):
            if upper.row.number != lower.row.number:
                yield at, f"{names[upper_at]} and {names[at]} were read along the same row of bands."
        elif gap < 0 and upper.row.number < lower.row.number:
            yield (
                at,
                f"{names[at]} is row {lower.row.number} from the top in study.yaml, but was clicked above "
                f"{names[upper_at]}, row {upper.row.number}.",
            )


def _height(row: FoundRow) -> float:
    return row.trace.at((row.x0 + row.x1) / 2)
