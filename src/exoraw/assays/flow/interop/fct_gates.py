"""Our gates as gates of FlowCytometryTools: the same events, or a refusal that says what to do.

| here | there |
|---|---|
| threshold | ThresholdGate, above or below |
| interval, low <= x < high | IntervalGate, whose upper end belongs to it: the largest number below `high` |
| rectangle of one bound on each of two axes | QuadGate |
| any other rectangle | its sides joined by & |
| polygon | PolyGate |
| quadrants | one QuadGate each |
| outside of a gate, and, or, not | ~, &, |

A bound on a scale (logicle ...) is turned into the linear signal at which the scale passes it, to the last
digit. A polygon with a side across a scale has no straight counterpart in linear signal: hand the tube over
on that scale (`to_fcmeasurement(..., scales=...)`) and name the same `scales` here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import AS_GIVEN, Dimension
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.gates.shapes import Boolean, Ellipsoid, Gate, Polygon, Quadrants, Range, Rectangle
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy, dimensions_of
from exoraw.assays.flow.interop.fct_package import flowcytometrytools
from exoraw.assays.flow.transform_kernels import LARGEST_SIGNAL
from exoraw.study.words import shown

Scales = Mapping[str, Scale]
_NOTHING: Scales = {}
_CORNERS = {(True, True): "top right", (False, True): "top left", (True, False): "bottom right",
            (False, False): "bottom left"}  # fmt: skip  # (right of the first bound, above the second)


def gate_to_fct(gate: Gate | NamedGate, name: str = "", *, scales: Scales = _NOTHING) -> Any:
    """Return a gate as one of FlowCytometryTools.

    Its parent is not part of it: gate the parent's events with it, or take `population_to_fct`.

    Parameters
    ----------
    gate : a rectangle, a polygon, or either with a name
    name : for the plot; that of a named gate by default
    scales : channel -> scale on which the measurement holds the channel; () = linear

    Raises
    ------
    MissingExtraError : (an ImportError) FlowCytometryTools is not installed
    GateError : a shape or scale without counterpart there, or a gate that asks for compensation
    """
    named = gate if isinstance(gate, NamedGate) else NamedGate(name or "gate", gate)
    label = name or named.name
    try:
        _check_compensation(named.gate)
        made = _shape(named.gate, label, scales)
    except GateError as error:
        raise GateError(f"gate {shown(label)}: {error}") from error
    return ~made if named.outside else made


def quadrants_to_fct(gate: Quadrants, *, scales: Scales = _NOTHING) -> dict[str, Any]:
    """Return the quadrants of a gate: name -> QuadGate, or sides joined by &."""
    return {
        each.name: gate_to_fct(gate.region(each.name), each.name, scales=scales) for each in gate.quadrants
    }


def population_to_fct(strategy: Strategy, population: str, *, scales: Scales = _NOTHING) -> Any:
    """Return a population with all its ancestors as one gate: it holds the events that the population holds.

    Parameters
    ----------
    strategy : for events that are compensated already (`strategy.as_compensated()`) or never
    population : its name

    Raises
    ------
    GateError : no such population, or as `gate_to_fct`
    """
    done: dict[str, Any] = {}
    home = strategy.gate(population)
    if population not in home.populations:
        raise GateError(f"gate {shown(population)} is a quadrant gate; name one of its quadrants.")
    waiting = [population]
    while waiting:
        name = waiting[-1]
        missing = [each for each in strategy.homes[name].references if each not in done]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if name not in done:
            done[name] = _within(strategy.homes[name], name, done, scales)
    return done[population]


def _within(named: NamedGate, population: str, done: Mapping[str, Any], scales: Scales) -> Any:
    """A population's own gate, and its parent's."""
    if isinstance(named.gate, Boolean):
        own = _combined(named.gate, done)
        own = ~own if named.outside else own
    elif isinstance(named.gate, Quadrants):
        own = gate_to_fct(named.gate.region(population), population, scales=scales)
    else:
        own = gate_to_fct(named, scales=scales)
    return done[named.parent] & own if named.parent else own


def _combined(gate: Boolean, done: Mapping[str, Any]) -> Any:
    operands = [~done[each.name] if each.complement else done[each.name] for each in gate.operands]
    if gate.operation == "not":
        return ~operands[0]
    return reduce((lambda a, b: a & b) if gate.operation == "and" else (lambda a, b: a | b), operands)


def _check_compensation(gate: Gate) -> None:
    for dimension in dimensions_of(gate):
        if dimension.compensation != AS_GIVEN:
            raise GateError(
                f"channel {shown(dimension.channel)} asks for compensation ({dimension.compensation}), which "
                "gates of FlowCytometryTools cannot say. Compensate the tube (to_fcmeasurement(..., "
                "spillover=...)) "
                "and take the gates of strategy.as_compensated()."
            )


def _shape(gate: Gate, name: str, scales: Scales) -> Any:
    if isinstance(gate, Rectangle):
        return _rectangle(gate, name, scales)
    if isinstance(gate, Polygon):
        return _polygon(gate, name, scales)
    if isinstance(gate, Ellipsoid):
        raise GateError(
            "an ellipse has no counterpart in FlowCytometryTools. Draw it as a polygon, or keep the gate "
            "here "
            "and hand over the gated events."
        )
    if isinstance(gate, Quadrants):
        raise GateError(
            "it makes several populations; take quadrants_to_fct, or population_to_fct for one of them."
        )
    raise GateError("it is made from other populations; take population_to_fct(strategy, name).")


def _rectangle(gate: Rectangle, name: str, scales: Scales) -> Any:
    sides = [each for each in gate.ranges if each.low is not None or each.high is not None]
    if not sides:
        raise GateError("it has no bound at all; FlowCytometryTools has no gate that holds everything.")
    corner = _corner(sides, name, scales)
    if corner is not None:
        return corner
    return reduce(lambda a, b: a & b, (_side(each, name, scales) for each in sides))


def _corner(sides: Sequence[Range], name: str, scales: Scales) -> Any | None:
    """A QuadGate where two axes have one bound each; None otherwise."""
    single = all((each.low is None) != (each.high is None) for each in sides)
    if len(sides) != 2 or not single or sides[0].dimension.channel == sides[1].dimension.channel:
        return None
    bounds = [_bound(each.dimension, each.low if each.high is None else each.high, scales) for each in sides]
    region = _CORNERS[sides[0].low is not None, sides[1].low is not None]
    channels = [each.dimension.channel for each in sides]
    return flowcytometrytools().QuadGate((bounds[0], bounds[1]), channels, region, name=name)


def _side(side: Range, name: str, scales: Scales) -> Any:
    package, channel = flowcytometrytools(), side.dimension.channel
    if side.low is None or side.high is None:
        region = "above" if side.high is None else "below"
        bound = _bound(side.dimension, side.low if side.high is None else side.high, scales)
        return package.ThresholdGate(bound, channel, region, name=name)
    low, high = (_bound(side.dimension, value, scales) for value in (side.low, side.high))
    last = float(np.nextafter(high, -np.inf))  # its interval holds both ends, ours not the upper one
    if not low < last:
        raise GateError(
            f"channel {shown(channel)}: no signal lies between {side.low!r} and {side.high!r}, and "
            "FlowCytometryTools has no empty gate."
        )
    return package.IntervalGate((low, last), channel, "in", name=name)


def _polygon(gate: Polygon, name: str, scales: Scales) -> Any:
    for dimension in (gate.x, gate.y):
        if dimension.scale != scales.get(dimension.channel):
            raise GateError(_not_straight(dimension, scales.get(dimension.channel)))
    corners = [(np.float64(x), np.float64(y)) for x, y in gate.vertices]
    return flowcytometrytools().PolyGate(corners, [gate.x.channel, gate.y.channel], "in", name=name)


def _not_straight(dimension: Dimension, held: Scale | None) -> str:
    return (
        f"the sides of a polygon are straight on {dimension.scale or 'linear signal'} in "
        f"{shown(dimension.channel)}, but the tube holds {held or 'linear signal'}. Hand the tube over on "
        "the gate's "
        "scale (to_fcmeasurement(..., scales={channel: scale})) and name the same scales here."
    )


def _bound(dimension: Dimension, value: float | None, scales: Scales) -> np.float64:
    """A bound in the units of the measurement's column. float64 proper: a plain float would be rounded."""
    assert value is not None
    held = scales.get(dimension.channel)
    if dimension.scale == held:
        return np.float64(value)
    if held is not None:
        raise GateError(
            f"channel {shown(dimension.channel)}: the gate stands on {dimension.scale or 'linear signal'}, "
            "the tube "
            f"on {held}; use one scale for both."
        )
    assert dimension.scale is not None
    return np.float64(passing(dimension.scale, value))


def passing(scale: Scale, value: float) -> float:
    """Return the smallest signal whose place on a scale is at least `value`.

    Infinite where every signal, or none, lies there: a scale such as FlowJo's has ends. Every scale rises, so
    halving the interval finds it to the last digit.
    """

    def there(signal: float) -> bool:
        return bool(scale.forward(np.array([signal]))[0] >= value)

    low, high = -LARGEST_SIGNAL, LARGEST_SIGNAL
    if there(low):
        return -np.inf
    if not there(high):
        return np.inf
    while (middle := _between(low, high)) not in {low, high}:
        low, high = (low, middle) if there(middle) else (middle, high)
    return high


def _between(low: float, high: float) -> float:
    """The middle of two numbers as they are stored, so that 64 halvings reach any: zero is half way."""
    ranks = [_rank(low), _rank(high)]
    middle = (ranks[0] + ranks[1]) // 2
    size = np.array([abs(middle)], dtype=np.int64).view(np.float64)[0]
    return float(size if middle >= 0 else -size)


def _rank(value: float) -> int:
    """Place of a number among all float64, 0 at zero."""
    size = int(np.array([abs(value)]).view(np.int64)[0])
    return size if value >= 0 else -size
