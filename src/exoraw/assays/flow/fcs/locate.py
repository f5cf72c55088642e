"""Where the events are: HEADER and keywords both say it, and the length of the data decides between them."""

from __future__ import annotations

from dataclasses import dataclass

from exoraw.assays.contract import Finding
from exoraw.assays.flow.fcs.findings import remark
from exoraw.assays.flow.fcs.segments import Segments, Span
from exoraw.assays.flow.fcs.stored import Packing
from exoraw.assays.flow.fcs.text import Text, parse_integer
from exoraw.io.errors import FormatError


@dataclass(frozen=True)
class Place:
    """Where the events are: span relative to the dataset, from where we know it, and how they lie."""

    span: Span
    source: str
    packing: Packing
    fits: bool  # length equals $TOT times the bytes of an event


def locate_data(
    segments: Segments,
    text: Text,
    packings: tuple[Packing, ...],
    events: int | None,
    available: int,
    notes: list[Finding],
) -> Place:
    """Choose between HEADER and TEXT by the length of the data; on a tie the one not over TEXT.

    Parameters
    ----------
    packings : every way the values can lie; the first that fits a length is taken
    events : $TOT, None where the file has none
    available : bytes from the start of the dataset to the end of the file

    Raises
    ------
    FormatError : no place at all
    """
    spans = _candidates(segments, text, available, notes)
    if not spans:
        if events == 0:
            return Place(Span(segments.text.end + 1, segments.text.end), "HEADER", packings[0], True)
        advice = "The file is cut off or damaged; copy it again from the instrument."
        found = f"none inside the {available:,} bytes that are there"
        raise FormatError(text.path, segments.base + 26, "the place of the data", found, advice)
    choices = [
        Place(span, source, packing, events is not None and _fits(span, packing, events))
        for packing in packings
        for source, span in spans
    ]
    best = min(choices, key=lambda place: _rank(place, segments.text, choices))
    _say(best, spans, segments, notes)
    return best


def _candidates(
    segments: Segments, text: Text, available: int, notes: list[Finding]
) -> list[tuple[str, Span]]:
    """The places that lie in the file at all, HEADER first."""
    spans: list[tuple[str, Span]] = []
    if segments.unreadable:
        notes.append(
            remark(
                "offsets_unreadable",
                f"Not a place in the file, at its start: {', '.join(segments.unreadable)}.",
            )
        )
    for source, span in (("HEADER", segments.data), ("keywords", _keyword_span(text, notes))):
        if span is None:
            continue
        if span.begin >= available or span.begin < 1:
            message = (
                f"{source}: data from byte {span.begin:,}, behind the end of the file ({available:,} bytes)."
            )
            notes.append(remark("offsets_disagree", message))
        else:
            spans.append((source, span))
    return spans


def _keyword_span(text: Text, notes: list[Finding]) -> Span | None:
    written = text.get("$BEGINDATA") or "0", text.get("$ENDDATA") or "0"
    begin, end = (parse_integer(value) for value in written)
    if begin is None or end is None or (begin and end and not 0 < begin <= end + 1):
        message = (
            f"$BEGINDATA = {written[0][:20]!r} and $ENDDATA = {written[1][:20]!r} are no place in the file."
        )
        notes.append(remark("offsets_unreadable", message))
        return None
    return Span(begin, end) if 0 < begin <= end else None


def _fits(span: Span, packing: Packing, events: int) -> bool:
    """Length as expected, or one byte more: a habit of several instruments."""
    if packing.kind == "delimited":
        return True
    return span.length - packing.data_bytes(events) in (0, 1)


def _rank(place: Place, text: Span, choices: list[Place]) -> tuple[bool, bool, int]:
    """Sort key: fitting length, not over TEXT, order of trust."""
    return (not place.fits, place.span.overlaps(text), choices.index(place))


def _say(best: Place, spans: list[tuple[str, Span]], segments: Segments, notes: list[Finding]) -> None:
    different = [(source, span) for source, span in spans if span != best.span]
    for source, span in different:
        message = (
            f"Data are at bytes {best.span.begin:,} to {best.span.end:,} by the {best.source} (used), "
            f"but at {span.begin:,} to {span.end:,} by the {source}."
        )
        notes.append(remark("offsets_disagree", message))
    if best.span.overlaps(segments.text):
        notes.append(
            remark(
                "segments_overlap",
                f"Data (bytes {best.span.begin:,} to {best.span.end:,}) and keywords "
                f"(bytes {segments.text.begin:,} to {segments.text.end:,}) overlap.",
            )
        )


def count_events(place: Place, events: int | None, room: int, notes: list[Finding]) -> int:
    """Whole events to read.

    Parameters
    ----------
    events : $TOT, None where the file has none
    room : bytes from the start of the data to the next segment, dataset or the end of the file

    Returns
    -------
    events that are there; never more than $TOT, never more than the bytes hold
    """
    packing = place.packing
    there = room * 8 // packing.event_bits
    declared = place.span.length * 8 // packing.event_bits
    if events is None:
        notes.append(
            remark("keyword_missing", "No $TOT: the number of events was taken from the data's length.")
        )
        whole = min(declared, there)
        _say_shortage(whole, declared, notes)
        return whole
    surplus = place.span.length - packing.data_bytes(events)
    if surplus == 1:
        notes.append(remark("data_end_off_by_one", "The data are declared one byte too long."))
    wanted = events
    if surplus < 0 and place.span.length * 8 % packing.event_bits < 16:
        wanted = declared  # the declared length is that of whole events: believe it, read no foreign bytes
    elif surplus not in (0, 1):
        notes.append(
            remark(
                "data_length_mismatch",
                f"{events:,} events take {packing.data_bytes(events):,} bytes, "
                f"but {place.span.length:,} are declared ({place.source}).",
                value=float(surplus),
            )
        )
    whole = min(wanted, there)
    _say_shortage(whole, events, notes)
    return whole


def _say_shortage(whole: int, events: int, notes: list[Finding]) -> None:
    if whole < events:
        notes.append(
            remark(
                "truncated",
                f"The file says {events:,} events but holds {whole:,} whole ones, which were kept.",
                value=float(whole),
                limit=float(events),
            )
        )
