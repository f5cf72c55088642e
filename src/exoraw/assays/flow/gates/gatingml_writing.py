"""A strategy as GatingML 2.0, for FlowKit, flowUtils, CytoML and whatever else reads the ISAC standard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from xml.sax.saxutils import quoteattr

import numpy as np

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import AS_GIVEN, FROM_FILE, UNCOMPENSATED, Dimension
from exoraw.assays.flow.gates.gatingml_ids import NAME, Ids
from exoraw.assays.flow.gates.gatingml_parts import DATATYPES, GATING, SCALE_PARAMETERS, TRANSFORMS
from exoraw.assays.flow.gates.scales import LN10, Fasinh, Scale
from exoraw.assays.flow.gates.shapes import Boolean, Ellipsoid, Gate, Polygon, Quadrants, Rectangle, Reference
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy, dimensions_of, with_dimensions
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Arcsinh
from exoraw.study.words import shown

GIVEN_MATRIX = "compensation"  # id of the matrix that `as_given` brings


def gatingml(strategy: Strategy, *, as_given: str | Spillover) -> str:
    """Return the text of a GatingML 2.0 document.

    Parameters
    ----------
    as_given : what the events went through before the gates, for dimensions that name no matrix of their
        own: the matrix, "FCS" (the file's own), or "uncompensated". It must be said: a gate drawn on
        compensated signal selects other cells on raw signal.

    Raises
    ------
    GateError : a scale that GatingML does not have (FlowJo's biex and log), with the gate
    """
    if not isinstance(as_given, Spillover) and as_given not in {UNCOMPENSATED, FROM_FILE}:
        raise GateError(f'as_given is {shown(as_given)}; it is a matrix, "FCS" or "uncompensated".')
    matrices = dict(strategy.matrices)
    if isinstance(as_given, Spillover):
        matrices[_free(GIVEN_MATRIX, matrices)] = as_given
    gates = [part for each in strategy.gates for part in _inside_out(each, strategy)]
    gates = [replace(each, gate=_said(each.gate, as_given, matrices)) for each in gates]
    ids = _document_ids(gates, matrices)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<gating:Gating-ML xmlns:gating="{GATING}"',
        f'                  xmlns:transforms="{TRANSFORMS}"',
        f'                  xmlns:data-type="{DATATYPES}">',
        *(f"  {line}" for line in _name_lines(ids)),
        *(f"  {line}" for name, matrix in matrices.items() for line in _matrix_lines(name, matrix, ids)),
        *(f"  {line}" for scale in _scales(gates) for line in _scale_lines(scale, ids)),
        *(f"  {line}" for each in gates for line in _gate_lines(each, ids)),
        "</gating:Gating-ML>",
    ]
    return "\n".join(lines) + "\n"


def _free(name: str, taken: Mapping[str, object]) -> str:
    return name if name not in taken else _free(f"{name} 2", taken)


def _inside_out(named: NamedGate, strategy: Strategy) -> Iterator[NamedGate]:
    """A gate of the events outside it becomes two: the inside, and a boolean that turns it round."""
    if not named.outside:
        yield named
        return
    inside = _free(f"{named.name} (inside)", {**strategy.homes, **{g.name: g for g in strategy.gates}})
    yield replace(named, name=inside, outside=False)
    yield NamedGate(named.name, Boolean("not", (Reference(inside),)), named.parent)


def _said(gate: Gate, as_given: str | Spillover, matrices: Mapping[str, Spillover]) -> Gate:
    """The gate with every dimension's compensation said, and arcsinh in GatingML's terms."""
    exchange = {}
    for dimension in dimensions_of(gate):
        word = dimension.compensation
        if word == AS_GIVEN and isinstance(as_given, Spillover):
            name = next(name for name, matrix in matrices.items() if matrix is as_given)
            word = name if dimension.channel in as_given.channels else UNCOMPENSATED
        elif word == AS_GIVEN:
            word = str(as_given)
        exchange[dimension] = Dimension(dimension.channel, _standard(dimension.scale), word)
    return with_dimensions(gate, exchange)


def _standard(scale: Scale | None) -> Scale | None:
    """Arcsinh(x / c) is fasinh with M ln 10 = 1 and T = c sinh(1); the others stay."""
    return Fasinh(scale.cofactor * float(np.sinh(1.0)), 1 / LN10) if isinstance(scale, Arcsinh) else scale


def _scales(gates: Sequence[NamedGate]) -> dict[Scale, str]:
    """Every scale with GatingML's word for it, in order of first use."""
    words: dict[Scale, str] = {}
    for each in gates:
        for dimension in dimensions_of(each.gate):
            if dimension.scale is not None and dimension.scale not in words:
                words[dimension.scale] = _word(dimension.scale, each.name)
    return words


def _document_ids(gates: Sequence[NamedGate], matrices: Mapping[str, Spillover]) -> Ids:
    ids = Ids()
    for each in gates:
        ids.add(("gate", each.name), each.name)
        if isinstance(each.gate, Quadrants):
            for quadrant in each.gate.quadrants:
                ids.add(("gate", quadrant.name), quadrant.name)
    for name in matrices:
        ids.add(("matrix", name), name)
    for scale, word in _scales(gates).items():
        ids.add(scale, word)
    for each in gates:
        if isinstance(each.gate, Quadrants):
            for number, divider in enumerate(each.gate.dividers):
                ids.add((each.name, number), f"divider_{divider.dimension.channel}")
    return ids


def _name_lines(ids: Ids) -> Iterator[str]:
    changed = list(ids.changed())
    if changed:
        yield "<data-type:custom_info>"
        yield from (f"  <{NAME} of={quoteattr(chosen)} is={quoteattr(name)}/>" for chosen, name in changed)
        yield "</data-type:custom_info>"


def _word(scale: Scale, gate: str) -> str:
    """GatingML's element for a scale; GateError where it has none."""
    found = next((word for word, (make, _) in SCALE_PARAMETERS.items() if isinstance(scale, make)), None)
    if found is None:
        raise GateError(
            f"gate {shown(gate)}: GatingML 2.0 has no scale {type(scale).__name__}. Draw the gate on a "
            "logicle, hyperlog, log, linear or arcsinh scale, or keep the strategy as YAML."
        )
    return found


def _scale_lines(scale: Scale, ids: Ids) -> Iterator[str]:
    word = _word(scale, "")
    pairs = dict(zip((field.upper() for field in scale.__dataclass_fields__), astuple(scale), strict=True))
    attributes = " ".join(f'transforms:{key}="{float(pairs[key])!r}"' for key in SCALE_PARAMETERS[word][1])
    yield f'<transforms:transformation transforms:id="{ids[scale]}">'
    yield f"  <transforms:{word} {attributes}/>"
    yield "</transforms:transformation>"


def _matrix_lines(name: str, matrix: Spillover, ids: Ids) -> Iterator[str]:
    yield f'<transforms:spectrumMatrix transforms:id="{ids["matrix", name]}">'
    for word in ("fluorochromes", "detectors"):
        yield f"  <transforms:{word}>"
        yield from (f"    {_fcs_dimension(channel)}" for channel in matrix.channels)
        yield f"  </transforms:{word}>"
    for row in matrix.matrix.tolist():
        yield "  <transforms:spectrum>"
        yield from (f'    <transforms:coefficient transforms:value="{value!r}"/>' for value in row)
        yield "  </transforms:spectrum>"
    yield "</transforms:spectrumMatrix>"


def _gate_lines(named: NamedGate, ids: Ids) -> Iterator[str]:
    gate = named.gate
    tag = f"gating:{_TAGS[type(gate)]}"
    parent = f' gating:parent_id="{ids["gate", named.parent]}"' if named.parent else ""
    yield f'<{tag} gating:id="{ids["gate", named.name]}"{parent}>'
    if isinstance(gate, Rectangle):
        lines = _rectangle_lines(gate, ids)
    elif isinstance(gate, Polygon):
        lines = _polygon_lines(gate, ids)
    elif isinstance(gate, Ellipsoid):
        lines = _ellipsoid_lines(gate, ids)
    elif isinstance(gate, Quadrants):
        lines = _quadrant_lines(named.name, gate, ids)
    else:
        lines = _boolean_lines(gate, ids)
    yield from (f"  {line}" for line in lines)
    yield f"</{tag}>"


def _dimension_lines(
    dimension: Dimension, ids: Ids, extra: str = "", tag: str = "dimension"
) -> Iterator[str]:
    scale = f' gating:transformation-ref="{ids[dimension.scale]}"' if dimension.scale is not None else ""
    word = dimension.compensation
    word = word if word in {UNCOMPENSATED, FROM_FILE} else ids["matrix", word]
    yield f'<gating:{tag}{extra}{scale} gating:compensation-ref="{word}">'
    yield f"  {_fcs_dimension(dimension.channel)}"
    if tag == "dimension":
        yield f"</gating:{tag}>"


def _fcs_dimension(channel: str) -> str:
    if not channel.isprintable():
        raise GateError(f"channel {shown(channel)}: its name holds a letter that XML cannot; rename it.")
    return f"<data-type:fcs-dimension data-type:name={quoteattr(channel)}/>"


def _rectangle_lines(gate: Rectangle, ids: Ids) -> Iterator[str]:
    for side in gate.ranges:
        low = f' gating:min="{float(side.low)!r}"' if side.low is not None else ""
        high = f' gating:max="{float(side.high)!r}"' if side.high is not None else ""
        yield from _dimension_lines(side.dimension, ids, low + high)


def _polygon_lines(gate: Polygon, ids: Ids) -> Iterator[str]:
    for dimension in (gate.x, gate.y):
        yield from _dimension_lines(dimension, ids)
    for vertex in gate.vertices:
        yield "<gating:vertex>"
        yield from (f"  {_value('coordinate', value)}" for value in vertex)
        yield "</gating:vertex>"


def _ellipsoid_lines(gate: Ellipsoid, ids: Ids) -> Iterator[str]:
    for dimension in gate.dimensions:
        yield from _dimension_lines(dimension, ids)
    yield "<gating:mean>"
    yield from (f"  {_value('coordinate', value)}" for value in gate.mean)
    yield "</gating:mean>"
    yield "<gating:covarianceMatrix>"
    for row in gate.covariance:
        yield "  <gating:row>"
        yield from (f"    {_value('entry', value)}" for value in row)
        yield "  </gating:row>"
    yield "</gating:covarianceMatrix>"
    yield _value("distanceSquare", gate.distance_square)


def _quadrant_lines(name: str, gate: Quadrants, ids: Ids) -> Iterator[str]:
    for number, divider in enumerate(gate.dividers):
        extra = f' gating:id="{ids[name, number]}"'
        yield from _dimension_lines(divider.dimension, ids, extra, "divider")
        yield from (f"  <gating:value>{float(value)!r}</gating:value>" for value in divider.values)
        yield "</gating:divider>"
    for quadrant in gate.quadrants:
        yield f'<gating:Quadrant gating:id="{ids["gate", quadrant.name]}">'
        for number, (divider, at) in enumerate(zip(gate.dividers, quadrant.sections, strict=True)):
            if at is not None:
                place = _within(divider.values, at)
                where = f'gating:divider_ref="{ids[name, number]}" gating:location="{place!r}"'
                yield f"  <gating:position {where}/>"
        yield "</gating:Quadrant>"


def _within(values: Sequence[float], section: int) -> float:
    """A number inside a section: its lower bound belongs to it; below the first value there is none."""
    return float(values[section - 1]) if section else float(values[0]) - max(1.0, abs(float(values[0])))


def _boolean_lines(gate: Boolean, ids: Ids) -> Iterator[str]:
    yield f"<gating:{gate.operation}>"
    for operand in gate.operands:
        turned = ' gating:use-as-complement="true"' if operand.complement else ""
        yield f'  <gating:gateReference gating:ref="{ids["gate", operand.name]}"{turned}/>'
    yield f"</gating:{gate.operation}>"


def _value(tag: str, value: float) -> str:
    return f'<gating:{tag} data-type:value="{float(value)!r}"/>'


_TAGS: Mapping[type[Gate], str] = {
    Rectangle: "RectangleGate",
    Polygon: "PolygonGate",
    Ellipsoid: "EllipsoidGate",
    Quadrants: "QuadrantGate",
    Boolean: "BooleanGate",
}
