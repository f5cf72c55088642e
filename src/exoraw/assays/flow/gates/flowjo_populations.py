"""The tree of populations under a sample of a FlowJo workspace: what could be read, and what not and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.flowjo_gates import NotSupportedError, Tube, flowjo_gate
from exoraw.assays.flow.gates.shapes import Boolean, Operation, Reference
from exoraw.assays.flow.gates.strategy import NamedGate
from exoraw.assays.flow.gates.xml_reading import Element
from exoraw.study.words import listed, shown

BOOLEANS: Mapping[str, Operation] = {"AndNode": "and", "OrNode": "or", "NotNode": "not"}
Route = tuple[str, ...]  # names from the outermost population


@dataclass(frozen=True)
class Refusal:
    """A population that was not read.

    Parameters
    ----------
    path : names from the outermost population
    line : of the workspace
    reason : in words
    """

    path: Route
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{'/'.join(self.path)} (line {self.line}): {self.reason}"


@dataclass(frozen=True)
class Tree:
    """What hangs under a sample.

    Parameters
    ----------
    gates : that could be read, parents first
    refusals : the others, in order of the file
    counts : events that FlowJo counted, by name of the gate; those it never counted are left out
    """

    gates: tuple[NamedGate, ...]
    refusals: tuple[Refusal, ...]
    counts: Mapping[str, int]


def read_populations(node: Element, tube: Tube) -> Tree:
    """Read the populations under a SampleNode.

    A name that several populations have is made unique with its parents': "IFN+ in CD4+".

    Raises
    ------
    FormatError : a damaged part of a gate
    """
    found = dict(_populations(node))
    names = unique_names(list(found))
    gates: dict[Route, NamedGate] = {}
    refused: dict[Route, Refusal] = {}
    for route, element in found.items():
        try:
            gates[route] = _gate(route, element, tube, names)
        except GateError as error:
            refused[route] = Refusal(route, element.line, str(error).rstrip("."))
    _refuse_what_hangs_on(refused, found, gates, names)
    read = {route: gate for route, gate in gates.items() if route not in refused}
    counts = {
        names[route]: int(count)
        for route in read
        if (count := found[route].attributes.get("count", "")).isdecimal() and len(count) < 19
    }
    return Tree(tuple(read.values()), tuple(refused[route] for route in found if route in refused), counts)


def _populations(node: Element) -> Iterator[tuple[Route, Element]]:
    """Every population below a node with its route, parents first; statistics are no populations."""
    waiting: list[tuple[Route, Element]] = [((), node)]
    seen: set[Route] = set()
    while waiting:
        route, element = waiting.pop()
        if route:
            yield route, element
        below = [
            ((*route, child.get("name")), child)
            for holder in element.all("Subpopulations")
            for child in holder.children
        ]
        for path, child in below:
            if path in seen:
                raise child.wrong("one population of each name", f"a second {shown(path[-1])} beside it")
            seen.add(path)
        waiting.extend(reversed(below))


def unique_names(routes: Sequence[Route]) -> dict[Route, str]:
    """Return a name for every route: its last part, with as many parents as it takes to be unique."""
    names = {route: route[-1] for route in routes}
    for depth in range(2, max((len(route) for route in routes), default=0) + 1):
        shared = _shared(names)
        for route in routes:
            if names[route] in shared:
                names[route] = " in ".join(reversed(route[-depth:]))
    shared = _shared(names)  # a population may really be called "B in A"
    for number, route in enumerate(routes, start=1):
        if names[route] in shared:
            names[route] = f"{names[route]} ({number})"
    return names


def _shared(names: Mapping[Route, str]) -> set[str]:
    """Names that several routes have."""
    return {name for name, count in Counter(names.values()).items() if count > 1}


def _gate(route: Route, element: Element, tube: Tube, names: Mapping[Route, str]) -> NamedGate:
    parent = names[route[:-1]] if len(route) > 1 else ""
    if element.name in BOOLEANS:
        operands = _operands(route, element, names)
        return NamedGate(names[route], Boolean(BOOLEANS[element.name], operands), parent)
    if element.name != "Population":
        raise NotSupportedError(f"a {element.name} is not supported (Population, {listed(BOOLEANS)})")
    holder = element.first("Gate")
    if holder is None or len(holder.children) != 1:
        raise NotSupportedError("it has not exactly one gate")
    shape = holder.children[0]
    inside = shape.attributes.get("eventsInside", "1")
    if inside not in {"0", "1"}:
        raise shape.wrong("0 or 1 for eventsInside", shown(inside))
    return NamedGate(names[route], flowjo_gate(shape, tube), parent, outside=inside == "0")


def _operands(route: Route, element: Element, names: Mapping[Route, str]) -> tuple[Reference, ...]:
    """The populations that a boolean node names, by path from the sample or from beside the node."""
    holder = element.first("Dependents")
    references = []
    for each in holder.all("Dependent") if holder is not None else ():
        path = each.get("name").strip("/")
        places = (path, "/".join([*route[:-1], path]))
        hits = [next((r for r in names if "/".join(r) == place), None) for place in places]
        target = next((hit for hit in hits if hit is not None), None)
        if target is None:
            raise NotSupportedError(f"it refers to {shown(path)}, which is no population of the sample")
        references.append(Reference(names[target]))
    return tuple(references)


def _refuse_what_hangs_on(
    refused: dict[Route, Refusal],
    found: Mapping[Route, Element],
    gates: Mapping[Route, NamedGate],
    names: Mapping[Route, str],
) -> None:
    """Refuse every gate whose parent or operand is refused, until nothing more falls."""
    routes = {name: route for route, name in names.items()}
    users: dict[Route, list[Route]] = {}
    for route, gate in gates.items():
        needs = {routes[name] for name in gate.references}
        for need in {*needs, *([route[:-1]] if len(route) > 1 else [])}:
            users.setdefault(need, []).append(route)
    waiting = list(refused)
    while waiting:
        lost = waiting.pop()
        for route in users.get(lost, ()):
            if route not in refused:
                reason = f"it hangs on {shown(names[lost])}, which could not be read"
                refused[route] = Refusal(route, found[route].line, reason)
                waiting.append(route)
