"""Whether bands are brighter or darker than the membrane, decided from the pixels and never from a tag.

ImageQuant 800 and Image Lab write "0 is white" over data whose bands are large numbers; other programs
write the same over inverted exports. Only the picture itself tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Polarity = Literal["signal bright", "inverted"]
LOOKED_AT = 400  # pixels along the longer side, after averaging
TAIL = 1.0  # percentile that stands for an end: single hot or dead pixels do not decide
# Real blots of ../shared/data/blots lie at 5 and above, simulated rows cropped to 4 pixels around the band at
# 2.3 and above; their inverted copies at the reciprocal.
DECIDED = 1.5
_MOST = 1e3


@dataclass(frozen=True)
class PolarityChoice:
    """Which way round a picture is, and what showed it.

    Parameters
    ----------
    polarity : "signal bright" (taken as stored) or "inverted" (bands are dark in the file)
    score : geometric mean of two ratios, above 1 where bands are bright: how far columns reach above their
        median against how far below it, and the same for the whole picture around the median of its border
    certain : the score or its reciprocal is at least 1.5
    evidence : the same in words
    """

    polarity: Polarity
    score: float
    certain: bool
    evidence: str


def polarity_of(pixels: npt.NDArray[Any], says_white_zero: bool = False) -> PolarityChoice:
    """Decide polarity from the pixels.

    Bands are thin: in every column most pixels are membrane, so the column's median is membrane, and bands
    are what lies far from it. The border of a picture is membrane or table as well.

    Parameters
    ----------
    pixels : (rows, columns), finite, arbitrary units
    says_white_zero : the file's tag; only mentioned in the evidence

    Returns
    -------
    PolarityChoice; "signal bright" where nothing shows
    """
    small = averaged_down(pixels, LOOKED_AT)
    columns, border = _column_ratio(small), _border_ratio(small)
    score = math.sqrt(columns * border)
    certain = max(score, 1.0 / score) >= DECIDED
    polarity: Polarity = "inverted" if certain and score < 1.0 else "signal bright"
    tag = " The file's tag says that 0 is white; it decides nothing." if says_white_zero else ""
    seen = "dark" if polarity == "inverted" else "bright"
    words = f"the pixels show {seen} bands" if certain else "the pixels do not show it"
    evidence = (
        f"{words}: columns reach {columns:.3g} times as far above their median as below it, the picture "
        f"{border:.3g} times around its border.{tag}"
    )
    return PolarityChoice(polarity, score, certain, evidence)


def averaged_down(pixels: npt.NDArray[Any], side: int) -> npt.NDArray[np.float64]:
    """Means of square blocks so that the longer side has at most about `side` pixels."""
    step = max(1, -(-max(pixels.shape) // side))
    step = min(step, *pixels.shape)
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    blocks = pixels[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))


def _column_ratio(small: npt.NDArray[np.float64]) -> float:
    low, middle, high = np.percentile(small, (TAIL, 50.0, 100.0 - TAIL), axis=0)
    return _ratio(float(np.sum(high - middle)), float(np.sum(middle - low)))


def _border_ratio(small: npt.NDArray[np.float64]) -> float:
    border = float(np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])))
    low, high = np.percentile(small, (TAIL, 100.0 - TAIL))
    return _ratio(float(high) - border, border - float(low))


def _ratio(above: float, below: float) -> float:
    """Quotient of the two, kept between 1/1000 and 1000; 1 where neither reaches anywhere."""
    above, below = max(above, 0.0), max(below, 0.0)
    if above == 0.0 and below == 0.0:
        return 1.0
    return min(max(above / below if below else _MOST, 1.0 / _MOST), _MOST)
