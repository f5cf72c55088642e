"""What a person clicked: read from the page, held against the picture, and made a correction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, ValidationError

from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.review.looked import Looked, refuse_unusable
from exoraw.assays.blot.review.places import Place
from exoraw.assays.blot.settings import MOST_ROWS
from exoraw.assays.blot.steps.points import KIND, Points, key_of, target_of
from exoraw.assays.blot.steps.reading import Read
from exoraw.assays.contract import Decision, Params, Proposal
from exoraw.io.errors import StudyError
from exoraw.study.view import Correction

Coordinate = Annotated[float, Field(allow_inf_nan=False)]
Clicked = tuple[Coordinate, Coordinate]


class Clicks(Params):
    """What the page sends.

    Parameters
    ----------
    points : for each row from the top: None where nothing was changed, else the points that were clicked so
        far, pixels of the raw picture: middle of the first and of the last band
    """

    points: tuple[Annotated[tuple[Clicked, ...], Field(max_length=2)] | None, ...] = Field(
        (), max_length=MOST_ROWS
    )


def proposed(looked: Looked, proposal: Proposal, *, blind: bool) -> dict[str, PointPair]:
    """Return protein -> the points that were clicked, of every row that was changed.

    Raises
    ------
    StudyError : one point of a row only, a point outside the picture, or rows that are not those of the
        study any more
    """
    refuse_unusable(looked)
    place = looked.place
    try:
        clicks = Clicks.model_validate(dict(proposal)).points
    except ValidationError as error:
        raise StudyError("The page sent points that cannot be read. Load it again.") from error
    if len(clicks) not in (0, len(place.rows)):
        raise StudyError("The study has other rows than this page shows. Load it again.")
    found = {}
    for row, points in zip(place.rows, clicks, strict=False):
        if points is not None:
            found[row.target] = _pair(points, place.label(row, blind=blind), looked)
    return found


def _pair(points: tuple[Clicked, ...], name: str, looked: Looked) -> PointPair:
    if not points:
        raise StudyError(
            f"{name}: both points are gone. To return to what exoraw found, press Take back below the "
            "picture."
        )
    if len(points) == 1:
        raise StudyError(f"{name} has one point only. Click its other end too, or take this one back.")
    height, width = looked.image.pixels.shape
    for x, y in points:
        if not (0 <= x < width and 0 <= y < height):
            raise StudyError(
                f"{name}: a point lies at ({x:g}, {y:g}), outside the picture of {width} x {height} pixels."
            )
    first, last = points
    return first, last


def refuse_unread(reads: tuple[Read, ...], changed: Mapping[str, PointPair]) -> None:
    """Raise StudyError where a row cannot be measured with the points that were clicked for it."""
    for read in reads:
        if read.row.target in changed and read.reading.state != "ok":
            reason = read.reading.reason[:1].upper() + read.reading.reason[1:]
            raise StudyError(f"{reason.rstrip('.')}.")


def decision(
    place: Place, corrections: Iterable[Correction], changed: Mapping[str, PointPair], *, blind: bool
) -> Decision:
    """Return the correction that holds these points and those that the same file has already.

    The proteins are written with their membrane: a file may show several membranes.

    Parameters
    ----------
    corrections : all of the analysis
    changed : protein -> its new points
    """
    if not changed:
        raise StudyError("No row was clicked, so there is nothing to apply.")
    # Of an exposure series several files may have points: new ones go to those that count.
    target = place.made[-1].target if place.made else target_of(place.picture.paths[0])
    before = next((one for one in corrections if (one.kind, one.target) == (KIND, target)), None)
    points = {**_points(before), **{_key(place, name): pair for name, pair in changed.items()}}
    names = [place.label(row, blind=blind) for row in place.rows if row.target in changed]
    value = Points(points=points).model_dump(mode="json")
    return Decision(KIND, target, value, f"first and last band of {_listed(names)}")


def made_words(
    place: Place, corrections: Iterable[Correction], made: Correction, *, blind: bool
) -> tuple[str, str]:
    """Return what a correction decides, and how far it reaches.

    Parameters
    ----------
    corrections : all of the analysis, whole
    made : one of those about the picture, with its own points alone
    """
    own = _points(made)
    if not own:
        return "points that cannot be used", "this picture"
    rows = [row for row in place.rows if row.target in own or _key(place, row.target) in own]
    words = f"first and last band of {_listed([place.label(row, blind=blind) for row in rows])}"
    whole = next((one for one in corrections if one.path == made.path), made)
    others = len(_points(whole).keys() - own.keys())
    if not others:
        return words, "this picture"
    return words, f"this picture, and {others} {'row' if others == 1 else 'rows'} of the same file elsewhere"


def _points(correction: Correction | None) -> dict[str, PointPair]:
    """Return what a correction holds; nothing where it holds no points: it is replaced then."""
    if correction is None:
        return {}
    try:
        return dict(Points.model_validate(correction.value).points)
    except ValidationError:
        return {}


def _key(place: Place, target: str) -> str:
    return key_of(place.membrane.name, target)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
