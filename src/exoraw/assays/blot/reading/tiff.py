"""TIFF files of imagers: the page that is asked for, its colours, and what its tags say of the recording."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.reading import gel_scale
from exoraw.assays.blot.reading.findings import finding
from exoraw.assays.blot.reading.imager_text import capture_from_text, iso_date
from exoraw.assays.blot.reading.raster import Capture, Meaning, Pixels, Raster
from exoraw.assays.blot.reading.tiff_layout import JPEG, Layout, layout_of
from exoraw.assays.blot.reading.tiff_pixels import decode
from exoraw.assays.blot.reading.tiff_structure import LEAST_TIFF, Directory, Pages, pages_of
from exoraw.assays.contract import Finding
from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes, open_raw

FORMAT = "blot_tiff"
KIND, OLD_KIND, PHOTOMETRIC, DOCUMENT, DESCRIPTION, MAKE, MODEL = 254, 255, 262, 269, 270, 271, 272
X_RESOLUTION, Y_RESOLUTION, UNIT, TRANSFER, SOFTWARE, DATE, COLOUR_MAP, EXTRA = (
    282, 283, 296, 301, 305, 306, 320, 338,
)  # fmt: skip
EXPOSURE = 33434  # EXIF ExposureTime, seconds
WHITE_ZERO, BLACK_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
_UNIT_UM = {2: 25_400.0, 3: 10_000.0}  # inch, centimetre
SCREEN_DPI = (72.0, 75.0, 96.0)  # what programs write that do not know
_NEAR = 0.01
_MAKERS = ("Alpha Innotech",)


@dataclass(frozen=True)
class Opened:
    """The pages of a TIFF that are pictures, in order, and what was odd about the list."""

    pictures: tuple[Directory, ...]
    all_pages: tuple[Directory, ...]
    findings: tuple[Finding, ...]


def read_tiff(path: Path, page: int = 0) -> Raster:
    """Read one page of a TIFF file (a Typhoon / ImageQuant .gel is one too).

    Parameters
    ----------
    page : from 0, thumbnails not counted

    Raises
    ------
    FormatError : not TIFF, no such page, or a page that cannot be what its header says
    """
    with open_raw(path, least=LEAST_TIFF, expected="a TIFF picture") as raw:
        opened = open_pages(raw)
        directory = chosen_page(opened, page)
        layout = layout_of(directory)
        scale = gel_scale.scale_of(opened.all_pages)
        stored = decode(directory, layout)
        capture, remarks = capture_of(directory)
        raster = _raster(directory, layout, stored, capture)
    findings = (*opened.findings, *remarks, *raster.findings)
    raster = replace(raster, pages=len(opened.pictures), findings=findings)
    return gel_scale.applied(raster, scale)


def open_pages(raw: RawBytes) -> Opened:
    """Pictures and thumbnails of the file apart."""
    pages = pages_of(raw)
    pictures = tuple(page for page in pages.directories if not _is_thumbnail(page)) or pages.directories
    hidden = len(pages.directories) - len(pictures)
    return Opened(pictures, pages.directories, tuple(_remarks(pages, hidden)))


def _is_thumbnail(page: Directory) -> bool:
    return bool(page.integer(KIND, 0) & 1) or page.integer(OLD_KIND, 1) == 2


def _remarks(pages: Pages, hidden: int) -> list[Finding]:
    found = []
    if pages.broken:
        found.append(finding("pages_broken", f"The list of pages is damaged: {pages.broken}."))
    if hidden:
        found.append(finding("thumbnail_skipped", f"{hidden} reduced preview(s) were not counted.", hidden))
    return found


def chosen_page(opened: Opened, page: int) -> Directory:
    """The page that was asked for. Raises FormatError where the file has no such page."""
    if not 0 <= page < len(opened.pictures):
        first = opened.pictures[0]
        number = len(opened.pictures)
        raise FormatError(
            first.raw.path, None, f"a page between 1 and {number}", f"a request for page {page + 1}",
            "Name a page that the file has.",
        )  # fmt: skip
    return opened.pictures[page]


def _raster(page: Directory, layout: Layout, stored: Pixels, capture: Capture) -> Raster:
    pixels, meaning, remarks = _meaning(page, layout, stored)
    bits = 8 * layout.dtype.itemsize
    whole = layout.dtype.kind in "ui"
    return Raster(
        FORMAT,
        layout.words,
        pixels,
        bits=bits,
        white_level=float(np.iinfo(pixels.dtype).max) if whole else None,
        capture=capture,
        meaning=meaning,
        palette=_palette(page, layout) if meaning == "palette" else None,
        says_white_zero=page.integer(PHOTOMETRIC, BLACK_ZERO) == WHITE_ZERO,
        lossy=layout.compression == JPEG,
        gamma=_gamma(page),
        findings=remarks,
    )


def _meaning(page: Directory, layout: Layout, stored: Pixels) -> tuple[Pixels, Meaning, tuple[Finding, ...]]:
    """What the samples are: grey, colours or indices; extra samples (alpha) are dropped with a remark."""
    photometric = page.integer(PHOTOMETRIC, BLACK_ZERO)
    if photometric == PALETTE and layout.samples == 1:
        return stored, "palette", ()
    colours = 3 if photometric in (RGB, YCBCR) or (layout.samples >= 3 and EXTRA not in page.entries) else 1
    if layout.samples < colours:
        found = f"{layout.samples} sample(s)"
        raise FormatError(page.raw.path, page.place(PHOTOMETRIC), "three colours a pixel", found)
    if layout.samples == 1:
        return stored, "grey", ()
    remarks: tuple[Finding, ...] = ()
    extra = stored[:, :, colours:]
    if extra.size and np.ptp(extra):
        message = (
            f"{extra.shape[2]} further sample(s) of each pixel (transparency or a channel) were ignored."
        )
        remarks = (finding("transparent", message),)
    if colours == 1:
        return np.ascontiguousarray(stored[:, :, 0]), "grey", remarks
    return stored[:, :, :3], "rgb", remarks


def _palette(page: Directory, layout: Layout) -> npt.NDArray[np.uint16]:
    """(2 ** bits, 3) colours of a palette picture."""
    values = page.numbers(COLOUR_MAP)
    size = 2 ** (8 * layout.dtype.itemsize)
    if values is None or len(values) < 3 * size or layout.dtype.kind != "u" or layout.dtype.itemsize > 2:
        found = "none" if values is None else f"{len(values):,} values"
        advice = "Export the picture in grey."
        raise FormatError(
            page.raw.path, page.place(COLOUR_MAP), f"a colour table of 3 x {size:,} values", found, advice
        )
    return np.ascontiguousarray(values[: 3 * size].astype(np.uint16).reshape(3, size).T)


def _gamma(page: Directory) -> float | None:
    """Exponent of the TransferFunction tag, from its middle; None where there is no curve."""
    values = page.numbers(TRANSFER)
    if values is None or len(values) < 16 or values.dtype.kind not in "u":
        return None
    curve = values.astype(np.float64)
    curve = curve[: len(curve) // 3] if len(curve) in (768, 196_608) else curve
    middle = curve[len(curve) // 2] / max(float(curve.max()), 1.0)
    return round(math.log(0.5) / math.log(middle), 3) if 0.0 < middle < 1.0 else None


def capture_of(page: Directory) -> tuple[Capture, tuple[Finding, ...]]:
    """How the picture was taken, from its tags and its description."""
    told = capture_from_text(page.text(DESCRIPTION))
    size, remarks = _pixel_size(page)
    exposure = page.ratio(EXPOSURE)
    sensible = exposure is not None and math.isfinite(exposure) and exposure > 0
    named = page.text(DOCUMENT)  # Alpha Innotech signs here; others keep a file name here, which says nothing
    make = page.text(MAKE) or (named if named in _MAKERS else "")
    if page.damaged:
        tags = ", ".join(str(code) for code in page.damaged[:10])
        remarks = (*remarks, finding("tag_unreadable", f"Tags that point outside the file: {tags}."))
    capture = replace(
        told,
        exposure_s=exposure if sensible else told.exposure_s,
        pixel_size_um=size,
        make=make,
        model=page.text(MODEL) or told.model,
        software=page.text(SOFTWARE) or told.software,
        acquired_at=told.acquired_at or iso_date(page.text(DATE)),
    )
    return capture, remarks


def _pixel_size(page: Directory) -> tuple[float | None, tuple[Finding, ...]]:
    """Micrometres per pixel; None where the resolution is no length or a screen's."""
    across, down = page.ratio(X_RESOLUTION), page.ratio(Y_RESOLUTION)
    unit = _UNIT_UM.get(page.integer(UNIT, 2))
    if not across or not down or unit is None or not math.isfinite(across) or across <= 0:
        return None, ()
    dpi = across * 25_400.0 / unit
    if any(math.isclose(dpi, screen, rel_tol=1e-3) for screen in SCREEN_DPI):
        message = f"The resolution of {dpi:.0f} dpi is a screen's; the size of a pixel is not known."
        return None, (finding("pixel_size_unlikely", message, dpi),)
    if not math.isclose(across, down, rel_tol=_NEAR):
        message = f"The pixels are declared {unit / across:.1f} um wide and {unit / down:.1f} um high."
        return None, (finding("size_mismatch", message),)
    return unit / across, ()
