"""One gate of a FlowJo 10 workspace as one of ours.

FlowJo keeps rectangles and polygons in linear signal, and draws a polygon's sides straight on the axes'
scales; an ellipse it keeps in 256ths of the displayed axes. A rectangle therefore needs no scale (scales are
monotonic), a polygon's corners are put on the scales, and an ellipse becomes one on the scales.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import UNCOMPENSATED, Dimension
from exoraw.assays.flow.gates.flowjo_scales import Axis, FlowJoMatrix
from exoraw.assays.flow.gates.gatingml_parts import GATING, channel_of, corner, polygon_axes
from exoraw.assays.flow.gates.shapes import Ellipsoid, Gate, Polygon, Range, Rectangle
from exoraw.assays.flow.gates.xml_reading import Element
from exoraw.study.words import did_you_mean, listed, shown

TIME = "time"  # $PnN of the time channel, in whatever capitals
DISPLAY_STEPS = 256.0  # of FlowJo's axes, in which it keeps ellipses


class NotSupportedError(GateError):
    """A gate that cannot be read here as FlowJo draws it; it is listed, never left out silently."""


@dataclass(frozen=True)
class Tube:
    """What a sample of the workspace says of its parameters.

    Parameters
    ----------
    axes : by FlowJo's name of the parameter
    matrix : of the sample, or None
    channels : $PnN of the file as the workspace keeps them; empty where it keeps none
    timestep : seconds of a tick ($TIMESTEP); None where the workspace does not keep it
    """

    axes: Mapping[str, Axis]
    matrix: FlowJoMatrix | None
    channels: Collection[str]
    timestep: float | None = None

    def dimension(self, element: Element) -> tuple[Dimension, Axis | None]:
        """Return the channel of a dimension with its compensation, not yet scaled, and FlowJo's axis."""
        parameter = channel_of(element)
        bare = self.matrix.detector(parameter) if self.matrix is not None else None
        axis = self.axes.get(parameter)
        if axis is None and bare is not None:
            axis = self.axes.get(bare)
        if axis is not None and axis.gain != 1.0:
            if parameter.casefold() != TIME or self.timestep is None or not axis.gain > 0:
                raise NotSupportedError(
                    f"parameter {shown(parameter)} has a gain of {axis.gain:g} in FlowJo (line {axis.line}); "
                    "whether its gates stand before or after the gain is not published"
                )
            axis = axis.in_seconds(self.timestep)
        if bare is not None and self.matrix is not None:
            if self.matrix.spillover is None:
                raise NotSupportedError(f"parameter {shown(parameter)} is compensated; {self.matrix.trouble}")
            return Dimension(self._channel(bare), None, self.matrix.spillover.source), axis
        return Dimension(self._channel(parameter), None, UNCOMPENSATED), axis

    def _channel(self, parameter: str) -> str:
        """The file's name of a parameter: FlowJo writes _ for / in it."""
        if not self.channels or parameter in self.channels:
            return parameter
        same = [name for name in self.channels if name.replace("/", "_") == parameter]
        if len(same) == 1:
            return same[0]
        hint = did_you_mean(parameter, self.channels)
        raise NotSupportedError(
            f"parameter {shown(parameter)} is no channel of the file ({listed(self.channels, 20)}).{hint} "
            "Parameters that FlowJo derives, and compensated ones without a matrix in the workspace, are not "
            "supported"
        )

    def scaled(self, element: Element) -> tuple[Dimension, Axis]:
        """As `dimension`, on FlowJo's scale. NotSupportedError where the scale is not known."""
        dimension, axis = self.dimension(element)
        if axis is None:
            raise NotSupportedError(
                f"parameter {shown(dimension.channel)} has no scale in the workspace ({listed(self.axes)})"
            )
        if axis.scale is None:
            raise NotSupportedError(f"parameter {shown(dimension.channel)}: {axis.trouble}")
        return Dimension(dimension.channel, axis.scale, dimension.compensation), axis


def flowjo_gate(element: Element, tube: Tube) -> Gate:
    """Return the gate of an element such as PolygonGate.

    Raises
    ------
    NotSupportedError : another shape, an unknown scale, a parameter that is no channel
    GateError : numbers that make no gate
    FormatError : a part that is missing or no number
    """
    if element.space != GATING:
        raise NotSupportedError(
            f"its {element.name} is written in {element.space or 'no namespace'}, not in the "
            "GatingML 2.0 of FlowJo 10; open the workspace in FlowJo 10 and save it again"
        )
    read = _SHAPES.get(element.name)
    if read is None:
        raise NotSupportedError(f"a {element.name} is not supported ({listed(_SHAPES)})")
    return read(element, tube)


def _rectangle(element: Element, tube: Tube) -> Gate:
    return Rectangle(tuple(_range(each, tube) for each in element.all("dimension")))


def _range(element: Element, tube: Tube) -> Range:
    dimension, axis = tube.dimension(element)
    unit = axis.unit if axis is not None else 1.0
    low, high = element.optional_number("min"), element.optional_number("max")
    return Range(dimension, None if low is None else low * unit, None if high is None else high * unit)


def _polygon(element: Element, tube: Tube) -> Gate:
    (x, x_axis), (y, y_axis) = (tube.scaled(each) for each in polygon_axes(element))
    corners = np.array([corner(each) for each in element.all("vertex")]).reshape(-1, 2)
    placed = zip(x_axis.place(corners[:, 0]).tolist(), y_axis.place(corners[:, 1]).tolist(), strict=True)
    return Polygon(x, y, tuple(placed))


def _ellipse(element: Element, tube: Tube) -> Gate:
    (x, x_axis), (y, y_axis) = (tube.scaled(each) for each in polygon_axes(element))
    foci = np.array([corner(each) for each in element.need("foci").all("vertex")])
    edge = np.array([corner(each) for each in element.need("edge").all("vertex")])
    if foci.shape != (2, 2) or edge.shape != (4, 2):
        raise element.wrong("2 foci and 4 points on the edge", f"{len(foci)} and {len(edge)}")
    centre, covariance = drawn_ellipse(foci, edge)
    unit = np.array([x_axis.length, y_axis.length]) / DISPLAY_STEPS
    spread = covariance * np.outer(unit, unit)
    mean = (centre * unit).tolist()
    rows = [(float(spread[0, 0]), float(spread[0, 1])), (float(spread[0, 1]), float(spread[1, 1]))]
    return Ellipsoid((x, y), (mean[0], mean[1]), tuple(rows), 1.0)


def drawn_ellipse(foci: FloatArray, edge: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return centre and covariance (squared distance 1) of the ellipse that FlowJo keeps.

    FlowJo rounds the four points on the edge to whole steps and keeps the foci exactly: the centre and the
    direction come from the foci, the long half axis a from the farther pair of opposite points, the short
    one from a^2 - c^2.

    Parameters
    ----------
    foci : (2, 2)
    edge : (4, 2) ends of one axis, then ends of the other

    Raises
    ------
    GateError : the points make no ellipse
    """
    centre = foci.mean(axis=0)
    reach = (foci[1] - foci[0]) / 2
    focal = float(np.hypot(*reach))
    pairs = [(edge[0] - edge[1]) / 2, (edge[2] - edge[3]) / 2]
    long_axis = max(pairs, key=lambda pair: float(np.hypot(*pair)))
    half = float(np.hypot(*long_axis))
    if not (np.isfinite(half) and half > focal):
        raise GateError("the points on the edge of an ellipse lie nearer to its centre than its foci")
    along = reach / focal if focal > 0 else long_axis / half
    across = np.array([-along[1], along[0]])
    short_square = half**2 - focal**2
    covariance = half**2 * np.outer(along, along) + short_square * np.outer(across, across)
    return centre, covariance


_SHAPES: Mapping[str, Callable[[Element, Tube], Gate]] = {
    "RectangleGate": _rectangle,
    "PolygonGate": _polygon,
    "EllipsoidGate": _ellipse,
}
