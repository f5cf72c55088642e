"""Axes for cells: arcsinh, logicle and hyperlog show dim, negative and bright together; log; linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.transform_kernels import (
    SURE_HYPERLOG,
    SURE_LOGICLE,
    repaired,
    sure,
    through_kernel,
)
from exoraw.io.errors import ExorawError

DEFAULT_COFACTOR = 150.0  # usual for fluorescence on digital cytometers (Finak 2010, flowTrans)
NEGATIVE_QUANTILE = 0.05  # of the events below zero; Parks 2006, flowCore::estimateLogicle
NEGATIVE_QUANTILE_IN_SIGMA = 1.96  # where that quantile lies for noise centred on zero
COFACTOR_PER_SIGMA = 2.0  # below 1 the noise around zero shows as two peaks (see `estimate_arcsinh`)
MIN_NEGATIVE_EVENTS = 20  # fewer say nothing about the noise
CROWDED = 0.035  # of the axis: decades nearer to zero than this get no label
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class TransformError(ExorawError, ValueError):
    """Parameters that make no axis."""


@dataclass(frozen=True)
class Ticks:
    """Where an axis is labelled, in transformed units.

    `major` and `labels` belong together ("-10³", "0", "10⁴"); `minor` are the 2 to 9 between decades.
    """

    major: tuple[float, ...]
    labels: tuple[str, ...]
    minor: tuple[float, ...]


class Transform(Protocol):
    """A monotonic axis: linear signal to display units and back."""

    def forward(self, linear: FloatArray) -> FloatArray:
        """Display units of linear signal, same shape."""

    def inverse(self, display: FloatArray) -> FloatArray:
        """Linear signal of display units, same shape."""


class TickedTransform(Transform, Protocol):
    """A transform that knows where its axis is labelled."""

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` to `high` in linear units."""


@dataclass(frozen=True)
class Arcsinh:
    """y = arcsinh(x / cofactor): linear below the cofactor, logarithmic (natural) above it."""

    cofactor: float = DEFAULT_COFACTOR

    def __post_init__(self) -> None:
        if not (np.isfinite(self.cofactor) and self.cofactor > 0):
            raise TransformError(f"arcsinh: the cofactor is {self.cofactor}; it must be a number above 0.")

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return arcsinh(linear / cofactor), same shape, float64."""
        return np.arcsinh(np.asarray(linear, dtype=np.float64) / self.cofactor)

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return cofactor * sinh(display), same shape, float64."""
        return np.sinh(np.asarray(display, dtype=np.float64)) * self.cofactor

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` to `high` in linear units."""
        return decade_ticks(self, low, high)


@dataclass(frozen=True)
class Logicle:
    """The logicle scale of Parks (2006) and Moore & Parks (2012), as GatingML 2.0 defines it.

    Computed by FlowUtils' C kernels (extra `exoraw[flow]`).

    Parameters
    ----------
    t : top of the linear scale; forward(t) is 1
    w : decades in the linear region around zero; 0 <= w <= m / 2
    m : decades the scale shows in all
    a : additional decades below zero; -w <= a <= m - 2 w
    """

    t: float = 262144.0
    w: float = 0.5
    m: float = 4.5
    a: float = 0.0

    def __post_init__(self) -> None:
        t, w, m, a = self.t, self.w, self.m, self.a
        finite = bool(np.isfinite([t, w, m, a]).all())
        if not (finite and t > 0 and m > 0 and 0 <= w <= m / 2 and -w <= a <= m - 2 * w):
            raise TransformError(
                f"logicle: T={t}, W={w}, M={m}, A={a} is no scale; it needs T > 0, M > 0, 0 <= W <= M/2 and "
                "-W <= A <= M - 2W."
            )

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return display units, 0 to 1 between the scale's ends, same shape, float64; NaN stays NaN."""
        display = through_kernel("logicle_scale", self.t, self.w, self.m, self.a, linear)
        return display if sure(display, self.w >= SURE_LOGICLE) else repaired(self.inverse, linear, display)

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return linear signal, same shape, float64."""
        return through_kernel("logicle_inverse", self.t, self.w, self.m, self.a, display)

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` to `high` in linear units."""
        return decade_ticks(self, low, high)


@dataclass(frozen=True)
class Hyperlog:
    """The hyperlog scale of Bagwell (2005), as GatingML 2.0 defines it.

    Computed by FlowUtils' C kernels (extra `exoraw[flow]`).

    Parameters
    ----------
    t : top of the linear scale; forward(t) is 1
    w : decades in the linear region around zero; 0 < w <= m / 2
    m : decades the scale shows in all
    a : additional decades below zero; -w <= a <= m - 2 w
    """

    t: float = 262144.0
    w: float = 0.5
    m: float = 4.5
    a: float = 0.0

    def __post_init__(self) -> None:
        t, w, m, a = self.t, self.w, self.m, self.a
        finite = bool(np.isfinite([t, w, m, a]).all())
        if not (finite and t > 0 and m > 0 and 0 < w <= m / 2 and -w <= a <= m - 2 * w):
            raise TransformError(
                f"hyperlog: T={t}, W={w}, M={m}, A={a} is no scale; it needs T > 0, M > 0, 0 < W <= M/2 and "
                "-W <= A <= M - 2W."
            )

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return display units, 0 to 1 between the scale's ends, same shape, float64; NaN stays NaN."""
        display = through_kernel("hyperlog_scale", self.t, self.w, self.m, self.a, linear)
        return display if sure(display, self.w >= SURE_HYPERLOG) else repaired(self.inverse, linear, display)

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return linear signal, same shape, float64."""
        return through_kernel("hyperlog_inverse", self.t, self.w, self.m, self.a, display)

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` to `high` in linear units."""
        return decade_ticks(self, low, high)


@dataclass(frozen=True)
class Linear:
    """GatingML's flin: y = (x + a) / (t + a); 0 at -a, 1 at t.

    Parameters
    ----------
    t : top of the scale
    a : how far the axis reaches below zero; -t < a
    """

    t: float = 262144.0
    a: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite([self.t, self.a]).all() and self.t + self.a > 0):
            raise TransformError(f"linear: T={self.t}, A={self.a} is no scale; it needs T + A > 0.")

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return display units, same shape, float64."""
        return (np.asarray(linear, dtype=np.float64) + self.a) / (self.t + self.a)

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return linear signal, same shape, float64."""
        return np.asarray(display, dtype=np.float64) * (self.t + self.a) - self.a


@dataclass(frozen=True)
class Log:
    """GatingML's flog: y = log10(x / t) / m + 1.

    A signal of zero or less has no logarithm: it lies left of everything (-infinity), so that a gate
    without a lower bound holds it.

    Parameters
    ----------
    t : top of the scale; forward(t) is 1
    m : decades between 0 and 1
    """

    t: float = 262144.0
    m: float = 4.5

    def __post_init__(self) -> None:
        if not (np.isfinite([self.t, self.m]).all() and self.t > 0 and self.m > 0):
            raise TransformError(f"log: T={self.t}, M={self.m} is no scale; it needs T > 0 and M > 0.")

    def forward(self, linear: FloatArray) -> FloatArray:
        """Return display units, same shape, float64; -inf at zero and below."""
        values = np.asarray(linear, dtype=np.float64)
        with np.errstate(divide="ignore"):
            decades: FloatArray = np.log10(np.maximum(values, 0.0)) - np.log10(self.t)
        return decades / self.m + 1.0

    def inverse(self, display: FloatArray) -> FloatArray:
        """Return linear signal, same shape, float64."""
        return self.t * np.power(10.0, (np.asarray(display, dtype=np.float64) - 1.0) * self.m)

    def ticks(self, low: float, high: float) -> Ticks:
        """Ticks for an axis that shows `low` (above 0) to `high` in linear units."""
        return log_ticks(self, low, high)


def arcsinh(linear: FloatArray, cofactor: float = DEFAULT_COFACTOR) -> FloatArray:
    """Return arcsinh(linear / cofactor); see `Arcsinh`."""
    return Arcsinh(cofactor).forward(linear)


def logicle(
    linear: FloatArray, t: float = 262144.0, w: float = 0.5, m: float = 4.5, a: float = 0.0
) -> FloatArray:
    """Return the logicle display value of linear signal; see `Logicle`."""
    return Logicle(t, w, m, a).forward(linear)


def hyperlog(
    linear: FloatArray, t: float = 262144.0, w: float = 0.5, m: float = 4.5, a: float = 0.0
) -> FloatArray:
    """Return the hyperlog display value of linear signal; see `Hyperlog`."""
    return Hyperlog(t, w, m, a).forward(linear)


def log(linear: FloatArray, t: float = 262144.0, m: float = 4.5) -> FloatArray:
    """Return log10(linear / t) / m + 1, which is 1 at t and 0 m decades below it; see `Log`.

    Signal of zero or less has no logarithm and becomes -infinity: it lies left of everything.
    """
    return Log(t, m).forward(linear)


def linear(signal: FloatArray, t: float = 262144.0, a: float = 0.0) -> FloatArray:
    """Return (signal + a) / (t + a), which is 0 at -a and 1 at t; see `Linear`."""
    return Linear(t, a).forward(signal)


def estimate_logicle(linear: FloatArray, t: float = 262144.0, m: float = 4.5) -> Logicle:
    """Choose the linear width w so that the negative events fit (Parks 2006; flowCore::estimateLogicle).

    w = (m - log10(t / |r|)) / 2, where r is the 5th percentile of the events below zero, kept within
    [0, m / 2]. Without events below zero w is 0: the axis is then as logarithmic as logicle gets.

    Parameters
    ----------
    linear : (n,) compensated linear signal
    t : top of the scale ($PnR)
    m : decades shown
    """
    r = _negative_reach(linear)
    w = 0.0 if r is None else (m - np.log10(t / r)) / 2
    return Logicle(t, float(np.clip(w, 0.0, m / 2)), m)


def estimate_arcsinh(linear: FloatArray) -> Arcsinh:
    """Choose the cofactor from the noise around zero: twice its standard deviation.

    Gaussian noise of sd s centred on zero, drawn on arcsinh(x / c), has one peak for c >= s and two for
    c < s (second derivative of the log density at zero: 1 - c^2 / s^2). s is taken from the 5th
    percentile of the events below zero, the same figure that sets logicle's w. Without events below
    zero (old log amplifiers) the cofactor is the 1st percentile, so that nearly all events lie on the
    logarithmic part; where that is zero too, 150.

    Parameters
    ----------
    linear : (n,) linear signal
    """
    r = _negative_reach(linear)
    if r is not None:
        return Arcsinh(COFACTOR_PER_SIGMA * r / NEGATIVE_QUANTILE_IN_SIGMA)
    values = np.asarray(linear, dtype=np.float64)
    values = values[np.isfinite(values)]
    low = float(np.percentile(values, 1)) if values.size else 0.0
    return Arcsinh(low if low > 0 else DEFAULT_COFACTOR)


def _negative_reach(linear: FloatArray) -> float | None:
    """Distance of the 5th percentile of the events below zero; None with fewer than 20 of them."""
    values = np.asarray(linear, dtype=np.float64)
    below = values[np.isfinite(values) & (values < 0)]
    if below.size < MIN_NEGATIVE_EVENTS:
        return None
    return float(-np.quantile(below, NEGATIVE_QUANTILE))


def decade_ticks(transform: Transform, low: float, high: float) -> Ticks:
    """Ticks at zero and at the decades of both signs, for an axis from `low` to `high` (linear).

    Decades that would crowd zero (nearer than 3.5 % of the axis) are left out, so that labels never
    overlap in the linear region.
    """
    if not low < high:
        raise TransformError(f"axis: low {low} is not below high {high}.")
    top = int(np.floor(np.log10(max(abs(low), abs(high), 1.0))))
    decades = [10.0**k for k in range(top + 1)]
    start, zero, end = transform.forward(np.array([low, 0.0, high]))
    room = CROWDED * (end - start)
    kept = [d for d in decades if abs(float(transform.forward(np.array([d]))[0]) - zero) >= room]
    majors = sorted([-d for d in kept] + [0.0] + kept)
    minors = [sign * step * d for d in kept for step in range(2, 10) for sign in (-1, 1)]
    shown = [value for value in majors if low <= value <= high]
    between = [value for value in sorted(minors) if low <= value <= high]
    return Ticks(
        tuple(float(y) for y in transform.forward(np.array(shown))),
        tuple(_decade_label(value) for value in shown),
        tuple(float(y) for y in transform.forward(np.array(between))),
    )


def log_ticks(transform: Transform, low: float, high: float) -> Ticks:
    """Ticks at the decades of a logarithmic axis from `low` to `high` (linear, above 0).

    Raises
    ------
    TransformError : an end that has no logarithm, or low not below high
    """
    if not 0 < low < high:
        raise TransformError(f"log axis: it cannot show {low} to {high}; 0 < low < high is needed.")
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    majors = [10.0**k for k in powers if low <= 10.0**k <= high]
    minors = [step * 10.0**k for k in powers for step in range(2, 10) if low <= step * 10.0**k <= high]
    return Ticks(
        tuple(float(y) for y in transform.forward(np.array(majors))),
        tuple(_decade_label(value) for value in majors),
        tuple(float(y) for y in transform.forward(np.array(minors))),
    )


def _decade_label(value: float) -> str:
    if value == 0:
        return "0"
    exponent = str(round(np.log10(abs(value)))).translate(SUPERSCRIPTS)
    return f"{'-' if value < 0 else ''}10{exponent}"
