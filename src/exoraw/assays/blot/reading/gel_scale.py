"""Typhoon and ImageQuant .gel files: their values are square roots, and a private tag says so.

Source: Molecular Dynamics' tags 33445 to 33452 ("MD_FileTag" ...), as TIFF readers document them:
intensity = stored ** 2 * scale for file tag 2, stored * scale for file tag 128.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from exoraw.assays.blot.reading.findings import finding
from exoraw.assays.blot.reading.imager_text import iso_date
from exoraw.assays.blot.reading.raster import Raster
from exoraw.assays.blot.reading.tiff_structure import Directory
from exoraw.io.errors import FormatError

FORMAT = "typhoon_gel"
FILE_TAG, SCALE, LAB, SAMPLE, DATE, TIME, UNITS = 33445, 33446, 33448, 33449, 33450, 33451, 33452
SQUARE_ROOT, LINEAR = 2, 128
MAX_SCALE = 1e12


@dataclass(frozen=True)
class GelScale:
    """How the stored values of a .gel become light.

    Parameters
    ----------
    kind : 2 = square roots, 128 = linear, others leave the values as they are
    factor : multiplies the squares (or the linear values)
    note : unit, laboratory, sample and date as the scanner's software wrote them
    """

    kind: int
    factor: float
    note: dict[str, str]


def scale_of(pages: tuple[Directory, ...]) -> GelScale | None:
    """The scale, from the first or the second page; None where the file is no .gel.

    Raises
    ------
    FormatError : a scale that is zero, negative or no number
    """
    for page in pages[:2]:
        if FILE_TAG in page.entries:
            kind = page.integer(FILE_TAG, 0)
            factor = page.ratio(SCALE) if SCALE in page.entries else 1.0
            if factor is None or not 0.0 < factor <= MAX_SCALE:
                advice = "The header is damaged; export the scan again."
                raise FormatError(page.raw.path, page.place(SCALE), "a scale above 0", f"{factor}", advice)
            names = {"unit": UNITS, "laboratory": LAB, "sample": SAMPLE, "date": DATE, "time": TIME}
            return GelScale(kind, factor, {name: page.text(tag) for name, tag in names.items()})
    return None


def applied(raster: Raster, scale: GelScale | None) -> Raster:
    """The picture with linear values; unchanged where the file has no scale (said by `read_image`)."""
    if scale is None:
        return raster
    pixels, white = raster.pixels, raster.white_level
    remarks = raster.findings
    if scale.kind in (SQUARE_ROOT, LINEAR):
        power = 2 if scale.kind == SQUARE_ROOT else 1
        pixels = pixels.astype(np.float32)
        pixels **= power
        pixels *= np.float32(scale.factor)
        white = white**power * scale.factor if white is not None else None
        if power == 2:
            message = f"Values are square roots; they were squared and multiplied by {scale.factor:.6g}."
            remarks = (*remarks, finding("square_root_decoded", message, scale.factor))
    note = {key: text for key, text in scale.note.items() if text}
    capture = replace(
        raster.capture,
        settings={**raster.capture.settings, **note},
        acquired_at=raster.capture.acquired_at or iso_date(scale.note["date"].replace("/", "-")),
    )
    return replace(raster, format=FORMAT, pixels=pixels, white_level=white, capture=capture, findings=remarks)
