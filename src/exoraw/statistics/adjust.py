"""Adjustment of p values for the number of comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from exoraw.statistics.outcome import Comparison, FloatArray, StatisticsError

Adjustment = Literal["holm", "benjamini-hochberg", "bonferroni", "none"]
ADJUSTMENTS: tuple[Adjustment, ...] = ("holm", "benjamini-hochberg", "bonferroni", "none")


def adjust_p(p: ArrayLike, method: Adjustment = "holm") -> FloatArray:
    """Adjust p values; NaN stays NaN and is not counted.

    Parameters
    ----------
    p : (m,) p values in [0, 1]
    method : "holm" (Holm 1979), "benjamini-hochberg" (1995), "bonferroni" or "none"

    Raises
    ------
    StatisticsError : a p outside [0, 1] or an unknown method
    """
    values = np.asarray(p, dtype=np.float64)
    known = ~np.isnan(values)
    if np.any((values[known] < 0) | (values[known] > 1)):
        raise StatisticsError("p values must lie in 0..1; found " + str(values[known].tolist()))
    if method not in ADJUSTMENTS:
        raise StatisticsError(f"adjustment {method!r} is not one of {', '.join(ADJUSTMENTS)}")
    out = np.full(values.shape, np.nan)
    out[known] = _adjust(values[known], method)
    return out


def _adjust(p: FloatArray, method: Adjustment) -> FloatArray:
    count = p.size
    if method == "none" or count == 0:
        return p.copy()
    if method == "bonferroni":
        return np.minimum(1.0, p * count)
    order = np.argsort(p, kind="stable")
    rank = np.arange(1, count + 1)
    if method == "holm":
        ordered = np.maximum.accumulate(p[order] * (count - rank + 1))
    else:
        ordered = np.minimum.accumulate((p[order] * count / rank)[::-1])[::-1]
    out = np.empty_like(p)
    out[order] = np.minimum(1.0, ordered)
    return out


def adjusted(results: Sequence[Comparison], method: Adjustment) -> tuple[Comparison, ...]:
    """Return the results with `p_adjusted` filled over the family of those that have a p."""
    p = np.array([np.nan if result.p is None else result.p for result in results])
    values = adjust_p(p, method)
    family = int(np.count_nonzero(~np.isnan(p)))
    label = f"{method}, family of {family}"
    return tuple(
        replace(result, p_adjusted=None if np.isnan(value) else float(value), adjustment=label)
        for result, value in zip(results, values, strict=True)
    )
