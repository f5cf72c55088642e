"""Reading FCS files: `read_fcs`. Nothing is decided silently; every odd thing becomes a finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from exoraw.assays.contract import Finding
from exoraw.assays.flow.fcs.ascii import count_numbers
from exoraw.assays.flow.fcs.checks import check_values
from exoraw.assays.flow.fcs.data import FcsData, find_channel
from exoraw.assays.flow.fcs.decode import linear_events
from exoraw.assays.flow.fcs.findings import SHOWN_NAMES, remark
from exoraw.assays.flow.fcs.heading import MAX_PARAMETERS, Heading, check_rest, headings
from exoraw.assays.flow.fcs.locate import Place, count_events, locate_data
from exoraw.assays.flow.fcs.lookalikes import look_alikes
from exoraw.assays.flow.fcs.matrix import read_spillover
from exoraw.assays.flow.fcs.parameters import TYPE_BITS, DataType, Parameter, read_parameters
from exoraw.assays.flow.fcs.record import conversion_record
from exoraw.assays.flow.fcs.segments import HEADER_BYTES
from exoraw.assays.flow.fcs.stored import ByteOrder, Packing, Stored, possible_packings, read_byte_order
from exoraw.assays.flow.fcs.text import Text, parse_real
from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes, open_raw


def read_fcs(path: str | Path, dataset: int = 0, channels: Sequence[str] | None = None) -> FcsData:
    """Read one dataset of an FCS 2.0, 3.0, 3.1 or 3.2 file.

    The file is mapped into memory: of a column subset only those columns are copied. Values are never
    clipped and never compensated.

    Parameters
    ----------
    path : the file
    dataset : which one of the file, from 0
    channels : $PnN or $PnS names of the columns to read, in this order; None = all, in file order

    Returns
    -------
    the events on the linear scale, with channels, keywords, spillover matrix and findings

    Raises
    ------
    FormatError : not FCS, damaged beyond reading, no such dataset or channel; with file, byte position,
        what was expected and found, and what to do
    """
    path = Path(path)
    with open_raw(path, least=HEADER_BYTES, expected="an FCS file") as raw:
        return _read(raw, dataset, channels)


def _read(raw: RawBytes, dataset: int, channels: Sequence[str] | None) -> FcsData:
    heading = _heading(raw, dataset)
    notes = list(heading.findings)
    if dataset or heading.following is not None:
        further = "further ones follow" if heading.following is not None else "the last one"
        notes.append(
            remark("several_datasets", f"This is dataset {dataset} of the file (from 0), {further}.")
        )
    stored, source = _stored(raw, heading, notes)
    timestep, time = _time(heading.text, stored.parameters, notes)
    look_alikes(heading.text, stored.parameters, notes)
    wanted = _wanted(raw.path, stored.parameters, channels)
    events, tallies = linear_events(raw, stored, wanted)
    spillover = read_spillover(heading.text, stored.parameters, notes)
    check_values(stored, wanted, tallies, notes)
    notes.append(conversion_record(stored, wanted, source, timestep, spillover))
    return FcsData(
        path=raw.path,
        dataset=dataset,
        version=heading.segments.version,
        channels=tuple(p.name for p in wanted),
        markers=tuple(p.marker for p in wanted),
        keywords=dict(heading.text.keywords),
        parameters=wanted,
        events=events,
        spillover=spillover,
        findings=_merged(notes),
        timestep=timestep,
        _stored=stored,
        _time=time,
    )


def _heading(raw: RawBytes, dataset: int) -> Heading:
    count = 0
    for count, heading in enumerate(headings(raw)):
        if count == dataset:
            return heading
    expected = f"a dataset number {dataset} (the first one is 0)"
    raise FormatError(raw.path, None, expected, f"{count + 1} dataset(s) in the file")


def _stored(raw: RawBytes, heading: Heading, notes: list[Finding]) -> tuple[Stored, str]:
    """The values of a dataset, and in words where they are."""
    text, base = heading.text, heading.base
    _check_mode(text, heading.segments.version, notes)
    parameters = _parameters(text, notes)
    events = text.integer("$TOT")
    if events is not None and events < 0:
        raise text.error("$TOT", "a number of events")
    available = raw.size - base
    place = locate_data(heading.segments, text, possible_packings(parameters), events, available, notes)
    _check_count(text, place, len(parameters), notes)
    start = base + place.span.begin
    count, data = _data(raw, heading, place, events, len(parameters), notes)
    if count == 0:
        notes.append(remark("no_events", "The file holds no events."))
    rest = check_rest(raw, heading, place.span, notes)
    order = _order(text, place.packing)
    if any(p.datatype == "I" and p.bits % 8 for p in parameters):
        how = "a stream of bits" if place.packing.kind == "bits" else f"{max(place.packing.widths)}-bit words"
        notes.append(remark("bits_stored_wider", f"{parameters[0].bits}-bit values lie in {how}."))
    source = f"{place.source}; {rest:,} bytes behind the last part"
    return Stored(raw.path, start, data, count, parameters, place.packing, order), source


def _parameters(text: Text, notes: list[Finding]) -> tuple[Parameter, ...]:
    count = text.integer("$PAR")
    if count is None or not 1 <= count <= MAX_PARAMETERS:
        raise text.error("$PAR", f"a number of channels between 1 and {MAX_PARAMETERS:,}")
    parameters = read_parameters(text, _datatype(text), count, notes)
    _say_odd_widths(parameters, notes)
    return parameters


def _data(
    raw: RawBytes, heading: Heading, place: Place, events: int | None, channels: int, notes: list[Finding]
) -> tuple[int, npt.NDArray[np.uint8]]:
    """Number of whole events, and their bytes."""
    start = heading.base + place.span.begin
    if place.packing.kind == "delimited":
        digits = raw.array(start, place.span.length)
        whole = count_numbers(digits) // channels
        count = min(whole, events) if events is not None else whole
        _say_digits(count, whole, events, notes)
        return count, digits
    count = count_events(place, events, _room(raw, heading, place), notes)
    return count, raw.array(start, place.packing.data_bytes(count))


def _order(text: Text, packing: Packing) -> ByteOrder:
    """Byte order; digits have none, a bit stream only needs its direction."""
    if packing.kind == "bytes":
        return read_byte_order(text, [width // 8 for width in packing.widths])
    return read_byte_order(text, [2] if packing.kind == "bits" else [])


def _check_mode(text: Text, version: str, notes: list[Finding]) -> None:
    mode = text.get("$MODE")
    if mode is None:
        if version < "3.2":  # from 3.2 on it may be left out
            notes.append(remark("keyword_missing", "No $MODE; taken as list mode."))
    elif mode.upper() != "L":
        advice = "Histograms hold no single events; export the list-mode file."
        raise text.error("$MODE", "L (list mode: one row per event)", advice)


def _datatype(text: Text) -> DataType:
    value = (text.get("$DATATYPE") or "").upper()
    if value not in ("I", "F", "D", "A"):
        raise text.error("$DATATYPE", "I, F, D or A")
    return cast(DataType, value)


def _say_odd_widths(parameters: Sequence[Parameter], notes: list[Finding]) -> None:
    wrong = [p for p in parameters if p.bits != TYPE_BITS.get(p.datatype, p.bits)]
    if wrong:
        first = wrong[0]
        message = (
            f"{len(wrong)} channels of type {first.datatype} declare {first.bits} bits ({first.name}); "
            f"{TYPE_BITS[first.datatype]} were read."
        )
        notes.append(remark("bits_ignored", message))


def _check_count(text: Text, place: Place, count: int, notes: list[Finding]) -> None:
    """$PAR against the channels that are described: a file whose length needs them all is refused."""
    described = [int(m[1]) for key in text.folded_keys() if (m := re.fullmatch(r"\$P(\d{1,5})[BN]", key))]
    highest = max(described, default=0)
    if highest <= count:
        return
    message = f"$PAR says {count} channels, but channel {highest} is described too."
    if not place.fits:
        advice = "The file was edited or damaged; export it again."
        raise FormatError(
            text.path, text.start, f"$PAR = {highest}", f"$PAR = {count}", f"{message} {advice}"
        )
    notes.append(remark("parameters_beyond_par", message, value=float(highest), limit=float(count)))


def _say_digits(n: int, whole: int, events: int | None, notes: list[Finding]) -> None:
    if events is None:
        notes.append(remark("keyword_missing", "No $TOT: the number of events was taken from the data."))
    elif n < events:
        message = f"The file says {events:,} events but holds {n:,} whole ones, which were kept."
        notes.append(remark("truncated", message, value=float(n), limit=float(events)))
    elif whole > events:
        message = f"The file says {events:,} events but holds numbers for {whole:,}."
        notes.append(remark("data_length_mismatch", message, value=float(whole), limit=float(events)))


def _room(raw: RawBytes, heading: Heading, place: Place) -> int:
    """Bytes from the start of the data to where they must end."""
    begin = place.span.begin
    if place.fits:
        return raw.size - heading.base - begin
    stop = heading.following if heading.following is not None else raw.size
    others = (heading.segments.text, heading.segments.analysis, heading.supplement)
    behind = [span.begin for span in others if span is not None and span.begin > begin]
    return min([stop - heading.base, *behind]) - begin


def _time(
    text: Text, parameters: Sequence[Parameter], notes: list[Finding]
) -> tuple[float | None, Parameter | None]:
    """Seconds per tick and the time channel."""
    channels = [p for p in parameters if p.is_time]
    value = text.get("$TIMESTEP")
    step = None if value is None else parse_real(value)
    if value is not None and (step is None or step <= 0.0):
        message = f"$TIMESTEP = {value[:40]!r} is not a number of seconds."
        notes.append(remark("time_step", message))
        step = None
    elif value is None and channels:
        notes.append(remark("time_step", f"{channels[0].name} has no $TIMESTEP: its unit is not known."))
    elif value is not None and not channels:
        notes.append(remark("time_step", f"$TIMESTEP = {value[:40]} but no channel is called Time."))
    return step, channels[0] if channels else None


def _wanted(
    path: Path, parameters: tuple[Parameter, ...], channels: Sequence[str] | None
) -> tuple[Parameter, ...]:
    if channels is None:
        return parameters
    if isinstance(channels, str):
        channels = (channels,)
    names = tuple(p.name for p in parameters)
    markers = tuple(p.marker for p in parameters)
    return tuple(parameters[find_channel(path, name, names, markers)] for name in channels)


def _merged(notes: list[Finding]) -> tuple[Finding, ...]:
    """One finding per code, in order of appearance; several messages become one."""
    by_code: dict[str, list[Finding]] = {}
    for note in notes:
        by_code.setdefault(note.code, []).append(note)
    merged = []
    for same in by_code.values():
        text = " ".join(note.message for note in same[:SHOWN_NAMES])
        more = f" And {len(same) - SHOWN_NAMES} more." if len(same) > SHOWN_NAMES else ""
        merged.append(replace(same[0], message=text + more))
    return tuple(merged)
