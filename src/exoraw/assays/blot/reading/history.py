"""What happened to a picture between the imager and this file, as far as its pixels still tell.

Colours, drawings, 8 bits inside 16, combs of missing grey levels, cut ends, curves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.reading.findings import finding
from exoraw.assays.contract import Finding

SLAB = 1_000_000  # pixels that are compared at a time
LOOKED_AT = 2_000_000  # pixels for histograms, evenly spread: more change no conclusion
COLOURED = 0.04  # difference between colours, of full scale, below which a pixel counts as grey (JPEG: 2 %)
PHOTOGRAPH = 0.02  # share of coloured pixels above which the picture itself is coloured
DRAWN_COLOUR = 2e-5  # share of coloured pixels above which something was drawn in colour
REACH = 3  # pixels to both sides of a stroke
STROKE = 0.6  # of the range, by which a stroke stands out on both sides
PLACE = 24  # pixels: side of the squares in which pixels of strokes are counted
DRAWN, LEAST_PLACES = 20, 2  # pixels of strokes that fill a square; squares that make a drawing
CUT_LOW, CUT_HIGH = 0.01, 0.002  # shares of pixels on the two ends above which both are cut
WINDOW = 17  # levels around one over which its expected number of pixels is taken
MOST_LEVELS = 1 << 17
LEAST_PER_LEVEL = 12.0  # pixels a level must be expected to have before its absence counts
MISSING = 0.04  # share of missing levels above which it is a comb
ONE_SIDED = 4.0  # times as many gaps in the darker half of the levels as in the brighter one: a curve


def grey_of(pixels: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[Finding, ...]]:
    """One grey value per pixel of an RGB picture, with what its colours mean.

    Equal channels give that channel unchanged. Otherwise luminance (ITU-R BT.601) is taken, and a finding
    says whether the picture is a coloured one or a grey one with coloured drawings.

    Parameters
    ----------
    pixels : (rows, columns, 3)
    """
    red, green, blue = pixels[:, :, 0], pixels[:, :, 1], pixels[:, :, 2]
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.ascontiguousarray(red), ()
    rows, columns = red.shape
    out = np.empty((rows, columns), dtype=np.float32)
    full = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind in "ui" else float(np.max(pixels)) or 1.0
    coloured = 0
    step = max(1, 4_000_000 // columns)  # in slices: an RGB picture in floating point would take much memory
    for top in range(0, rows, step):
        part = pixels[top : top + step].astype(np.float32)
        out[top : top + step] = part @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        coloured += int(np.count_nonzero(np.ptp(part, axis=2) > COLOURED * full))
    return out, _colour_findings(coloured / (rows * columns))


def _colour_findings(share: float) -> tuple[Finding, ...]:
    if share > PHOTOGRAPH:
        message = f"{share:.1%} of the pixels are coloured; their luminance was taken."
        return (finding("photograph", message, share, PHOTOGRAPH),)
    if share > DRAWN_COLOUR:
        message = (
            f"The picture is grey, but {share:.2%} of its pixels are coloured: something is drawn on it."
        )
        return (finding("annotated", message, share, DRAWN_COLOUR),)
    return ()


def drawing_findings(pixels: npt.NDArray[Any]) -> tuple[Finding, ...]:
    """Whether letters, arrows or frames are drawn over the picture.

    A drawn stroke is at most a few pixels wide and stands out by most of the range on both sides; bands and
    the edge of a gel do not. Hot pixels and dust do, but a stroke is long: in places of 24 x 24 pixels it
    leaves 24 to 102 such pixels, dust at most 17 (all real and simulated blots of ../shared, also stretched).

    Parameters
    ----------
    pixels : (rows, columns), finite
    """
    jump = STROKE * (float(pixels.max()) - float(pixels.min()))
    if jump <= 0.0 or min(pixels.shape) < PLACE:
        return ()
    places = 0
    for part in _slabs(pixels):
        if np.ptp(part) > jump:
            places += int(np.count_nonzero(_strokes_by_place(part, jump) >= DRAWN))
    if places < LEAST_PLACES:
        return ()
    message = f"Thin strokes that stand out by most of the range fill {places} places of the picture."
    return (finding("annotated", message, float(places), LEAST_PLACES),)


def _slabs(pixels: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.float32]]:
    """The picture in slabs of whole places."""
    rows, columns = pixels.shape
    height = max(1, SLAB // columns // PLACE) * PLACE
    for top in range(0, rows - PLACE + 1, height):
        yield pixels[top : top + height].astype(np.float32)


def _strokes_by_place(part: npt.NDArray[np.float32], jump: float) -> npt.NDArray[np.int64]:
    """Pixels of strokes in every place of a slab."""
    stroke = np.zeros(part.shape, dtype=bool)
    middle = part[:, REACH:-REACH]
    before, behind = middle - part[:, : -2 * REACH], middle - part[:, 2 * REACH :]
    stroke[:, REACH:-REACH] = _both(before, behind, jump)
    middle = part[REACH:-REACH]
    before, behind = middle - part[: -2 * REACH], middle - part[2 * REACH :]
    stroke[REACH:-REACH] |= _both(before, behind, jump)
    down, across = part.shape[0] // PLACE, part.shape[1] // PLACE
    places = stroke[: down * PLACE, : across * PLACE].reshape(down, PLACE, across, PLACE)
    return np.asarray(places.sum(axis=(1, 3)).ravel(), dtype=np.int64)


def _both(
    before: npt.NDArray[np.float32], behind: npt.NDArray[np.float32], jump: float
) -> npt.NDArray[np.bool_]:
    """Where a pixel stands out to the same side from both of its neighbours."""
    return np.asarray((np.minimum(before, behind) > jump) | (np.maximum(before, behind) < -jump))


@dataclass(frozen=True)
class Levels:
    """The grey levels that occur in a whole-number picture, on the scale of their smallest step.

    Parameters
    ----------
    values : levels that occur, ascending
    counts : pixels on each
    """

    values: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    @property
    def pixels(self) -> int:
        """Pixels looked at."""
        return int(self.counts.sum())


def levels_of(pixels: npt.NDArray[Any]) -> Levels:
    """Grey levels of up to two million pixels, evenly spread."""
    step = max(1, pixels.size // LOOKED_AT)
    values, counts = np.unique(pixels.reshape(-1)[::step], return_counts=True)
    return Levels(values.astype(np.int64), counts.astype(np.int64))


def export_findings(pixels: npt.NDArray[Any], bits: int) -> tuple[Finding, ...]:
    """What an export did to the grey levels: depth, comb, curve, cut ends.

    Parameters
    ----------
    pixels : (rows, columns) whole numbers as stored; floating point pictures give nothing
    bits : of a stored sample
    """
    if pixels.dtype.kind not in "ui":
        return ()
    levels = levels_of(pixels)
    found = []
    if bits <= 8:
        message = f"The picture has 8 bits; {len(levels.values)} grey levels occur."
        found.append(finding("eight_bit", message, len(levels.values), 256))
    elif len(levels.values) <= 256 and levels.values[-1] - levels.values[0] > 1_000:
        message = (
            f"Only {len(levels.values)} values occur between {levels.values[0]} and {levels.values[-1]}."
        )
        found.append(finding("eight_bit_inside", message, len(levels.values), 256))
    found += _comb(levels, bits)
    found += _cut_ends(levels, 2**bits - 1)
    return tuple(found)


def _comb(levels: Levels, bits: int) -> list[Finding]:
    """Missing levels where many pixels should be; a curve where they crowd at the dark end."""
    counts, first = _dense(levels, bits)
    if counts.size < 2 * WINDOW:
        return []
    expected = np.convolve(counts, np.full(WINDOW, 1.0 / WINDOW), mode="same")
    crowded = expected >= LEAST_PER_LEVEL
    gaps = crowded & (counts == 0)
    number = int(np.count_nonzero(crowded))
    if number < WINDOW or np.count_nonzero(gaps) < MISSING * number:
        return []
    missing = float(np.count_nonzero(gaps) / number)
    places = np.flatnonzero(crowded)
    middle = (places[0] + places[-1]) // 2
    dark, bright = int(np.count_nonzero(gaps[:middle])), int(np.count_nonzero(gaps[middle:]))
    message = f"{missing:.0%} of the grey levels do not occur although their neighbours do (from {first})."
    if bits <= 8 and dark > ONE_SIDED * max(bright, 1):
        return [finding("gamma", f"{message} They are missing at the dark end, as after a curve.", missing)]
    return [finding("levels_missing", message, missing, MISSING)]


def _dense(levels: Levels, bits: int) -> tuple[npt.NDArray[np.int64], int]:
    """Pixels on every level from the darkest on; 16-bit data may have a common step (a camera of 12 bits)."""
    values, counts = levels.values, levels.counts
    steps = np.diff(values)
    step = int(np.gcd.reduce(steps)) if bits > 8 and steps.size else 1
    places = (values - values[0]) // max(step, 1)
    inside = places < MOST_LEVELS
    return np.bincount(places[inside], weights=counts[inside]).astype(np.int64), int(values[0])


def _cut_ends(levels: Levels, white: int) -> list[Finding]:
    """Both ends of the scale crowded, as a stretch between percentiles leaves them."""
    if levels.values[0] != 0 or levels.values[-1] < white or len(levels.values) < 3:
        return []
    low, high = levels.counts[0] / levels.pixels, levels.counts[-1] / levels.pixels
    if low < CUT_LOW or high < CUT_HIGH:
        return []
    message = f"{low:.1%} of the pixels are 0 and {high:.1%} are {white}: both ends are cut."
    return [finding("stretched", message, float(low + high), CUT_LOW)]


def gamma_findings(gamma: float | None, lossy: bool) -> tuple[Finding, ...]:
    """What the file itself says of a curve. JPEG pictures are made for screens and say nothing."""
    if gamma is None or lossy or abs(gamma - 1.0) < 0.02:
        return ()
    message = f"The file says that its values follow the light to the power of {gamma:.3g}."
    return (finding("gamma", message, gamma, 1.0),)
