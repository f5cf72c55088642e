"""An axis of the flow pictures: where a value lies on it, and which ticks it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.transforms import TickedTransform, Ticks

LABEL_ROOM = 0.085  # of an axis: labels nearer than this touch


@dataclass(frozen=True)
class PlotAxis:
    """One axis of a picture.

    Parameters
    ----------
    label : "Annexin V-FITC (FITC-A)"
    transform : None for a linear axis
    low, high : what is shown, in linear units; events beyond lie on the edge
    """

    label: str
    transform: TickedTransform | None
    low: float
    high: float

    def place(self, linear: FloatArray) -> FloatArray:
        """Position of every value between 0 (low) and 1 (high); beyond is put on the edge."""
        start, end = self._display(np.array([self.low, self.high]))
        where = (self._display(np.asarray(linear, dtype=np.float64)) - start) / (end - start)
        within: FloatArray = np.clip(np.nan_to_num(where, nan=0.0), 0.0, 1.0)
        return within

    def _display(self, linear: FloatArray) -> FloatArray:
        if self.transform is None:
            return linear
        display: FloatArray = self.transform.forward(linear)
        return display

    def ticks(self) -> tuple[list[float], list[str], list[float]]:
        """Major positions with labels, and minor positions, all between 0 and 1."""
        if self.transform is None:
            return _linear_ticks(self.low, self.high)
        ticks: Ticks = self.transform.ticks(self.low, self.high)
        start, end = self._display(np.array([self.low, self.high]))
        scaled = [[(value - start) / (end - start) for value in side] for side in (ticks.major, ticks.minor)]
        return scaled[0], _apart(scaled[0], list(ticks.labels)), scaled[1]


def _apart(places: list[float], labels: list[str]) -> list[str]:
    """Blank the labels that would touch a neighbour; zero stays first, then the decades outwards."""
    kept: list[float] = []
    shown = [""] * len(labels)
    zero = places[labels.index("0")] if "0" in labels else 0.0
    for index in sorted(range(len(labels)), key=lambda i: (labels[i] != "0", -abs(places[i] - zero))):
        if all(abs(places[index] - other) >= LABEL_ROOM for other in kept):
            kept.append(places[index])
            shown[index] = labels[index]
    return shown


def _linear_ticks(low: float, high: float) -> tuple[list[float], list[str], list[float]]:
    """Ticks of a linear axis from 0, in thousands where it is long: "50K" as cytometers write it."""
    step = 10 ** np.floor(np.log10((high - low) / 2))
    step = next(step * factor for factor in (1, 2, 2.5, 5, 10) if (high - low) / (step * factor) <= 6)
    values = np.arange(np.ceil(low / step) * step, high + step * 1e-9, step)
    labels = [f"{value / 1000:g}K" if high >= 10_000 and value else f"{value:g}" for value in values]
    return [float((value - low) / (high - low)) for value in values], labels, []
