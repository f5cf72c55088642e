"""What GatingML 2.0 and FlowJo's workspaces share: axes, ranges, corners, and GatingML's own scales."""

from __future__ import annotations

from collections.abc import Mapping

from exoraw.assays.flow.gates.scales import Fasinh, Linear, Log, Scale
from exoraw.assays.flow.gates.xml_reading import Element
from exoraw.assays.flow.transforms import Hyperlog, Logicle
from exoraw.study.words import listed

SPACE = "http://www.isac-net.org/std/Gating-ML/v2.0/"  # + gating, transformations, datatypes
GATING, TRANSFORMS, DATATYPES = (SPACE + part for part in ("gating", "transformations", "datatypes"))

SCALE_PARAMETERS: Mapping[str, tuple[type[Scale], tuple[str, ...]]] = {  # element -> scale, its attributes
    "flin": (Linear, ("T", "A")),
    "flog": (Log, ("T", "M")),
    "fasinh": (Fasinh, ("T", "M", "A")),
    "logicle": (Logicle, ("T", "W", "M", "A")),
    "hyperlog": (Hyperlog, ("T", "W", "M", "A")),
}


def scale_of(element: Element) -> Scale:
    """Return the scale of an element such as logicle.

    Raises FormatError where an attribute is missing or no number, TransformError where they make no scale.
    """
    make, names = SCALE_PARAMETERS[element.name]
    return make(*(element.number(name) for name in names))


def channel_of(dimension: Element) -> str:
    """Return the channel of a dimension or divider; FormatError for one that is computed from others."""
    named = dimension.first("fcs-dimension")
    if named is None:
        there = listed(child.name for child in dimension.children)
        raise dimension.wrong(
            f"a channel of the file (fcs-dimension) inside {dimension.name}",
            there,
            "Axes that are computed from other channels (ratios) are not supported.",
        )
    return named.get("name")


def coordinates(element: Element) -> tuple[float, ...]:
    """Return the numbers of the coordinate elements inside a vertex or mean."""
    return tuple(each.number("value") for each in element.all("coordinate"))


def corner(vertex: Element) -> tuple[float, float]:
    """Return the two coordinates of a vertex; FormatError where there are more or fewer."""
    numbers = coordinates(vertex)
    if len(numbers) != 2:
        raise vertex.wrong("2 coordinates in a vertex", str(len(numbers)))
    return numbers[0], numbers[1]


def polygon_axes(gate: Element) -> tuple[Element, Element]:
    """Return the two dimension elements of a polygon or drawn ellipse."""
    dimensions = list(gate.all("dimension"))
    if len(dimensions) != 2:
        raise gate.wrong(f"2 dimensions in a {gate.name}", str(len(dimensions)))
    return dimensions[0], dimensions[1]
