"""Points that a person clicked: first and last band of a row, kept beside the study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


def points_for(corrections: Iterable[Correction], paths: Iterable[str]) -> tuple[Correction, ...]:
    """Return the corrections about any of these pictures."""
    names = {target_of(path) for path in paths}
    return tuple(one for one in corrections if one.kind == KIND and one.target in names)


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
            pair = given.get(f"{membrane}/{target}") or given.get(target)
            if pair is not None:
                pairs[target] = pair
                message = f"{target}: points by {one.who}, {one.when}: {one.why}"
                findings.append(Finding("points_by_hand", "info", message, entity=f"band:{target}"))
    return Clicked(pairs, tuple(findings))
