"""What the browser draws of a picture: lanes, rows, boxes, numbers, remarks; plain JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from exoraw.assays.blot.bands.record import Band
from exoraw.assays.blot.findings import FINDING_KINDS
from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.lanes.geometry import Row as FoundRow
from exoraw.assays.blot.review.doubts import LANE, doubts
from exoraw.assays.blot.review.film import Film, film_of
from exoraw.assays.blot.review.folds import Folds, folds
from exoraw.assays.blot.review.looked import Looked
from exoraw.assays.blot.review.places import Place, contradicting, places
from exoraw.assays.blot.steps.evidence import ALIKE
from exoraw.assays.blot.steps.ladder import with_masses
from exoraw.assays.blot.steps.reading import TOTAL_PROTEIN, Read
from exoraw.assays.contract import Earlier, Finding, ReviewDesk

LINE_POINTS = 24  # of the line that a row follows
CORE = 2.5  # half heights of a band on either side of the line: box of a lane that was not measured
MEANING = {kind.code: kind.meaning for kind in FINDING_KINDS}
WORST_FIRST = ("error", "warning", "info")
SAID = frozenset({"exposure_chosen"})  # what is shown though it is no warning
MOST_READINGS, SAME_READING = 6, 8.0  # readings that are drawn; pixels between two that look the same
ROLES = {
    "target": "protein",
    "loading": "loading control",
    "total_protein": "total-protein stain",
    "marker": "marker",
    "negative_control": "negative control",
    "product": "PCR product",
}


@dataclass(frozen=True)
class Membranes:
    """What the membrane's pictures gave in the last run.

    Parameters
    ----------
    wrong : protein -> why its lanes cannot be those of the membrane
    others : outcomes of the other pictures
    """

    wrong: Mapping[str, str]
    others: tuple[Earlier, ...]


def membrane_of(desk: ReviewDesk, place: Place) -> Membranes:
    """Return what the pictures of a picture's membrane gave."""
    outcomes = {
        one.unit: desk.outcome(one.unit) for one in places(desk) if one.membrane.name == place.membrane.name
    }
    others = tuple(one for key, one in outcomes.items() if one is not None and key != place.unit)
    return Membranes(contradicting(outcomes.values()), others)


def film(desk: ReviewDesk, looked: Looked) -> Film:
    """Return a picture ready for the browser; the last few are remembered."""
    image = looked.image
    found: Film = desk.kept(("film", looked.place.unit), lambda: film_of(image.pixels, image.ceiling))
    return found


def picture(desk: ReviewDesk, looked: Looked) -> dict[str, Any]:
    """Return how the picture is drawn, and what is written below it."""
    made = film(desk, looked)
    height, width = looked.image.pixels.shape
    rows, columns = made.levels.shape
    return {
        "width": width, "height": height, "columns": columns, "rows": rows, "step": made.step,
        "white": made.white, "dark": made.dark, "ground": made.ground,
        "words": _picture_words(looked, blind=desk.blind),
        "usable": looked.usable,
    }  # fmt: skip


def _picture_words(looked: Looked, *, blind: bool) -> str:
    image = looked.image
    height, width = image.pixels.shape
    page = f"page {image.page + 1} of {image.pages}" if image.pages > 1 else ""
    seconds = "" if image.exposure_s is None else f"exposed {image.exposure_s:g} s"
    channel = f"channel {image.channel}" if image.channel else ""
    name = "" if blind else looked.file.relative
    parts = [name, page, channel, f"{width:,} x {height:,} pixels", seconds]
    return ", ".join(part for part in parts if part)


def lanes(place: Place, *, blind: bool) -> list[dict[str, Any]]:
    """Return the lanes from the first to the last sample, as the sheet has them."""
    return [
        {
            "number": number,
            "name": "" if blind else slot.name,
            "sample": slot.row is not None,
            "excluded": not blind and slot.row is not None and bool(slot.row.excluded),
        }
        for number, slot in enumerate(place.slots, start=1)
    ]


def expected(place: Place, rows: int, *, blind: bool) -> str:
    """Say what the study expects of the picture, in one line; blinded, without names."""
    first, last = place.slots[0], place.slots[-1]
    count = len(place.slots)
    names = "" if blind else f" from {first.name} to {last.name}"
    outside = len(place.membrane.slots) > count
    whole = (
        f" ({first.number} to {last.number} of the membrane's {len(place.membrane.slots)})" if outside else ""
    )
    bands = f"{rows} {'row' if rows == 1 else 'rows'} of bands"
    return f"Expected: {count} {'lane' if count == 1 else 'lanes'}{names}{whole}, {bands}."


def answer(desk: ReviewDesk, looked: Looked, reads: Sequence[Read]) -> dict[str, Any]:
    """Return the rows as they were read, with numbers and remarks.

    Blinded, without folds: the control's is 1, and would give its lane away.
    """
    place, blind = looked.place, desk.blind
    ladder = looked.ladder(reads)
    own = membrane_of(desk, place)
    labels = [place.label(row, blind=blind) for row in place.rows]
    made = {} if blind else folds(desk, looked, reads)
    odd = doubts(place, reads, own.others, labels)
    rows = []
    for index, read in enumerate(reads):
        words = [{"severity": "warning", "words": one.words} for one in odd if one.row == index]
        rows.append(
            {
                **_row(looked, read, labels[index], own.wrong),
                "mass": mass_words(with_masses(read, ladder), ladder.unit),
                "remarks": [*words, *_remarks(read, len(place.slots))],
                "bands": list(_bands(read, made.get(read.row.target), place)),
                "fold": "" if read.row.target not in made else f"over {made[read.row.target].over}",
            }
        )
    about = [
        {"severity": one.severity, "words": one.message}
        for one in looked.findings
        if one.severity != "info" or one.code in SAID
    ]
    about += [{"severity": one.severity, "words": one.message} for one in ladder.findings]
    rungs = () if ladder.source else ladder.rungs
    return {"rows": rows, "remarks": about, "ladder": {"x": ladder.x, "rungs": rungs}}


def mass_words(read: Read, unit: str) -> str:
    """Say which mass the visible bands of a row have: one, or from and to; "" without a ladder."""
    masses = [band.mw for band in read.bands if band.mw is not None and band.detected]
    if not masses:
        return ""
    if max(masses) < ALIKE * min(masses):
        return f"{median(masses):.0f} {unit}"
    return f"{min(masses):.0f} to {max(masses):.0f} {unit}"


def _row(looked: Looked, read: Read, label: str, wrong: Mapping[str, str]) -> dict[str, Any]:
    row, reading = read.row, read.reading
    found = reading.found
    state, reason = str(reading.state), reading.reason
    if row.points is None and state == "ok" and row.target in wrong:
        state, reason = "needs_points", wrong[row.target].removeprefix(f"{row.target}: ")
    clicked = row.target in looked.place.clicked()
    source = "found" if row.points is None else ("clicked" if clicked else "typed")
    return {
        "name": label,
        "role": ROLES[row.role],
        "tall": row.role == TOTAL_PROTEIN,
        "number": row.number,
        "state": state,
        "reason": reason,
        "source": source,
        "points": row.points,
        "line": [] if found is None else _line(found),
        "lanes": [] if found is None or read.bands else _lane_boxes(found, looked.image.pixels.shape[0]),
        "readings": [] if read.bands else _readings(reading.candidates),
    }


def _readings(candidates: Sequence[PointPair]) -> list[PointPair]:
    """Return the readings that can be told apart, likeliest first."""
    found: list[PointPair] = []
    for pair in candidates:
        if not any(_apart(pair, other) < SAME_READING for other in found):
            found.append(pair)
    return found[:MOST_READINGS]


def _apart(pair: PointPair, other: PointPair) -> float:
    return max(math.dist(mine, its) for mine, its in zip(pair, other, strict=True))


def _line(row: FoundRow) -> list[tuple[float, float]]:
    reach = row.x1 - 1 - row.x0
    places = [row.x0 + reach * step / (LINE_POINTS - 1) for step in range(LINE_POINTS)]
    return [(round(x, 1), round(row.trace.at(x), 1)) for x in places]


def _lane_boxes(row: FoundRow, height: int) -> list[tuple[int, int, int, int]]:
    half = CORE * row.trace.sigma
    boxes = []
    for lane in row.lanes:
        y = row.trace.at(lane.centre)
        boxes.append((lane.x0, int(max(y - half, 0)), lane.x1, int(min(y + half + 1, height))))
    return boxes


def _bands(read: Read, made: Folds | None, place: Place) -> Iterator[dict[str, Any]]:
    for band in read.bands:
        slot = place.slots[band.lane - 1]
        fold = None if made is None else made.by_sample.get(slot.name)
        yield {**_band(band), "fold": fold}


def _band(band: Band) -> dict[str, Any]:
    return {
        "lane": band.lane,
        "box": [int(side) for side in band.box],
        "detected": bool(band.detected),
        "saturated": bool(band.saturated_fraction > 0),
        "volume": _finite(band.adjusted),
        "low": _finite(band.interval[0]),
        "high": _finite(band.interval[1]),
    }


def _remarks(read: Read, lanes: int) -> list[dict[str, str]]:
    """Return the remarks of a row, one for each kind: of many lanes its meaning, with their numbers."""
    by_code: dict[str, list[Finding]] = {}
    for finding in read.findings:
        by_code.setdefault(finding.code, []).append(finding)
    made = [
        {"severity": found[0].severity, "words": _together(code, found, lanes)}
        for code, found in by_code.items()
        if code != "needs_points"  # the row says it by itself
    ]
    return sorted(made, key=lambda one: WORST_FIRST.index(one["severity"]))


def _together(code: str, found: Sequence[Finding], lanes: int) -> str:
    numbers = [match.group(1) for one in found if (match := LANE.match(one.entity))]
    if len(found) == 1 or not numbers:
        return found[0].message
    which = "Every lane" if len(set(numbers)) == lanes else f"Lanes {', '.join(numbers)}"
    return f"{which}: {MEANING[code]}"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
