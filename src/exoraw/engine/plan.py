"""What has to be computed and why: every unit of a study with its state and its reason in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from exoraw.assays.contract import TaskInput
from exoraw.engine.keys import Identity, Settled, identify, settled
from exoraw.engine.options import RunOptions, Totals
from exoraw.engine.reasons import why
from exoraw.engine.tasks import UNSUCCESSFUL
from exoraw.engine.units import PlannedUnit, planned_units
from exoraw.io.inventory import Inventory
from exoraw.store.rows import TaskRow

if TYPE_CHECKING:
    from exoraw.assays.contract import Unit
    from exoraw.engine.project import Project

State = Literal["cached", "run", "wait", "skip", "held", "blocked"]


@dataclass(frozen=True)
class Node:
    """A unit and what happens to it.

    Parameters
    ----------
    planned : the unit in its place
    state : "cached" its outcome is still valid (also a failure that is not tried again), "run", "wait" an
        earlier unit has yet to run, "skip" what it needs failed, "held" left out by `only`, "blocked" a
        raw file cannot be read
    reason : why, in words
    identity : task id and inputs; None while it waits
    row : the outcome that is still valid, for "cached"
    """

    planned: PlannedUnit
    state: State
    reason: str
    identity: Identity | None = None
    row: TaskRow | None = None

    @property
    def unit(self) -> Unit:
        """What the assay planned."""
        return self.planned.unit

    @property
    def key(self) -> str:
        """Key of the unit."""
        return self.planned.unit.key

    @property
    def assay(self) -> str:
        """Name of the assay."""
        return self.planned.assay

    @property
    def pipeline(self) -> str:
        """Pipeline entry of the study."""
        return self.planned.pipeline

    @property
    def step(self) -> str:
        """Name of the step."""
        return self.planned.step

    @property
    def task_id(self) -> str | None:
        """Its cache key; None while an earlier unit has yet to run."""
        return self.identity.task_id if self.identity else None


@dataclass(frozen=True)
class Plan:
    """All units of a study in an order in which they could be computed one after the other."""

    nodes: tuple[Node, ...]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of units per state."""
        return Counter(node.state for node in self.nodes)

    def totals(self) -> tuple[Totals, ...]:
        """Return the work per assay; a unit that waits counts as work."""
        assays = dict.fromkeys(node.assay for node in self.nodes)
        return tuple(self._totals(assay) for assay in assays)

    def _totals(self, assay: str) -> Totals:
        own = [node for node in self.nodes if node.assay == assay]
        work = [node for node in own if node.state in ("run", "wait")]
        cached = sum(node.state == "cached" for node in own)
        return Totals(assay, len(work), cached, sum(node.planned.bytes for node in work))


def make_plan(project: Project, index: Mapping[str, TaskRow], options: RunOptions | None = None) -> Plan:
    """Plan the whole study against what is committed.

    Parameters
    ----------
    index : task id -> newest committed row (`store.index.committed`)
    options : refresh, retry and only; they choose what is executed, never what is planned

    Raises
    ------
    StudyError : a step breaks the contract of an assay
    """
    return Planner(project, index, options or RunOptions()).plan()


class Planner:
    """Decides on one unit after the other; a run asks it again as earlier units finish."""

    def __init__(self, project: Project, index: Mapping[str, TaskRow], options: RunOptions) -> None:
        self._inventory: Inventory = project.inventory
        self._index = index
        self._options = options
        self._units = planned_units(project.pipelines, project.inventory)
        self._last = _newest_per_unit(index)
        self._chosen = _chosen(self._units, options.only)

    def plan(self) -> Plan:
        """Return the plan before anything runs."""
        outcomes: dict[str, Settled] = {}
        nodes = []
        for planned in self._units:
            node = self.decide(planned, outcomes)
            nodes.append(node)
            ended = outcome_before_running(node)
            if ended:
                outcomes[node.key] = ended
        return Plan(tuple(nodes))

    def decide(self, planned: PlannedUnit, outcomes: Mapping[str, Settled]) -> Node:
        """Say what happens to a unit, given how its earlier units ended."""
        waiting = [key for key in planned.earlier if key not in outcomes]
        if waiting:
            more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
            return Node(planned, "wait", f"runs after {waiting[0]}{more}")
        identity = self._identify(planned, outcomes)
        if planned.blocked:
            return Node(planned, "blocked", planned.blocked, identity)
        reason = _why_skipped(planned, outcomes)
        if reason:
            held = any(outcomes[key].status == "held" for key in planned.earlier)
            return Node(planned, "held" if held else "skip", reason, identity)
        return self._run_or_cached(planned, identity, outcomes)

    def _identify(self, planned: PlannedUnit, outcomes: Mapping[str, Settled]) -> Identity:
        return identify(
            planned.unit,
            assay=planned.assay,
            step=planned.step,
            version=planned.version,
            cells=planned.cells,
            inventory=self._inventory,
            earlier=outcomes,
        )

    def _run_or_cached(
        self, planned: PlannedUnit, identity: Identity, outcomes: Mapping[str, Settled]
    ) -> Node:
        row = self._index.get(identity.task_id)
        reason = self._why_run(planned, identity, row, outcomes)
        if reason and planned.key in self._chosen:
            return Node(planned, "run", reason, identity)
        if row is None:
            return Node(planned, "held", "left out by the choice of units for this run", identity)
        if row.status == "ok":
            return Node(planned, "cached", "up to date", identity, row)
        reason = f"{row.status} before and not tried again (`exoraw retry` does): {first_line(row.error)}"
        return Node(planned, "cached", reason, identity, row)

    def _why_run(
        self,
        planned: PlannedUnit,
        identity: Identity,
        row: TaskRow | None,
        outcomes: Mapping[str, Settled],
    ) -> str:
        """Return the reason to compute a unit, "" where its outcome is still valid."""
        if row is None:
            return why(identity, planned.version, self._last.get(planned.key))
        if self._options.refresh:
            return "refresh"
        if row.status in UNSUCCESSFUL:
            return f"retry: {row.status} before" if self._options.retry else ""
        again = _recomputed(row, outcomes)
        return f"earlier step gave something else this time: {again}" if again else ""


def outcome_before_running(node: Node) -> Settled | None:
    """Return how a unit ends that is not going to run; None where it is."""
    task_id = node.task_id or ""
    match node.state:
        case "cached" if node.row is not None:
            return settled(node.row)
        case "skip":
            return Settled(task_id, "skipped")
        case "held":
            return Settled(task_id, "held")
        case "blocked":
            return Settled(task_id, "failed")
        case _:
            return None


def first_line(text: str) -> str:
    """Return the first line of a message."""
    return text.strip().split("\n", 1)[0]


def _why_skipped(planned: PlannedUnit, outcomes: Mapping[str, Settled]) -> str:
    """Say which earlier unit is missing, "" where enough of them succeeded."""
    missing = [key for keys, needs in _needed(planned) for key in _missing(keys, needs, outcomes)]
    if not missing:
        return ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"it needs {missing[0]}{more}, which {_ended(outcomes[missing[0]].status)}"


def _needed(planned: PlannedUnit) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the earlier units that are looked at together, and what is needed of them."""
    needs = planned.unit.needs
    if not isinstance(needs, Mapping):
        yield planned.earlier, needs
        return
    for role, items in planned.unit.inputs.items():
        yield tuple(item.key for item in items if isinstance(item, TaskInput)), needs.get(role, "all")


def _missing(keys: Sequence[str], needs: str, outcomes: Mapping[str, Settled]) -> list[str]:
    """Return those that did not succeed, none where enough of them did."""
    missing = [key for key in keys if not outcomes[key].ok]
    enough = needs == "optional" or (needs == "any" and len(missing) < len(keys))
    return [] if enough else missing


def _ended(status: str) -> str:
    words = {
        "failed": "failed",
        "crashed": "crashed",
        "timeout": "took too long",
        "skipped": "was skipped",
        "held": "was left out of this run",
    }
    return words[status]


def _recomputed(row: TaskRow, outcomes: Mapping[str, Settled]) -> str:
    """Return the key of an earlier unit that was computed anew since this row and gave something else."""
    for items in json.loads(row.inputs).values():
        for item in items:
            now = outcomes.get(item["name"]) if item["kind"] == "task" else None
            if now is not None and now.ok and now.content != item.get("content"):
                return str(item["name"])
    return ""


def _newest_per_unit(index: Mapping[str, TaskRow]) -> dict[str, TaskRow]:
    """Return the row that was computed last for each unit, whatever its task id."""
    newest: dict[str, TaskRow] = {}
    for row in index.values():
        other = newest.get(row.unit)
        if other is None or _age(row) > _age(other):
            newest[row.unit] = row
    return newest


def _age(row: TaskRow) -> tuple[str, str]:
    return (row.started_at.isoformat() if row.started_at else "", row.run_id)


def _chosen(units: Sequence[PlannedUnit], only: tuple[str, ...]) -> frozenset[str]:
    """Return the keys that may run: those asked for, and what they need."""
    if not only:
        return frozenset(planned.key for planned in units)
    needed: set[str] = set()
    for planned in reversed(units):  # later units first, so that what they need is met after them
        if planned.key in needed or any(_asked(planned, word) for word in only):
            needed |= {planned.key, *planned.earlier}
    return frozenset(needed)


def _asked(planned: PlannedUnit, word: str) -> bool:
    return word == planned.pipeline or word in planned.unit.samples or fnmatchcase(planned.key, word)
