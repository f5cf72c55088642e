"""Every remark that reading a picture can make, with what it means in the lab and what to do about it."""

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
        "picture_read",
        "info",
        "How stored samples became numbers: format, bits, compression, polarity, ceiling, exposure.",
        "Nothing; the pictures of one experiment should say the same, but for their exposure.",
    ),
    _Kind(
        "format_unverified",
        "warning",
        "No real imager's file of this kind has passed our tests; it was read by its published structure.",
        "Compare one picture with the imager's own software, and tell us how it went.",
    ),
    _Kind(
        "several_pages",
        "info",
        "The file holds several pictures; this is one of them.",
        "Name the page where another one is meant: each exposure or channel is a picture of its own.",
    ),
    _Kind(
        "thumbnail_skipped",
        "info",
        "The file holds a reduced preview beside the picture; it is not counted as a page.",
        "Nothing.",
    ),
    _Kind(
        "pages_broken",
        "warning",
        "The list of pages of the file is damaged; pages behind the damage cannot be reached.",
        "Copy the file again from the imager if a page is missing.",
    ),
    _Kind(
        "tag_unreadable",
        "info",
        "A tag of the picture points outside the file and was not read; the pixels are whole.",
        "Nothing if exposure and pixel size are known; else export the picture again.",
    ),
    _Kind(
        "square_root_decoded",
        "info",
        "The scanner stored square roots (.gel); they were squared and scaled as the file says.",
        "Nothing.",
    ),
    _Kind(
        "pixel_size_unlikely",
        "info",
        "The resolution in the file is a screen's (72, 75 or 96 dpi), not the imager's; it was not used.",
        "Nothing, unless lengths on the membrane are needed.",
    ),
    # ---- which way round
    _Kind(
        "polarity_inverted",
        "warning",
        "Bands are dark on a bright membrane: the picture was turned round (white level minus value).",
        "Prefer the imager's raw file. An inverted export of raw data is as good; a scan of film or of a "
        "stained gel is not proportional to protein.",
    ),
    _Kind(
        "polarity_uncertain",
        "warning",
        "The pixels do not show whether bands are bright or dark; the picture was taken as stored.",
        "Look at the picture: an empty membrane looks so, and so does a photograph.",
    ),
    # ---- what the numbers may have lost
    _Kind(
        "saturated",
        "warning",
        "Pixels sit on the detector's ceiling: their true signal is larger, by an unknown amount.",
        "Take the picture of a shorter exposure; volumes of bands that reach the ceiling are too low.",
    ),
    _Kind(
        "lossy",
        "warning",
        "The picture is a JPEG: 8 bits, and fine structure was thrown away.",
        "Quantify the imager's raw file. On simulated blots JPEG turns a p95 error of 2.4 % into 5 to 13 %.",
    ),
    _Kind(
        "eight_bit",
        "warning",
        "The picture has at most 256 grey levels: faint bands are stepped, bright ones may be cut.",
        "Export 16 bits from the imager's software.",
    ),
    _Kind(
        "eight_bit_inside",
        "warning",
        "The picture is stored in more bits than it has: at most 256 different values occur.",
        "It was exported as 8 bits once; export 16 bits from the raw file.",
    ),
    _Kind(
        "levels_missing",
        "warning",
        "Grey levels are missing in a regular comb: brightness or contrast was changed after recording.",
        "Changed contrast is only harmless when it was linear and cut nothing; use the raw file.",
    ),
    _Kind(
        "stretched",
        "warning",
        "Both ends of the grey scale are cut, as an automatic contrast stretch does.",
        "Faint and strong bands are lost; on simulated blots such a stretch makes p95 errors of 110 %.",
    ),
    _Kind(
        "gamma",
        "warning",
        "The grey levels follow a curve (gamma) instead of the light.",
        "Ratios are wrong by a third or more; export linear data from the imager.",
    ),
    _Kind(
        "false_colours",
        "warning",
        "The picture is stored with a colour table; the numbers behind the colours were taken.",
        "Export it in grey.",
    ),
    _Kind(
        "transparent",
        "warning",
        "The picture has transparent parts; transparency was ignored.",
        "It was edited; use the imager's file.",
    ),
    _Kind(
        "gel_without_scale",
        "warning",
        "The file is called .gel but does not say how its values are scaled: it was saved as plain TIFF.",
        "If it still holds square roots every ratio is wrong (25 % at the median); export it from the "
        "scanner's software again.",
    ),
    _Kind(
        "not_finite",
        "error",
        "Pixels are not numbers (NaN or infinite); they were set to the median of the picture.",
        "The file was made by a calculation that failed; use the imager's file.",
    ),
    _Kind(
        "flat",
        "error",
        "All pixels have the same value: there is nothing to measure.",
        "Was the shutter closed? Export the picture again.",
    ),
    _Kind(
        "size_mismatch",
        "warning",
        "What the file says of itself in two places differs.",
        "The file was edited or damaged; export it again.",
    ),
    # ---- what is no measurement at all
    _Kind(
        "photograph",
        "error",
        "The picture is in colour: a photograph, a scan or a composed figure.",
        "Use the imager's grey file. Two-channel composites: export each channel by itself.",
    ),
    _Kind(
        "annotated",
        "error",
        "Text, arrows or frames are drawn over the picture.",
        "Export the picture without annotations: what lies under them is lost.",
    ),
)

_BY_CODE = {kind.code: kind for kind in _KINDS}
FINDING_KINDS = tuple(FindingKind(kind.code, kind.meaning, kind.advice) for kind in _KINDS)


def finding(code: str, message: str, value: float | None = None, limit: float | None = None) -> Finding:
    """A remark of this list; its severity stands with its code."""
    return Finding(code, _BY_CODE[code].severity, message, value=value, limit=limit)
