"""The value at which the detector clipped, found from the pixels: imagers clip below what bits allow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

PLATEAU = 8  # pixels that must share the maximum before it counts as a ceiling
NEIGHBOURS = 8  # next lower values that occur: a ceiling towers over them, the tip of a histogram does not
TOWERS = 3.0  # times the fullest of those
_SPARE = 4_096  # of the largest values: more do not change which of them are the next lower ones
_LARGE, _SAMPLED = 4_000_000, 100_000  # pixels


def saturation_ceiling(pixels: npt.NDArray[Any], *, plateau: int = PLATEAU) -> float | None:
    """Value on which clipped pixels sit, or None where no pixel is clipped.

    The ceiling is not assumed to be 65535: imagers clip lower (Bio-Rad at 65520 or 65522). It is the maximum
    itself where at least `plateau` pixels share it, and where these are more than three times as many as
    at any of the eight next lower values that occur: in an 8-bit picture several pixels share every value,
    the largest too.

    Parameters
    ----------
    pixels : any shape, arbitrary intensity units, signal bright, finite
    plateau : pixels that must share the maximum
    """
    if pixels.size == 0:
        return None
    top = pixels.max()
    at_top = int(np.count_nonzero(pixels == top))
    if at_top < plateau or at_top == pixels.size:
        return None
    below = _largest_below(pixels, top, max(_SPARE, at_top))
    _, counts = np.unique(below, return_counts=True)
    fullest = int(counts[-NEIGHBOURS:].max()) if counts.size else 0
    return float(top) if at_top > TOWERS * fullest else None


def _largest_below(pixels: npt.NDArray[Any], top: Any, number: int) -> npt.NDArray[Any]:
    """The `number` largest values below the maximum; of a large picture only the brightest are copied."""
    below = pixels.ravel()
    if below.size > _LARGE:
        floor = np.percentile(below[:: below.size // _SAMPLED], 99.0)
        brightest = below[below >= floor]
        below = brightest if np.count_nonzero(brightest < top) >= number else below
    below = below[below < top]
    kept = min(number, below.size)
    largest: npt.NDArray[Any] = np.partition(below, below.size - kept)[-kept:] if kept else below
    return largest


def ceiling_fraction(pixels: npt.NDArray[Any], ceiling: float | None) -> float:
    """Share of pixels on the ceiling, in [0, 1]; 0 where there is none."""
    if ceiling is None or pixels.size == 0:
        return 0.0
    return float(np.count_nonzero(pixels >= ceiling) / pixels.size)
