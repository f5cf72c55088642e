"""The ladder of a picture: where its bands lie, and the molecular weight of every band beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from exoraw.assays.blot.bands.molecular_weight import LadderError, calibrate_mw
from exoraw.assays.blot.bands.record import Band
from exoraw.assays.blot.bands.whole_lane import LaneBand, lane_bands
from exoraw.assays.blot.ladder_match import pair_with_masses
from exoraw.assays.blot.lanes.arrays import AnyImage
from exoraw.assays.blot.lanes.geometry import Lane, Row
from exoraw.assays.blot.settings import Kind
from exoraw.assays.blot.steps.reading import TOTAL_PROTEIN, LadderRead, Read
from exoraw.assays.contract import Finding

BASE_PAIRS = "bp"
MASS_UNITS: Mapping[Kind, str] = {"western_blot": "kDa", "ev_markers": "kDa", "chip_pcr_gel": BASE_PAIRS}
REACH = 0.6  # of the distance between lanes: how far around its place the ladder's lane is looked for
SMOOTHING = 2.0  # pixels
NARROWEST = 6  # pixels of a lane
FAINTEST = 0.04  # of the ladder's strongest band: weaker ones are spots


@dataclass(frozen=True)
class Asked:
    """What is known of the ladder of a picture.

    Parameters
    ----------
    masses : of its bands; () where none are named
    unit : "kDa" or "bp"
    lane : number of its lane minus that of the first lane that is measured; None where no lane is its
    marks : (mass, y in pixels) as typed; they count before what is found
    """

    masses: tuple[float, ...]
    unit: str
    lane: int | None
    marks: tuple[tuple[float, float], ...] = ()


def read_ladder(image: AnyImage, reads: Sequence[Read], asked: Asked) -> LadderRead:
    """Read the ladder beside rows that were found, or take its typed heights.

    Parameters
    ----------
    image : (rows, columns) signal of the picture that shows the ladder, in the pose of the measured one
    reads : rows of the measured picture; any one of them tells where the lanes are
    asked : masses, lane, typed heights
    """
    row = next((one.reading.found for one in reads if one.bands and one.reading.found is not None), None)
    if row is None or not (asked.marks or asked.masses):
        return LadderRead(unit=asked.unit)
    try:
        if asked.marks:
            x = _place(row, asked.lane if asked.lane is not None else -1)
            return _calibrated(asked.marks, asked.unit, x, None)
        if asked.lane is None:
            raise LadderError('no lane of the membrane is called "ladder"')
        columns = _columns(image, row, asked.lane)
        tops = [band.y for band in _rungs(image, columns)]
        pairing = pair_with_masses(tops, asked.masses)
        rungs = tuple(zip(pairing.masses, pairing.heights, strict=True))
        return _calibrated(rungs, asked.unit, (columns[0] + columns[1]) / 2, columns)
    except LadderError as error:
        message = (
            f"The ladder was not read: {error}. Bands have no molecular weight; write the heights of its "
            f"bands as marks: [[mass, y], ...]."
        )
        return LadderRead(unit=asked.unit, findings=(Finding("ladder_unread", "warning", message),))


def another_size(path: str, found: tuple[int, ...], wanted: tuple[int, ...], asked: Asked) -> LadderRead:
    """Return no ladder: its picture has other pixels than the measured one, so heights cannot be carried."""
    message = (
        f"The ladder was not read: {path} has {found[1]} x {found[0]} pixels, the picture of the bands "
        f"{wanted[1]} x {wanted[0]}. Export both alike."
    )
    return LadderRead(unit=asked.unit, findings=(Finding("ladder_unread", "warning", message),))


def with_masses(read: Read, ladder: LadderRead) -> Read:
    """Return a row whose visible bands have their molecular weight.

    Proteins of one row have one weight, so the row's own line, drawn on to the ladder's lane, shows how the
    gel smiles and tilts, and moves no mass. PCR products of one row may differ in length: their heights are
    taken as they are. What is below its detection limit has no height, so it gets no mass.
    """
    row = read.reading.found
    if ladder.calibration is None or row is None or read.row.role == TOTAL_PROTEIN:
        return read
    return replace(read, bands=tuple(_weighed(band, row, ladder) for band in read.bands))


def _weighed(band: Band, row: Row, ladder: LadderRead) -> Band:
    if not band.detected or ladder.calibration is None:
        return replace(band, mw=None)
    x, y = band.centre
    drift = 0.0 if ladder.unit == BASE_PAIRS else _height_at(row, ladder.x) - row.trace.at(x)
    return replace(band, mw=ladder.calibration.mass_at(y + drift))


# ----------------------------------------------------------------- where it is


def _calibrated(
    rungs: Sequence[tuple[float, float]], unit: str, x: float, columns: tuple[int, int] | None
) -> LadderRead:
    calibration = calibrate_mw([y for _, y in rungs], [mass for mass, _ in rungs])
    ordered = tuple(sorted(rungs, key=lambda rung: rung[1]))
    return LadderRead(ordered, unit, x, columns, calibration)


def _lanes_in_order(row: Row) -> list[Lane]:
    return sorted(row.lanes, key=lambda lane: lane.number)


def _place(row: Row, lane: int) -> float:
    """Middle of a lane counted from the row's first, equal distances taken."""
    lanes = _lanes_in_order(row)
    if 0 <= lane < len(lanes):
        return lanes[lane].centre
    step = (lanes[-1].centre - lanes[0].centre) / (len(lanes) - 1) if len(lanes) > 1 else row.pitch
    return lanes[0].centre + lane * step


def _columns(image: AnyImage, row: Row, lane: int) -> tuple[int, int]:
    """Columns of the ladder's lane: where, near its place, the picture changes most from top to bottom."""
    middle, reach = _place(row, lane), REACH * row.pitch
    x0, x1 = max(round(middle - reach), 0), min(round(middle + reach), image.shape[1])
    if x1 - x0 < NARROWEST:
        raise LadderError("its lane lies outside the picture")
    near = gaussian_filter1d(np.asarray(image[:, x0:x1], float), SMOOTHING, axis=0)
    change = gaussian_filter1d(np.abs(np.diff(near, axis=0)).sum(axis=0), SMOOTHING)
    above = change > (float(change.max()) + float(np.percentile(change, 10))) / 2
    top = int(change.argmax())
    left = top - int(np.argmin(above[top::-1])) + 1 if not above[: top + 1].all() else 0
    right = top + int(np.argmin(above[top:])) if not above[top:].all() else len(above)
    if right - left < NARROWEST:
        raise LadderError("no lane with bands lies where it should be")
    return x0 + left, x0 + right


def _rungs(image: AnyImage, columns: tuple[int, int]) -> list[LaneBand]:
    bands = lane_bands(image, *columns)
    strongest = max((band.adjusted for band in bands), default=0.0)
    return [band for band in bands if band.adjusted > FAINTEST * strongest]


def _height_at(row: Row, x: float) -> float:
    """Height of the row's line at a column; beyond its lanes straight on from its last two."""
    lanes = sorted(row.lanes, key=lambda lane: lane.centre)
    first, last = lanes[0].centre, lanes[-1].centre
    if first <= x <= last or len(lanes) < 2:
        return row.trace.at(x)
    end, inner = (first, lanes[1].centre) if x < first else (last, lanes[-2].centre)
    slope = (row.trace.at(end) - row.trace.at(inner)) / (end - inner)
    return row.trace.at(end) + slope * (x - end)
