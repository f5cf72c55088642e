"""A person's sitting at the review pages: what they see, what they decide, what is computed again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exoraw.assays.contract import Decision, Made, ReviewDesk
from exoraw.engine.options import RunSummary
from exoraw.io.errors import ExorawError, StudyError
from exoraw.review.blinding import Key, Veil, blinding_key, names_in
from exoraw.review.desk import Analysis, Memory, Opened, desk_of, open_for_review
from exoraw.review.listing import Listed, items_of, listed, to_be_hidden
from exoraw.review.pending import Runner, pending
from exoraw.study.corrections import withdraw_correction, write_correction
from exoraw.study.exclusions import Exclusion, append_exclusion

LONGEST_WHO, LONGEST_WHY = 60, 500  # letters
BLINDED = "blinded"  # stands behind the initials of a decision that was made without names


@dataclass(frozen=True)
class Signature:
    """Who decided something, and why."""

    who: str
    why: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Signature:
        """Read it from what the page sent. Raises StudyError where one is empty or too long."""
        found = {name: " ".join(str(body.get(name) or "").split()) for name in ("who", "why")}
        for name, words, longest in (
            ("who", "your initials", LONGEST_WHO),
            ("why", "the reason, in words", LONGEST_WHY),
        ):
            if not found[name]:
                raise StudyError(f"Type {words}: a correction without it cannot be judged by a reader.")
            if len(found[name]) > longest:
                raise StudyError(f"At most {longest} letters for {words}; found {len(found[name])}.")
        return cls(found["who"], found["why"])


class Sitting:
    """Everything the pages do, as plain functions from JSON to JSON.

    Parameters
    ----------
    study : the study file
    blind : whether names and groups are hidden
    published : called after each run, with the results brought up to date
    who : initials that the page offers
    """

    def __init__(
        self, study: Path, *, blind: bool, published: Callable[[RunSummary], None], who: str = ""
    ) -> None:
        self._study = study
        self._blind = blind
        self._who = who
        self._lock = threading.RLock()
        self._runner = Runner(study, published)
        self.reopen()

    @property
    def analyses(self) -> tuple[Analysis, ...]:
        """The analyses of the study that have a page."""
        return self._opened.analyses

    def reopen(self) -> None:
        """Read the study again: something has changed."""
        with self._lock:
            opened = open_for_review(self._study)
            memory = Memory()
            desks = {one.name: desk_of(opened, one, memory, blind=self._blind) for one in opened.analyses}
            items = {one.name: items_of(one, desks[one.name]) for one in opened.analyses}
            key: Key | None = None
            if self._blind:
                hidden = [named for one in opened.analyses for named in to_be_hidden(one, items[one.name])]
                key = blinding_key(opened.folder, hidden)
            self._opened: Opened = opened
            self._desks: dict[str, ReviewDesk] = desks
            self._listed: dict[str, Listed] = {
                entry.id: entry
                for one in opened.analyses
                for entry in listed(opened, one, items[one.name], key)
            }
            rows = [row for one in opened.analyses for row in one.pipeline.view.rows]
            self._veil = Veil(names_in(rows, opened.project.inventory) if self._blind else ())

    def shown(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return what may go to the browser: blinded, no name is in any of its texts."""
        veiled: dict[str, Any] = self._veil.over(answer)
        return veiled

    # ------------------------------------------------------------- looking

    def study(self) -> dict[str, Any]:
        """Return the list of everything."""
        with self._lock:
            self.reopen()
            return self.shown(
                {
                    "title": self._opened.project.loaded.study.title,
                    "blind": self._blind,
                    "who": self._who,
                    "analyses": [
                        {
                            "name": one.name,
                            "assay": one.pipeline.assay.name,
                            "title": one.page.title,
                            "groups": self._groups(one.name),
                        }
                        for one in self._opened.analyses
                    ],
                    "pending": self._pending(),
                }
            )

    def _groups(self, analysis: str) -> list[dict[str, Any]]:
        groups: dict[str, list[dict[str, Any]]] = {}
        for one in self._listed.values():
            if one.analysis.name == analysis:
                groups.setdefault(one.group, []).append(one.entry())
        return [{"title": title, "items": items} for title, items in groups.items()]

    def item(self, name: str) -> dict[str, Any]:
        """Return an item as its page draws it. Raises KeyError where there is none of this name."""
        with self._lock, self._without_names():
            one = self._listed[name]
            desk = self._desk(one)
            return self.shown(
                {
                    **one.entry(),
                    "analysis": one.analysis.name,
                    "assay": one.analysis.pipeline.assay.name,
                    "group": one.group,
                    "remarks": [] if self._blind else [vars(remark) for remark in one.remarks],
                    "reason": "" if self._blind else one.excluded,
                    "made": [self._made(made) for made in one.analysis.page.made(desk, one.item.key)],
                    "data": one.analysis.page.item(desk, one.item.key),
                }
            )

    def part(self, name: str, part: str) -> bytes:
        """Return a binary part of an item. Raises KeyError where there is none of this name."""
        with self._lock, self._without_names():
            one = self._listed[name]
            return one.analysis.page.part(self._desk(one), one.item.key, part)

    def preview(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the numbers of an item as a proposal would make them."""
        with self._lock:
            one = self._listed[name]
            return self.shown(one.analysis.page.preview(self._desk(one), one.item.key, _proposal(body)))

    def pending(self) -> dict[str, Any]:
        """Return what waits to be computed again."""
        with self._lock:
            return self.shown(self._pending())

    # ------------------------------------------------------------- deciding

    def apply(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Store a correction beside the study; return what it decides and what it makes run again."""
        signature = Signature.of(body)
        with self._lock:
            one = self._listed[name]
            decision: Decision = one.analysis.page.correction(self._desk(one), one.item.key, _proposal(body))
            write_correction(
                self._opened.folder,
                assay=one.analysis.pipeline.assay.name,
                kind=decision.kind,
                target=decision.target,
                value=decision.value,
                who=self._signed(signature),
                when=_now(),
                why=signature.why,
                pipeline=one.analysis.name,
            )
            return self._after({"words": decision.words})

    def withdraw(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take a correction of an item back; the automatic number returns when it has run."""
        signature = Signature.of(body)
        with self._lock:
            one = self._listed[name]
            made = one.analysis.page.made(self._desk(one), one.item.key)
            found = next((item for item in made if _made_id(item) == body.get("made")), None)
            if found is None:
                raise StudyError("This correction is not in force any more. Load the page again.")
            withdraw_correction(
                self._opened.folder,
                found.correction,
                who=self._signed(signature),
                when=_now(),
                why=signature.why,
            )
            return self._after({"words": f"Taken back: {found.words}"})

    def exclude(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Leave an item, or the part of it that a proposal names, out of group results."""
        signature = Signature.of(body)
        with self._lock:
            one = self._listed[name]
            kind, target = one.analysis.page.exclusion(self._desk(one), one.item.key, _proposal(body))
            if any(
                (item.kind, item.target) == (kind, target) for item in self._opened.project.loaded.exclusions
            ):
                raise StudyError("It is left out already; the line stands in exclusions.csv.")
            append_exclusion(
                self._opened.folder,
                Exclusion(kind, target, signature.why, self._signed(signature), _now()),
            )
            return self._after({"words": "Left out of group results; its own numbers stay visible."})

    # ------------------------------------------------------------- computing

    def run(self) -> dict[str, Any]:
        """Begin to compute what waits. Raises StudyError where a run is at work."""
        with self._lock:
            self.reopen()
            if not self._runner.start(pending(self._opened), self.reopen):
                raise StudyError("A run is at work already.")
        return self.progress()

    def progress(self) -> dict[str, Any]:
        """Return how the run goes on."""
        return self.shown(vars(self._runner.progress))

    # ------------------------------------------------------------- parts

    def _desk(self, one: Listed) -> ReviewDesk:
        return self._desks[one.analysis.name]

    @contextlib.contextmanager
    def _without_names(self) -> Iterator[None]:
        """Blinded, do not say why something cannot be shown: such messages name files."""
        try:
            yield
        except ExorawError as error:
            if not self._blind:
                raise
            raise StudyError(
                "This item cannot be shown. The reason names it, so it is said without --blind only."
            ) from error

    def _pending(self) -> dict[str, Any]:
        return pending(self._opened).as_json(blind=self._blind)

    def _signed(self, signature: Signature) -> str:
        return f"{signature.who} ({BLINDED})" if self._blind else signature.who

    def _after(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was said with what waits now."""
        self.reopen()
        return self.shown({**said, "pending": self._pending()})

    def _made(self, made: Made) -> dict[str, Any]:
        """Return a correction for the page; blinded, without the reason, in which a name may stand."""
        correction = made.correction
        shown = {"id": _made_id(made), "words": made.words, "reach": made.reach, "when": correction.when}
        return shown if self._blind else {**shown, "who": correction.who, "why": correction.why}


def _made_id(made: Made) -> str:
    """Return what the browser calls a correction: its content's digest, in which no name can be read."""
    return made.correction.sha256


def _proposal(body: Mapping[str, Any]) -> Mapping[str, Any]:
    proposal = body.get("proposal", {})
    if not isinstance(proposal, Mapping):
        raise StudyError("The page sent a proposal that is no JSON object. Load it again.")
    return proposal


def _now() -> str:
    return datetime.now(UTC).isoformat("T", "seconds")
