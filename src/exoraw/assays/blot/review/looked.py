"""A picture as a person looks at it: read once as the step `quantify` does, measured for every proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.reading import BlotImage
from exoraw.assays.blot.review.places import Place
from exoraw.assays.blot.steps.quantify import QuantifyParams
from exoraw.assays.blot.steps.reading import Read, Row, chosen_exposure, measure, unusable
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
    """

    place: Place
    params: QuantifyParams
    image: BlotImage
    file: ReadyFile
    findings: tuple[Finding, ...]

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


def look(desk: ReviewDesk, place: Place) -> Looked:
    """Read a picture; the last few are remembered.

    Raises
    ------
    StudyError : the file has changed since the study was opened, or is not there
    FormatError : it cannot be read
    """
    return desk.kept(("picture", place.unit), lambda: _read(desk, place))  # type: ignore[no-any-return]


def _read(desk: ReviewDesk, place: Place) -> Looked:
    unit, inputs = desk.ready(place.unit)
    params = unit.params
    assert isinstance(params, QuantifyParams)
    image, file, chosen = chosen_exposure(inputs.files["picture"])
    return Looked(place, params, image, file, (*chosen, *image.findings))


def refuse_unusable(looked: Looked) -> None:
    """Raise StudyError where no points can help: the picture is no measurement."""
    if not looked.usable:
        raise StudyError(
            "This picture cannot be measured, so points would change nothing; the remarks about the picture "
            "say why. Export the imager's own file."
        )
