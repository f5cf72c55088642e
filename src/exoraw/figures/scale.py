"""A value axis in points of paper: its ends, round ticks, a shared power of ten, linear or logarithmic."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from exoraw.figures import words

FloatArray = NDArray[np.float64]
ROOM = 0.05  # of the range, free beyond the outermost value
PLAIN = (1e-3, 1e5)  # sizes whose ticks are written without a power of ten
MOST_TICKS = 6
STEPS = [1, 2, 2.5, 5, 10]


@dataclass(frozen=True)
class Scale:
    """One value axis.

    low, high : values at its two ends
    length : pt from end to end
    ticks, labels : values and what stands beside them
    minor : values of unlabelled ticks (logarithmic only)
    exponent : power of ten that the labels are short of
    """

    low: float
    high: float
    length: float
    log: bool
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    minor: tuple[float, ...] = ()
    exponent: int = 0

    def points(self, values: ArrayLike) -> FloatArray:
        """Return how many pt from the low end values lie; values that a log axis cannot show are NaN."""
        array = np.asarray(values, dtype=np.float64)
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                share = (np.log(np.where(array > 0, array, np.nan)) - math.log(self.low)) / self._decades()
        else:
            share = (array - self.low) / (self.high - self.low)
        return np.asarray(share * self.length)

    def value(self, points: float) -> float:
        """Return the value that lies this many pt from the low end."""
        share = points / self.length
        if self.log:
            return math.exp(math.log(self.low) + share * self._decades())
        return float(self.low + share * (self.high - self.low))

    def _decades(self) -> float:
        """Return the ln from end to end; a quotient of the ends could overflow."""
        return math.log(self.high) - math.log(self.low)


def linear_scale(
    reach: Iterable[float], length: float, *, from_zero: bool, ceiling: float | None = None
) -> Scale:
    """Return a linear axis that holds every value of `reach` and ends at round ticks.

    Parameters
    ----------
    reach : values that must lie on it; none gives 0 to 1
    from_zero : 0 lies on it too
    ceiling : value that cannot be passed (100 %): the axis ends there where the data come near
    """
    inside = [float(value) for value in reach if math.isfinite(value)] + ([0.0] if from_zero else [])
    low, high = (min(inside), max(inside)) if inside else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        pad = abs(high) * 0.1 or 1.0
        low, high = (low if from_zero and low == 0 else low - pad), high + pad
    room = (high - low) * ROOM
    bottom = low if from_zero and low == 0 else low - room
    top = high if from_zero and high == 0 else high + room
    if low >= 0 > bottom:
        bottom = 0.0
    if ceiling is not None and high <= ceiling < top:
        top = ceiling
    ticks = MaxNLocator(nbins=MOST_TICKS, steps=STEPS).tick_values(bottom, top)
    slack = 1e-9 * (top - bottom)
    kept = [float(tick) for tick in ticks if bottom - slack <= tick <= top + slack]
    exponent = shared_exponent(max(abs(bottom), abs(top)))
    return Scale(bottom, top, length, False, tuple(kept), tuple(_tick_texts(kept, exponent)), (), exponent)


def shared_exponent(top: float) -> int:
    """Return the power of ten, a multiple of 3, that keeps an axis' numbers short; 0 for usual sizes."""
    if top == 0 or PLAIN[0] * 10 <= top < PLAIN[1]:
        return 0
    return math.floor(math.log10(top) / 3) * 3


def _tick_texts(ticks: list[float], exponent: int) -> list[str]:
    scaled = [tick / 10.0**exponent for tick in ticks]
    step = min((abs(b - a) for a, b in itertools.pairwise(scaled)), default=1.0)
    decimals = 0
    while decimals < 12 and abs(round(step, decimals) - step) > 1e-6 * step:
        decimals += 1
    texts = [f"{value:,.{decimals}f}" for value in scaled]
    return [("0" if float(text.replace(",", "")) == 0 else text).replace("-", words.MINUS) for text in texts]


def log_scale(reach: Iterable[float], length: float) -> Scale:
    """Return a logarithmic axis over the positive values of `reach`, with ticks at powers of ten."""
    inside = [float(value) for value in reach if math.isfinite(value) and value > 0]
    low, high = (min(inside), max(inside)) if inside else (1.0, 10.0)
    margin = max((math.log10(high) - math.log10(low)) * ROOM, 0.08)
    bottom, top = math.log10(low) - margin, math.log10(high) + margin
    decades = [e for e in range(math.floor(bottom), math.ceil(top) + 1) if bottom <= e <= top]
    if len(decades) < 2:
        return _short_log(bottom, top, length)
    step = math.ceil(len(decades) / MOST_TICKS)
    major = [e for e in decades if e % step == 0]
    minor = [m * 10.0**e for e in range(math.floor(bottom), math.ceil(top)) for m in range(2, 10)]
    if step > 1:
        minor = [10.0**e for e in decades if e % step]
    return Scale(
        10.0**bottom, 10.0**top, length, True, tuple(10.0**e for e in major), tuple(map(power_text, major)),
        tuple(m for m in minor if 10.0**bottom <= m <= 10.0**top),
    )  # fmt: skip


def _short_log(bottom: float, top: float, length: float) -> Scale:
    """Return a log axis of less than two decades: ticks at 1, 2, 5 and their tens; written out."""
    span = range(math.floor(bottom) - 1, math.ceil(top) + 1)
    inside = [m * 10.0**e for e in span for m in range(1, 10) if bottom <= math.log10(m * 10.0**e) <= top]
    ticks = [
        value for value in inside if round(value / 10 ** math.floor(math.log10(value) + 1e-9)) in {1, 2, 5}
    ]
    if len(ticks) < 2:
        ticks = inside if len(inside) >= 2 else [10.0**bottom, 10.0**top]
    return Scale(
        10.0**bottom, 10.0**top, length, True, tuple(ticks), tuple(words.number(tick) for tick in ticks),
        tuple(value for value in inside if value not in ticks),
    )  # fmt: skip


def power_text(exponent: int) -> str:
    """Write a decade: 0.01 to 1000 as numbers, others as powers of ten."""
    return words.number(10.0**exponent) if -2 <= exponent <= 3 else words.power_of_ten(exponent)
