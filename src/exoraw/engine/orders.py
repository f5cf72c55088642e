"""From a unit that is ready to the order that a worker gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import exoraw
from exoraw.assays.contract import FileInput, Input, ReferenceInput, TaskInput
from exoraw.engine.frontier import row_of
from exoraw.engine.plan import Node
from exoraw.engine.tasks import Limits, Order, OrderFile
from exoraw.io.inventory import Inventory
from exoraw.store.rows import TaskRow
from exoraw.study.view import Reference


@dataclass(frozen=True)
class OrderBook:
    """What all orders of a run have in common.

    Parameters
    ----------
    raw, results, crumbs, study : folders, as they are called on every worker
    references : name -> reference file of the study
    isolated : whether tasks run in worker processes
    """

    run_id: str
    raw: str
    results: str
    crumbs: str
    inventory: Inventory
    limits: Limits
    isolated: bool
    study: str = ""
    references: Mapping[str, Reference] = field(default_factory=dict)

    def order(self, node: Node, rows: Mapping[str, TaskRow]) -> Order:
        """Return the order for a unit; `rows` holds those of its earlier units."""
        inputs = node.unit.inputs
        return Order(
            raw=self.raw,
            results=self.results,
            crumbs=self.crumbs,
            row=row_of(node, self.run_id),
            unit=node.unit,
            files={role: files for role, items in inputs.items() if (files := self._files(items))},
            earlier={role: found for role, items in inputs.items() if (found := _earlier(items, rows))},
            references={role: used for role, items in inputs.items() if (used := self._references(items))},
            limits=self.limits,
            exoraw_version=exoraw.__version__,
            study=self.study,
            isolated=self.isolated,
        )

    def _files(self, items: tuple[Input, ...]) -> tuple[OrderFile, ...]:
        found = []
        for item in items:
            raw = self.inventory.get(item.path) if isinstance(item, FileInput) else None
            if raw is not None and isinstance(item, FileInput):
                found.append(OrderFile(raw.path, raw.sha256, item.dataset, raw.size, raw.mtime_ns))
        return tuple(found)

    def _references(self, items: tuple[Input, ...]) -> tuple[Reference, ...]:
        return tuple(self.references[item.name] for item in items if isinstance(item, ReferenceInput))


def _earlier(items: tuple[Input, ...], rows: Mapping[str, TaskRow]) -> tuple[TaskRow, ...]:
    """Return the rows of earlier units without what no step may see: they travel with every order."""
    return tuple(
        rows[item.key].with_(params="{}", inputs="{}", versions="{}", error="", traceback="")
        for item in items
        if isinstance(item, TaskInput)
    )
