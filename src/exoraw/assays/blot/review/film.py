"""The picture as the browser gets it: the raw signal on a scale of its own, for looking only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.lanes.arrays import AnyImage

LARGEST_SIDE = 2_400  # pixels that travel to the browser; a larger picture is averaged, clicks are raw pixels
CLIPPED = 65_535  # in the place of what sits on the detector's ceiling
TOP = 65_534
WHITE, DARK = 1.0, 99.7  # percentiles drawn white and black at first; those of the report's pictures


@dataclass(frozen=True)
class Film:
    """A picture made ready for the browser.

    Parameters
    ----------
    levels : (rows, columns) 0 to 65,534 from the darkest to the brightest signal; 65,535 where it is clipped
    step : raw pixels, in each direction, that one of them stands for
    white, dark : levels that are drawn white and black at first
    ground : level of the usual pixel, the membrane itself: drawn white at the hardest contrast
    """

    levels: npt.NDArray[np.uint16]
    step: int
    white: float
    dark: float
    ground: float

    def packed(self) -> bytes:
        """Return the levels, little-endian, row by row."""
        return np.ascontiguousarray(self.levels, dtype="<u2").tobytes()


def film_of(pixels: AnyImage, ceiling: float | None) -> Film:
    """Return a picture for the browser.

    Parameters
    ----------
    pixels : (rows, columns) signal, bands bright
    ceiling : value of clipped pixels; None where there are none
    """
    step = max(1, -(-max(pixels.shape) // LARGEST_SIDE))
    signal = _blocks(np.asarray(pixels, dtype=np.float32), step).mean(axis=(1, 3))
    low, high = float(signal.min()), float(signal.max())
    scaled = (signal - low) * (TOP / max(high - low, 1e-12))
    white, ground, dark = (float(level) for level in np.percentile(scaled, (WHITE, 50, DARK)))
    levels = np.round(scaled).astype(np.uint16)
    if ceiling is not None:
        levels[_blocks(pixels, step).max(axis=(1, 3)) >= ceiling] = CLIPPED
    return Film(levels, step, white, max(dark, white + 1), ground)


def _blocks(pixels: AnyImage, step: int) -> AnyImage:
    """(rows, step, columns, step): what is left over at the right and lower edge is not drawn."""
    rows, columns = (side // step for side in pixels.shape)
    return pixels[: rows * step, : columns * step].reshape(rows, step, columns, step)
