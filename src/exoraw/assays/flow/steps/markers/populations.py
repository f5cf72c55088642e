"""The tree of populations of a tube of a marker panel, for the table objects_flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.steps.markers.beads import BEADS, bead_events
from exoraw.assays.flow.steps.markers.counted import LIVE, Counted
from exoraw.assays.flow.steps.markers.live_cells import LiveCells
from exoraw.assays.flow.steps.populations import ALL, CELLS, IN_RANGE, SINGLES, STEADY, Population


def cleaned_populations(tube: LiveCells) -> tuple[Population, ...]:
    """All events, in range, steadily recorded, cells, single cells, live single cells; counting beads."""
    counts = (
        (ALL, len(tube.tube)),
        (IN_RANGE, int(np.count_nonzero(tube.tube.on_scale))),
        (STEADY, int(np.count_nonzero(tube.cleaned.in_range))),
        (CELLS, int(np.count_nonzero(tube.cleaned.cells))),
        (SINGLES, int(np.count_nonzero(tube.cleaned.singlets))),
        (LIVE, int(np.count_nonzero(tube.live))),
    )
    found: list[Population] = []
    path = parent = ""
    for name, count in counts:
        path = f"{path}/{name}" if path else name
        found.append(Population(name, path, parent, count))
        parent = name
    if tube.beads is not None:
        found.append(Population(BEADS, f"{ALL}/{BEADS}", ALL, bead_events(tube.beads)))
    return tuple(found)


def population_rows(
    tube: LiveCells, counted: Counted, sample: str, dyes: Sequence[Dye]
) -> list[dict[str, Any]]:
    """One row per population; every row has the same columns."""
    cleaned = cleaned_populations(tube)
    live = next(population for population in cleaned if population.name == LIVE)
    inner = [Population(name, f"{live.path}/{name}", LIVE, n) for name, n in counted.populations]
    counts = {population.name: population.count for population in (*cleaned, *inner)}
    total = len(tube.tube)
    shared: dict[str, Any] = {}
    for dye, match in zip(dyes, tube.tube.stains, strict=True):
        shared[f"{dye.key}_channel"] = match.channel
        border = counted.borders.get(dye.key)
        shared[f"{dye.key}_threshold"] = None if border is None else border.threshold
        shared[f"{dye.key}_threshold_source"] = "" if border is None else border.source
    return [
        {
            "sample": sample,
            "entity": f"population:{population.name}",
            "file_id": tube.file.file_id,
            "population": population.name,
            "path": population.path,
            "parent": population.parent,
            "count": population.count,
            "percent_parent": _percent(population.count, counts.get(population.parent, total)),
            "percent_total": _percent(population.count, total),
            **shared,
            "matrix_source": tube.matrix,
        }
        for population in (*cleaned, *inner)
    ]


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
