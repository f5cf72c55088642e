"""The array types of the flow package: events are rows, channels are columns."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]

Scalar = TypeVar("Scalar", bound=np.generic)

MOST_EVENTS = 1_000_000  # that a border is found on: a share of them is known to 0.001 or better


def spread_over(events: npt.NDArray[Scalar], most: int = MOST_EVENTS) -> npt.NDArray[Scalar]:
    """Return every k-th event so that at most `most` are left; a view. All of them where they are few.

    Borders and pictures do not change with more events, their time and memory do. Counts are always taken
    of all events.

    Parameters
    ----------
    events : (n,) or (n, channels)
    """
    return events[:: max(1, -(-len(events) // most))]
