"""The scales on which gates are drawn: those of GatingML 2.0, and FlowJo's own biex and log."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.transforms import (
    Arcsinh,
    Hyperlog,
    Linear,
    Log,
    Logicle,
    Ticks,
    TransformError,
    decade_ticks,
    log_ticks,
)

__all__ = [
    "BIEX_CHANNELS",
    "Arcsinh",
    "Biex",
    "Fasinh",
    "FlowJoLog",
    "Hyperlog",
    "Linear",
    "Log",
    "Logicle",
    "Scale",
]

LN10 = float(np.log(10.0))
BIEX_CHANNELS = 4096  # FlowJo's biex axis counts from 0 to this (cytolib: channelRange)
WIDEST_BIEX_DECADES = 30.0  # FlowJo offers 2 to 8; more would overflow the table


@dataclass(frozen=True)
class Fasinh:
    """GatingML's fasinh: y = (arcsinh(x sinh(m ln 10) / t) + a ln 10) / ((m + a) ln 10).

    The same curve as `Arcsinh` with cofactor t / sinh(m ln 10), laid so that forward(t) is 1.

    Parameters
    ----------
    t : top of the scale
    m : decades on the positive side
    a : additional decades below zero; 0 <= a <= m
    """

    t: float = 262144.0
    m: float = 4.5
    a: float = 0.0

    def __post_init__(self) -> None:
        t, m, a = self.t, self.m, self.a
        if not (np.isfinite([t, m, a]).all() and t > 0 and 0 < m <= 300 and 0 <= a <= m):
            raise TransformError(
                f"fasinh: T={t}, M={m}, A={a} is no scale; it needs T > 0, 0 < M <= 300 and 0 <= A <= M."
            )

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return display units, same shape, float64."""
        pitch = np.sinh(self.m * LN10) / self.t
        curve = np.arcsinh(np.asarray(linear, dtype=np.float64) * pitch)
        return np.asarray((curve + self.a * LN10) / ((self.m + self.a) * LN10))

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return linear signal, same shape, float64."""
        curve = np.asarray(display, dtype=np.float64) * (self.m + self.a) * LN10 - self.a * LN10
        return np.asarray(np.sinh(curve) * self.t / np.sinh(self.m * LN10))

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` to `high` in linear units."""
        return decade_ticks(self, low, high)


@dataclass(frozen=True)
class FlowJoLog:
    """FlowJo 10's log axis: y = log10(max(x, offset) / offset) / decades; dimmer events lie on its edge.

    Parameters
    ----------
    offset : signal at the left end, above 0
    decades : length of the axis, above 0
    """

    offset: float
    decades: float

    def __post_init__(self) -> None:
        sound = np.isfinite([self.offset, self.decades]).all() and self.offset > 0 and self.decades > 0
        if not sound:
            raise TransformError(
                f"FlowJo log: offset={self.offset}, decades={self.decades} is no scale; both must be above 0."
            )

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return the share of the axis, same shape, float64; 0 at the offset and below."""
        values = np.maximum(np.asarray(linear, dtype=np.float64), self.offset)
        return np.asarray(np.log10(values / self.offset) / self.decades)

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return linear signal, same shape, float64."""
        return np.asarray(self.offset * np.power(10.0, np.asarray(display, dtype=np.float64) * self.decades))

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` (above 0) to `high` in linear units."""
        return log_ticks(self, low, high)


@dataclass(frozen=True)
class Biex:
    """FlowJo 10's biexponential axis, from 0 to 4096, read off FlowJo's own lookup table.

    The table is the one that cytolib (RGLab) and FlowKit publish from FlowJo's legacy code: 4,097 points,
    straight lines between them; what lies off the table is laid on its edge, as FlowJo does.

    Parameters
    ----------
    positive : decades above the linear region (`pos`)
    negative : additional decades below zero (`neg`)
    width : FlowJo's width basis, -1 (narrow) to -1000 (wide)
    top : largest signal of the axis (`maxRange`)
    """

    positive: float = 4.418540
    negative: float = 0.0
    width: float = -10.0
    top: float = 262144.0

    def __post_init__(self) -> None:
        half = np.log10(-self.width) / 2 if np.isfinite(self.width) and self.width < 0 else np.nan
        numbers = [self.positive, self.negative, self.width, self.top, half]
        sound = bool(np.isfinite(numbers).all()) and self.width <= -1 and self.top > 0
        if not (
            sound and half < self.positive <= WIDEST_BIEX_DECADES and self.negative <= WIDEST_BIEX_DECADES
        ):
            raise TransformError(
                f"FlowJo biex: pos={self.positive}, neg={self.negative}, width={self.width}, "
                f"maxRange={self.top} is no scale; it needs width <= -1, maxRange > 0 and more "
                f"positive decades than half the width's (at most {WIDEST_BIEX_DECADES:.0f})."
            )

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return channels 0 to 4096, same shape, float64."""
        signal, channel = _biex_table(self)
        return np.asarray(np.interp(np.asarray(linear, dtype=np.float64), signal, channel))

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return linear signal, same shape, float64; clamped to the table."""
        signal, channel = _biex_table(self)
        return np.asarray(np.interp(np.asarray(display, dtype=np.float64), channel, signal))

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` to `high` in linear units."""
        return decade_ticks(self, low, high)


Scale = Linear | Log | Fasinh | Arcsinh | Logicle | Hyperlog | FlowJoLog | Biex


@lru_cache(maxsize=256)
def _biex_table(scale: Biex) -> tuple[FloatArray, FloatArray]:
    """Signal (ascending) of the channels 0 to 4096 of FlowJo's biex axis."""
    half_width = np.log10(-scale.width) / 2
    extra = max(scale.negative, 0.0) + half_width
    decades = scale.positive - half_width
    zero = min(int(extra * BIEX_CHANNELS / (extra + decades)), BIEX_CHANNELS // 2)
    if zero > 0:  # zero falls on a whole channel, and the decades give way
        decades = extra * BIEX_CHANNELS / zero
    width = half_width / decades
    rise = LN10 * decades
    fall = _falling_exponent(rise, width)
    channel = np.arange(BIEX_CHANNELS + 1, dtype=np.float64)
    share = channel / (BIEX_CHANNELS + 1)
    fading = np.exp((rise + fall) * (width + extra / decades) - share * fall)
    curve = np.exp(share * rise) - fading
    signal = scale.top / np.exp(rise) * (curve - curve[zero])
    signal[:zero] = -signal[2 * zero : zero : -1]  # the negative side mirrors the positive one
    signal.setflags(write=False)
    channel.setflags(write=False)
    return signal, channel


def _falling_exponent(rise: float, width: float) -> float:
    """Solve 2 ln(d / rise) + width (rise + d) = 0 for the exponent of the falling term, 0 < d <= rise.

    The left side rises with d, so halving the interval finds the only solution, to the last digit.
    """
    low, high = 0.0, rise
    while low < (middle := (low + high) / 2) < high:
        if 2 * math.log(middle / rise) + width * (rise + middle) < 0:
            low = middle
        else:
            high = middle
    return high
