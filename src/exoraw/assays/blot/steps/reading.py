"""One picture measured: exposure chosen, rows read with or without points, bands with their samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from exoraw.assays.blot.background.methods import Background
from exoraw.assays.blot.bands.molecular_weight import MwCalibration
from exoraw.assays.blot.bands.record import Band, Quantified
from exoraw.assays.blot.lane_totals import lane_totals
from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.lanes.reading import RowReading
from exoraw.assays.blot.quantification import QuantifyError, quantify
from exoraw.assays.blot.reading import BlotImage, longest_unsaturated, read_image
from exoraw.assays.contract import Finding, ReadyFile
from exoraw.study.spec import Severity

TOTAL_PROTEIN = "total_protein"


@dataclass(frozen=True)
class Row:
    """A protein to be measured: its name, role, row of the picture, and the points of that row."""

    target: str
    role: str
    number: int
    points: PointPair | None


@dataclass(frozen=True)
class Read:
    """How one protein's row was read.

    Parameters
    ----------
    row : what was asked
    reading : where it was found, or why it was not
    bands : one per lane; none where it needs points
    findings : remarks with lane and row as their entity
    """

    row: Row
    reading: RowReading
    bands: tuple[Band, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class LadderRead:
    """The ladder as it was read.

    Parameters
    ----------
    rungs : (mass, height at `x`, pixels), from the top
    unit : of the masses, "kDa" or "bp"
    x : column of the ladder's middle, pixels
    columns : first column and the one after the last of its lane; None where heights were typed
    calibration : from height to mass; None where there is no ladder
    source : picture that shows it; "" where it is the measured one
    findings : why there is none
    """

    rungs: tuple[tuple[float, float], ...] = ()
    unit: str = "kDa"
    x: float = 0.0
    columns: tuple[int, int] | None = None
    calibration: MwCalibration | None = None
    source: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Measured:
    """A picture with all that was measured in it."""

    image: BlotImage
    file: ReadyFile
    reads: tuple[Read, ...]
    findings: tuple[Finding, ...]
    ladder: LadderRead = LadderRead()


def chosen_exposure(files: Sequence[ReadyFile]) -> tuple[BlotImage, ReadyFile, tuple[Finding, ...]]:
    """Read the exposures of a picture and return the longest unsaturated one, with the reason."""
    images = [read_image(file.path, file.dataset) for file in files]
    if len(images) == 1:
        return images[0], files[0], ()
    choice = longest_unsaturated(images)
    severity: Severity = "warning" if choice.saturated else "info"
    said = Finding("exposure_chosen", severity, choice.reason)
    return choice.image, files[choice.index], (said,)


def unusable(image: BlotImage) -> bool:
    """Whether the picture is no measurement at all: a photograph, drawn over, flat, not numbers."""
    return any(finding.severity == "error" for finding in image.findings)


def measure(
    image: BlotImage, lanes: int, rows: Sequence[Row], number: int, background: Background
) -> tuple[Read, ...]:
    """Measure every protein of a picture.

    Parameters
    ----------
    image : as read
    lanes : number of lanes in every row
    rows : the proteins, each with its row of the picture
    number : rows of bands in the picture
    background : method of background for bands; a total-protein stain has its own
    """
    stains = [row for row in rows if row.role == TOTAL_PROTEIN]
    bands = [row for row in rows if row.role != TOTAL_PROTEIN]
    found = {row.target: _stain(image, lanes, row) for row in stains}
    if bands:
        found |= _bands(image, lanes, bands, number, background)
    return tuple(found[row.target] for row in rows)


def _stain(image: BlotImage, lanes: int, row: Row) -> Read:
    total = lane_totals(image.pixels, lanes, row.points)
    return Read(row, total.rows[0], total.bands, total.findings)


def _bands(
    image: BlotImage, lanes: int, rows: Sequence[Row], number: int, background: Background
) -> dict[str, Read]:
    numbers, points = _question(rows, number)
    try:
        result = quantify(image.pixels, lanes, len(numbers), points, background)
    except QuantifyError as error:
        return {row.target: _refused(row, str(error)) for row in rows}
    place = {asked: index for index, asked in enumerate(numbers, start=1)}
    return {row.target: _read(row, place[row.number], result) for row in rows}


def _question(rows: Sequence[Row], number: int) -> tuple[list[int], list[PointPair | None] | None]:
    """Rows of the picture that are looked for, and their points; without points all rows of the picture."""
    pairs = {row.number: row.points for row in rows if row.points is not None}
    if len(pairs) == len({row.number for row in rows}):
        return sorted(pairs), [pairs[at] for at in sorted(pairs)]
    every = list(range(1, max(number, *(row.number for row in rows)) + 1))
    return every, [pairs.get(at) for at in every] if pairs else None


def _read(row: Row, place: int, result: Quantified) -> Read:
    reading = result.rows[place - 1]
    bands = tuple(band for band in result.bands if band.row == place)
    own = {f"lane:{band.lane}/band:{place}" for band in bands} | {"", f"row:{place}"}
    findings = tuple(finding for finding in result.findings if finding.entity in own)
    return Read(row, reading, bands, findings)


def _refused(row: Row, reason: str) -> Read:
    finding = Finding("not_measured", "error", f"{row.target} was not measured: {reason}.")
    return Read(row, RowReading(row.number, "needs_points", reason, None), (), (finding,))


def with_samples(read: Read, names: Sequence[str], known: frozenset[str]) -> tuple[Finding, ...]:
    """Return the remarks of a row by sample and protein, instead of by lane and row.

    Parameters
    ----------
    names : of the lanes, in the order of their numbers
    known : those that are samples of the sheet; a remark about another lane is left with the picture
    """
    by_lane: Mapping[str, str] = {
        f"lane:{band.lane}/band:{band.row}": names[band.lane - 1] for band in read.bands
    }
    entity = f"band:{read.row.target}"
    found = []
    for finding in read.findings:
        sample = by_lane.get(finding.entity, "")
        if finding.entity in by_lane and sample not in known:
            continue
        words = f"{read.row.target}: {finding.message}"
        found.append(replace(finding, sample=sample, entity=entity, message=words))
    return tuple(found)
