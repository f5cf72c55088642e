"""The step `quantify`: one picture of a membrane, from the imager's file to a volume for every lane."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from exoraw.assays.blot.background.methods import Background
from exoraw.assays.blot.bands.record import Band
from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.reading import BlotImage, read_image
from exoraw.assays.blot.settings import BlotSettings, Role
from exoraw.assays.blot.steps.evidence import pictures
from exoraw.assays.blot.steps.ladder import (
    MASS_UNITS,
    Asked,
    another_size,
    read_ladder,
    with_masses,
)
from exoraw.assays.blot.steps.measured import Volume
from exoraw.assays.blot.steps.membranes import Membrane, Picture, membranes_of
from exoraw.assays.blot.steps.planning import LANE_COLUMNS, quantify_key
from exoraw.assays.blot.steps.points import ROLE as POINTS
from exoraw.assays.blot.steps.points import Clicked, clicked, points_for
from exoraw.assays.blot.steps.reading import (
    TOTAL_PROTEIN,
    LadderRead,
    Measured,
    Read,
    Row,
    chosen_exposure,
    measure,
    unusable,
    with_samples,
)
from exoraw.assays.contract import (
    CorrectionInput,
    FileInput,
    Finding,
    Inputs,
    Measurement,
    Outcome,
    Params,
    Unit,
)
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView

LADDER = "ladder"
NEAR_CEILING = 0.9  # of the detector's range: above it a detector is often no longer proportional


class WantedRow(Params):
    """A protein of the picture: its name, role, row, and the points that were typed."""

    target: str
    role: Role
    row: int
    points: PointPair | None


class LadderParams(Params):
    """The ladder beside the rows: its masses with their unit, and heights that were typed."""

    masses: tuple[float, ...] = ()
    unit: str = "kDa"
    marks: tuple[tuple[float, float], ...] = ()


class QuantifyParams(Params):
    """What the numbers of one picture depend on."""

    background: Background
    rows: int
    wanted: tuple[WantedRow, ...]
    ladder: LadderParams = LadderParams()


@dataclass(frozen=True)
class Quantify:
    """Measure every picture of every membrane."""

    name: str = "quantify"
    version: int = 6
    columns: tuple[str, ...] = LANE_COLUMNS

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per picture of a membrane that has samples."""
        settings: BlotSettings = study.settings
        for membrane in membranes_of(study.rows, settings, files):
            if membrane.samples:
                for picture in membrane.pictures:
                    yield _unit(study, settings, membrane, picture)

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Choose the exposure, find the rows, measure, draw."""
        params = unit.params
        assert isinstance(params, QuantifyParams)
        image, file, chosen = chosen_exposure(inputs.files["picture"])
        names: list[str] = unit.payload["lanes"]
        made = clicked(
            inputs.corrections.get(POINTS, ()),
            unit.payload["membrane"],
            (one.target for one in params.wanted),
        )
        reads: tuple[Read, ...] = ()
        if not unusable(image):
            rows = [_row(one, made) for one in params.wanted]
            reads = measure(image, len(names), rows, params.rows, params.background)
        ladder = _ladder(unit, inputs, image, reads)
        found = (*chosen, *image.findings, *made.findings, *ladder.findings)
        reads = tuple(with_masses(read, ladder) for read in reads)
        return _outcome(unit, params, Measured(image, file, reads, found, ladder), names, made)


def _unit(study: StudyView, settings: BlotSettings, membrane: Membrane, picture: Picture) -> Unit:
    wanted = tuple(
        WantedRow(target=one.target, role=one.band.role, row=one.band.row, points=one.points)
        for one in picture.wanted
    )
    targets = [one.target for one in picture.wanted]
    made = points_for(study.corrections, picture.paths, membrane.name, targets)
    ladder = LadderParams(masses=membrane.blot.ladder, unit=MASS_UNITS[settings.kind], marks=picture.marks)
    return Unit(
        key=quantify_key(study.pipeline, membrane, picture),
        samples=membrane.samples,
        inputs={
            "picture": tuple(FileInput(path, picture.page) for path in picture.paths),
            POINTS: tuple(CorrectionInput(one) for one in made),
            **({LADDER: (FileInput(picture.ladder),)} if picture.ladder else {}),
        },
        params=QuantifyParams(
            background=settings.background,
            rows=max(one.rows for one in picture.wanted),
            wanted=wanted,
            ladder=ladder,
        ),
        payload={
            "membrane": membrane.name,
            "lanes": [slot.name for slot in membrane.sampled],
            "ladder_lane": membrane.ladder_lane,
        },
    )


def _ladder(unit: Unit, inputs: Inputs, image: BlotImage, reads: Sequence[Read]) -> LadderRead:
    """The ladder of the picture itself, or of the one that was taken of it in the same place."""
    params = unit.params
    assert isinstance(params, QuantifyParams)
    given = params.ladder
    asked = Asked(given.masses, given.unit, unit.payload["ladder_lane"], given.marks)
    own = inputs.files.get(LADDER, ())
    if not own or given.marks:
        return read_ladder(image.pixels, reads, asked)
    beside = read_image(own[0].path, own[0].dataset)
    if beside.pixels.shape != image.pixels.shape:
        return another_size(own[0].relative, beside.pixels.shape, image.pixels.shape, asked)
    return replace(read_ladder(beside.pixels, reads, asked), source=own[0].relative)


def _row(wanted: WantedRow, made: Clicked) -> Row:
    """Points that a person clicked count before those that were typed."""
    return Row(wanted.target, wanted.role, wanted.row, made.pairs.get(wanted.target, wanted.points))


# ----------------------------------------------------------------- what is handed over


def _outcome(
    unit: Unit, params: QuantifyParams, measured: Measured, names: Sequence[str], made: Clicked
) -> Outcome:
    known = frozenset(unit.samples)
    findings = [*measured.findings, *_not_usable(measured, params)]
    for read in measured.reads:
        findings += with_samples(read, names, known)
        findings += _near_ceiling(measured, read, names, known)
    volumes = [volume for read in measured.reads for volume in _volumes(measured, read, names, known, made)]
    numbers = [*_numbers(measured, names, known, made), *_missing(unit, params, volumes)]
    return Outcome(
        measurements=numbers,
        objects=[row for read in measured.reads for row in _objects(unit, measured, read, names, known)],
        findings=findings,
        artefacts=list(pictures(unit.payload["membrane"], measured, names, params.background)),
        data={"bands": [volume.plain() for volume in volumes], "picture": _facts(unit, measured)},
    )


def _not_usable(measured: Measured, params: QuantifyParams) -> Iterator[Finding]:
    if unusable(measured.image):
        targets = ", ".join(one.target for one in params.wanted)
        message = (
            f"{measured.file.relative} is no measurement (see the remarks about the picture), so {targets} "
            "has no number. Export the imager's own file."
        )
        yield Finding("not_measured", "error", message)


def _bands(read: Read, names: Sequence[str], known: frozenset[str]) -> Iterator[tuple[str, Band]]:
    """Bands of samples, with their names."""
    for band in read.bands:
        if names[band.lane - 1] in known:
            yield names[band.lane - 1], band


def _numbers(
    measured: Measured, names: Sequence[str], known: frozenset[str], made: Clicked
) -> Iterator[Measurement]:
    for read in measured.reads:
        target = read.row.target
        for sample, band in _bands(read, names, known):
            shared = Measurement(
                sample, "adjusted_volume", band.adjusted, "band", f"band:{target}", target,
                n=band.area, file_id=measured.file.file_id, curated=target in made.pairs,
            )  # fmt: skip
            low, high = band.interval
            yield replace(shared, ci_low=low, ci_high=high)
            yield replace(shared, measure="band_volume", value=band.volume)


def _missing(unit: Unit, params: QuantifyParams, volumes: Sequence[Volume]) -> Iterator[Measurement]:
    """A row without numbers stands in the table as missing, with the finding that says why."""
    there = {volume.target for volume in volumes}
    for one in params.wanted:
        if one.target not in there:
            for sample in unit.samples:
                yield Measurement(
                    sample, "adjusted_volume", float("nan"), "band", f"band:{one.target}", one.target
                )


def _volumes(
    measured: Measured, read: Read, names: Sequence[str], known: frozenset[str], made: Clicked
) -> Iterator[Volume]:
    for sample, band in _bands(read, names, known):
        low, high = band.interval
        yield Volume(
            sample, read.row.target, read.row.role, float(band.adjusted), float(low), float(high),
            float(band.detection_limit), float(band.saturated_fraction), _peak(measured, band),
            read.row.target in made.pairs,
        )  # fmt: skip


def _peak(measured: Measured, band: Band) -> float | None:
    """Brightest pixel of a band as a share of the detector's range."""
    top = measured.image.ceiling or measured.image.white_level
    if not top:
        return None
    x0, y0, x1, y1 = band.box
    box = measured.image.pixels[y0:y1, x0:x1]
    return float(box.max() / top) if box.size else None


def _near_ceiling(
    measured: Measured, read: Read, names: Sequence[str], known: frozenset[str]
) -> Iterator[Finding]:
    if read.row.role != "loading":
        return
    for sample, band in _bands(read, names, known):
        peak = _peak(measured, band)
        if peak is not None and peak > NEAR_CEILING and band.saturated_fraction == 0:
            message = (
                f"{read.row.target}, the loading control, reaches {peak:.0%} of the detector's range in this "
                "lane: differences between lanes may be squeezed. Take a shorter exposure."
            )
            entity = f"band:{read.row.target}"
            yield Finding("loading_near_saturation", "warning", message, sample, entity, peak, NEAR_CEILING)


def _objects(
    unit: Unit, measured: Measured, read: Read, names: Sequence[str], known: frozenset[str]
) -> Iterator[dict[str, Any]]:
    params = unit.params
    assert isinstance(params, QuantifyParams)
    for band in read.bands:
        name = names[band.lane - 1]
        x0, y0, x1, y1 = band.box
        yield {
            "sample": name if name in known else "",
            "entity": f"lane:{band.lane}/band:{read.row.target}",
            "file_id": measured.file.file_id,
            "membrane": unit.payload["membrane"],
            "target": read.row.target,
            "role": read.row.role,
            "lane": band.lane,
            "lane_name": name,
            "row": read.row.number,
            "x0": x0, "y0": y0, "x1": x1, "y1": y1,
            "centre_x": float(band.centre[0]), "centre_y": float(band.centre[1]),
            "volume": float(band.volume),
            "background": float(band.background),
            "adjusted": float(band.adjusted),
            "ci_low": float(band.interval[0]), "ci_high": float(band.interval[1]),
            "noise": float(band.noise),
            "detection_limit": float(band.detection_limit),
            "snr": float(band.snr),
            "area": int(band.area),
            "saturated_fraction": float(band.saturated_fraction),
            "peak_of_range": _peak(measured, band),
            "mw": band.mw,
            "method": "between_lanes" if read.row.role == TOTAL_PROTEIN else params.background,
            "by_method": "; ".join(f"{one.method} {one.adjusted:.6g}" for one in band.methods),
        }  # fmt: skip


def _facts(unit: Unit, measured: Measured) -> Mapping[str, Any]:
    """What the methods text says of a picture."""
    image = measured.image
    return {
        "membrane": unit.payload["membrane"],
        "file": measured.file.relative,
        "format": image.format,
        "layout": image.layout,
        "verified": image.verified,
        "polarity": image.polarity,
        "instrument": image.instrument,
        "exposure_s": image.exposure_s,
        "pixel_size_um": image.pixel_size_um,
        "acquired_at": image.acquired_at,
        "channel": image.channel,
        "size": [int(side) for side in image.pixels.shape],
        "lanes": list(_lanes(measured)),
        "targets": [
            {
                "name": read.row.target,
                "role": read.row.role,
                "state": read.reading.state,
                "by_points": read.row.points is not None,
                "mass": _mass(read),
                "bands": len(read.bands),
                "saturated": sum(band.saturated_fraction > 0 for band in read.bands),
            }
            for read in measured.reads
        ],
        "mass_unit": measured.ladder.unit,
    }


def _mass(read: Read) -> float | None:
    """Median molecular weight of a row's visible bands."""
    masses = [band.mw for band in read.bands if band.mw is not None]
    return float(median(masses)) if masses else None


def _lanes(measured: Measured) -> Iterator[dict[str, Any]]:
    """How far apart the lanes of every measured row lie."""
    for read in measured.reads:
        found = read.reading.found
        if read.bands and found is not None and len(found.lanes) > 1:
            yield {
                "target": read.row.target,
                "pitch": float(found.pitch),
                "by_points": read.row.points is not None,
            }
