"""A gating strategy as data: named gates, each inside its parent, and the matrices they speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import AS_GIVEN, FROM_FILE, UNCOMPENSATED, Dimension
from exoraw.assays.flow.gates.shapes import Boolean, Ellipsoid, Gate, Polygon, Quadrants, Rectangle
from exoraw.assays.flow.spillover import Spillover
from exoraw.study.words import did_you_mean, listed, shown

MOST_GATES = 5_000  # a large clinical panel has a few hundred
LONGEST_NAME = 200


@dataclass(frozen=True)
class NamedGate:
    """A gate of a strategy.

    Parameters
    ----------
    name : unique in the strategy, quadrants included
    gate : its shape
    parent : population whose events are gated; "" = all events
    outside : the population is the parent's events that the gate does not hold
    """

    name: str
    gate: Gate
    parent: str = ""
    outside: bool = False

    def __post_init__(self) -> None:
        if self.outside and isinstance(self.gate, Quadrants):
            raise GateError(
                f"gate {shown(self.name)}: quadrants have no outside; name the quadrants instead."
            )

    @property
    def populations(self) -> tuple[str, ...]:
        """Names of the populations that it makes: its own, or those of its quadrants."""
        if isinstance(self.gate, Quadrants):
            return tuple(quadrant.name for quadrant in self.gate.quadrants)
        return (self.name,)

    @property
    def references(self) -> tuple[str, ...]:
        """Populations that must be known first."""
        named = tuple(each.name for each in self.gate.operands) if isinstance(self.gate, Boolean) else ()
        return (*named, self.parent) if self.parent else named


@dataclass(frozen=True)
class Strategy:
    """Gates that belong together.

    Parameters
    ----------
    gates : in any order; a parent may stand after its children
    matrices : spillover matrices that dimensions name

    Raises
    ------
    GateError : a name twice, a parent or reference that is no population (with the nearest name), a circle
    """

    gates: tuple[NamedGate, ...]
    matrices: Mapping[str, Spillover] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.gates) > MOST_GATES:
            raise GateError(f"{len(self.gates):,} gates; at most {MOST_GATES:,} are read.")
        self._check_names()
        self._check_references()
        self._check_matrices()
        _ = self.in_order

    @cached_property
    def homes(self) -> Mapping[str, NamedGate]:
        """Population -> the gate that makes it."""
        return {name: each for each in self.gates for name in each.populations}

    @cached_property
    def in_order(self) -> tuple[NamedGate, ...]:
        """The gates, each after all that it refers to; otherwise as written."""
        done: dict[int, NamedGate] = {}
        for gate in self.gates:
            self._place(gate, done)
        return tuple(done.values())

    def path(self, population: str) -> tuple[str, ...]:
        """Names from the outermost ancestor to the population itself."""
        names = [population]
        while parent := self.homes[names[-1]].parent:
            names.append(parent)
        return tuple(reversed(names))

    def gate(self, name: str) -> NamedGate:
        """Return the gate of this name, or the one that makes a quadrant of this name; GateError if none."""
        for each in self.gates:
            if name == each.name or name in each.populations:
                return each
        raise GateError(f"no gate is called {shown(name)}.{did_you_mean(name, self.homes)}")

    def channels(self) -> tuple[str, ...]:
        """Channels that the gates look at, in order of first use."""
        return tuple(dict.fromkeys(d.channel for each in self.gates for d in dimensions_of(each.gate)))

    def as_compensated(self) -> Strategy:
        """The same gates for events that were compensated already: no dimension asks for a matrix.

        Raises GateError where a gate asks for uncompensated signal of a channel that a matrix holds.
        """
        held = {name for matrix in self.matrices.values() for name in matrix.channels}
        for each in self.gates:
            raw = [d.channel for d in dimensions_of(each.gate) if d.compensation == UNCOMPENSATED]
            wanted = sorted(held.intersection(raw))
            if wanted:
                raise GateError(
                    f"gate {shown(each.name)} looks at the uncompensated signal of {listed(wanted)}, which "
                    "compensated events no longer have."
                )
        gates = tuple(replace(g, gate=with_compensation(g.gate, AS_GIVEN)) for g in self.gates)
        return Strategy(gates)

    def _check_names(self) -> None:
        seen: set[str] = set()
        for each in self.gates:
            quadrants = each.populations if isinstance(each.gate, Quadrants) else ()
            for name in (each.name, *quadrants):
                if not (0 < len(name) <= LONGEST_NAME and name.strip() and name.isprintable()):
                    raise GateError(
                        f"a gate's name is {shown(name)}; it needs 1 to {LONGEST_NAME} visible letters."
                    )
                if name in seen:
                    raise GateError(f"two gates are called {shown(name)}; give each its own name.")
                seen.add(name)

    def _check_references(self) -> None:
        for each in self.gates:
            for name in each.references:
                if name in self.homes:
                    continue
                role = "its parent" if name == each.parent else "a population it refers to"
                raise GateError(
                    f"gate {shown(each.name)}: {role}, {shown(name)}, is no population of the strategy "
                    f"({listed(self.homes)}).{self._hint(name)}"
                )

    def _hint(self, name: str) -> str:
        whole = next((g for g in self.gates if g.name == name and isinstance(g.gate, Quadrants)), None)
        if whole is not None:
            return f" It is a quadrant gate; name one of its quadrants: {listed(whole.populations)}."
        return did_you_mean(name, self.homes)

    def _check_matrices(self) -> None:
        known = {AS_GIVEN, UNCOMPENSATED, FROM_FILE, *self.matrices}
        for each in self.gates:
            for dimension in dimensions_of(each.gate):
                if dimension.compensation not in known:
                    raise GateError(
                        f"gate {shown(each.name)}: no spillover matrix is called "
                        f"{shown(dimension.compensation)} ({listed(sorted(known - {AS_GIVEN}))})."
                        f"{did_you_mean(dimension.compensation, known)}"
                    )

    def _place(self, start: NamedGate, done: dict[int, NamedGate]) -> None:
        """Put `start` after all it refers to (depth first, without recursion); GateError on a circle."""
        open_names: list[str] = []
        stack: list[tuple[NamedGate, Iterator[str]]] = []

        def enter(gate: NamedGate) -> None:
            if gate.name in open_names:
                circle = " -> ".join([*open_names[open_names.index(gate.name) :], gate.name])
                raise GateError(f"gates that lie inside one another in a circle: {circle}.")
            if id(gate) not in done:
                open_names.append(gate.name)
                stack.append((gate, iter(gate.references)))

        enter(start)
        while stack:
            gate, waiting = stack[-1]
            name = next(waiting, None)
            if name is None:
                stack.pop()
                open_names.pop()
                done[id(gate)] = gate
            else:
                enter(self.homes[name])


def dimensions_of(gate: Gate) -> tuple[Dimension, ...]:
    """Return the axes of a gate; none for a boolean gate."""
    if isinstance(gate, Rectangle):
        return tuple(side.dimension for side in gate.ranges)
    if isinstance(gate, Polygon):
        return gate.x, gate.y
    if isinstance(gate, Ellipsoid):
        return gate.dimensions
    if isinstance(gate, Quadrants):
        return tuple(divider.dimension for divider in gate.dividers)
    return ()


def with_compensation(gate: Gate, compensation: str) -> Gate:
    """Return the gate with every axis compensated by the matrix of this name."""
    return with_dimensions(gate, {d: replace(d, compensation=compensation) for d in dimensions_of(gate)})


def with_dimensions(gate: Gate, exchange: Mapping[Dimension, Dimension]) -> Gate:
    """Return the gate with its axes exchanged; those that `exchange` does not hold stay."""

    def new(dimension: Dimension) -> Dimension:
        return exchange.get(dimension, dimension)

    if isinstance(gate, Rectangle):
        return Rectangle(tuple(replace(side, dimension=new(side.dimension)) for side in gate.ranges))
    if isinstance(gate, Polygon):
        return replace(gate, x=new(gate.x), y=new(gate.y))
    if isinstance(gate, Ellipsoid):
        return replace(gate, dimensions=tuple(new(d) for d in gate.dimensions))
    if isinstance(gate, Quadrants):
        return replace(gate, dividers=tuple(replace(d, dimension=new(d.dimension)) for d in gate.dividers))
    return gate
