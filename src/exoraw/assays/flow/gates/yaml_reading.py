"""A gating strategy from YAML that a person wrote or edited, with the line of everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import Dimension
from exoraw.assays.flow.gates.scales import Biex, Fasinh, FlowJoLog, Linear, Log, Scale
from exoraw.assays.flow.gates.shapes import (
    Boolean,
    Divider,
    Ellipsoid,
    Gate,
    Operation,
    Polygon,
    Quadrant,
    Quadrants,
    Range,
    Rectangle,
    Reference,
    threshold,
)
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.assays.flow.transforms import Arcsinh, Hyperlog, Logicle, TransformError
from exoraw.study.problems import StudyProblems
from exoraw.study.spec import Problem
from exoraw.study.tree import Node, at_line, empty_mapping, parse_tree, read_tree
from exoraw.study.words import did_you_mean, listed, shown

SCALES: Mapping[str, tuple[type[Scale], tuple[str, ...]]] = {
    "linear": (Linear, ("t", "a")),
    "log": (Log, ("t", "m")),
    "fasinh": (Fasinh, ("t", "m", "a")),
    "arcsinh": (Arcsinh, ("cofactor",)),
    "logicle": (Logicle, ("t", "w", "m", "a")),
    "hyperlog": (Hyperlog, ("t", "w", "m", "a")),
    "flowjo_log": (FlowJoLog, ("offset", "decades")),
    "flowjo_biex": (Biex, ("positive", "negative", "width", "top")),
}
AXIS = ("channel", "scale", "compensation")
SHAPES = ("threshold", "interval", "rectangle", "polygon", "ellipse", "quadrants", "boolean")
ANY_SECTION = "any"
Scales = Mapping[str, Scale]
_T = TypeVar("_T")


class _LineError(GateError):
    """One thing that is wrong, with its line."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.line = node.line


def read_strategy(path: Path) -> Strategy:
    """Read a strategy from a YAML file.

    Raises
    ------
    StudyProblems : every line that is wrong, with what is valid there
    GateError : gates that do not fit together (names, parents, circles)
    OSError : the file cannot be opened
    """
    return strategy_of(read_tree(path))


def parse_strategy(text: str, file: str = "strategy") -> Strategy:
    """Return the strategy that YAML text describes; raises as `read_strategy`."""
    return strategy_of(parse_tree(text, file))


def strategy_of(root: Node) -> Strategy:
    """Return the strategy of a YAML tree, also where it is a part of a larger file; raises as above."""
    problems: list[Problem] = []

    def attempt(read: Callable[..., _T], *given: object) -> _T | None:
        try:
            return read(*given)
        except _LineError as wrong:
            problems.append(at_line(wrong.line, str(wrong), root.file))
            return None

    parts = attempt(_fields, root, ("gates",), ("scales", "matrices")) or {}
    nothing = empty_mapping(root.file)
    scales = {
        name: attempt(_scale, node) for name, node in (parts.get("scales", nothing).entries or {}).items()
    }
    stored = (parts.get("matrices", nothing).entries or {}).items()
    matrices = {name: attempt(_matrix, name, node) for name, node in stored}
    known = {name: scale for name, scale in scales.items() if scale is not None}
    rows = attempt(_items, parts["gates"]) if "gates" in parts else None
    gates = [attempt(_named_gate, node, known, set(scales)) for node in rows or ()]
    if problems:
        raise StudyProblems(problems)
    held = {name: matrix for name, matrix in matrices.items() if matrix is not None}
    return Strategy(tuple(gate for gate in gates if gate is not None), held)


def _named_gate(node: Node, scales: Scales, names: set[str]) -> NamedGate:
    fields = _fields(node, ("name",), ("parent", "outside", *SHAPES))
    shapes = [word for word in SHAPES if word in fields]
    if len(shapes) != 1:
        raise _LineError(node, f"a gate has exactly one of {listed(SHAPES)}; found {listed(shapes)}")
    reader = _Reader(scales, names)
    outside = fields.get("outside")
    if outside is not None and not isinstance(outside.value, bool):
        raise _LineError(outside, f"outside is {shown(outside.text)}; it is true or false")
    shape = fields[shapes[0]]
    try:
        return NamedGate(
            _text(fields["name"]),
            getattr(reader, shapes[0])(shape),
            _text(fields["parent"]) if "parent" in fields else "",
            outside is not None and outside.value is True,
        )
    except _LineError:
        raise
    except GateError as error:
        raise _LineError(shape, str(error)) from error


class _Reader:
    """One method for each word of `SHAPES`."""

    def __init__(self, scales: Scales, names: set[str]) -> None:
        self._scales = scales
        self._names = names

    def threshold(self, node: Node) -> Gate:
        fields = _fields(node, ("channel",), (*AXIS[1:], "at_least", "below"))
        return threshold(self._axis(fields), _bound(fields, "at_least"), _bound(fields, "below"))

    def interval(self, node: Node) -> Gate:
        _fields(node, ("channel", "min", "max"), AXIS[1:])
        return Rectangle((self._range(node),))

    def rectangle(self, node: Node) -> Gate:
        return Rectangle(tuple(self._range(item) for item in _items(node)))

    def polygon(self, node: Node) -> Gate:
        fields = _fields(node, ("x", "y", "vertices"), ())
        x, y = (self._axis(_fields(fields[word], ("channel",), AXIS[1:])) for word in ("x", "y"))
        vertices = []
        for item in _items(fields["vertices"]):
            numbers = _numbers(item)
            if len(numbers) != 2:
                raise _LineError(item, f"a corner has 2 numbers [x, y], found {len(numbers)}")
            vertices.append((numbers[0], numbers[1]))
        return Polygon(x, y, tuple(vertices))

    def ellipse(self, node: Node) -> Gate:
        fields = _fields(node, ("axes", "mean", "covariance", "distance_square"), ())
        axes = [self._axis(_fields(item, ("channel",), AXIS[1:])) for item in _items(fields["axes"])]
        rows = tuple(_numbers(row) for row in _items(fields["covariance"]))
        return Ellipsoid(tuple(axes), _numbers(fields["mean"]), rows, _number(fields["distance_square"]))

    def quadrants(self, node: Node) -> Gate:
        fields = _fields(node, ("dividers", "names"), ())
        dividers = []
        for item in _items(fields["dividers"]):
            parts = _fields(item, ("channel", "at"), AXIS[1:])
            dividers.append(Divider(self._axis(parts), _numbers(parts["at"])))
        entries = fields["names"].entries
        if not entries:
            raise _LineError(fields["names"], "names lists the quadrants, such as live: [0, 0]")
        named = tuple(
            Quadrant(name, tuple(_section(each) for each in _items(item))) for name, item in entries.items()
        )
        return Quadrants(tuple(dividers), named)

    def boolean(self, node: Node) -> Gate:
        fields = _fields(node, (), ("and", "or", "not"))
        if len(fields) != 1:
            raise _LineError(node, f"a boolean gate has exactly one of and, or, not; found {listed(fields)}")
        ((word, content),) = fields.items()
        items = (content,) if word == "not" and content.items is None else _items(content)
        operation: Operation = "and" if word == "and" else "or" if word == "or" else "not"
        return Boolean(operation, tuple(_reference(item) for item in items))

    def _range(self, node: Node) -> Range:
        fields = _fields(node, ("channel",), (*AXIS[1:], "min", "max"))
        return Range(self._axis(fields), _bound(fields, "min"), _bound(fields, "max"))

    def _axis(self, fields: Mapping[str, Node]) -> Dimension:
        scale = None
        if "scale" in fields:
            name = _text(fields["scale"])
            if name not in self._names:
                hint = did_you_mean(name, self._names)
                raise _LineError(
                    fields["scale"],
                    f"scale {shown(name)} is none of the file's: {listed(self._names)}.{hint}",
                )
            scale = self._scales.get(name)
        compensation = _text(fields["compensation"]) if "compensation" in fields else ""
        return Dimension(_text(fields["channel"]), scale, compensation)


def _scale(node: Node) -> Scale:
    if not node.entries or "kind" not in node.entries:
        raise _LineError(node, f"a scale says its kind: {listed(SCALES)}")
    kind = _text(node.entries["kind"])
    if kind not in SCALES:
        raise _LineError(node.entries["kind"], f"scale kind {shown(kind)} is not one of {listed(SCALES)}."
                                           f"{did_you_mean(kind, SCALES)}")  # fmt: skip
    make, names = SCALES[kind]
    fields = _fields(node, ("kind", *names), ())
    try:
        return make(*(_number(fields[name]) for name in names))
    except TransformError as error:
        raise _LineError(node, str(error)) from error


def _matrix(name: str, node: Node) -> Spillover:
    fields = _fields(node, ("channels", "rows"), ())
    channels = tuple(_text(item) for item in _items(fields["channels"]))
    rows = [_numbers(row) for row in _items(fields["rows"])]
    if {len(row) for row in rows} != {len(channels)} or len(rows) != len(channels):
        raise _LineError(
            node, f"matrix {shown(name)}: {len(channels)} channels need as many rows of as many numbers"
        )
    try:
        return Spillover(channels, np.array(rows), name)
    except SpilloverError as error:
        raise _LineError(node, str(error)) from error


def _reference(node: Node) -> Reference:
    if node.entries is not None:
        return Reference(_text(_fields(node, ("not",), ())["not"]), complement=True)
    return Reference(_text(node))


def _section(node: Node) -> int | None:
    if node.value == ANY_SECTION:
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, int):
        raise _LineError(node, f"a section is 0, 1, ... or {ANY_SECTION}; found {shown(node.text)}")
    return node.value


def _fields(node: Node, needed: tuple[str, ...], allowed: tuple[str, ...]) -> Mapping[str, Node]:
    every = (*needed, *allowed)
    if node.entries is None:
        raise _LineError(node, f'expected lines "name: value" for {listed(every)}')
    for word, item in node.entries.items():
        if word not in every:
            raise _LineError(
                item, f"{shown(word)} is not known here ({listed(every)}).{did_you_mean(word, every)}"
            )
    missing = [word for word in needed if word not in node.entries]
    if missing:
        raise _LineError(node, f"{listed(missing)} is missing")
    return node.entries


def _items(node: Node) -> tuple[Node, ...]:
    if node.items is None:
        raise _LineError(
            node, f"expected a list, found {shown(node.text) if node.text else 'something else'}"
        )
    return node.items


def _text(node: Node) -> str:
    if node.value is None or node.entries is not None or node.items is not None:
        raise _LineError(node, "expected a name")
    return node.text


def _number(node: Node) -> float:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise _LineError(node, f"expected a number, found {shown(node.text)}")
    return float(node.value)


def _numbers(node: Node) -> tuple[float, ...]:
    return tuple(_number(item) for item in _items(node))


def _bound(fields: Mapping[str, Node], word: str) -> float | None:
    return _number(fields[word]) if word in fields else None
