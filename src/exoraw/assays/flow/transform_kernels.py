"""FlowUtils' C kernels of the logicle and hyperlog scales, and what they miss."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

from exoraw.assays.flow.arrays import FloatArray

SURE_LOGICLE, SURE_HYPERLOG = 1e-6, 0.01  # narrower linear regions: the kernels' search may miss, silently
GAVE_UP = -1.0  # the kernels' answer where their search does not end
HALVINGS = 200  # of an interval of display units: more than a float64 can tell
LARGEST_SIGNAL = 1e50  # FlowUtils' kernels answer -1 for infinity, and from 1e100 (hyperlog) or 1e200

Inverse = Callable[[FloatArray], FloatArray]


def through_kernel(name: str, t: float, w: float, m: float, a: float, values: FloatArray) -> FloatArray:
    """Return values through a kernel of FlowUtils, a new float64 array.

    What is not finite, or beyond 1e50 and so no signal, stays as it is: in its order, off every scale.
    """
    result = np.array(values, dtype=np.float64, order="C")
    lost = ~(np.abs(result) < LARGEST_SIGNAL)
    kept = result[lost]
    getattr(_kernels(), name)(t, w, m, a, result.reshape(-1))
    result[lost] = kept
    return result


def sure(display: FloatArray, wide: bool) -> bool:
    """Whether the kernel found every place: its linear region is wide, and it gave up nowhere.

    Where the linear region takes nearly all of the scale (W near M / 2, A near -W) it gives up in places.
    """
    return wide and not bool((display == GAVE_UP).any())


def repaired(inverse: Inverse, linear: FloatArray, display: FloatArray) -> FloatArray:
    """Return display units, those that do not come back as the signal found anew by halving intervals.

    Where the linear region is (nearly) nothing, the kernels' search gives up and answers -1: logicle with
    W = 0 for signals under 1e-10 or so, hyperlog with W < 0.001 for any. Their inverses are plain formulas.
    """
    signal = np.asarray(linear, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite ones stay what they are
        off = np.abs(inverse(display) - signal) > 1e-9 * np.maximum(1.0, np.abs(signal))
    wrong = off & (np.abs(signal) < LARGEST_SIGNAL)
    if wrong.any():
        display[wrong] = _halved(inverse, signal[wrong])
    return display


def _halved(inverse: Inverse, signal: FloatArray) -> FloatArray:
    """The display units whose inverse is the signal."""
    low, high = np.full(signal.shape, -1.0), np.full(signal.shape, 2.0)
    while (below := inverse(low) > signal).any():
        low[below] *= 2
    while (above := inverse(high) < signal).any():
        high[above] *= 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        less = inverse(middle) < signal
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.asarray(high)


def _kernels() -> ModuleType:
    try:
        from flowutils import logicle_c
    except ImportError as error:
        from exoraw.assays.flow.transforms import TransformError  # which imports this module

        raise TransformError(
            "The logicle and hyperlog scales need the package FlowUtils, which is not installed. Install it "
            'with: pip install "exoraw[flow]". The arcsinh scale needs nothing.'
        ) from error
    kernels: ModuleType = logicle_c
    return kernels
