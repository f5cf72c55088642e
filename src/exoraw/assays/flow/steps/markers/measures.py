"""Numbers that every tube of a marker panel has: events, populations, dead cells, medians."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exoraw.assays.contract import Measurement
from exoraw.assays.flow.quadrants import share_of
from exoraw.assays.flow.steps.markers.counted import Numbers
from exoraw.assays.flow.steps.markers.live_cells import LiveCells, viability_column
from exoraw.assays.flow.steps.markers.populations import cleaned_populations
from exoraw.assays.flow.steps.tube import TubeParams


def general_numbers(tube: LiveCells, numbers: Numbers, params: TubeParams) -> Iterator[Measurement]:
    """Events of the file and of every population of the cleaning; share that is left; share of dead cells."""
    total = len(tube.tube)
    yield numbers.value("events", float(total), n=total)
    for population in cleaned_populations(tube):
        entity = f"population:{population.name}"
        yield numbers.value("population_events", float(population.count), entity, n=population.count)
    singles, live = int(np.count_nonzero(tube.cleaned.singlets)), int(np.count_nonzero(tube.live))
    yield numbers.plain_share("gated_share", share_of("", live, total))
    if viability_column(params.dyes) is not None:
        yield numbers.plain_share("dead_share", share_of("", singles - live, singles))
