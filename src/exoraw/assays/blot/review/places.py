"""The pictures that a study measures, one by one: what is looked for in each, and what a person gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.settings import BlotSettings
from exoraw.assays.blot.steps.agreement import by_target, trusted_volumes
from exoraw.assays.blot.steps.membranes import Membrane, Picture, Slot, Wanted, membranes_of
from exoraw.assays.blot.steps.planning import quantify_key
from exoraw.assays.blot.steps.points import clicked, points_for
from exoraw.assays.contract import Earlier, ReviewDesk
from exoraw.study.view import Correction

ASKS = "needs points"


@dataclass(frozen=True)
class Place:
    """One picture of a membrane.

    Parameters
    ----------
    kind : what the study asks, as in its settings
    membrane : the membrane with its lanes and all its pictures
    picture : this picture
    unit : key of the unit that measures it
    made : the corrections of points about it, with its own points alone; a later one counts before an
        earlier one
    """

    kind: str
    membrane: Membrane
    picture: Picture
    unit: str
    made: tuple[Correction, ...]

    @property
    def rows(self) -> tuple[Wanted, ...]:
        """What is looked for in it, from the top."""
        return tuple(sorted(self.picture.wanted, key=lambda one: one.band.row))

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Its lanes, from the first to the last sample."""
        return self.membrane.sampled

    @property
    def title(self) -> str:
        """Its proteins."""
        return ", ".join(row.target for row in self.rows)

    @property
    def group(self) -> str:
        """Its membrane, for the list."""
        return f"{'gel' if self.kind == 'chip_pcr_gel' else 'membrane'} {self.membrane.name}"

    def label(self, row: Wanted, *, blind: bool) -> str:
        """Return the name of a row; blinded, its place in the picture: files are called after proteins."""
        return f"row {row.band.row}" if blind else row.target

    def pairs(self) -> dict[str, PointPair | None]:
        """Return protein -> its points as a run would take them: clicked ones before those in study.yaml."""
        given = clicked(self.made, self.membrane.name, [row.target for row in self.rows])
        return {row.target: given.pairs.get(row.target, row.points) for row in self.rows}

    def clicked(self) -> frozenset[str]:
        """Return the proteins whose points a person clicked."""
        given = clicked(self.made, self.membrane.name, [row.target for row in self.rows])
        return frozenset(given.pairs)


def places(desk: ReviewDesk) -> tuple[Place, ...]:
    """Return every picture that is measured: membranes as in the settings, their pictures in order."""
    return tuple(_places(desk))


def _places(desk: ReviewDesk) -> Iterator[Place]:
    settings: BlotSettings = desk.view.settings
    for membrane in membranes_of(desk.view.rows, settings, desk.files):
        if not membrane.samples:
            continue
        for picture in membrane.pictures:
            unit = quantify_key(desk.view.pipeline, membrane, picture)
            targets = [one.target for one in picture.wanted]
            made = points_for(desk.view.corrections, picture.paths, membrane.name, targets)
            yield Place(settings.kind, membrane, picture, unit, made)


def place_of(desk: ReviewDesk, key: str) -> Place:
    """Return a picture by the key of its unit. Raises KeyError where there is none."""
    for place in _places(desk):
        if place.unit == key:
            return place
    raise KeyError(key)


def asking(desk: ReviewDesk) -> frozenset[str]:
    """Return the units of the pictures that need points nobody has given yet, or better ones.

    A row asks where it could be read in several ways, where its lanes contradict the membrane's other
    pictures, and where it could not be measured with its points.
    """
    found = set()
    by_membrane: dict[str, list[Place]] = {}
    for place in _places(desk):
        by_membrane.setdefault(place.membrane.name, []).append(place)
    for own in by_membrane.values():
        outcomes = {place.unit: desk.outcome(place.unit) for place in own}
        wrong = contradicting(outcomes.values())
        for place in own:
            unread, refused = _unread(outcomes[place.unit])
            given = {target for target, pair in place.pairs().items() if pair is not None}
            if refused or not given.issuperset({row.target for row in place.rows} & {*wrong, *unread}):
                found.add(place.unit)
    return frozenset(found)


def contradicting(outcomes: Iterable[Earlier | None]) -> Mapping[str, str]:
    """Return protein -> why its lanes cannot be those of the membrane, from all pictures of a membrane."""
    _, wrong = trusted_volumes([one for one in outcomes if one is not None])
    return {target: finding.message for target, finding in by_target(wrong).items()}


def _unread(outcome: Earlier | None) -> tuple[set[str], set[str]]:
    """Return the proteins that were not measured, and those of them for which points had been given."""
    targets = [] if outcome is None else outcome.data["picture"]["targets"]
    unread = [one for one in targets if one["state"] != "ok"]
    return {one["name"] for one in unread}, {one["name"] for one in unread if one["by_points"]}
