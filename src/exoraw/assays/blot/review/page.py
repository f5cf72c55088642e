"""The blot page: which pictures there are, what is drawn of one, and what two clicks on a row decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exoraw.assays.blot.review.clicks import decision, made_words, proposed, refuse_unread
from exoraw.assays.blot.review.looked import Looked, look
from exoraw.assays.blot.review.places import ASKS, asking, place_of, places
from exoraw.assays.blot.review.shown import answer, expected, film, lanes, picture
from exoraw.assays.blot.steps.reading import Read
from exoraw.assays.contract import Decision, Made, Proposal, ReviewDesk, ReviewItem
from exoraw.io.errors import StudyError
from exoraw.study.exclusions import Kind

FILM = "film"  # the one binary part of a picture
LANE = "lane"  # in what the page sends to leave a lane out


@dataclass(frozen=True)
class BlotPage:
    """Pictures, the rows of bands in them, and the lanes of each row."""

    title: str = "Lanes"
    package: str = "exoraw.assays.blot.review"
    assets: tuple[str, ...] = ("blots.css", "film.js", "rows.js", "blots.js")

    def items(self, desk: ReviewDesk) -> Sequence[ReviewItem]:
        """List the measured pictures by membrane; those that need points ask for a person."""
        open_units = asking(desk)
        return [
            ReviewItem(one.unit, one.title, one.group, (), one.unit, ASKS if one.unit in open_units else "")
            for one in places(desk)
        ]

    def item(self, desk: ReviewDesk, key: str) -> Mapping[str, Any]:
        """Return the drawing of a picture with the points in force."""
        looked = _looked(desk, key)
        place = looked.place
        reads = looked.measured(place.pairs())
        return {
            "picture": picture(desk, looked),
            "lanes": lanes(place, blind=desk.blind),
            "expected": expected(place, looked.params.rows, blind=desk.blind),
            **answer(desk, looked, reads),
        }

    def part(self, desk: ReviewDesk, key: str, name: str) -> bytes:
        """Return the picture's signal."""
        if name != FILM:
            raise KeyError(name)
        return film(desk, _looked(desk, key)).packed()

    def preview(self, desk: ReviewDesk, key: str, proposal: Proposal) -> Mapping[str, Any]:
        """Return the rows as the points that were clicked would have them read."""
        looked = _looked(desk, key)
        return answer(desk, looked, _foreseen(desk, looked, proposal))

    def correction(self, desk: ReviewDesk, key: str, proposal: Proposal) -> Decision:
        """Return the points as a correction, beside those that the same picture has already."""
        looked = _looked(desk, key)
        _foreseen(desk, looked, proposal)
        changed = proposed(looked, proposal, blind=desk.blind)
        return decision(looked.place, desk.view.corrections, changed, blind=desk.blind)

    def made(self, desk: ReviewDesk, key: str) -> Sequence[Made]:
        """Return the corrections about a picture, the one that counts first."""
        place = place_of(desk, key)
        every = desk.view.corrections
        return [Made(one, *made_words(place, every, one, blind=desk.blind)) for one in reversed(place.made)]

    def exclusion(self, desk: ReviewDesk, key: str, proposal: Proposal) -> tuple[Kind, str]:
        """Leave out the sample of a lane, on all pictures of the membrane."""
        slots = place_of(desk, key).slots
        number = proposal.get(LANE)
        if type(number) is not int or not 1 <= number <= len(slots):
            raise StudyError("Choose the lane first: click it in the table of lanes.")
        row = slots[number - 1].row
        if row is None:
            raise StudyError("This lane holds no sample of the sheet, so it is in no group result.")
        return "sample", row.sample


PAGE = BlotPage()


def _looked(desk: ReviewDesk, key: str) -> Looked:
    return look(desk, place_of(desk, key))


def _foreseen(desk: ReviewDesk, looked: Looked, proposal: Proposal) -> tuple[Read, ...]:
    """Measure with a proposal. Raises StudyError where a row cannot be measured with its new points."""
    changed = proposed(looked, proposal, blind=desk.blind)
    reads = looked.measured({**looked.place.pairs(), **changed})
    refuse_unread(reads, changed)
    return reads
