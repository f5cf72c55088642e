"""The list of what can be looked at: by batch, what asks for a person and has findings first.

Blinded, it is by number alone, behind what asks for a person.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exoraw.assays.contract import ReviewDesk, ReviewItem
from exoraw.engine.plan import Node
from exoraw.review.blinding import GROUP, ITEM, Key, Named
from exoraw.review.desk import Analysis, Opened
from exoraw.review.pending import is_known
from exoraw.store.results import Results
from exoraw.study.spec import Severity

_ID_DIGITS = 12
_WORST_FIRST: tuple[Severity, ...] = ("error", "warning", "info")
_STATES = {"skip": "cannot run", "held": "cannot run", "blocked": "cannot run"}


@dataclass(frozen=True)
class Remark:
    """A finding as the page shows it."""

    severity: Severity
    message: str
    advice: str


@dataclass(frozen=True)
class Listed:
    """An item in its place in the list.

    Parameters
    ----------
    id : what the browser calls it; blinded, it does not depend on the name
    title, group : as they are shown; blinded, numbers
    state : "up to date", "to run again", "not run yet", "failed", "cannot run"
    excluded : reason of its exclusion, "" where it is kept
    curated : whether a person's correction is in its numbers
    """

    id: str
    analysis: Analysis
    item: ReviewItem
    title: str
    group: str
    state: str
    remarks: tuple[Remark, ...]
    excluded: str
    curated: bool

    @property
    def worst(self) -> str:
        """Severity of its worst finding, "" without one."""
        found = {remark.severity for remark in self.remarks}
        return next((severity for severity in _WORST_FIRST if severity in found), "")

    def entry(self) -> dict[str, Any]:
        """Return its line in the list, as JSON."""
        counts = Counter(remark.severity for remark in self.remarks)
        return {
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "asks": self.item.asks,
            "errors": counts["error"],
            "warnings": counts["warning"],
            "excluded": bool(self.excluded),
            "curated": self.curated,
        }


def items_of(analysis: Analysis, desk: ReviewDesk) -> tuple[ReviewItem, ...]:
    """Return what the page of an analysis lists."""
    return tuple(analysis.page.items(desk))


def to_be_hidden(analysis: Analysis, items: Iterable[ReviewItem]) -> Iterator[Named]:
    """Yield what needs a number in a blinded review."""
    for item in items:
        yield (analysis.name, ITEM, item.key)
        yield (analysis.name, GROUP, item.group)


def listed(
    opened: Opened, analysis: Analysis, items: Sequence[ReviewItem], key: Key | None
) -> tuple[Listed, ...]:
    """Return the items of an analysis in the order of the list.

    Parameters
    ----------
    key : of the blinding; None where names are shown
    """
    remarks, curated = _remarks(opened, analysis), _curated(opened, analysis)
    excluded = {row.sample: row.excluded for row in analysis.pipeline.view.rows if row.excluded}
    nodes = {node.key: node for node in opened.plan}
    found = []
    for item in items:
        title, group = item.title, item.group
        name = f"{analysis.name}\n{item.key}"
        if key is not None:
            number = key.item(analysis.name, item.key)
            title, group = f"No. {number}", f"Set {key.group(analysis.name, item.group)}"
            name = f"{analysis.name}\nnumber {number}"
        found.append(
            Listed(
                id=hashlib.sha256(name.encode()).hexdigest()[:_ID_DIGITS],
                analysis=analysis,
                item=item,
                title=title,
                group=group,
                state=_state(nodes.get(item.unit), opened),
                remarks=remarks.of(item),
                excluded="; ".join(excluded[sample] for sample in item.samples if sample in excluded),
                curated=curated.touch(item),
            )
        )
    return _in_order(found, key)


def _in_order(found: Sequence[Listed], key: Key | None) -> tuple[Listed, ...]:
    """What asks for a person first, with its group; then groups as the sheet has them, findings first.

    Blinded, both go by number: findings could tell.
    """
    asking = {one.group for one in found if one.item.asks}
    if key is not None:
        return tuple(
            sorted(
                found,
                key=lambda one: (
                    one.group not in asking,
                    key.group(one.analysis.name, one.item.group),
                    not one.item.asks,
                    key.item(one.analysis.name, one.item.key),
                ),
            )
        )
    groups = sorted(dict.fromkeys(one.group for one in found), key=lambda group: group not in asking)
    rank = {"error": 0, "warning": 1}
    return tuple(
        sorted(found, key=lambda one: (groups.index(one.group), not one.item.asks, rank.get(one.worst, 2)))
    )


def _state(node: Node | None, opened: Opened) -> str:
    if node is None:
        return "cannot run"
    if is_known(node, opened):
        return "to run again"
    if node.state == "cached":
        return "up to date" if node.row is not None and node.row.status == "ok" else "failed"
    if node.state in ("run", "wait"):
        return "to run again" if node.key in opened.current else "not run yet"
    return _STATES[node.state]


@dataclass(frozen=True)
class _Remarks:
    """Findings of an analysis: those of each sample, and those that a unit made, whatever they name."""

    by_sample: Mapping[str, Sequence[Remark]]
    by_unit: Mapping[str, Sequence[Remark]]

    def of(self, item: ReviewItem) -> tuple[Remark, ...]:
        """Return those of an item once each, worst first."""
        found = [one for sample in item.samples for one in self.by_sample.get(sample, ())]
        found += self.by_unit.get(item.unit, ())
        return tuple(sorted(dict.fromkeys(found), key=lambda one: _WORST_FIRST.index(one.severity)))


def _remarks(opened: Opened, analysis: Analysis) -> _Remarks:
    by_sample: dict[str, list[Remark]] = {}
    by_unit: dict[str, list[Remark]] = {}
    units = {task: unit for unit, task in opened.published.items()}
    for row in Results(opened.project.results).arrow("findings").to_pylist():
        if row["pipeline"] == analysis.name:
            remark = Remark(row["severity"], row["message"], row["advice"] or "")
            if row["sample"]:
                by_sample.setdefault(row["sample"], []).append(remark)
            by_unit.setdefault(units.get(row["task_id"], ""), []).append(remark)
    return _Remarks(by_sample, by_unit)


@dataclass(frozen=True)
class _Curated:
    """What a person's correction went into: samples, and units."""

    samples: frozenset[str]
    units: frozenset[str]

    def touch(self, item: ReviewItem) -> bool:
        """Whether it went into the numbers of an item."""
        return item.unit in self.units or not self.samples.isdisjoint(item.samples)


def _curated(opened: Opened, analysis: Analysis) -> _Curated:
    units = {task: unit for unit, task in opened.published.items()}
    columns = ["pipeline", "sample", "curated", "task_id"]
    found = [
        row
        for row in Results(opened.project.results).arrow("measurements").select(columns).to_pylist()
        if row["curated"] and row["pipeline"] == analysis.name
    ]
    return _Curated(
        frozenset(row["sample"] for row in found), frozenset(units.get(row["task_id"], "") for row in found)
    )
