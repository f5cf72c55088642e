"""A picture as a person looks at it: read once as the step `quantify` does, measured for every proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.reading import BlotImage, read_image
from exoraw.assays.blot.review.places import Place
from exoraw.assays.blot.steps.ladder import Asked, another_size, read_ladder
from exoraw.assays.blot.steps.quantify import LADDER, QuantifyParams
from exoraw.assays.blot.steps.reading import LadderRead, Read, Row, chosen_exposure, measure, unusable
from exoraw.assays.contract import Finding, ReadyFile, ReviewDesk
from exoraw.io.errors import StudyError


@dataclass(frozen=True)
class Looked:
    """A picture that was read.

    Parameters
    ----------
    place : which one
    params : how the step measures it
    image : the exposure that is measured
    file : where it lies
    findings : remarks about the picture as a whole
    beside : the picture that shows its ladder, where that is another one
    """

    place: Place
    params: QuantifyParams
    image: BlotImage
    file: ReadyFile
    findings: tuple[Finding, ...]
    beside: ReadyFile | None = None

    @property
    def usable(self) -> bool:
        """Whether the picture can be measured at all."""
        return not unusable(self.image)

    def measured(self, pairs: Mapping[str, PointPair | None]) -> tuple[Read, ...]:
        """Return every row, from the top, as the step reads it with these points.

        Nothing where the picture is no measurement.
        """
        if not self.usable:
            return ()
        rows = [
            Row(row.target, row.band.role, row.band.row, pairs.get(row.target)) for row in self.place.rows
        ]
        lanes = len(self.place.slots)
        return measure(self.image, lanes, rows, self.params.rows, self.params.background)

    def ladder(self, reads: Sequence[Read]) -> LadderRead:
        """Return the ladder as the step reads it beside rows that were measured."""
        given = self.params.ladder
        asked = Asked(given.masses, given.unit, self.place.membrane.ladder_lane, given.marks)
        if self.beside is None or given.marks:
            return read_ladder(self.image.pixels, reads, asked)
        shown = read_image(self.beside.path, self.beside.dataset).pixels
        if shown.shape != self.image.pixels.shape:
            return another_size(self.beside.relative, shown.shape, self.image.pixels.shape, asked)
        return replace(read_ladder(shown, reads, asked), source=self.beside.relative)


def look(desk: ReviewDesk, place: Place) -> Looked:
    """Read a picture; the last few are remembered.

    Raises
    ------
    StudyError : the file has changed since the study was opened, or is not there
    FormatError : it cannot be read
    """
    found: Looked = desk.kept(("picture", place.unit), lambda: _read(desk, place))
    return found


def _read(desk: ReviewDesk, place: Place) -> Looked:
    unit, inputs = desk.ready(place.unit)
    params = unit.params
    assert isinstance(params, QuantifyParams)
    image, file, chosen = chosen_exposure(inputs.files["picture"])
    beside = next(iter(inputs.files.get(LADDER, ())), None)
    return Looked(place, params, image, file, (*chosen, *image.findings), beside)


def refuse_unusable(looked: Looked) -> None:
    """Raise StudyError where no points can help: the picture is no measurement."""
    if not looked.usable:
        raise StudyError(
            "This picture cannot be measured, so points would change nothing; the remarks about the picture "
            "say why. Export the imager's own file."
        )
