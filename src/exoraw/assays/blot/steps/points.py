"""Points that a person clicked: first and last band of a row, kept beside the study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace

from pydantic import Field, ValidationError

from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.contract import Finding, Params
from exoraw.study.view import Correction

KIND = "points"
ROLE = "points"


class Points(Params):
    """The value of a correction of the kind "points".

    Parameters
    ----------
    points : protein -> ((x, y), (x, y)), pixels of the raw picture; "membrane/protein" where a picture
        shows the protein of several membranes
    """

    points: dict[str, PointPair] = Field(min_length=1)


@dataclass(frozen=True)
class Clicked:
    """The points of a picture, with the remarks about them."""

    pairs: Mapping[str, PointPair]
    findings: tuple[Finding, ...]


def target_of(path: str) -> str:
    """Return how a correction names a picture."""
    return f"image:{path}"


def key_of(membrane: str, target: str) -> str:
    """Return how the points of a protein are called where a file shows several membranes."""
    return f"{membrane}/{target}"


def points_for(
    corrections: Iterable[Correction], paths: Iterable[str], membrane: str, targets: Iterable[str]
) -> tuple[Correction, ...]:
    """Return the corrections about any of these files, each with the points of these proteins alone.

    A file may hold several pages and membranes: what is clicked for one of them measures no other again. A
    correction that cannot be read is returned as it is, so that the unit says so.
    """
    names = {target_of(path) for path in paths}
    own = {key for target in targets for key in (target, key_of(membrane, target))}
    about = (one for one in corrections if one.kind == KIND and one.target in names)
    return tuple(narrowed for one in about if (narrowed := _narrowed(one, own)) is not None)


def _narrowed(correction: Correction, own: Set[str]) -> Correction | None:
    points = correction.value.get("points")
    if not isinstance(points, Mapping) or not points or set(correction.value) != {"points"}:
        return correction
    kept = {key: pair for key, pair in points.items() if key in own}
    return replace(correction, value={"points": kept}) if kept else None


def clicked(corrections: Iterable[Correction], membrane: str, targets: Iterable[str]) -> Clicked:
    """Return the points for the proteins of a membrane; what cannot be used is a finding."""
    pairs: dict[str, PointPair] = {}
    findings = []
    wanted = list(targets)
    for one in corrections:
        try:
            given = Points.model_validate(one.value).points
        except ValidationError as error:
            message = f"The points in {one.path} cannot be used: {error.errors()[0]['msg']}."
            findings.append(Finding("points_unusable", "error", message))
            continue
        for target in wanted:
            pair = given.get(key_of(membrane, target)) or given.get(target)
            if pair is not None:
                pairs[target] = pair
                message = f"{target}: points by {one.who}, {one.when}: {one.why}"
                findings.append(Finding("points_by_hand", "info", message, entity=f"band:{target}"))
    return Clicked(pairs, tuple(findings))
