"""What can run next: units become ready as the units they need are done."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping

from exoraw.engine.keys import Settled, settled
from exoraw.engine.plan import Node, Plan, Planner, outcome_before_running
from exoraw.engine.tasks import Receipt
from exoraw.store.rows import TaskRow


class Frontier:
    """The plan while it is worked off.

    Every unit passes once through here: it is cached, skipped, held or blocked at once, or it becomes
    ready, runs and is finished. What its end means for the units after it is decided by the planner.
    """

    def __init__(self, plan: Plan, planner: Planner, run_id: str) -> None:
        self._planner = planner
        self._run_id = run_id
        self._nodes = {node.key: node for node in plan}
        self._rows: dict[str, TaskRow] = {}
        self._outcomes: dict[str, Settled] = {}
        self._counts: Counter[str] = Counter()
        self._ready: list[tuple[int, str]] = []
        self._dependents: dict[str, list[str]] = {}
        self._open: dict[str, int] = {}  # unit that waits -> earlier units that are not yet settled
        for node in plan:
            self._enter(node)

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def rows(self) -> Mapping[str, TaskRow]:
        """Unit key -> row, for every unit that has come to an end."""
        return self._rows

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of units by how they ended: ok (now), cached, failed, crashed, timeout, skipped, held."""
        return self._counts

    @property
    def unreached(self) -> int:
        """Units that have not come to an end."""
        return len(self._nodes) - len(self._rows)

    def next(self) -> Node | None:
        """Take the ready unit that stands first in the plan; None where none is ready."""
        return self._nodes[heapq.heappop(self._ready)[1]] if self._ready else None

    def finish(self, receipt: Receipt) -> None:
        """Note how a unit ended that ran."""
        row = receipt.row
        self._rows[row.unit] = row
        self._counts[row.status] += 1
        self._settle(row.unit, settled(row))

    def _enter(self, node: Node) -> None:
        if node.state == "wait":
            unsettled = [key for key in node.planned.earlier if key not in self._outcomes]
            self._open[node.key] = len(unsettled)
            for key in unsettled:
                self._dependents.setdefault(key, []).append(node.key)
        else:
            self._place(node)

    def _place(self, node: Node) -> None:
        """Queue a unit that runs, or note the end of one that does not."""
        self._nodes[node.key] = node
        if node.state == "run":
            heapq.heappush(self._ready, (node.planned.place, node.key))
            return
        ended = outcome_before_running(node)
        if ended is None:
            raise AssertionError(f"{node.key} is {node.state} although all it needs is settled")
        row = node.row if node.row is not None else self._row_without_a_run(node, ended)
        self._rows[node.key] = row
        self._counts["cached" if ended.ok else ended.status] += 1
        self._settle(node.key, ended)

    def _settle(self, key: str, ended: Settled) -> None:
        """Pass the end of a unit on to those that wait for it, however long the chain."""
        self._outcomes[key] = ended
        for waiting in self._dependents.pop(key, ()):
            self._open[waiting] -= 1
            if not self._open[waiting]:
                del self._open[waiting]
                self._place(self._planner.decide(self._nodes[waiting].planned, self._outcomes))

    def _row_without_a_run(self, node: Node, ended: Settled) -> TaskRow:
        """Return the row of a unit that was skipped, left out or blocked; it is shown, never committed."""
        status = "skipped" if ended.status == "held" else ended.status
        return row_of(node, self._run_id).with_(status=status, error=node.reason, reason="")


def row_of(node: Node, run_id: str) -> TaskRow:
    """Return a unit's row as far as it is known before it runs."""
    if node.identity is None:
        raise AssertionError(f"{node.key} has no identity yet")
    return TaskRow(
        task_id=node.identity.task_id,
        unit=node.key,
        status="failed",
        run_id=run_id,
        assay=node.assay,
        pipeline=node.pipeline,
        step=node.step,
        step_version=node.planned.version,
        samples=node.unit.samples,
        params=node.identity.params,
        inputs=node.identity.inputs,
        reason=node.reason,
    )


def failures(rows: Iterable[TaskRow]) -> tuple[TaskRow, ...]:
    """Return the rows of the units that gave no outcome."""
    return tuple(row for row in rows if row.status != "ok")
