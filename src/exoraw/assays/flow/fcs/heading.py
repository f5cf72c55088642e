"""HEADER and keywords of one dataset, and the way to the next one: all that is known without the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exoraw.assays.contract import Finding
from exoraw.assays.flow.fcs.findings import remark
from exoraw.assays.flow.fcs.segments import (
    CRC_BYTES,
    HEADER_BYTES,
    KNOWN_VERSIONS,
    Segments,
    Span,
    is_fcs_at,
    read_segments,
)
from exoraw.assays.flow.fcs.text import MAX_TEXT, Text, parse_text
from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes

MAX_DATASETS = 1_000  # the largest seen holds 2; a file of 384 wells is conceivable
MAX_PARAMETERS = 10_000  # more channels than any cytometer; mass cytometers have about 60
_GAP = 1 << 16  # bytes searched for keywords outside TEXT


@dataclass(frozen=True)
class Heading:
    """Everything a dataset says before its data.

    Parameters
    ----------
    segments, text : HEADER and keywords
    supplement : place of the supplemental keywords, if any
    following : byte of the file at which the next dataset starts, None for the last one
    findings : remarks so far
    """

    segments: Segments
    text: Text
    supplement: Span | None
    following: int | None
    findings: tuple[Finding, ...]

    @property
    def base(self) -> int:
        """Byte of the file at which this dataset starts."""
        return self.segments.base


def headings(raw: RawBytes) -> Iterator[Heading]:
    """The datasets of a file, in order. The first one that cannot be read raises.

    Raises
    ------
    FormatError : as `read_heading`; or absurdly many datasets
    """
    base: int | None = 0
    number = told = 0
    while base is not None:
        if number >= MAX_DATASETS:
            raise FormatError(raw.path, base, f"at most {MAX_DATASETS:,} datasets", "more")
        heading = read_heading(raw, base)
        told += heading.segments.text.length
        if told > raw.size:
            found = "datasets that share their keywords"
            raise FormatError(raw.path, base, "keywords of its own for every dataset", found)
        yield heading
        base = heading.following
        number += 1


def read_heading(raw: RawBytes, base: int) -> Heading:
    """HEADER and keywords of the dataset at `base`.

    Raises
    ------
    FormatError : not FCS, or keywords that cannot be found or told apart
    """
    segments = read_segments(raw, base)
    notes: list[Finding] = []
    if segments.version not in KNOWN_VERSIONS:
        notes.append(remark("version_unknown", f"The file calls itself FCS {segments.version}."))
    primary, after = _text_bytes(raw, segments, notes)
    start = base + segments.text.begin
    text, found = parse_text(raw.path, start, primary, after)
    supplement = _supplement(raw, segments, text, notes)
    if supplement is not None:
        more = raw.read(base + supplement.begin, supplement.length, "the supplemental keywords")
        text, found = parse_text(raw.path, start, primary, after, (base + supplement.begin, more))
    notes += found
    _look_for_lost_keywords(raw, segments, primary[:1], notes)
    following = _following(raw, base, text, notes)
    return Heading(segments, text, supplement, following, tuple(notes))


def _text_bytes(raw: RawBytes, segments: Segments, notes: list[Finding]) -> tuple[bytes, bytes]:
    """TEXT, and the byte behind it."""
    span = segments.text
    if span.length > MAX_TEXT:
        found = f"{span.length:,} bytes"
        raise FormatError(raw.path, segments.base + 10, f"at most {MAX_TEXT:,} bytes of keywords", found)
    begin = segments.base + span.begin
    primary = raw.read(begin, span.length, "the keywords (TEXT)")
    behind = begin + span.length
    after = raw.read(behind, 1, "a byte") if behind < raw.size else b""
    if segments.analysis is not None and segments.analysis.overlaps(span):
        notes.append(remark("segments_overlap", "ANALYSIS and the keywords are declared to overlap."))
    return primary, after


def _supplement(raw: RawBytes, segments: Segments, text: Text, notes: list[Finding]) -> Span | None:
    """Place of the supplemental TEXT; some instruments (Accuri) name the primary one again."""
    begin, end = text.get("$BEGINSTEXT"), text.get("$ENDSTEXT")
    first, last = _whole(begin), _whole(end)
    if not first and not last and first is not None and last is not None:
        return None
    if first == segments.text.begin:
        return None
    room = raw.size - segments.base
    if first is None or last is None or not HEADER_BYTES <= first <= last < room or last - first > MAX_TEXT:
        where = f"bytes {begin} to {end}"
        notes.append(
            remark("stext_unreadable", f"Supplemental keywords are declared at {where}, which cannot be.")
        )
        return None
    return Span(first, last)


def _whole(value: str | None) -> int | None:
    """Offset; 0 where missing, None where unreadable."""
    if value is None:
        return 0
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _look_for_lost_keywords(
    raw: RawBytes, segments: Segments, delimiter: bytes, notes: list[Finding]
) -> None:
    """Say so where keywords stand just before or behind the declared TEXT."""
    span = segments.text
    others = [s.begin for s in (segments.data, segments.analysis) if s is not None and s.begin > span.end]
    stop = min([segments.base + begin for begin in others] + [raw.size])
    behind = segments.base + span.end + 1
    before = segments.base + HEADER_BYTES
    gaps = (
        (before, max(0, min(span.begin - HEADER_BYTES, _GAP))),
        (behind, max(0, min(stop - behind, _GAP))),
    )
    pattern = re.compile(
        re.escape(delimiter) + rb" *\$[A-Z0-9]{2,20} *" + re.escape(delimiter), re.IGNORECASE
    )
    for start, length in gaps:
        lost = pattern.findall(raw.read(start, length, "a gap"))
        if lost:
            names = ", ".join(key.strip(delimiter + b" ").decode("latin-1") for key in lost[:5])
            notes.append(
                remark("text_cut", f"{len(lost)} keywords stand outside the declared part, such as {names}.")
            )


def _following(raw: RawBytes, base: int, text: Text, notes: list[Finding]) -> int | None:
    """Start of the next dataset: $NEXTDATA counts from this dataset, in some files from byte 0."""
    value = text.get("$NEXTDATA")
    step = _whole(value)
    if value is None:
        notes.append(remark("keyword_missing", "No $NEXTDATA; taken as the last dataset."))
    if step == 0:
        return None
    if step is not None:
        for start in (base + step, step):
            if start >= base + HEADER_BYTES and is_fcs_at(raw, start):
                return start
    notes.append(remark("next_dataset", f"$NEXTDATA = {str(value)[:40]!r}: no dataset starts there."))
    return None


def check_rest(raw: RawBytes, heading: Heading, data: Span, notes: list[Finding]) -> int:
    """Say what lies behind the last declared segment: a lost dataset, or unread bytes; return how many."""
    if heading.following is not None:
        return 0
    spans = (heading.segments.text, heading.segments.analysis, heading.supplement, data)
    last = heading.base + max(span.end for span in spans if span is not None)
    rest = raw.size - last - 1
    if rest <= 0 or (rest == CRC_BYTES and raw.read(last + 1, CRC_BYTES, "the CRC").strip().isdigit()):
        return max(rest, 0)
    notes.append(
        remark("trailing_bytes", f"{rest:,} bytes at the end of the file were not read.", value=float(rest))
    )
    lost = re.search(rb"FCS[23]\.[0-2] {4}", raw.read(last + 1, min(rest, _GAP), "the rest"))
    if lost is not None:
        where = last + 1 + lost.start()
        notes.append(remark("next_dataset", f"A dataset starts at byte {where:,} but nothing points to it."))
    return rest
