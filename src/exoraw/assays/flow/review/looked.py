"""A tube as a person looks at it: read and compensated once, gated again for every proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from exoraw.assays.contract import Earlier, Inputs
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.debris import DebrisGate
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.quadrants import Share
from exoraw.assays.flow.review.cleaning import can_be_outlined, clean_with_outline
from exoraw.assays.flow.review.decided import Gates
from exoraw.assays.flow.steps.tube import Cleaned, Tube, TubeParams
from exoraw.io.errors import StudyError

MOST_SHOWN = 200_000  # events that travel to the browser
SINGLES, IN_RANGE = "single cells", "in range"


@dataclass(frozen=True)
class Panel:
    """One plot.

    Parameters
    ----------
    name, title : of its tab
    x, y : names of the axes: a dye, "FSC", "SSC"
    parent : the events that are drawn: "in range", "single cells", or `Scheme.parent`
    gates : what can be dragged in it: dyes, or "cells"
    corners : populations of the four quadrants from lower left, against the clock; none without quadrants
    """

    name: str
    title: str
    x: str
    y: str
    parent: str
    gates: tuple[str, ...]
    corners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Population:
    """What is counted within the parent: by borders (dye -> above it), or as the sum of others."""

    name: str
    above: Mapping[str, bool] | None = None
    sum: tuple[str, ...] = ()


class Scheme(Protocol):
    """What a strategy draws and counts of a tube."""

    @property
    def parent(self) -> str:
        """Population of which the shares are: single cells, live single cells."""

    @property
    def alive(self) -> tuple[str, ...]:
        """Dyes above whose border a single cell is dead and not in the parent."""

    def panels(self, axes: Sequence[str]) -> tuple[Panel, ...]:
        """Plots, first the one that opens; `axes` are those that the tube has."""

    def populations(self) -> tuple[Population, ...]:
        """What is counted."""

    def shares(self, signal: FloatArray, borders: Mapping[str, float]) -> Sequence[Share]:
        """Count the populations on the events of the parent; none where a border is missing.

        Parameters
        ----------
        signal : (n, dyes) compensated linear
        """


@dataclass(frozen=True)
class Automatic:
    """The gates that the analysis found, and what they were found on.

    Parameters
    ----------
    borders : dye -> border, linear; None where none was found
    sources : dye -> what it was found on ("vehicle")
    debris : gate of the batch
    """

    borders: Mapping[str, float | None]
    sources: Mapping[str, str]
    debris: DebrisGate | None


@dataclass(frozen=True)
class Looked:
    """A tube, ready to be gated.

    Parameters
    ----------
    signal : (n, dyes) compensated linear signal of every event
    shown : indices of the events that travel to the browser: all in range, or every k-th of them
    axes : name of a column (a dye, "FSC", "SSC") -> its axis, that of the batch
    """

    params: TubeParams
    scheme: Scheme
    tube: Tube
    signal: FloatArray
    shown: np.ndarray[Any, np.dtype[np.intp]]
    axes: Mapping[str, PlotAxis]
    automatic: Automatic

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """The dyes of the strategy."""
        return self.params.dyes

    @property
    def columns(self) -> dict[str, FloatArray]:
        """Name of an axis -> (n,) linear values of every event."""
        found = {dye.key: self.signal[:, place] for place, dye in enumerate(self.dyes)}
        scatter = self.tube.scatter
        if scatter.area is not None and scatter.side is not None:
            found = {"FSC": scatter.area, "SSC": scatter.side, **found}
        return found

    def cleaned(self, gates: Gates) -> Cleaned:
        """Return the masks of the populations before the parent."""
        return clean_with_outline(
            self.tube, self.automatic.debris, gates.outline, singlets=self.params.cleaning.singlets
        )

    def borders(self, gates: Gates) -> dict[str, float]:
        """Return the borders in force, decided or automatic; a dye without one is left out."""
        found = {**self.automatic.borders, **gates.borders}
        return {dye: border for dye, border in found.items() if border is not None}

    def parent(self, singles: BoolArray, gates: Gates) -> BoolArray:
        """Return the mask of the population of which the shares are."""
        borders, kept = self.borders(gates), singles.copy()
        for place, dye in enumerate(self.dyes):
            if dye.key in self.scheme.alive and dye.key in borders:
                kept &= self.signal[:, place] <= borders[dye.key]
        return kept

    def counted(self, parent: BoolArray, gates: Gates) -> Sequence[Share]:
        """Return the shares of the populations, as the analysis counts them."""
        return self.scheme.shares(self.signal[parent], self.borders(gates))


def succeeded(inputs: Inputs, *roles: str) -> tuple[Earlier, ...]:
    """Return earlier outcomes. Raises StudyError where one is missing: the batch has not been computed."""
    found = [inputs.one_earlier(role) for role in roles]
    if any(one is None or not one.ok for one in found):
        raise StudyError(
            "The gates of this batch are not there: its controls have not been computed, or that failed. "
            "Run the study, then look again."
        )
    return tuple(one for one in found if one is not None)


def with_events(tube: Tube) -> Tube:
    """Return the tube. Raises StudyError where its file holds no events."""
    if not len(tube):
        raise StudyError("The file holds no events, so there is nothing to gate.")
    return tube


def shown_events(tube: Tube) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the indices of the events that travel to the browser."""
    found = np.flatnonzero(tube.in_range)
    return found[:: max(1, -(-len(found) // MOST_SHOWN))]


def scatter_axes(tube: Tube, ends: Sequence[float]) -> dict[str, PlotAxis]:
    """Return the axes of forward and side scatter up to the batch's ends; none where one is missing."""
    if not can_be_outlined(tube):
        return {}
    return {
        "FSC": PlotAxis("FSC area", None, 0.0, ends[0]),
        "SSC": PlotAxis("SSC area", None, 0.0, ends[1]),
    }


def debris_of(data: Mapping[str, Any]) -> DebrisGate | None:
    """Return the debris gate in the plain data of a batch; None where it is switched off."""
    if data["debris_state"] == "off":
        return None
    return DebrisGate(data["debris"], data["debris_state"], 0.0, None, None, None, 0)
