"""Tubes as measurements of FlowCytometryTools, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.fcs import FcsData, read_fcs
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.interop.event_table import EventTable
from exoraw.assays.flow.interop.fct_package import flowcytometrytools
from exoraw.assays.flow.spillover import Spillover
from exoraw.study.words import did_you_mean, listed, shown

NAMES, TABLE = "_channel_names_", "_channels_"  # the package's own keys beside the keywords
_OF_CHANNEL = re.compile(r"\$P(\d{1,5})([A-Z]+)")
_NO_CHANGE = frozenset({"set_data"})


def to_fcmeasurement(
    data: FcsData | EventTable,
    sample: str,
    *,
    spillover: Spillover | None = None,
    scales: Mapping[str, Scale] | None = None,
) -> Any:
    """Return a tube as an FCMeasurement.

    The events are handed over, so the package's own reader, which refuses big-endian files under numpy 2, is
    never asked. They are float64: its gates compare in the precision of the column, and a bound that was
    rounded to float32 moves events. The range of a channel in `measurement.channels` ($PnR) is that of the
    linear signal, as its hlog and tlog need; `measurement.meta["$P1R"]` is what the file says.

    Parameters
    ----------
    data : a file as `read_fcs` gives it (linear, not compensated, time in ticks), or a table of events
    sample : the ID of the measurement ("A1" for a plate)
    spillover : matrix to take out first, such as `data.spillover`; None = as stored
    scales : channel -> scale on which its column is handed over, after compensation; others stay linear

    Raises
    ------
    MissingExtraError : (an ImportError) FlowCytometryTools is not installed
    GateError : a scale for a channel that is not there
    SpilloverError : the matrix names channels that the events do not have
    """
    import pandas as pd

    package = flowcytometrytools()
    events: FloatArray = np.array(data.events, dtype=np.float64, order="F")
    if spillover is not None:
        events = compensate(events, data.channels, spillover)
    _scale(events, data.channels, scales or {})
    measurement = package.FCMeasurement(
        ID=sample, datafile=str(data.path) if data.path is not None else None, readmeta=False, readdata=False
    )
    measurement.set_data(data=pd.DataFrame(events, columns=list(data.channels)))
    measurement.set_meta(
        meta={**data.keywords, TABLE: _channel_table(data, scales or {}), NAMES: tuple(data.channels)}
    )
    return measurement


def to_fcplate(measurements: Iterable[Any], name: str, *, shape: tuple[int, int] = (8, 12)) -> Any:
    """Return measurements whose IDs are wells (A1 to H12) as an FCPlate.

    Parameters
    ----------
    measurements : of `to_fcmeasurement`
    name : the ID of the plate
    shape : rows and columns of the plate

    Raises
    ------
    GateError : two measurements of one well, or an ID that is no well of the plate
    """
    package = flowcytometrytools()
    every = list(measurements)
    wells = [str(each.ID) for each in every]
    for well in wells:
        row, column = ord(well[:1] or " ") - ord("A"), well[1:]
        if not (0 <= row < shape[0] and column.isdecimal() and 1 <= int(column) <= shape[1]):
            raise GateError(
                f"plate {shown(name)}: {shown(well)} is no well of {shape[0]} x {shape[1]}; call it A1, B12 "
                "..."
            )
    twice = sorted({well for well in wells if wells.count(well) > 1})
    if twice:
        raise GateError(f"plate {shown(name)}: several tubes are called {listed(twice)}; one tube a well.")
    return package.FCPlate(name, every, "name", shape=shape)


def from_fcmeasurement(measurement: Any) -> EventTable:
    """Return the events of an FCMeasurement, with its keywords and what was done to them.

    Where the measurement holds no data yet, its file is read by our reader. What the measurement's history or
    queue tells (a transform, gates, a random part) becomes findings: transformed values are no linear signal,
    and no mean fluorescence may be taken of them.

    Raises
    ------
    GateError : neither data nor a file, or columns that are no numbers
    FormatError : its file cannot be read
    """
    if measurement._data is None:
        measurement = _with_data(measurement)
    frame = measurement.data
    try:
        events = np.asarray(frame, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GateError(
            f"measurement {shown(str(measurement.ID))}: a column is no number ({error})."
        ) from error
    events = events.view()
    events.setflags(write=False)
    channels = tuple(str(name) for name in frame.columns)
    meta = measurement._meta or {}
    return EventTable(
        sample=str(measurement.ID),
        events=events,
        channels=channels,
        markers=_markers(meta, channels),
        keywords={str(key): str(value) for key, value in meta.items() if key not in {NAMES, TABLE}},
        path=Path(measurement.datafile) if measurement.datafile else None,
        findings=tuple(_done(measurement)),
    )


def _with_data(measurement: Any) -> Any:
    """A copy that holds the events and keywords of the measurement's file, as our reader reads it."""
    if not measurement.datafile:
        raise GateError(
            f"measurement {shown(str(measurement.ID))} holds no events and names no file; give it one of "
            "them."
        )
    copied = measurement.copy()
    read = to_fcmeasurement(read_fcs(measurement.datafile), measurement.ID)
    copied._data = read._data  # its own setter would empty the queue of what is still to be done
    copied._meta = copied._meta or read._meta
    return copied


def _done(measurement: Any) -> Iterable[Finding]:
    """One finding for every change that the measurement remembers, in order."""
    for action, given in (*measurement.history, *measurement.queue):
        if action in _NO_CHANGE:
            continue
        if action == "transform":
            of = given.get("channels")
            names = listed([of] if isinstance(of, str) else [str(name) for name in of or ()])
            how = str(given.get("transform"))
            yield Finding(
                "values_transformed",
                "warning",
                f"FlowCytometryTools transformed {'all channels' if of is None else names} ({how}): these "
                "values "
                "are no linear signal. Take means, medians and ratios from the untransformed tube.",
            )
        else:
            yield Finding(
                "events_selected",
                "info",
                f"FlowCytometryTools took a part of the events ({action}); shares are of that part.",
            )


def _scale(events: FloatArray, channels: Sequence[str], scales: Mapping[str, Scale]) -> None:
    for name, scale in scales.items():
        if name not in channels:
            raise GateError(
                f"a scale is given for {shown(name)}, which is no channel of the tube "
                f"({listed(channels, 30)})."
                f"{did_you_mean(name, channels)}"
            )
        place = channels.index(name)
        events[:, place] = scale.forward(events[:, place])


def _channel_table(data: FcsData | EventTable, scales: Mapping[str, Scale]) -> Any:
    """One row a channel, numbered from 1, with every $Pn keyword of the file: `measurement.channels`."""
    import pandas as pd

    numbers = [p.number for p in data.parameters] if isinstance(data, FcsData) else _numbers(data)
    words: dict[int, dict[str, str]] = {number: {} for number in numbers}
    for key, value in data.keywords.items():
        match = _OF_CHANNEL.fullmatch(key)
        if match and int(match[1]) in words:
            words[int(match[1])][f"$Pn{match[2]}"] = value
    table = pd.DataFrame([words[number] for number in numbers])
    table.index = pd.RangeIndex(1, len(numbers) + 1, name="Channel Number")
    table["$PnN"] = list(data.channels)
    table["$PnS"] = list(data.markers)
    table["$PnR"] = [_top(data, place, scales.get(name)) for place, name in enumerate(data.channels)]
    return table


def _numbers(table: EventTable) -> list[int]:
    """Number of every channel in the keywords, by its name; one beyond all others where it is not there."""
    named = {
        value: int(m[1]) for key, value in table.keywords.items() if (m := re.fullmatch(r"\$P(\d+)N", key))
    }
    beyond = max(named.values(), default=0) + 1
    return [named.get(name, beyond + place) for place, name in enumerate(table.channels)]


def _top(data: FcsData | EventTable, place: int, scale: Scale | None) -> float:
    """Top of a column in its own units; NaN where it is not known, which the package's transforms refuse."""
    top = data.parameters[place].linear_top if isinstance(data, FcsData) else None
    if top is None:
        return float("nan")
    return float(top if scale is None else scale.forward(np.array([top]))[0])


def _markers(meta: Mapping[str, Any], channels: Sequence[str]) -> tuple[str, ...]:
    table = meta.get(TABLE)
    if table is None or "$PnS" not in table or "$PnN" not in table:
        return ("",) * len(channels)
    known = dict(zip(table["$PnN"].astype(str), table["$PnS"], strict=True))
    return tuple(name if isinstance(name := known.get(channel), str) else "" for channel in channels)
