"""The tree of populations of a tube: what was counted inside what, with the gates that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from exoraw.assays.flow.steps.gated import Gated, GateParams

ALL, IN_RANGE, STEADY = "all events", "in range", "steadily recorded"
CELLS, SINGLES = "cells", "single cells"


@dataclass(frozen=True)
class Population:
    """A population: its name, its path from the root, its parent's name ("" for the root), its events."""

    name: str
    path: str
    parent: str
    count: int


def populations_of(gated: Gated, params: GateParams) -> tuple[Population, ...]:
    """Every population of the cleaning, and the four quadrants where the tube has gates."""
    cleaned = gated.cleaned
    counts = (
        (ALL, len(gated.tube)),
        (IN_RANGE, int(np.count_nonzero(gated.tube.on_scale))),
        (STEADY, int(np.count_nonzero(cleaned.in_range))),
        (CELLS, int(np.count_nonzero(cleaned.cells))),
        (SINGLES, int(np.count_nonzero(cleaned.singlets))),
    )
    found: list[Population] = []
    path = parent = ""
    for name, count in counts:
        path = f"{path}/{name}" if path else name
        found.append(Population(name, path, parent, count))
        parent = name
    if gated.counted is not None:
        found += [
            Population(name, f"{path}/{name}", SINGLES, share.numerator)
            for name, share in zip(params.quadrants.names, gated.counted.quadrants, strict=True)
        ]
    return tuple(found)


def population_rows(gated: Gated, params: GateParams, own: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """One row per population for the table objects_flow; every row has the same columns."""
    found = populations_of(gated, params)
    counts = {population.name: population.count for population in found}
    total = len(gated.tube)
    return [
        {
            "sample": gated.sample,
            "entity": f"population:{population.name}",
            "file_id": gated.file_id,
            "population": population.name,
            "path": population.path,
            "parent": population.parent,
            "count": population.count,
            "percent_parent": _percent(population.count, counts.get(population.parent, total)),
            "percent_total": _percent(population.count, total),
            "annexin_channel": gated.tube.channels[0],
            "dead_channel": gated.tube.channels[1],
            "annexin_threshold": None if own is None else float(own["annexin"]["threshold"]),
            "dead_threshold": None if own is None else float(own["dead"]["threshold"]),
            "annexin_threshold_source": "" if own is None else str(own["annexin"]["source"]),
            "dead_threshold_source": "" if own is None else str(own["dead"]["source"]),
            "matrix_source": gated.matrix,
        }
        for population in found
    ]


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
