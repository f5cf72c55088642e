"""GatingML 2.0 (ISAC standard): a strategy from the XML that FlowKit, Cytobank or flowUtils write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import FROM_FILE, UNCOMPENSATED, Dimension
from exoraw.assays.flow.gates.gatingml_ids import names_of
from exoraw.assays.flow.gates.gatingml_parts import (
    GATING,
    SCALE_PARAMETERS,
    channel_of,
    coordinates,
    corner,
    polygon_axes,
    scale_of,
)
from exoraw.assays.flow.gates.scales import Scale
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
)
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy
from exoraw.assays.flow.gates.xml_reading import Element, read_xml
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.assays.flow.transforms import TransformError
from exoraw.io.errors import FormatError
from exoraw.study.words import did_you_mean, listed, shown

COMPLEMENT = {"true": True, "1": True, "false": False, "0": False}


def read_gatingml(path: str | Path) -> Strategy:
    """Read a GatingML 2.0 file.

    Dimensions keep their compensation: hand `populations` the measured events, and the file's own matrix
    for dimensions that say "FCS". A dimension that names a fluorochrome of a matrix is read as the
    detector at the same place.

    Raises
    ------
    FormatError : no GatingML 2.0, damaged, or with a part that is not supported (ratio dimensions, bounded
        scales, matrices that are not square): nothing is left out silently
    GateError : gates that do not fit together
    """
    root = read_xml(Path(path))
    if root.name != "Gating-ML" or root.space != GATING:
        found = f"{root.name} of {root.space or 'no namespace'}"
        raise root.wrong("a GatingML 2.0 document", found, "A FlowJo workspace is read by read_workspace.")
    names = names_of(root.all("custom_info"))
    known_parts = {"transformation", "spectrumMatrix", "custom_info", *_SHAPES}
    unknown = [each for each in root.children if each.name not in known_parts]
    if unknown:
        known = listed(["transformation", "spectrumMatrix", *_SHAPES])
        raise unknown[0].wrong(f"one of {known}", unknown[0].name, "It is not supported.")
    scales = {each.get("id"): _scale(each, root, names) for each in root.all("transformation")}
    matrices = {each.get("id"): _matrix(each, names) for each in root.all("spectrumMatrix")}
    context = _Context(scales, matrices, names)
    gates = [_named(each, context) for each in root.children if each.name in _SHAPES]
    return Strategy(tuple(gates), {each.spillover.source: each.spillover for each in matrices.values()})


@dataclass(frozen=True)
class _Matrix:
    spillover: Spillover
    dyes: tuple[str, ...]


@dataclass(frozen=True)
class _Context:
    """What dimensions may refer to."""

    scales: Mapping[str, Scale]
    matrices: Mapping[str, _Matrix]
    names: Mapping[str, str]

    def name(self, element: Element, attribute: str) -> str:
        """The name behind an id; the id itself in documents of other programs."""
        word = element.get(attribute)
        return self.names.get(word, word)

    def dimension(self, element: Element) -> Dimension:
        channel = channel_of(element)
        compensation = element.attributes.get("compensation-ref", UNCOMPENSATED)
        if compensation not in {UNCOMPENSATED, FROM_FILE}:
            matrix = self.matrices.get(compensation)
            if matrix is None:
                raise _unknown(element, "spectrumMatrix", compensation, self.matrices)
            channel, compensation = _detector(matrix, channel), matrix.spillover.source
        name = element.attributes.get("transformation-ref")
        if name is not None and name not in self.scales:
            raise _unknown(element, "transformation", name, self.scales)
        return Dimension(channel, self.scales[name] if name is not None else None, compensation)


def _unknown(element: Element, what: str, name: str, known: Mapping[str, object]) -> FormatError:
    found = f"{shown(name)}.{did_you_mean(name, known)}".removesuffix(".")
    return element.wrong(f"the id of a {what} of the file ({listed(known)})", found)


def _detector(matrix: _Matrix, name: str) -> str:
    """The detector of a dye; a name that is no dye stays (scatter, or the detector itself)."""
    if name in matrix.dyes:
        return matrix.spillover.channels[matrix.dyes.index(name)]
    return name


def _scale(element: Element, root: Element, names: Mapping[str, str]) -> Scale:
    parts = [child for child in element.children if child.name != "custom_info"]
    there = listed(child.name for child in parts)
    if len(parts) != 1 or parts[0].name not in SCALE_PARAMETERS:
        raise element.wrong(
            f"transformation {shown(element.get('id'))} to be one of {listed(SCALE_PARAMETERS)}",
            there,
            f"This transformation is not supported{_users(element, root, names)}. Draw these gates on one "
            "of the "
            "others, or leave them out of the file.",
        )
    limits = sorted({"boundMin", "boundMax"}.intersection(element.attributes))
    if limits:
        advice = f"Bounds are not supported{_users(element, root, names)}; take them off."
        raise element.wrong("a transformation without bounds", listed(limits), advice)
    try:
        return scale_of(parts[0])
    except TransformError as error:
        raise parts[0].wrong("numbers that make a scale", str(error)) from error


def _users(transformation: Element, root: Element, names: Mapping[str, str]) -> str:
    """The gates that stand on a transformation, in words; those of quadrants by the gate's name."""
    wanted = transformation.get("id")
    found = []
    for gate in root.children:
        waiting = list(gate.children)
        while waiting:
            part = waiting.pop()
            waiting.extend(part.children)
            if part.attributes.get("transformation-ref") == wanted:
                word = gate.attributes.get("id", gate.name)
                found.append(names.get(word, word))
                break
    return f" (gates {listed(found)} stand on it)" if found else " (no gate stands on it)"


def _matrix(element: Element, names: Mapping[str, str]) -> _Matrix:
    dyes = tuple(each.get("name") for each in element.need("fluorochromes").all("fcs-dimension"))
    detectors = tuple(each.get("name") for each in element.need("detectors").all("fcs-dimension"))
    rows = [[each.number("value") for each in row.all("coefficient")] for row in element.all("spectrum")]
    n = len(detectors)
    if not n or len(dyes) != n or len(rows) != n or {len(row) for row in rows} != {n}:
        sizes = f"{len(dyes)} dyes, {n} detectors, rows of {listed(sorted({str(len(r)) for r in rows}))}"
        raise element.wrong("a square spectrum matrix", sizes, "Spectral unmixing is not supported.")
    if element.attributes.get("matrix-inverted-already", "false") in {"true", "1"}:
        raise element.wrong("a spillover matrix", "one that is inverted already", "This is not supported.")
    try:
        name = names.get(element.get("id"), element.get("id"))
        spillover = Spillover(detectors, np.array(rows), name)
    except SpilloverError as error:
        raise element.wrong("a usable spillover matrix", str(error)) from error
    return _Matrix(spillover, dyes)


def _named(element: Element, context: _Context) -> NamedGate:
    name = context.name(element, "id")
    try:
        gate = _SHAPES[element.name](element, context)
    except GateError as error:
        raise element.wrong(f"a usable gate {shown(name)}", str(error)) from error
    parent = context.name(element, "parent_id") if "parent_id" in element.attributes else ""
    return NamedGate(name, gate, parent)


def _rectangle(element: Element, context: _Context) -> Gate:
    return Rectangle(
        tuple(
            Range(context.dimension(each), each.optional_number("min"), each.optional_number("max"))
            for each in element.all("dimension")
        )
    )


def _polygon(element: Element, context: _Context) -> Gate:
    x, y = polygon_axes(element)
    vertices = tuple(corner(each) for each in element.all("vertex"))
    return Polygon(context.dimension(x), context.dimension(y), vertices)


def _ellipsoid(element: Element, context: _Context) -> Gate:
    rows = element.need("covarianceMatrix").all("row")
    return Ellipsoid(
        tuple(context.dimension(each) for each in element.all("dimension")),
        coordinates(element.need("mean")),
        tuple(tuple(entry.number("value") for entry in row.all("entry")) for row in rows),
        element.need("distanceSquare").number("value"),
    )


def _quadrants(element: Element, context: _Context) -> Gate:
    dividers: dict[str, Divider] = {}
    for each in element.all("divider"):
        values = tuple(value.as_number(value.text, "divider") for value in each.all("value"))
        dividers[each.get("id")] = Divider(context.dimension(each), values)
    return Quadrants(
        tuple(dividers.values()),
        tuple(_quadrant(each, dividers, context) for each in element.all("Quadrant")),
    )


def _quadrant(element: Element, dividers: Mapping[str, Divider], context: _Context) -> Quadrant:
    sections: dict[str, int] = {}
    for each in element.all("position"):
        name = each.get("divider_ref")
        if name not in dividers:
            raise _unknown(each, "divider", name, dividers)
        sections[name] = int(np.searchsorted(dividers[name].values, each.number("location"), side="right"))
    return Quadrant(context.name(element, "id"), tuple(sections.get(name) for name in dividers))


def _boolean(element: Element, context: _Context) -> Gate:
    operations: list[tuple[Operation, Element]] = [
        (word, child) for word in ("and", "or", "not") for child in element.all(word)
    ]
    if len(operations) != 1:
        raise element.wrong("one of and, or, not in a BooleanGate", str(len(operations)))
    ((operation, content),) = operations
    return Boolean(operation, tuple(_reference(each, context) for each in content.all("gateReference")))


def _reference(element: Element, context: _Context) -> Reference:
    word = element.attributes.get("use-as-complement", "false")
    if word not in COMPLEMENT:
        raise element.wrong("true or false for use-as-complement", shown(word))
    return Reference(context.name(element, "ref"), COMPLEMENT[word])


_SHAPES: Mapping[str, Callable[[Element, _Context], Gate]] = {
    "RectangleGate": _rectangle,
    "PolygonGate": _polygon,
    "EllipsoidGate": _ellipsoid,
    "QuadrantGate": _quadrants,
    "BooleanGate": _boolean,
}
