"""Gates of FlowCytometryTools as ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import Dimension
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.gates.shapes import Boolean, Gate, Operation, Polygon, Range, Rectangle, Reference
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy
from exoraw.study.words import listed, shown

Scales = Mapping[str, Scale]
_NOTHING: Scales = {}


def gate_from_fct(gate: Any, name: str = "", *, parent: str = "", scales: Scales = _NOTHING) -> NamedGate:
    """Return a gate of FlowCytometryTools as one of ours.

    Parameters
    ----------
    gate : ThresholdGate, IntervalGate, QuadGate or PolyGate
    name : of the population; the gate's own name by default
    parent : population inside which it lies
    scales : channel -> scale on which its numbers stand (the `scales` of `to_fcmeasurement`)

    Raises
    ------
    GateError : a combined gate (take `strategy_from_fct`), another class, or numbers that make no gate
    """
    called = name or str(getattr(gate, "name", "") or "gate")
    if hasattr(gate, "how"):
        raise GateError(
            f"gate {shown(called)} is combined from others ({gate.how}); strategy_from_fct reads it with "
            "its parts."
        )
    read = _READERS.get(type(gate).__name__)
    if read is None:
        raise GateError(
            f"gate {shown(called)} is a {type(gate).__name__}; {listed(_READERS)} are read, and gates "
            "combined "
            "from them by strategy_from_fct."
        )
    try:
        return NamedGate(called, read(gate, scales), parent, outside=gate.region == "out")
    except GateError as error:
        raise GateError(f"gate {shown(called)}: {error}") from error
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise GateError(
            f"gate {shown(called)}: its corners {gate.vert!r}, channels {gate.channels!r} and region "
            f"{gate.region!r} make no {type(gate).__name__} ({error})."
        ) from error


def strategy_from_fct(gates: Mapping[str, Any], *, scales: Scales = _NOTHING) -> Strategy:
    """Return gates of FlowCytometryTools, combined ones among them, as a strategy.

    The parts of a combined gate become populations of their own, called after it ("stem-like: part 1"). Two
    gates joined by xor become what that means: one without the other, or the other without the one.

    Parameters
    ----------
    gates : name of the population -> gate
    scales : as for `gate_from_fct`

    Raises
    ------
    GateError : as `gate_from_fct`
    """
    made: list[NamedGate] = []
    for name, gate in gates.items():
        made.extend(_parts(gate, name, scales))
    return Strategy(tuple(made))


def _parts(gate: Any, name: str, scales: Scales) -> list[NamedGate]:
    """A gate and, before it, what it is combined from."""
    if not hasattr(gate, "how"):
        return [gate_from_fct(gate, name, scales=scales)]
    names = [f"{name}: part {number}" for number in range(1, len(gate.gates) + 1)]
    made = [part for each, own in zip(gate.gates, names, strict=True) for part in _parts(each, own, scales)]
    if gate.how == "xor":
        return [*made, *_one_of_two(name, names)]
    if gate.how == "invert":
        return [*made, NamedGate(name, Boolean("not", (Reference(names[0]),)))]
    if gate.how not in {"and", "or"}:
        raise GateError(
            f"gate {shown(name)} joins its parts by {shown(str(gate.how))}; and, or, xor, invert are read."
        )
    operation: Operation = "and" if gate.how == "and" else "or"
    return [*made, NamedGate(name, Boolean(operation, tuple(Reference(each) for each in names)))]


def _one_of_two(name: str, names: Sequence[str]) -> list[NamedGate]:
    first, second = names
    only = [f"{name}: part {number} alone" for number in (1, 2)]
    return [
        NamedGate(only[0], Boolean("and", (Reference(first), Reference(second, complement=True)))),
        NamedGate(only[1], Boolean("and", (Reference(second), Reference(first, complement=True)))),
        NamedGate(name, Boolean("or", (Reference(only[0]), Reference(only[1])))),
    ]


def _threshold(gate: Any, scales: Scales) -> Gate:
    (channel,) = gate.channels
    above = gate.region == "above"
    bound = float(gate.vert)
    return Rectangle((_side(channel, scales, bound if above else -np.inf, np.inf if above else bound),))


def _interval(gate: Any, scales: Scales) -> Gate:
    (channel,) = gate.channels
    low, last = (float(value) for value in gate.vert)
    return Rectangle((_side(channel, scales, low, float(np.nextafter(last, np.inf))),))


def _quadrant(gate: Any, scales: Scales) -> Gate:
    first, second = gate.channels
    x, y = (float(value) for value in gate.vert)
    right, top = "right" in gate.region, "top" in gate.region
    across = _side(first, scales, x if right else -np.inf, np.inf if right else x)
    return Rectangle((across, _side(second, scales, y if top else -np.inf, np.inf if top else y)))


def _polygon(gate: Any, scales: Scales) -> Gate:
    first, second = gate.channels
    corners = [(float(x), float(y)) for x, y in gate.vert]
    if len(corners) > 3 and corners[0] == corners[-1]:
        corners.pop()  # a ring that is closed twice
    return Polygon(_axis(first, scales), _axis(second, scales), tuple(corners))


def _axis(channel: object, scales: Scales) -> Dimension:
    return Dimension(str(channel), scales.get(str(channel)))


def _side(channel: object, scales: Scales, low: float, high: float) -> Range:
    """A side of a rectangle; a bound at infinity is none."""
    return Range(_axis(channel, scales), None if low == -np.inf else low, None if high == np.inf else high)


_READERS = {
    "ThresholdGate": _threshold,
    "IntervalGate": _interval,
    "QuadGate": _quadrant,
    "PolyGate": _polygon,
}
