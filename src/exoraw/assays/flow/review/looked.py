"""A tube as a person looks at it: read and compensated once, gated again for every proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from exoraw.assays.contract import Inputs, Unit
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.debris import DebrisGate
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.quadrants import QuadrantNames, Quadrants, quadrants
from exoraw.assays.flow.review.cleaning import can_be_outlined, clean_with_outline
from exoraw.assays.flow.review.decided import Gates
from exoraw.assays.flow.steps.gated import GateParams
from exoraw.assays.flow.steps.scales import BatchScales
from exoraw.assays.flow.steps.tube import Cleaned, Tube, compensated, read_tube
from exoraw.io.errors import StudyError

MOST_SHOWN = 200_000  # events that travel to the browser
SINGLES, IN_RANGE = "single cells", "in range"
APOPTOTIC = "apoptotic"


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

    sample: str
    params: GateParams
    tube: Tube
    signal: FloatArray
    shown: np.ndarray[Any, np.dtype[np.intp]]
    axes: Mapping[str, PlotAxis]
    automatic: Automatic

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """The dyes of the strategy."""
        return self.params.tube.dyes

    @property
    def columns(self) -> dict[str, FloatArray]:
        """Name of an axis -> (n,) linear values of every event."""
        found = {dye.key: self.signal[:, place] for place, dye in enumerate(self.dyes)}
        scatter = self.tube.scatter
        if scatter.area is not None and scatter.side is not None:
            found = {"FSC": scatter.area, "SSC": scatter.side, **found}
        return found

    def cleaned(self, gates: Gates) -> Cleaned:
        """Return the masks of the populations before the quadrants."""
        return clean_with_outline(
            self.tube, self.automatic.debris, gates.outline, singlets=self.params.tube.cleaning.singlets
        )

    def pair(self, gates: Gates) -> tuple[float, float] | None:
        """Return both borders, decided or automatic; None where one is missing."""
        borders = {**self.automatic.borders, **gates.borders}
        first, second = (borders.get(dye.key) for dye in self.dyes)
        return None if first is None or second is None else (first, second)

    def counted(self, singles: BoolArray, gates: Gates) -> Quadrants | None:
        """Return the quadrants of the single cells, as the analysis counts them."""
        pair = self.pair(gates)
        if pair is None:
            return None
        names = self.params.quadrants
        called = QuadrantNames(names.live, names.early, names.late, names.necrotic, "/apoptotic")
        return quadrants(self.signal[singles], pair, called)


def look(unit: Unit, inputs: Inputs) -> Looked:
    """Read and compensate a tube as the step `gate` does.

    Raises
    ------
    StudyError : its batch has not been computed, or the file holds no events
    FormatError, UnknownChannelError : the file cannot be read
    """
    params = unit.params
    assert isinstance(params, GateParams)
    thresholds, decision = inputs.one_earlier("thresholds"), inputs.one_earlier("compensation")
    if thresholds is None or decision is None or not (thresholds.ok and decision.ok):
        raise StudyError(
            "The gates of this batch are not there: its controls have not been computed, or that failed. "
            "Run the study, then look again."
        )
    sample = unit.samples[0]
    tube = read_tube(inputs.file("tube"), params.tube)
    if not len(tube):
        raise StudyError("The file holds no events, so there is nothing to gate.")
    signal, _, _ = compensated(tube, decision.data)
    return Looked(
        sample, params, tube, signal, _shown(tube.in_range), _axes(tube, params, thresholds.data),
        _automatic(thresholds.data, sample),
    )  # fmt: skip


def _shown(in_range: BoolArray) -> np.ndarray[Any, np.dtype[np.intp]]:
    found = np.flatnonzero(in_range)
    return found[:: max(1, -(-len(found) // MOST_SHOWN))]


def _axes(tube: Tube, params: GateParams, data: Mapping[str, Any]) -> dict[str, PlotAxis]:
    """Return the axes of the batch, with the channels of this tube."""
    scales = BatchScales.from_data(data)
    axes = {
        dye.key: scale.axis(match.label)
        for dye, match, scale in zip(
            params.tube.dyes, tube.stains, (scales.annexin, scales.dead), strict=True
        )
    }
    if can_be_outlined(tube):
        axes["FSC"] = PlotAxis("FSC area", None, 0.0, scales.scatter[0])
        axes["SSC"] = PlotAxis("SSC area", None, 0.0, scales.scatter[1])
    return axes


def _automatic(data: Mapping[str, Any], sample: str) -> Automatic:
    """Return the gates that were found, whatever a person decided since."""
    pair = data["matched"].get(data["assignment"].get(sample)) or data["general"]
    borders = {dye: axis.get("automatic", axis["threshold"]) for dye, axis in pair.items()}
    sources = {dye: str(axis.get("found_on", axis["source"])) for dye, axis in pair.items()}
    off = data["debris_state"] == "off"
    debris = None if off else DebrisGate(data["debris"], data["debris_state"], 0.0, None, None, None, 0)
    return Automatic(borders, sources, debris)
