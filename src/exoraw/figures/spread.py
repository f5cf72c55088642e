"""What stands for a group: mean with SD or SEM, on a log axis the geometric one, median and quartiles."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ErrorBar = Literal["SD", "SEM"]
LEAST_FOR_ERROR = 3  # units; two are shown as what they are, two points (as journals ask)
LEAST_FOR_BOX = 5  # units; quartiles of fewer are hardly more than the points themselves
WHISKER = 1.5  # of the distance between the quartiles (Tukey 1977)


@dataclass(frozen=True)
class Spread:
    """Centre and ends of a group's error bar; NaN where there is none (n = 0, n < 3)."""

    n: int
    centre: float
    low: float
    high: float


@dataclass(frozen=True)
class Quartiles:
    """A box: quartiles as numpy and R type 7 compute them, whiskers at the furthest unit within 1.5 boxes."""

    median: float
    q1: float
    q3: float
    low: float
    high: float


def mean_and_error(values: FloatArray, error: ErrorBar, *, log: bool = False) -> Spread:
    """Return mean ± SD or SEM of finite values, (n,); with `log` geometric mean and factor (values > 0).

    The SD has n - 1 in its denominator; SEM = SD / sqrt(n). Fewer than three units have no error bar.
    """
    count = int(values.size)
    if count == 0:
        return Spread(0, math.nan, math.nan, math.nan)
    used = np.log(values) if log else values
    centre = float(np.mean(used))
    half = math.nan
    if count >= LEAST_FOR_ERROR:
        with np.errstate(over="ignore", invalid="ignore"):  # the square of a huge value is no double
            half = float(np.std(used, ddof=1))
    half = half if math.isfinite(half) else math.nan
    if error == "SEM":
        half /= math.sqrt(count)
    ends = (centre, centre - half, centre + half)
    return Spread(count, *(tuple(map(math.exp, ends)) if log else ends))


def quartiles(values: FloatArray) -> Quartiles:
    """Return the box of at least one finite value, (n,)."""
    q1, median, q3 = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    reach = WHISKER * (q3 - q1)
    inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
    low, high = (float(inside.min()), float(inside.max())) if inside.size else (q1, q3)
    return Quartiles(median, q1, q3, min(low, q1), max(high, q3))


def few_words(spreads: Iterable[Spread]) -> list[str]:
    """Return the sentence that says why some means carry no error bar, where some do not."""
    few = any(0 < one.n < LEAST_FOR_ERROR for one in spreads)
    return [f"No error bar where n < {LEAST_FOR_ERROR}.".replace(" < ", "\u00a0<\u00a0")] if few else []


def error_words(error: ErrorBar, *, log: bool) -> str:
    """Return what centre and error bar are, in words."""
    return f"geometric mean ×/÷ geometric {error}" if log else f"mean ± {error}"
