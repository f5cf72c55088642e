"""The folds that points would make, from the step `normalise` itself, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from exoraw.assays.blot.review.looked import Looked
from exoraw.assays.blot.steps.measured import Volume
from exoraw.assays.blot.steps.normalise import Normalise, ratios_of
from exoraw.assays.blot.steps.planning import normalise_key
from exoraw.assays.blot.steps.reading import Read
from exoraw.assays.contract import Earlier, Inputs, Measurement, ReviewDesk


@dataclass(frozen=True)
class Folds:
    """The folds of one protein.

    Parameters
    ----------
    over : what it is normalised to
    by_sample : sample -> fold of control; a lane without one is not there
    """

    over: str
    by_sample: Mapping[str, float]


def folds(desk: ReviewDesk, looked: Looked, reads: Sequence[Read]) -> dict[str, Folds]:
    """Return protein -> its folds over the first thing that it is normalised to.

    Nothing where the study asks for no folds.

    Parameters
    ----------
    reads : the rows of the picture as they would be measured
    """
    place = looked.place
    try:
        unit, inputs = desk.ready(normalise_key(desk.view.pipeline, place.membrane))
    except KeyError:
        return {}
    made = Normalise().run(unit, _with(inputs, _foreseen(looked, reads)))
    every = [one for one in made.measurements if one.measure == "fold_of_control"]
    found: dict[str, Folds] = {}
    for target, below in ratios_of(place.membrane.blot.bands):
        if target in {row.target for row in place.rows} and target not in found:
            found[target] = Folds(below, dict(_finite(every, f"protein:{target}/{below}")))
    return found


def _finite(measurements: Sequence[Measurement], entity: str) -> Iterator[tuple[str, float]]:
    for one in measurements:
        if one.entity == entity and one.value is not None and isfinite(one.value):
            yield one.sample, one.value


def _with(inputs: Inputs, picture: Earlier) -> Inputs:
    """Return the inputs with this outcome in the place of that of the same unit."""
    earlier = {
        role: tuple(picture if one.key == picture.key else one for one in every)
        for role, every in inputs.earlier.items()
    }
    return replace(inputs, earlier=earlier)


def _foreseen(looked: Looked, reads: Sequence[Read]) -> Earlier:
    """The outcome of this picture as far as ratios and folds depend on it."""
    place = looked.place
    lanes = [
        {
            "target": read.row.target,
            "pitch": read.reading.found.pitch,
            "by_points": read.row.points is not None,
        }
        for read in reads
        if read.bands and read.reading.found is not None and len(read.reading.found.lanes) > 1
    ]
    picture = {
        "lanes": lanes, "size": list(looked.image.pixels.shape), "file": looked.file.relative,
    }  # fmt: skip
    bands = [volume.plain() for read in reads for volume in _volumes(looked, read)]
    data = {"bands": bands, "picture": picture}
    return Earlier(place.unit, "", True, data, (), place.membrane.samples)


def _volumes(looked: Looked, read: Read) -> Iterator[Volume]:
    slots = looked.place.slots
    for band in read.bands:
        slot = slots[band.lane - 1]
        if slot.row is not None:
            yield Volume(
                slot.name, read.row.target, read.row.role, float(band.adjusted), float(band.interval[0]),
                float(band.interval[1]), float(band.detection_limit), float(band.saturated_fraction), None,
            )  # fmt: skip
