"""A strategy on the events of an FCS file: time in seconds, the file's matrix where a gate asks for it."""

from __future__ import annotations

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs import FcsData
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import NO_MATRIX
from exoraw.assays.flow.gates.populations import Populations, populations
from exoraw.assays.flow.gates.strategy import Strategy


def populations_of(strategy: Strategy, data: FcsData) -> Populations:
    """Count the populations of a strategy in a file as it was read: uncompensated, time in ticks.

    Gates on the time channel stand in seconds, in GatingML as in FlowJo; the ticks are turned into them.
    "FCS" means the file's matrix, and the signal as stored where the file has none.

    Parameters
    ----------
    data : of `read_fcs`, with the channels that the strategy looks at

    Raises
    ------
    GateError : a channel or matrix that is not there; a gate on time for a file without $TIMESTEP
    """
    events = with_seconds(strategy, data)
    return populations(strategy, events, data.channels, from_file=data.spillover or NO_MATRIX)


def with_seconds(strategy: Strategy, data: FcsData) -> FloatArray:
    """Return a file's events, the time channel in seconds where the strategy looks at it.

    Raises
    ------
    GateError : gates on two time channels; a gate on time for a file without $TIMESTEP
    """
    wanted = set(strategy.channels())
    times = [i for i, each in enumerate(data.parameters) if each.is_time and data.channels[i] in wanted]
    if not times:
        return data.events
    name = data.channels[times[0]]
    if len(times) > 1:
        raise GateError(f"{data.path.name}: gates look at two time channels, {name} and others; use one.")
    seconds = data.time_seconds
    if seconds is None:
        raise GateError(
            f"{data.path.name}: a gate looks at {name} in seconds, but the file does not say how long a tick "
            "lasts ($TIMESTEP). Leave the gate on time out."
        )
    events: FloatArray = data.events.astype(np.float64)
    events[:, times[0]] = seconds
    return events
