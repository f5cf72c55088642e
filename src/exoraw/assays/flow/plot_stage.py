"""A picture's frame, drawn once: tubes of a batch share their axes, and these cost more than the events."""

from __future__ import annotations

import io
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes as MplAxes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.plot_parts import DPI, frame

PALETTE_COLOURS = 128
KEPT = 12  # frames of a worker: those of the last batches; 2 MB each


@dataclass(frozen=True)
class Place:
    """Where a plot stands in the picture and what its axes are.

    Parameters
    ----------
    rect : left, bottom, width, height in parts of the picture
    across, up : the axes; without `up` the heights carry no unit
    small : whether its letters are small
    """

    rect: tuple[float, float, float, float]
    across: PlotAxis
    up: PlotAxis | None
    small: bool = False


class Stage:
    """A figure with framed plots, on which tube after tube is drawn."""

    def __init__(self, size: tuple[float, float], places: Sequence[Place]) -> None:
        self.figure = Figure(figsize=size, dpi=DPI)
        self.plots = tuple(self.figure.add_axes(place.rect) for place in places)
        for plot, place in zip(self.plots, places, strict=True):
            frame(plot, (place.across, place.up), small=place.small)
        self._canvas = FigureCanvasAgg(self.figure)
        with quiet_about_letters():
            self._canvas.draw()
        self._empty: Any = self._canvas.copy_from_bbox(self.figure.bbox)  # matplotlib's own buffer
        self._frames = {plot: frozenset(plot.get_children()) for plot in self.plots}

    def png(self) -> bytes:
        """Draw what was added over the frame; spines stay above the events and below the borders."""
        self._canvas.restore_region(self._empty)
        renderer = self._canvas.get_renderer()
        with quiet_about_letters():
            for plot in self.plots:
                shown = [*self._added(plot), *plot.spines.values()]
                for artist in sorted(shown, key=lambda one: one.get_zorder()):
                    artist.draw(renderer)
            for text in self.figure.texts:
                text.draw(renderer)
        return encoded(self._canvas)

    def clear(self) -> None:
        """Take everything away but the frame."""
        for artist in [*(one for plot in self.plots for one in self._added(plot)), *self.figure.texts]:
            artist.remove()

    def _added(self, plot: MplAxes) -> list[Artist]:
        return [one for one in plot.get_children() if one not in self._frames[plot]]


class _Kept(threading.local):
    """The stages of a thread, the last used at the end: a figure is no two threads' business."""

    def __init__(self) -> None:
        self.stages: OrderedDict[tuple[object, ...], Stage] = OrderedDict()


_KEPT = _Kept()


@contextmanager
def stage(size: tuple[float, float], places: Sequence[Place]) -> Iterator[Stage]:
    """Give a framed figure to draw one tube on; it is empty again afterwards.

    Parameters
    ----------
    size : inches
    places : of its plots, in the order of `Stage.plots`
    """
    key = (size, *places)
    kept = _KEPT.stages
    found = kept.pop(key, None) or Stage(size, places)
    try:
        yield found
    finally:
        found.clear()
    kept[key] = found
    while len(kept) > KEPT:
        kept.popitem(last=False)


def png(figure: Figure) -> bytes:
    """Render to an 8-bit palette PNG without dates or software names: equal numbers give equal bytes."""
    canvas = FigureCanvasAgg(figure)
    with quiet_about_letters():
        canvas.draw()
    return encoded(canvas)


@contextmanager
def quiet_about_letters() -> Iterator[None]:
    """A letter that no installed font has is drawn as a box, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def encoded(canvas: FigureCanvasAgg) -> bytes:
    """What was drawn, as an 8-bit palette PNG."""
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
    buffer = io.BytesIO()
    image.quantize(PALETTE_COLOURS, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG", optimize=False)
    return buffer.getvalue()
