"""A gating strategy as YAML: one gate a block, one corner a line, so that a change is a changed line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple

from exoraw.assays.flow.gates.events import Dimension
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.gates.shapes import Boolean, Ellipsoid, Gate, Polygon, Quadrants, Range, Rectangle
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy, dimensions_of
from exoraw.assays.flow.gates.yaml_reading import ANY_SECTION, SCALES

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.]*(?:[ -][A-Za-z0-9_.]+)*")
_RESERVED = {"true", "false", "null", ANY_SECTION}


def strategy_yaml(strategy: Strategy) -> str:
    """Return YAML text from which `parse_strategy` makes an equal strategy; numbers keep every digit."""
    names = _scale_names(strategy)
    lines = ["scales:"] if names else []
    for scale, name in names.items():
        kind, words = next((kind, words) for kind, (make, words) in SCALES.items() if make is type(scale))
        pairs = zip(words, astuple(scale), strict=True)
        lines.append(
            f"  {_quoted(name)}: {{kind: {kind}, {_joined(f'{w}: {_number(v)}' for w, v in pairs)}}}"
        )
    if strategy.matrices:
        lines.append("matrices:")
    for name, matrix in strategy.matrices.items():
        lines += [f"  {_quoted(name)}:", f"    channels: {_quoted_list(matrix.channels)}", "    rows:"]
        lines += [f"      - {_number_list(row.tolist())}" for row in matrix.matrix]
    lines.append("gates:" if strategy.gates else "gates: []")
    for gate in strategy.gates:
        lines.extend(_gate_lines(gate, names))
    return "\n".join(lines) + "\n"


def _scale_names(strategy: Strategy) -> dict[Scale, str]:
    """Every scale of the strategy with a name: its kind, with a number from the second on."""
    names: dict[Scale, str] = {}
    count: dict[str, int] = {}
    for gate in strategy.gates:
        for dimension in dimensions_of(gate.gate):
            scale = dimension.scale
            if scale is None or scale in names:
                continue
            kind = next(kind for kind, (make, _) in SCALES.items() if make is type(scale))
            count[kind] = count.get(kind, 0) + 1
            names[scale] = kind if count[kind] == 1 else f"{kind} {count[kind]}"
    return names


def _gate_lines(named: NamedGate, names: dict[Scale, str]) -> Iterator[str]:
    yield f"  - name: {_quoted(named.name)}"
    if named.parent:
        yield f"    parent: {_quoted(named.parent)}"
    if named.outside:
        yield "    outside: true"
    yield from (f"    {line}" for line in _shape_lines(named.gate, names))


def _shape_lines(gate: Gate, names: dict[Scale, str]) -> Iterator[str]:
    if isinstance(gate, Rectangle):
        yield from _rectangle_lines(gate, names)
    elif isinstance(gate, Polygon):
        yield "polygon:"
        yield f"  x: {{{_axis(gate.x, names)}}}"
        yield f"  y: {{{_axis(gate.y, names)}}}"
        yield "  vertices:"
        yield from (f"    - {_number_list(corner)}" for corner in gate.vertices)
    elif isinstance(gate, Ellipsoid):
        yield "ellipse:"
        yield "  axes:"
        yield from (f"    - {{{_axis(dimension, names)}}}" for dimension in gate.dimensions)
        yield f"  mean: {_number_list(gate.mean)}"
        yield "  covariance:"
        yield from (f"    - {_number_list(row)}" for row in gate.covariance)
        yield f"  distance_square: {_number(gate.distance_square)}"
    elif isinstance(gate, Quadrants):
        yield from _quadrant_lines(gate, names)
    else:
        yield f"boolean: {{{gate.operation}: {_operands(gate)}}}"


def _rectangle_lines(gate: Rectangle, names: dict[Scale, str]) -> Iterator[str]:
    first = gate.ranges[0]
    given = (first.low is not None) + (first.high is not None)
    if len(gate.ranges) == 1 and given == 2:
        yield f"interval: {{{_side(first, names, 'min', 'max')}}}"
    elif len(gate.ranges) == 1 and given == 1:
        yield f"threshold: {{{_side(first, names, 'at_least', 'below')}}}"
    else:
        yield "rectangle:"
        yield from (f"  - {{{_side(side, names, 'min', 'max')}}}" for side in gate.ranges)


def _quadrant_lines(gate: Quadrants, names: dict[Scale, str]) -> Iterator[str]:
    yield "quadrants:"
    yield "  dividers:"
    for divider in gate.dividers:
        yield f"    - {{{_axis(divider.dimension, names)}, at: {_number_list(divider.values)}}}"
    yield "  names:"
    for quadrant in gate.quadrants:
        sections = _joined(ANY_SECTION if at is None else str(at) for at in quadrant.sections)
        yield f"    {_quoted(quadrant.name)}: [{sections}]"


def _operands(gate: Boolean) -> str:
    words = [f"{{not: {_quoted(o.name)}}}" if o.complement else _quoted(o.name) for o in gate.operands]
    return f"[{_joined(words)}]"


def _side(side: Range, names: dict[Scale, str], low: str, high: str) -> str:
    text = _axis(side.dimension, names)
    text += f", {low}: {_number(side.low)}" if side.low is not None else ""
    return text + (f", {high}: {_number(side.high)}" if side.high is not None else "")


def _axis(dimension: Dimension, names: dict[Scale, str]) -> str:
    text = f"channel: {_quoted(dimension.channel)}"
    text += f", scale: {_quoted(names[dimension.scale])}" if dimension.scale is not None else ""
    return text + (f", compensation: {_quoted(dimension.compensation)}" if dimension.compensation else "")


def _quoted(text: str) -> str:
    """Text as a YAML scalar: plain where that is read as the same text, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _RESERVED:
        return text
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08X}"


def _quoted_list(words: Sequence[str]) -> str:
    return f"[{_joined(_quoted(word) for word in words)}]"


def _number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _number_list(values: Sequence[float]) -> str:
    return f"[{_joined(_number(value) for value in values)}]"


def _joined(parts: Iterator[str] | Sequence[str]) -> str:
    return ", ".join(parts)
