"""Marker panels on the page: CD44/CD24, ALDEFLUOR, uptake and surface markers of live single cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exoraw.assays.contract import Earlier, Inputs, Unit
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.markers.aldefluor import ALDH_HIGH
from exoraw.assays.flow.markers.cd44_cd24 import QUADRANTS
from exoraw.assays.flow.quadrants import Share, share_of
from exoraw.assays.flow.review.looked import (
    SINGLES,
    Automatic,
    Looked,
    Panel,
    Population,
    debris_of,
    scatter_axes,
    shown_events,
    succeeded,
    with_events,
)
from exoraw.assays.flow.steps.markers.counted import LIVE
from exoraw.assays.flow.steps.markers.live_cells import VIABILITY, live_cells
from exoraw.assays.flow.steps.markers.own_controls import MarkerParams
from exoraw.assays.flow.steps.scales import AxisScale
from exoraw.assays.flow.strategies import CD44CD24, MarkerStrategy
from exoraw.io.errors import StudyError

POSITIVE = {"aldh": ALDH_HIGH, "dye": "exosome dye+"}  # dye -> population above its border
STEM_SIGNS = {name: (name.startswith("CD44+"), name.endswith("CD24+")) for name in QUADRANTS}


@dataclass(frozen=True)
class MarkerScheme:
    """Live single cells against the borders of their markers."""

    strategy: MarkerStrategy
    parent: str = LIVE

    @property
    def alive(self) -> tuple[str, ...]:
        """The dead-cell dye, where the panel has one."""
        return tuple(dye.key for dye in self.strategy.dyes if dye.key == VIABILITY)

    @property
    def _markers(self) -> tuple[Dye, ...]:
        return tuple(dye for dye in self.strategy.dyes if dye.key != VIABILITY)

    def panels(self, axes: Sequence[str]) -> tuple[Panel, ...]:
        """Return the markers' plots and that of the dead cells, over side scatter where there is one."""
        return tuple(self._panels(axes))

    def _panels(self, axes: Sequence[str]) -> Iterator[Panel]:
        if isinstance(self.strategy, CD44CD24):
            corners = ("CD44-CD24-", "CD44+CD24-", "CD44+CD24+", "CD44-CD24+")
            yield Panel("markers", "CD44 / CD24", "cd44", "cd24", LIVE, ("cd44", "cd24"), corners)
        else:
            for place, dye in enumerate(self._markers):
                across = _other_axis(dye.key, axes)
                yield Panel(f"marker{place}", dye.title, dye.key, across, LIVE, (dye.key,))
        for key in self.alive:
            yield Panel("dead", "Dead cells", key, _other_axis(key, axes), SINGLES, (key,))

    def populations(self) -> tuple[Population, ...]:
        """Return the populations that borders decide."""
        if isinstance(self.strategy, CD44CD24):
            return tuple(
                Population(name, {"cd44": signs[0], "cd24": signs[1]}) for name, signs in STEM_SIGNS.items()
            )
        return tuple(
            Population(POSITIVE.get(dye.key, f"{dye.target}+"), {dye.key: True}) for dye in self._markers
        )

    def shares(self, signal: FloatArray, borders: Mapping[str, float]) -> Sequence[Share]:
        """Count the events that have a number in a population's markers; one on a border lies below it."""
        place = {dye.key: column for column, dye in enumerate(self.strategy.dyes)}
        return [
            _share(
                one.name, [(signal[:, place[key]], borders[key], above) for key, above in one.above.items()]
            )
            for one in self.populations()
            if one.above and one.above.keys() <= borders.keys()
        ]


def _share(name: str, sides: Sequence[tuple[FloatArray, float, bool]]) -> Share:
    """Share of the events on the wanted side of every border: (signal, border, whether above)."""
    finite = np.logical_and.reduce([np.isfinite(signal) for signal, _, _ in sides])
    inside = finite.copy()
    for signal, border, above in sides:
        inside &= (signal > border) == above
    return share_of(name, int(np.count_nonzero(inside)), int(np.count_nonzero(finite)))


def _other_axis(key: str, axes: Sequence[str]) -> str:
    """Return what a single marker is drawn over. Raises StudyError where the tube has nothing else."""
    others = [name for name in ("SSC", *axes) if name in axes and name != key]
    if not others:
        raise StudyError("The file holds one channel only; a plot needs side scatter or another dye.")
    return others[0]


def look_at_markers(unit: Unit, inputs: Inputs, before: Earlier | None) -> Looked:
    """Read a tube as the step `markers` does.

    Parameters
    ----------
    before : what the step gave for this tube the last time; its borders came from the tube's own controls

    Raises
    ------
    StudyError : the tube or its batch has not been computed, or the file holds no events
    FormatError, UnknownChannelError : the file cannot be read
    """
    params = unit.params
    assert isinstance(params, MarkerParams)
    ground, decision = succeeded(inputs, "controls", "compensation")
    if before is None:
        raise StudyError(
            "The gates of this tube are not there: it has not been computed. Run the study first."
        )
    beads = params.strategy.beads if unit.payload["beaded"] else None
    cells = live_cells(inputs.file("tube"), params.tube, decision.data, ground.data, beads)
    tube, signal = with_events(cells.tube), cells.signal
    scales = ground.data["scales"]
    axes = {
        dye.key: AxisScale(**scales[dye.key]).axis(match.label)
        for dye, match in zip(params.tube.dyes, tube.stains, strict=True)
    }
    return Looked(
        params.tube, MarkerScheme(params.strategy), tube, signal, shown_events(tube),
        {**axes, **scatter_axes(tube, ground.data["scatter"])}, _automatic(before.data, ground.data),
    )  # fmt: skip


def _automatic(own: Mapping[str, Any], ground: Mapping[str, Any]) -> Automatic:
    found = {**own["borders"], **own.get("automatic", {})}
    borders = {key: one["threshold"] for key, one in found.items()}
    sources = {key: str(one["source"]) for key, one in found.items()}
    viability = ground["viability"]
    return Automatic(
        {**borders, VIABILITY: viability["border"]},
        {**sources, VIABILITY: str(viability.get("source", ""))},
        debris_of(ground),
    )
