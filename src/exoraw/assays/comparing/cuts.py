"""Cutting a number into low and high: at the median, where the study says, or at Youden's cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOW, HIGH = "low", "high"


@dataclass(frozen=True)
class Split:
    """Units cut in two; a unit at the cut is high.

    group : (n,) "low" or "high"
    cut : in the unit of the number
    how : "median" or "fixed"
    """

    group: NDArray[np.object_]
    cut: float
    how: str

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What stands on record in every row."""
        return (("cut", f"{self.cut:.6g}"), ("cut_is", f"{self.how}; a unit at the cut is high"))


def split(values: NDArray[np.float64], cut: float | str) -> Split:
    """Cut numbers, one per unit.

    Parameters
    ----------
    values : (n,) finite
    cut : a number, or "median" (of these units)
    """
    limit = float(np.median(values)) if isinstance(cut, str) else cut
    group = np.where(values >= limit, HIGH, LOW).astype(object)
    return Split(group, limit, "median of the units" if isinstance(cut, str) else "fixed")


def named(group: str, cut: float) -> str:
    """Return a group's name for a figure: "high (≥ 12.3)"."""
    return f"{group} ({'≥' if group == HIGH else '<'} {cut:.4g})"
