"""A lab's gates on a tube: the tree of populations, its rows for the table, and the remarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs import FcsData
from exoraw.assays.flow.gates.channel_names import fit_to_channels
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import AS_GIVEN, FROM_FILE, NO_MATRIX, UNCOMPENSATED, FileMatrix
from exoraw.assays.flow.gates.populations import Populations, populations
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.gates.shapes import Boolean, Ellipsoid, Polygon, Quadrants, Rectangle
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy, dimensions_of, with_dimensions
from exoraw.assays.flow.gates.tubes import with_seconds
from exoraw.assays.flow.spillover import Spillover
from exoraw.study.words import listed, shown

ALL_EVENTS = "all events"  # the root of the tree, as the flow assay's other strategies call it
OWN_MATRIX = "the tube's matrix"  # name of the pipeline's matrix among those of a strategy
COUNTS_DIFFER = 0.01  # share of FlowJo's count from which on another count is worth a remark
MATRIX_TOLERANCE = 1e-3  # of a coefficient: FlowJo and FCS files round to some digits


@dataclass(frozen=True, eq=False)
class GatedTube:
    """A tube with its populations.

    Parameters
    ----------
    tree : populations, parents first
    strategy : as it was applied: channels as the tube calls them
    events : (n, channels) what was gated, uncompensated unless the caller handed over compensated ones
    channels, markers : of the columns
    matrix : that compensated the dimensions which name none; None = none did
    from_file : the file's own matrix, as handed over
    source : of the gates, in words
    scales : display scale of a channel, for pictures
    findings : renamed channels, other matrices, counts that differ
    """

    tree: Populations
    strategy: Strategy
    events: FloatArray = field(repr=False)
    channels: tuple[str, ...]
    markers: tuple[str, ...]
    matrix: Spillover | None
    from_file: FileMatrix | None
    source: str
    scales: Mapping[str, Scale]
    findings: tuple[Finding, ...]


def gate_tube(
    strategy: Strategy,
    data: FcsData,
    *,
    matrix: Spillover | None = None,
    source: str = "",
    counts: Mapping[str, int] | None = None,
    scales: Mapping[str, Scale] | None = None,
) -> GatedTube:
    """Gate a tube as it was read: uncompensated, time in ticks, which gates see as seconds."""
    fitted = fit_to_channels(strategy, data.channels, data.markers)
    gated = gate_events(
        fitted.strategy,
        with_seconds(fitted.strategy, data),
        data.channels,
        data.markers,
        matrix=matrix,
        from_file=data.spillover or NO_MATRIX,
        source=source,
        counts=counts,
        scales=scales,
    )
    return replace(gated, findings=(*fitted.findings, *gated.findings))


def gate_events(
    strategy: Strategy,
    events: FloatArray,
    channels: Sequence[str],
    markers: Sequence[str] = (),
    *,
    matrix: Spillover | None = None,
    from_file: FileMatrix | None = None,
    source: str = "",
    counts: Mapping[str, int] | None = None,
    scales: Mapping[str, Scale] | None = None,
) -> GatedTube:
    """Gate events by a lab's strategy.

    Every dimension sees the signal that it asks for: compensated by its own matrix, by the file's ("FCS"),
    not at all, or - where it says nothing - by `matrix`. For events that are compensated already give none,
    and the strategy as `strategy.as_compensated()`.

    Parameters
    ----------
    events : (n, len(channels)) linear signal as measured; time in seconds
    channels, markers : $PnN and $PnS of the columns
    matrix : that the tube is compensated with; None = the events are as the gates want them
    from_file : the file's own matrix, or NO_MATRIX
    source : of the gates, in words
    counts : FlowJo's own, to compare
    scales : display scale of a channel, for pictures

    Raises
    ------
    GateError : a channel or matrix that is not there, naming the gate and what to do
    """
    fitted = fit_to_channels(strategy, channels, markers)
    ready = _with_own_matrix(fitted.strategy, matrix)
    tree = populations(ready, events, channels, from_file=from_file)
    said = [*fitted.findings, *_matrix_remarks(fitted.strategy, matrix, from_file)]
    said += _count_remarks(tree, counts or {})
    stains = tuple(markers) if markers else ("",) * len(channels)
    return GatedTube(
        tree, ready, events, tuple(channels), stains, matrix, from_file, source, scales or {}, tuple(said)
    )


def population_rows(gated: GatedTube, sample: str, file_id: str = "") -> list[dict[str, Any]]:
    """Return one row per population for the table objects_flow, all events first; rows have equal keys.

    percent_parent and percent_total are None where there is nothing to be a part of.
    """
    total = len(gated.events)
    root = (
        ALL_EVENTS,
        ALL_EVENTS,
        "",
        total,
        None if total == 0 else 100.0,
        None if total == 0 else 100.0,
        "",
    )
    rows = [root]
    for row in gated.tree.rows:
        parent = row.path[-2] if len(row.path) > 1 else ALL_EVENTS
        path = "/".join((ALL_EVENTS, *row.path))
        gate = gate_in_words(gated.strategy.homes[row.name])
        shares = (_percent(row.share_of_parent), _percent(row.share_of_total))
        rows.append((row.name, path, parent, row.count, *shares, gate))
    return [
        {
            "sample": sample,
            "entity": f"population:{name}",
            "file_id": file_id,
            "population": name,
            "path": path,
            "parent": parent,
            "count": count,
            "percent_parent": of_parent,
            "percent_total": of_total,
            "gate": gate,
            "gate_source": gated.source,
        }
        for name, path, parent, count, of_parent, of_total, gate in rows
    ]


def gate_in_words(named: NamedGate) -> str:
    """Return what a gate is, for a reader of the table: "polygon on FSC-A and SSC-A"."""
    gate = named.gate
    channels = list(dict.fromkeys(d.channel for d in dimensions_of(gate)))
    on = " and ".join(channels) if len(channels) < 3 else listed(channels)
    if isinstance(gate, Boolean):
        names = [f"not {each.name}" if each.complement else each.name for each in gate.operands]
        words = f"not {names[0]}" if gate.operation == "not" else f" {gate.operation} ".join(names)
    elif isinstance(gate, Rectangle):
        bounds = sum((side.low is not None) + (side.high is not None) for side in gate.ranges)
        kind = {1: "threshold", 2: "interval"}.get(bounds) if len(gate.ranges) == 1 else "rectangle"
        words = f"{kind or 'rectangle'} on {on}"
    else:
        kinds = {Polygon: "polygon", Ellipsoid: "ellipse", Quadrants: "quadrant"}
        words = f"{kinds[type(gate)]} on {on}"
    return f"outside of {words}" if named.outside else words


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _with_own_matrix(strategy: Strategy, matrix: Spillover | None) -> Strategy:
    """Dimensions that name no matrix see the tube's, as far as it holds their channel."""
    if matrix is None:
        return strategy
    name = OWN_MATRIX
    while name in strategy.matrices:
        name += "'"
    gates = []
    for named in strategy.gates:
        exchange = {
            d: replace(d, compensation=name)
            for d in dimensions_of(named.gate)
            if d.compensation == AS_GIVEN and d.channel in matrix.channels
        }
        gates.append(replace(named, gate=with_dimensions(named.gate, exchange)))
    return Strategy(tuple(gates), {**strategy.matrices, name: matrix})


def _matrix_remarks(
    strategy: Strategy, matrix: Spillover | None, from_file: FileMatrix | None
) -> list[Finding]:
    """Gates that see a signal which was compensated otherwise than the tube's numbers, or not at all."""
    if matrix is None:
        return []
    raw: dict[str, str] = {}
    others: dict[str, str] = {}
    for named in strategy.gates:
        for dimension in dimensions_of(named.gate):
            if dimension.channel not in matrix.channels or dimension.compensation == AS_GIVEN:
                continue
            if dimension.compensation == UNCOMPENSATED or (
                dimension.compensation == FROM_FILE and from_file == NO_MATRIX
            ):
                raw.setdefault(dimension.channel, named.name)
            else:
                others.setdefault(dimension.compensation, named.name)
    found = [_raw_remark(channel, gate) for channel, gate in raw.items()]
    for name, gate in others.items():
        theirs = from_file if name == FROM_FILE else strategy.matrices[name]
        if not isinstance(theirs, Spillover) or not _same(theirs, matrix):
            found.append(_other_remark(name, gate, matrix))
    return found


def _raw_remark(channel: str, gate: str) -> Finding:
    message = (
        f"Gate {shown(gate)} looks at the uncompensated signal of {channel}, which is compensated for the "
        "numbers of this tube: its gates name no matrix, or the workspace does not hold the one it was "
        "drawn with."
    )
    return Finding("gate_uncompensated", "warning", message, entity=f"channel:{channel}")


def _other_remark(name: str, gate: str, matrix: Spillover) -> Finding:
    message = (
        f"Gate {shown(gate)} was drawn on signal compensated by {name!r}, and is laid on that; the numbers "
        "of this "
        f"tube are compensated by {matrix.source}."
    )
    return Finding("gate_other_matrix", "info", message)


def _same(one: Spillover, other: Spillover) -> bool:
    if set(one.channels) != set(other.channels):
        return False
    order = [one.channels.index(name) for name in other.channels]
    return bool(np.allclose(one.matrix[np.ix_(order, order)], other.matrix, rtol=0, atol=MATRIX_TOLERANCE))


def _count_remarks(tree: Populations, counts: Mapping[str, int]) -> list[Finding]:
    found = []
    for row in tree.rows:
        theirs = counts.get(row.name)
        if theirs is None or abs(theirs - row.count) <= max(COUNTS_DIFFER * theirs, 1):
            continue
        message = (
            f"Population {shown(row.name)} holds {row.count:,} events here, FlowJo counted {theirs:,}. "
            "FlowJo may "
            "not have counted again after the last change, or a gate runs along the end of an axis."
        )
        entity = f"population:{row.name}"
        found.append(
            Finding("flowjo_count_differs", "info", message, "", entity, float(row.count), float(theirs))
        )
    return found


def check_populations(gated: GatedTube, wanted: Sequence[str]) -> None:
    """Raise GateError, with the nearest name, where the tree lacks a population that the settings ask for."""
    for name in wanted:
        if name != ALL_EVENTS:
            try:
                gated.tree[name]
            except GateError as error:
                names = [row.name for row in gated.tree.rows]
                raise GateError(
                    f"{error} The gates of {gated.source or 'the file'} make {listed(names, 30)}."
                ) from error
