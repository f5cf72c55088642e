"""From band volumes to ratios and folds, with intervals that hold the uncertainty of every volume in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_DENOMINATOR = 1e-300


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; low <= value <= high."""

    value: float
    low: float
    high: float


def ratio(numerator: Estimate, denominator: Estimate) -> Estimate | None:
    """Return a ratio with its 95 % interval, from the intervals of both.

    The method of variance estimates recovery for ratios; for symmetric intervals it is Fieller's theorem.

    Parameters
    ----------
    numerator, denominator : independent estimates

    Returns
    -------
    None where the denominator cannot be told from nothing: a ratio over it means nothing

    Source
    ------
    Donner and Zou 2012, Stat Methods Med Res 21:347, equation 9
    """
    a, b = numerator, denominator
    if b.low <= 0 or b.value <= LEAST_DENOMINATOR or b.high >= 2 * b.value:
        return None
    product = a.value * b.value
    below = product**2 - a.low * b.high * (2 * a.value - a.low) * (2 * b.value - b.high)
    above = product**2 - a.high * b.low * (2 * a.value - a.high) * (2 * b.value - b.low)
    low = (product - math.sqrt(max(below, 0.0))) / (b.high * (2 * b.value - b.high))
    high = (product + math.sqrt(max(above, 0.0))) / (b.low * (2 * b.value - b.low))
    value = a.value / b.value
    return Estimate(value, min(low, value), max(high, value))


def mean(parts: Sequence[Estimate]) -> Estimate:
    """Return the mean of independent estimates; their distances to their limits add in squares.

    Raises
    ------
    ValueError : no estimate
    """
    if not parts:
        raise ValueError("a mean needs at least one estimate")
    value = math.fsum(part.value for part in parts) / len(parts)
    down = math.sqrt(math.fsum((part.value - part.low) ** 2 for part in parts)) / len(parts)
    up = math.sqrt(math.fsum((part.high - part.value) ** 2 for part in parts)) / len(parts)
    return Estimate(value, value - down, value + up)


def fold(sample: Estimate, controls: Sequence[Estimate]) -> Estimate | None:
    """Return a lane's ratio over the mean ratio of the control lanes.

    Parameters
    ----------
    sample : its loading ratio
    controls : the control lanes' loading ratios, at least one, none of them the sample itself

    Returns
    -------
    None where the controls cannot be told from nothing
    """
    return ratio(sample, mean(controls))


def fold_by_bridge(sample: Estimate, controls: Sequence[Estimate]) -> Estimate | None:
    """Return the fold of a control that lies on other membranes.

    Parameters
    ----------
    sample : its loading ratio over that of the bridge sample of its own membrane
    controls : of every control lane, its loading ratio over that of the bridge sample of its membrane; at
        least one

    Returns
    -------
    None where the controls cannot be told from nothing; the bridge sample cancels, as it is the same material

    Source
    ------
    a common sample to compare membranes: Degasperi et al. 2014, PLoS ONE 9:e87293
    """
    return ratio(sample, mean(controls))
