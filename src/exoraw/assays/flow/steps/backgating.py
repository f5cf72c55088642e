"""Backgating: where the population of a number lies on scatter."""

from __future__ import annotations

from collections.abc import Iterator

from exoraw.assays.contract import Artefact
from exoraw.assays.flow.arrays import BoolArray
from exoraw.assays.flow.steps.tube import Tube


def backgating(
    tube: Tube,
    cells: BoolArray,
    population: BoolArray,
    name: str,
    ends: tuple[float, float, float],
    sample: str,
) -> Iterator[Artefact]:
    """Draw a population over its parent on scatter; nothing without scatter or without events.

    Parameters
    ----------
    cells, population : (n,) masks of the tube's events; the population is a part of the cells
    ends : upper ends of the batch's scatter axes (area, side, height)
    """
    scatter = tube.scatter
    if scatter.area is None or scatter.side is None or not population.any():
        return
    from exoraw.assays.flow.plots import backgating_plot

    content = backgating_plot(scatter.area, scatter.side, cells, population, ends, name)
    caption = f"{sample}: {name} (violet) on scatter, over the cells it was gated from (grey)."
    yield Artefact("picture", "backgating.png", content, caption, sample)
