"""The borders of a tube as GatingML 2.0, so that FlowJo, Cytobank or R draw the same gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from exoraw.assays.contract import Artefact
from exoraw.assays.flow.gates.events import FROM_FILE, UNCOMPENSATED, Dimension
from exoraw.assays.flow.gates.gatingml_writing import gatingml
from exoraw.assays.flow.gates.shapes import Divider, Quadrant, Quadrants, threshold
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.steps.compensated import matrix_of
from exoraw.assays.flow.steps.tube import Tube

CELLS = "cells"


def quadrant_gates(
    tube: Tube,
    borders: tuple[float, float],
    names: tuple[str, str, str, str],
    debris: float | None,
    decision: Mapping[str, Any],
    sample: str,
) -> Artefact:
    """Two borders as a quadrant gate inside the debris gate.

    Parameters
    ----------
    borders : of the first two dyes, compensated linear; a cell on a border counts as negative
    names : lower left, lower right, upper right, upper left
    debris : forward scatter below which events are debris; None without such a gate
    decision : `data` of the batch's compensation
    """
    first, second = (
        Divider(Dimension(name), (_above(value),))
        for name, value in zip(tube.channels, borders, strict=False)
    )
    places = ((0, 0), (1, 0), (1, 1), (0, 1))
    quadrants = tuple(Quadrant(name, place) for name, place in zip(names, places, strict=True))
    return _document(tube, [("quadrants", Quadrants((first, second), quadrants))], debris, decision, sample)


def threshold_gates(
    tube: Tube,
    borders: Mapping[str, float],
    debris: float | None,
    decision: Mapping[str, Any],
    sample: str,
) -> Artefact:
    """Borders of single channels, each a gate inside the debris gate.

    Parameters
    ----------
    borders : channel -> compensated linear; a cell on a border counts as negative
    """
    gates = [
        (f"{name} positive", threshold(Dimension(name), _above(value))) for name, value in borders.items()
    ]
    return _document(tube, gates, debris, decision, sample)


def marker_gates(
    tube: Tube,
    borders: Mapping[str, float | None],
    keys: Sequence[str],
    debris: float | None,
    decision: Mapping[str, Any],
    sample: str,
) -> Iterator[Artefact]:
    """Borders of a marker panel: CD44 and CD24 as quadrants, others as thresholds; nothing without a border.

    Parameters
    ----------
    borders : key of the dye -> compensated linear
    keys : of the dyes, in the order of the tube's channels
    """
    channel = dict(zip(keys, tube.channels, strict=True))
    known = {key: value for key, value in borders.items() if value is not None}
    if set(known) == {"cd44", "cd24"}:
        names = ("CD44-CD24-", "CD44+CD24-", "CD44+CD24+", "CD44-CD24+")
        yield quadrant_gates(tube, (known["cd44"], known["cd24"]), names, debris, decision, sample)
    elif known:
        by_channel = {channel[key]: value for key, value in known.items()}
        yield threshold_gates(tube, by_channel, debris, decision, sample)


def _document(
    tube: Tube,
    gates: Sequence[tuple[str, Any]],
    debris: float | None,
    decision: Mapping[str, Any],
    sample: str,
) -> Artefact:
    parent, named = "", []
    area = tube.forward_channel
    if debris is not None and area:
        named.append(NamedGate(CELLS, threshold(Dimension(area, None, UNCOMPENSATED), debris)))
        parent = CELLS
    named += [NamedGate(name, gate, parent) for name, gate in gates]
    text = gatingml(Strategy(tuple(named)), as_given=_matrix(tube, decision))
    caption = (
        f"Gates of {sample} as GatingML 2.0, for other programs: borders and debris; the cleaning by time, "
        "the doublet gate and the ends of the scatter scale have no form in it."
    )
    return Artefact("table", "gates.xml", text.encode("utf-8"), caption, sample)


def _above(border: float) -> float:
    """GatingML counts an event on a border as positive, the table does not."""
    return float(np.nextafter(border, np.inf))


def _matrix(tube: Tube, decision: Mapping[str, Any]) -> str | Spillover:
    matrix = matrix_of(tube, decision)
    if matrix is None:
        return UNCOMPENSATED
    return FROM_FILE if decision["source"] == "keyword" else matrix
