"""Which of two tubes is the brighter one: a control that outshines its sample is a swapped control."""

from __future__ import annotations

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray, spread_over
from exoraw.assays.flow.margins import detector_floor
from exoraw.assays.flow.markers.findings import remark, signal_of

COMPARED_EVENTS = 5_000  # evenly spread over a tube; the chance below is then known to +-0.01
BRIGHTER = 0.7  # chance that a control's cell outshines a sample's; isotypes of a negative marker reach 0.6
MUCH_BRIGHTER = 0.9
FEWEST_COMPARED = 50


def above_floor(values: FloatArray) -> FloatArray:
    """Values above the detector's lowest one, where many events pile up on it; else all of them.

    Log amplifiers and detectors that clip at zero write their lowest value for every dimmer event. In a
    density that pile is a peak of its own and would pass for a population.
    """
    floor = detector_floor(values)
    return values if floor is None else values[values > floor]


def chance_of_being_brighter(first: FloatArray, second: FloatArray) -> float:
    """Chance that a random event of the first tube is brighter than one of the second (ties count half).

    Mann & Whitney (1947) U / (n m), on at most 5,000 events of either tube. 0.5 where one is empty.
    """
    if not (len(first) and len(second)):
        return 0.5
    few, many = spread_over(first, COMPARED_EVENTS), np.sort(spread_over(second, COMPARED_EVENTS))
    below = np.searchsorted(many, few, side="left") + np.searchsorted(many, few, side="right")
    return float(below.mean() / (2 * len(many)))


def brighter_control(
    control: FloatArray, sample: FloatArray, *, called: str, stained: str, marker: str
) -> list[Finding]:
    """Remark on a control that is brighter than the tube it should be the background of.

    Parameters
    ----------
    control, sample : (n,) linear, finite
    called, stained : how the message calls the two tubes
    marker : for the finding's entity
    """
    if min(len(control), len(sample)) < FEWEST_COMPARED:
        return []
    chance = chance_of_being_brighter(control, sample)
    if chance <= BRIGHTER:
        return []
    message = (
        f"The {called} is brighter in {signal_of(marker)} than the {stained}: its cell is the "
        f"brighter one in {100 * chance:.0f} % of all pairs (50 % where both are alike). The two tubes were "
        "probably swapped, or recorded with other voltages; the gate is not to be trusted."
    )
    return [
        remark(
            marker,
            "control_brighter_than_sample",
            message,
            value=chance,
            limit=BRIGHTER,
            severity="error" if chance > MUCH_BRIGHTER else "warning",
        )
    ]
