"""The flow page: which tubes there are, what is drawn of one, and what a dragged gate decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from exoraw.assays.contract import Decision, Made, Proposal, ReviewDesk, ReviewItem
from exoraw.assays.flow.controls import Batch, batches_of
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.review.annexin_tube import look_at_annexin
from exoraw.assays.flow.review.decided import (
    CELLS,
    KIND,
    NO_GATES,
    REACHES,
    Gates,
    Reach,
    decided,
    read_gates,
    target_of,
    together,
)
from exoraw.assays.flow.review.looked import Looked
from exoraw.assays.flow.review.marker_tube import look_at_markers
from exoraw.assays.flow.review.shown import drawing, numbers, packed
from exoraw.assays.flow.steps.planning import gate_key, markers_key
from exoraw.assays.flow.strategies import AnnexinPI, MarkerStrategy
from exoraw.io.errors import StudyError
from exoraw.study.exclusions import Kind
from exoraw.study.view import SampleRow

EVENTS = "events"  # the one binary part of a tube
SCOPE = "scope"  # in a proposal: how far it shall reach


@dataclass(frozen=True)
class GatePage:
    """Tubes, their gates and their counts."""

    title: str = "Gates"
    package: str = "exoraw.assays.flow.review"
    assets: tuple[str, ...] = ("gates.css", "events.js", "plot.js", "gates.js")

    def items(self, desk: ReviewDesk) -> Sequence[ReviewItem]:
        """List the gated tubes by batch."""
        return [
            ReviewItem(row.sample, row.sample, batch.name, (row.sample,), _unit_key(desk, row))
            for batch in _batches(desk)
            for row in batch.gated
        ]

    def item(self, desk: ReviewDesk, key: str) -> Mapping[str, Any]:
        """Return the drawing of a tube with the gates in force, and how far a change may reach."""
        looked = _looked(desk, key)
        scopes = [{"value": reach, "words": words} for reach, words in REACHES.items()]
        return {"scopes": scopes, **drawing(looked, _in_force(desk, key), blind=desk.blind)}

    def part(self, desk: ReviewDesk, key: str, name: str) -> bytes:
        """Return the events of a tube."""
        if name != EVENTS:
            raise KeyError(name)
        return packed(_looked(desk, key))

    def preview(self, desk: ReviewDesk, key: str, proposal: Proposal) -> Mapping[str, Any]:
        """Return the numbers that a proposal makes, counted on all events."""
        _, gates = _proposed(desk, key, proposal)
        return numbers(_looked(desk, key), gates.over(_in_force(desk, key)))

    def correction(self, desk: ReviewDesk, key: str, proposal: Proposal) -> Decision:
        """Return the correction that a proposal makes of what the same target has already."""
        reach, gates = _proposed(desk, key, proposal)
        if gates == NO_GATES:
            raise StudyError("No gate was moved, so there is nothing to apply.")
        batch, row = _place(desk, key)
        target = target_of(reach, sample=row.sample, batch=batch.name)
        before = next(
            (one for one in desk.view.corrections if (one.kind, one.target) == (KIND, target)), None
        )
        whole = gates if before is None else gates.over(read_gates(before.value))
        value = whole.model_dump(mode="json", exclude_none=True)
        return Decision(KIND, target, value, _words(gates, _dyes(desk), _looked(desk, key)))

    def made(self, desk: ReviewDesk, key: str) -> Sequence[Made]:
        """Return the corrections that reach a tube, the nearest first."""
        batch, row = _place(desk, key)
        found = decided(desk.view.corrections, sample=row.sample, batch=batch.name)
        return [
            Made(one.correction, _words(one.gates, _dyes(desk)), REACHES[one.reach])
            for one in reversed(found)
        ]

    def exclusion(self, desk: ReviewDesk, key: str, proposal: Proposal) -> tuple[Kind, str]:  # noqa: ARG002
        """Leave out the sample of the tube."""
        return "sample", _place(desk, key)[1].sample


PAGE = GatePage()


def _batches(desk: ReviewDesk) -> tuple[Batch, ...]:
    settings = desk.view.settings
    if not isinstance(settings.strategy, AnnexinPI | MarkerStrategy):
        return ()  # gates that a lab brings in a file are moved where that file was made
    return batches_of(desk.view.rows, settings.batch_by)


def _unit_key(desk: ReviewDesk, row: SampleRow) -> str:
    """Return the unit that gates a tube."""
    on_annexin = isinstance(desk.view.settings.strategy, AnnexinPI)
    return (gate_key if on_annexin else markers_key)(desk.view.pipeline, row)


def _place(desk: ReviewDesk, key: str) -> tuple[Batch, SampleRow]:
    """Return the batch and the row of a tube. Raises KeyError where there is none."""
    for batch in _batches(desk):
        for row in batch.gated:
            if row.sample == key:
                return batch, row
    raise KeyError(key)


def _dyes(desk: ReviewDesk) -> tuple[Dye, ...]:
    dyes: tuple[Dye, ...] = desk.view.settings.strategy.dyes
    return dyes


def _looked(desk: ReviewDesk, key: str) -> Looked:
    unit = _unit_key(desk, _place(desk, key)[1])
    found: Looked = desk.kept(("tube", key), lambda: _look(desk, unit))
    return found


def _look(desk: ReviewDesk, key: str) -> Looked:
    unit, inputs = desk.ready(key)
    if isinstance(desk.view.settings.strategy, AnnexinPI):
        return look_at_annexin(unit, inputs)
    return look_at_markers(unit, inputs, desk.outcome(key))


def _in_force(desk: ReviewDesk, key: str) -> Gates:
    """Return what people decided about a tube so far, also where it has not been computed yet."""
    batch, row = _place(desk, key)
    made = decided(desk.view.corrections, sample=row.sample, batch=batch.name)
    return together(made).known(dye.key for dye in _dyes(desk))


def _proposed(desk: ReviewDesk, key: str, proposal: Proposal) -> tuple[Reach, Gates]:
    """Read what the browser sent: how far it reaches, and the gates that were moved."""
    _place(desk, key)
    reach = next((known for known in get_args(Reach) if known == proposal.get(SCOPE, "sample")), None)
    if reach is None:
        raise StudyError(f"A gate holds for {', '.join(REACHES)}; found {proposal.get(SCOPE)!r}.")
    gates = read_gates({name: value for name, value in proposal.items() if name != SCOPE})
    unknown = sorted(set(gates.borders) - {dye.key for dye in _dyes(desk)})
    if unknown:
        raise StudyError(f"This analysis has no border of {', '.join(unknown)}.")
    return reach, gates


def _words(gates: Gates, dyes: Sequence[Dye], looked: Looked | None = None) -> str:
    """Say which gates are set, without naming a sample."""
    titles = {dye.key: dye.title for dye in dyes}
    parts = []
    for dye, border in gates.borders.items():
        automatic = None if looked is None else looked.automatic.borders.get(dye)
        instead = "" if automatic is None else f" instead of {automatic:,.0f}"
        parts.append(f"{titles.get(dye, dye)} border {border:,.0f}{instead}")
    if gates.cells is not None:
        parts.append(f"outline of the {CELLS} with {len(gates.cells)} corners")
    return ", ".join(parts)
