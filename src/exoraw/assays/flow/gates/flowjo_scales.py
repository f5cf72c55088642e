"""The axes and matrices that a FlowJo 10 workspace keeps for every sample."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import FROM_FILE, UNCOMPENSATED
from exoraw.assays.flow.gates.gatingml_parts import scale_of
from exoraw.assays.flow.gates.scales import BIEX_CHANNELS, Biex, FlowJoLog, Linear, Scale
from exoraw.assays.flow.gates.xml_reading import Element
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.assays.flow.transforms import TransformError
from exoraw.study.words import did_you_mean, listed, shown

FLOWJO_SCALES = ("linear", "log", "biex", "logicle", "hyperlog", "fasinh")


@dataclass(frozen=True)
class Axis:
    """How FlowJo shows a parameter.

    Parameters
    ----------
    scale : None where FlowJo's scale is not known here
    trouble : why gates whose shape depends on the scale cannot be read; "" where they can
    gain : FlowJo's factor on a linear parameter; 1 = none
    line : of the workspace
    unit : what the gates' numbers are multiplied with to stand in ours
    """

    scale: Scale | None
    trouble: str
    gain: float
    line: int
    unit: float = 1.0

    @property
    def length(self) -> float:
        """Right end of the axis in units of the scale; the left end is 0."""
        return BIEX_CHANNELS if isinstance(self.scale, Biex) else 1.0

    def in_seconds(self, timestep: float) -> Axis:
        """The axis of time with its gain exchanged for the length of a tick.

        FlowJo shows gain x ticks, where the gain is set so that the axis ends with the wall clock; on a
        real workspace it is 0.0101 where $TIMESTEP is 0.01. We count ticks x $TIMESTEP.
        """
        unit = timestep / self.gain
        scale = self.scale
        if isinstance(scale, Linear):
            scale = Linear(scale.t * unit, scale.a * unit)
        return replace(self, scale=scale, gain=1.0, unit=unit)

    def place(self, signal: FloatArray) -> FloatArray:
        """(n,) corners of a polygon on the scale.

        FlowJo's biex and log lay events that are off the axis onto its end. It writes ten digits: a corner
        less than half a channel from an end is drawn on it, and must hold those events.
        """
        if self.scale is None:
            raise GateError(self.trouble)
        placed = self.scale.forward(signal * self.unit)
        if isinstance(self.scale, Biex | FlowJoLog):
            near = self.length / BIEX_CHANNELS / 2
            placed = np.where(placed < near, 0.0, placed)
        if isinstance(self.scale, Biex):
            placed = np.where(placed > self.length - near, self.length, placed)
        return placed


@dataclass(frozen=True)
class FlowJoMatrix:
    """A spillover matrix and how FlowJo marks the parameters that went through it ("Comp-FITC-A").

    Parameters
    ----------
    channels : its detectors
    spillover : None where it cannot be used; `trouble` says why
    prefix, suffix : around the detector's name
    """

    channels: tuple[str, ...]
    spillover: Spillover | None
    trouble: str
    prefix: str
    suffix: str

    def detector(self, parameter: str) -> str | None:
        """The detector behind a compensated parameter's name; None where the name is not marked."""
        marked = parameter.startswith(self.prefix) and parameter.endswith(self.suffix)
        if not marked or len(parameter) < len(self.prefix) + len(self.suffix):
            return None
        bare = parameter[len(self.prefix) : len(parameter) - len(self.suffix)]
        return bare if bare in self.channels else None


def axes_of(sample: Element) -> dict[str, Axis]:
    """Return the axis of every parameter of a sample, by FlowJo's name of it."""
    holder = sample.first("Transformations")
    axes: dict[str, Axis] = {}
    for element in holder.children if holder is not None else ():
        axis = _axis(element)
        for parameter in element.all("parameter"):
            axes[parameter.get("name")] = axis
    return axes


def _axis(element: Element) -> Axis:
    kind = element.name
    if kind not in FLOWJO_SCALES:
        trouble = (
            f"its scale in FlowJo is {shown(kind)} (line {element.line}), which is not supported "
            f"({listed(FLOWJO_SCALES)}); change it in FlowJo and save the workspace again"
        )
        return Axis(None, trouble, 1.0, element.line)
    gain = element.optional_number("gain") if kind == "linear" else None
    factor = 1.0 if gain is None else gain
    try:
        return Axis(_scale(element), "", factor, element.line)
    except TransformError as error:
        return Axis(None, f"its scale (line {element.line}) cannot be used: {error}", factor, element.line)


def _scale(element: Element) -> Scale:
    if element.name == "linear":  # 0 at minRange, 1 at maxRange: flin with A = -minRange
        return Linear(element.number("maxRange"), -element.number("minRange"))
    if element.name == "log":
        return FlowJoLog(element.number("offset"), element.number("decades"))
    if element.name == "biex":
        return Biex(*(element.number(word) for word in ("pos", "neg", "width", "maxRange")))
    return scale_of(element)


def matrix_of(sample: Element) -> FlowJoMatrix | None:
    """Return the spillover matrix of a sample; None where it has none.

    Raises FormatError for a damaged one; one that cannot be used (unmixing, several) says why.
    """
    found = list(sample.all("spilloverMatrix"))
    if not found:
        return None
    element = found[0]
    channels = tuple(each.get("name") for each in element.need("parameters").all("parameter"))
    ends = element.attributes.get("prefix", ""), element.attributes.get("suffix", "")
    place = f"the matrix of line {element.line}"
    if len(found) > 1:
        return FlowJoMatrix(channels, None, f"the sample has {len(found)} spillover matrices", *ends)
    try:
        spillover = Spillover(channels, _numbers(element, channels), _name(element))
    except SpilloverError as error:
        return FlowJoMatrix(channels, None, f"{place} cannot be used: {error}", *ends)
    return FlowJoMatrix(channels, spillover, "", *ends)


def _name(element: Element) -> str:
    name = element.attributes.get("name", "") or "FlowJo matrix"
    return f"{name} matrix" if name in {UNCOMPENSATED, FROM_FILE} else name


def _numbers(element: Element, channels: tuple[str, ...]) -> FloatArray:
    """(channels, channels) coefficients, NaN where one is missing; FormatError for a name that is none."""
    numbers = np.full((len(channels), len(channels)), np.nan)
    place = {name: column for column, name in enumerate(channels)}
    for row in element.all("spillover"):
        for cell in row.all("coefficient"):
            names = row.get("parameter"), cell.get("parameter")
            for name in names:
                if name not in place:
                    hint = did_you_mean(name, channels)
                    raise cell.wrong(f"a parameter of the matrix ({listed(channels)})", shown(name) + hint)
            numbers[place[names[0]], place[names[1]]] = cell.number("value")
    return numbers
