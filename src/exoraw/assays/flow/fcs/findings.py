"""Every remark the FCS reader can make, with what it means in the lab and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from exoraw.assays.contract import Finding, FindingKind
from exoraw.study.spec import Severity


@dataclass(frozen=True)
class _Kind:
    code: str
    severity: Severity
    meaning: str
    advice: str


_KINDS = (
    # ---- what was done, kept on record
    _Kind(
        "conversion",
        "info",
        "How stored values became numbers: bytes, type, byte order, log scales, gains, time step, matrix.",
        "Nothing; two tubes of one experiment should say the same. Compare when a tube looks different.",
    ),
    _Kind(
        "several_datasets",
        "info",
        "The file holds several datasets; this is one of them.",
        "Each dataset is a sample of its own, except those marked as the same events in another form.",
    ),
    # ---- where things are
    _Kind(
        "version_unknown",
        "warning",
        "The file names a version of the standard that does not exist.",
        "Read by the rules of 3.1. Check where the file comes from.",
    ),
    _Kind(
        "offsets_disagree",
        "warning",
        "The file says twice where its data are, and the two places differ.",
        "The place whose length fits the number of events was read. Export the file again if you can.",
    ),
    _Kind(
        "offsets_unreadable",
        "warning",
        "A position of the data is not a number or cannot be; the other place that tells it was used.",
        "The file was edited or damaged; copy it again from the instrument.",
    ),
    _Kind(
        "data_end_off_by_one",
        "info",
        "The end of the data is declared one byte too far, a habit of several instruments.",
        "Nothing; no event is affected.",
    ),
    _Kind(
        "data_length_mismatch",
        "warning",
        "The data are not as long as number of events times channels says.",
        "Compare the number of events with the instrument's own; export the file again.",
    ),
    _Kind(
        "truncated",
        "error",
        "The file holds fewer events than it says; the whole events that are there were kept.",
        "Copy the file again from the instrument; counts per volume from this tube are too low.",
    ),
    _Kind(
        "no_events",
        "warning",
        "The file holds no events.",
        "The tube was empty or acquisition was stopped; nothing can be gated.",
    ),
    _Kind(
        "segments_overlap",
        "warning",
        "Two parts of the file are declared to lie over each other.",
        "The file was edited or damaged; export it again.",
    ),
    _Kind(
        "trailing_bytes",
        "info",
        "Bytes follow the declared parts of the file and were not read.",
        "Usually an instrument's private data; if events are missing, look for a second dataset.",
    ),
    _Kind(
        "next_dataset",
        "warning",
        "The file points to a further dataset that is not there, or holds one that is not pointed to.",
        "The file is cut off or was edited; export it again.",
    ),
    # ---- keywords
    _Kind(
        "text_end",
        "info",
        "The keywords do not end where the file says.",
        "Nothing if no other remark stands beside it.",
    ),
    _Kind(
        "text_cut",
        "warning",
        "Keywords stand outside the part that is declared to hold them, and were not read.",
        "The file was edited or damaged; export it again.",
    ),
    _Kind(
        "text_unpaired",
        "warning",
        "A keyword has no value, or the reverse, so that keywords and values may be shifted.",
        "The file was edited or damaged; check the channel names, export it again.",
    ),
    _Kind(
        "text_empty_values",
        "info",
        "Keywords have empty values, which the standard forbids.",
        "Nothing; they were read as empty.",
    ),
    _Kind(
        "text_encoding",
        "info",
        "The keywords are not UTF-8; they were read as Latin-1.",
        "Check names with accents or Greek letters.",
    ),
    _Kind(
        "stext_unreadable",
        "warning",
        "The file declares supplemental keywords that cannot be read.",
        "Channel names, gains or the matrix may be missing; export the file again.",
    ),
    _Kind(
        "keyword_duplicate",
        "warning",
        "A keyword stands twice with different values; the first was used.",
        "Check which is right; the software that last wrote the file is at fault.",
    ),
    _Kind(
        "keyword_missing",
        "warning",
        "A keyword that every FCS file must have is missing; the usual value was taken.",
        "Check that the file comes straight from the instrument.",
    ),
    _Kind(
        "keyword_unreadable",
        "warning",
        "A keyword that decides numbers does not hold what it should; it was not used.",
        "Check the instrument's export settings.",
    ),
    _Kind(
        "keyword_lookalike",
        "warning",
        "A keyword is one letter away from one that decides numbers and is missing.",
        "Was the file edited? Numbers of the named channel may be on the wrong scale.",
    ),
    _Kind(
        "parameters_beyond_par",
        "warning",
        "The file describes more channels than it says it has.",
        "Check the channel list; the software that last wrote the file is at fault.",
    ),
    # ---- channels
    _Kind(
        "name_missing",
        "warning",
        "A channel has no name; it is called P and its number.",
        "Name it in the instrument's template, or use its marker.",
    ),
    _Kind(
        "name_duplicate",
        "warning",
        "Two channels have the same name; the later ones carry their number.",
        "Use the numbered name, or the marker.",
    ),
    _Kind(
        "range_missing",
        "warning",
        "A channel's range is missing or unreadable, so its ceiling is not known.",
        "Saturated events of this channel cannot be counted.",
    ),
    _Kind(
        "bits_stored_wider",
        "info",
        "Values have a number of bits that is not a multiple of 8; how they lie was decided by the length.",
        "Nothing; old Beckman Coulter files do this.",
    ),
    _Kind(
        "bits_ignored",
        "warning",
        "The declared width of a value contradicts its type; the width of the type was used.",
        "Check one channel against the instrument's software.",
    ),
    _Kind(
        "log_offset_zero",
        "info",
        "A logarithmic channel has the illegal lowest value 0; it was read as 1, as the standard says.",
        "Nothing; ratios are right, absolute units are arbitrary anyway.",
    ),
    _Kind(
        "log_and_gain",
        "warning",
        "A logarithmic channel also has a gain, which the standard forbids; the gain was not applied.",
        "Check the channel against the instrument's software.",
    ),
    _Kind(
        "log_on_float",
        "warning",
        "A channel of decimal numbers is declared logarithmic, which the standard forbids; it was converted.",
        "Check the channel against the instrument's software.",
    ),
    _Kind(
        "amplification_odd",
        "warning",
        "The declared amplification of a channel makes no sense; the values were left linear.",
        "Check the channel against the instrument's software.",
    ),
    _Kind(
        "time_step",
        "info",
        "Time in seconds is not known: time channel, time step or both are missing or unreadable.",
        "Time-based quality control works on the instrument's own ticks.",
    ),
    _Kind(
        "time_not_monotonic",
        "info",
        "Time runs backwards at least once.",
        "Was the tube paused, or were files joined? Look at signal over time.",
    ),
    # ---- values
    _Kind(
        "bits_masked",
        "info",
        "Integers hold bits above the declared range; they were set to 0, as the standard says.",
        "Usual in old Beckman Coulter files; in others the byte order or a range may be wrong.",
    ),
    _Kind(
        "above_range",
        "info",
        "Values lie above the declared range; they are kept as they are, never clipped.",
        "Usual after the instrument's own compensation or with area signals.",
    ),
    _Kind(
        "not_finite",
        "error",
        "Some values are not numbers (NaN or infinite).",
        "The file is damaged or was written by a faulty program; export it again.",
    ),
    _Kind(
        "implausible_values",
        "error",
        "Values are absurdly large or small, as when data are read from a wrong place or in a wrong type.",
        "Do not use this tube; export it again.",
    ),
    _Kind(
        "byte_order_doubtful",
        "error",
        "The values look as if their bytes stand in the other order than the file says.",
        "Do not use this tube before its histograms were compared with the instrument's software.",
    ),
    _Kind(
        "precision_lost",
        "info",
        "Integers above 9,007,199,254,740,992 were rounded to the next decimal number.",
        "Nothing; relative error below 1e-15.",
    ),
    # ---- spillover
    _Kind(
        "spillover_identity",
        "info",
        "The file's spillover matrix changes nothing; instruments write it where none was made.",
        "Compensate from single stains or a CSV if the panel needs it.",
    ),
    _Kind(
        "spillover_numbers",
        "info",
        "The spillover matrix names channels by number instead of by name; they were translated.",
        "Nothing.",
    ),
    _Kind(
        "spillover_unusable",
        "warning",
        "The file's spillover matrix cannot be used: names, numbers or both do not fit.",
        "Compensate from single stains or a CSV.",
    ),
    _Kind(
        "spillover_several",
        "warning",
        "The file holds spillover matrices that differ; the standard's own keyword was used.",
        "Check which one the instrument used.",
    ),
    _Kind(
        "spillover_dfc",
        "warning",
        "The matrix is of old $DFC percentages, which the electronics may already have subtracted.",
        "Check with single stains before compensating: twice is as wrong as never.",
    ),
)

_SEVERITY: dict[str, Severity] = {kind.code: kind.severity for kind in _KINDS}

FINDINGS = tuple(FindingKind(kind.code, kind.meaning, kind.advice) for kind in _KINDS)
"""Every finding of the reader, for the list of the flow assay."""

SHOWN_NAMES = 12  # names written out in a message before the rest is counted


def remark(code: str, message: str, value: float | None = None, limit: float | None = None) -> Finding:
    """Make a finding of a listed kind; sample and entity are the caller's to add."""
    return Finding(code, _SEVERITY[code], message, value=value, limit=limit)


def listed(names: list[str]) -> str:
    """Names as a readable list; long lists are counted."""
    shown = ", ".join(names[:SHOWN_NAMES])
    return shown if len(names) <= SHOWN_NAMES else f"{shown} and {len(names) - SHOWN_NAMES} more"
