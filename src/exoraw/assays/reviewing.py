"""What an assay brings so that a person can correct its numbers on the pages of `exoraw review`.

Assays take these from `exoraw.assays.contract`. A page is plain functions and files: it knows no web
framework, and the frame knows nothing of gates, lanes or wells.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from exoraw.io.inventory import Inventory
from exoraw.study.exclusions import Kind
from exoraw.study.view import Correction, StudyView

if TYPE_CHECKING:
    from exoraw.assays.contract import Earlier, Inputs, Unit

Proposal = Mapping[str, Any]  # what the page's script sends: plain JSON, held against the page's own model


@dataclass(frozen=True)
class ReviewItem:
    """One thing that a person looks at: a tube, a membrane, an image, a plate.

    Parameters
    ----------
    key : names it within its analysis, the same in every session
    title : as it stands in the list; hidden in the blinded mode
    group : what it is listed under (its batch); hidden in the blinded mode
    samples : rows of the sheet it is about; their findings and corrections are marked in the list. Empty
        where several items share their samples: only what its own unit found is marked then
    unit : key of the unit whose state and findings are the item's
    asks : what it asks of a person, in a few words that name no sample ("needs points"); "" where nothing.
        Such items stand first, also in the blinded mode: words that tell groups apart have no place here
    """

    key: str
    title: str
    group: str
    samples: tuple[str, ...]
    unit: str
    asks: str = ""


@dataclass(frozen=True)
class Decision:
    """A correction as a person asked for it, checked: what `write_correction` takes, and in words.

    `words` say what is decided without naming a sample: "Annexin V border 1,250 instead of 1,108".
    """

    kind: str
    target: str
    value: Mapping[str, Any]
    words: str


@dataclass(frozen=True)
class Made:
    """A correction that is in force for an item: its file, what it decides, and how far it reaches.

    `words` and `reach` ("this tube", "the batch") name no sample.
    """

    correction: Correction
    words: str
    reach: str


@dataclass(frozen=True)
class ReviewDesk:
    """What a page may look at: its analysis as planned now, and what was computed last.

    Parameters
    ----------
    view : rows, settings and corrections of the analysis
    files : what lies in the raw folder
    blind : whether names and groups must stay hidden: a page then says nothing that tells tubes of
        different groups apart but the data itself
    ready : unit key -> the unit and its inputs as a worker would get them, with the newest outcome of every
        earlier unit. KeyError where nothing of this name is planned; StudyError where a raw file has changed
    outcome : unit key -> its newest outcome; None where there is none
    kept : (name, make) -> what `make()` gave the last time for this name. A few are remembered, until
        something changes: a page asks for the same tube again and again
    """

    view: StudyView
    files: Inventory
    blind: bool
    ready: Callable[[str], tuple[Unit, Inputs]] = field(repr=False)
    outcome: Callable[[str], Earlier | None] = field(repr=False)
    kept: Callable[[Hashable, Callable[[], Any]], Any] = field(repr=False)


class ReviewPage(Protocol):
    """The page of an assay; `Assay.review_page` names one as "package.module:object".

    Everything that goes to the browser is plain JSON without NaN, or bytes. A page raises StudyError (or any
    other ExorawError) in words where something cannot be shown or a proposal cannot be used, and KeyError
    for an item that it does not know.
    """

    @property
    def title(self) -> str:
        """What is corrected here: "Gates"."""

    @property
    def package(self) -> str:
        """Package in which the scripts and style sheets lie."""

    @property
    def assets(self) -> tuple[str, ...]:
        """File names of its scripts (.js) and style sheets (.css), in the order of loading."""

    def items(self, desk: ReviewDesk) -> Sequence[ReviewItem]:
        """List what can be looked at, in the order of the sheet."""

    def item(self, desk: ReviewDesk, key: str) -> Mapping[str, Any]:
        """Return what the script draws for one item, with the numbers as they stand."""

    def part(self, desk: ReviewDesk, key: str, name: str) -> bytes:
        """Return a binary part of an item that `item` names: events, an image as PNG."""

    def preview(self, desk: ReviewDesk, key: str, proposal: Proposal) -> Mapping[str, Any]:
        """Return the numbers of the item as they would be; nothing is stored."""

    def correction(self, desk: ReviewDesk, key: str, proposal: Proposal) -> Decision:
        """Return the correction that a proposal asks for."""

    def made(self, desk: ReviewDesk, key: str) -> Sequence[Made]:
        """Return the corrections that are in force for an item."""

    def exclusion(self, desk: ReviewDesk, key: str, proposal: Proposal) -> tuple[Kind, str]:
        """Return what leaving out means for an item: kind and target of a row of exclusions.csv."""
