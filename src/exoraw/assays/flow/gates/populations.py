"""The populations of a tube: how many events each gate of a strategy holds, of its parent and of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import Events, FileMatrix
from exoraw.assays.flow.gates.shapes import Boolean, Quadrants
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy
from exoraw.study.words import did_you_mean, shown

SMALLER = 0.75  # of the events above: from here on children look at their parent's events only


@dataclass(frozen=True)
class Population:
    """One line of the tree.

    Parameters
    ----------
    name, path : own name, and the names from the outermost ancestor to it
    count : events inside the gate and all its ancestors
    parent_count : events of the parent; `total` for an outermost gate
    total : events of the tube
    """

    name: str
    path: tuple[str, ...]
    count: int
    parent_count: int
    total: int

    @property
    def share_of_parent(self) -> float | None:
        """Events over those of the parent, 0 to 1; None where the parent is empty."""
        return self.count / self.parent_count if self.parent_count else None

    @property
    def share_of_total(self) -> float | None:
        """Events over those of the tube, 0 to 1; None where the tube is empty."""
        return self.count / self.total if self.total else None


@dataclass(frozen=True, eq=False)
class Populations:
    """The tree of one tube: `rows` in the order of the strategy, parents first, and each one's events."""

    rows: tuple[Population, ...]
    _masks: Mapping[str, BoolArray] = field(repr=False)

    def __getitem__(self, name: str) -> Population:
        self._known(name)
        return next(row for row in self.rows if row.name == name)

    def mask(self, name: str) -> BoolArray:
        """(n,) which events belong to the population; read-only. GateError for an unknown name."""
        self._known(name)
        return self._masks[name]

    def table(self) -> str:
        """The tree as text: path, count, % of parent, % of total."""
        lines = [f"{'population':<40} {'events':>10} {'% parent':>9} {'% total':>9}"]
        for row in self.rows:
            name = "  " * (len(row.path) - 1) + row.name
            lines.append(f"{name:<40} {row.count:>10,} {_percent(row.share_of_parent)} "
                         f"{_percent(row.share_of_total)}")  # fmt: skip
        return "\n".join(lines)

    def _known(self, name: str) -> None:
        if name not in self._masks:
            raise GateError(f"no population is called {shown(name)}.{did_you_mean(name, self._masks)}")


def populations(
    strategy: Strategy,
    events: FloatArray,
    channels: Sequence[str],
    *,
    from_file: FileMatrix | None = None,
) -> Populations:
    """Count the events of every population of a strategy.

    Parameters
    ----------
    events : (n, len(channels)) linear signal. Dimensions that name a matrix are compensated here, once:
        hand over what was measured. For events that are compensated already, use
        `strategy.as_compensated()`.
    channels : name of every column
    from_file : the file's own matrix, or NO_MATRIX, for dimensions that ask for it ("FCS")

    Raises
    ------
    GateError : a channel or matrix that is not there, naming the gate and the nearest name
    """
    table = Events(events, channels, matrices=strategy.matrices, from_file=from_file)
    views: dict[str, Events] = {"": table}
    masks: dict[str, BoolArray] = {}
    for named in strategy.in_order:
        try:
            _fill(named, views, masks)
        except GateError as error:
            raise GateError(f"gate {shown(named.name)}: {error}") from error
    counts = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    rows = []
    for name in _tree_order(strategy):
        parent = strategy.homes[name].parent
        above = counts[parent] if parent else len(table)
        rows.append(Population(name, strategy.path(name), counts[name], above, len(table)))
    return Populations(tuple(rows), masks)


def _fill(named: NamedGate, views: dict[str, Events], masks: dict[str, BoolArray]) -> None:
    """Add the masks of a gate's populations, inside the parent's, and the events their children will see."""
    gate, view = named.gate, views[named.parent]
    if isinstance(gate, Quadrants):
        found = {quadrant.name: gate.region(quadrant.name).mask(view) for quadrant in gate.quadrants}
    elif isinstance(gate, Boolean):
        combined = gate.combine([masks[each.name] for each in gate.operands])
        found = {named.name: view.of(combined)}
    else:
        found = {named.name: gate.mask(view)}
    for name, mask in found.items():
        inside = view.spread(~mask if named.outside else mask)
        inside = inside & masks[named.parent] if named.parent else inside
        inside.setflags(write=False)
        masks[name] = inside
        few = np.count_nonzero(inside) <= SMALLER * len(view)
        views[name] = view.within(np.flatnonzero(inside)) if few else view


def _tree_order(strategy: Strategy) -> list[str]:
    """Populations, each followed by its children, children as written."""
    children: dict[str, list[str]] = {}
    for each in strategy.gates:
        children.setdefault(each.parent, []).extend(each.populations)
    ordered: list[str] = []
    waiting = list(reversed(children.get("", [])))
    while waiting:
        name = waiting.pop()
        ordered.append(name)
        waiting.extend(reversed(children.get(name, [])))
    return ordered


def _percent(share: float | None) -> str:
    return f"{'-':>9}" if share is None else f"{100 * share:>8.2f}%"
