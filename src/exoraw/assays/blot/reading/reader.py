"""Reads a picture of a blot or gel in any of the imagers' formats, chosen by its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from exoraw.assays.blot.reading import biorad_1sc, biorad_scn, gel_scale, jpeg, png, tiff
from exoraw.assays.blot.reading.findings import finding
from exoraw.assays.blot.reading.history import (
    drawing_findings,
    export_findings,
    gamma_findings,
    grey_of,
)
from exoraw.assays.blot.reading.image import BlotImage
from exoraw.assays.blot.reading.imager_text import channel_in_name
from exoraw.assays.blot.reading.polarity import PolarityChoice, polarity_of
from exoraw.assays.blot.reading.raster import Pixels, Raster
from exoraw.assays.blot.reading.saturation import ceiling_fraction, saturation_ceiling
from exoraw.assays.contract import Finding
from exoraw.io.errors import FormatError
from exoraw.io.guard import open_raw

# (format, layout) of which a real imager's file has passed: see docs/methods/blot_reading.md
VERIFIED = {
    (tiff.FORMAT, "16-bit grey, uncompressed"),  # Image Lab, ImageQuant 800, FluorChem
    (tiff.FORMAT, "8-bit grey, LZW"),  # UVP by way of GraphicsMagick
    (biorad_1sc.FORMAT, "16-bit grey, uncompressed"),  # ChemiDoc XRS
}
_HEAD = 256  # bytes that tell the format
_LARGEST = 1e30  # above it sums over a band leave the range of float32


def read_image(path: str | Path, page: int = 0) -> BlotImage:
    """Read a picture of a blot or gel; bands come out bright, whatever the file's convention.

    TIFF (8, 16, 32 bits, floating point, palette, RGB, tiled, LZW, deflate, PackBits, JPEG), Typhoon and
    ImageQuant .gel, PNG, JPEG, Bio-Rad .1sc and .scn. The format is found from the content, never the name.

    Parameters
    ----------
    path : the file; it is opened read-only
    page : picture in a file of several, from 0

    Returns
    -------
    BlotImage; `findings` holds everything that makes its numbers doubtful

    Raises
    ------
    FormatError : not such a picture, damaged, cut off, or larger than its file can be
    """
    path = Path(path)
    stored = _raster(path, page)
    raster = _grey(stored)
    pixels, remarks = _finite(path, raster.pixels)
    remarks += gamma_findings(raster.gamma, raster.lossy) + drawing_findings(pixels)
    if raster.meaning != "palette":
        remarks += export_findings(pixels, raster.bits)
    choice = polarity_of(pixels, raster.says_white_zero)
    pixels = _signal_bright(pixels, raster, choice)
    image = _assembled(path, page, raster, pixels, choice, str(stored.pixels.dtype))
    return replace(
        image, findings=(*_kept(image, raster), *raster.findings, *remarks, *_judged(image, choice))
    )


# ----------------------------------------------------------------- which format


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[Path], Raster]], ...] = (
    (lambda head: head.startswith(png.SIGNATURE), png.read_png),
    (lambda head: head.startswith(jpeg.START), jpeg.read_jpeg),
    (lambda head: head.startswith(biorad_1sc.MAGIC), biorad_1sc.read_1sc),
    (lambda head: biorad_scn.SIGNATURE in head, biorad_scn.read_scn),
)


def _raster(path: Path, page: int) -> Raster:
    """Read with the reader that the first bytes name."""
    with open_raw(path, least=8, expected="a picture of a blot or gel") as raw:
        head = raw.array(0, _HEAD).tobytes()
    if head[:2] in (b"II", b"MM"):
        return tiff.read_tiff(path, page)
    reader = next((read for fits, read in _READERS if fits(head)), None)
    if reader is None:
        raise FormatError(
            path,
            0,
            "a picture of a blot or gel (TIFF, .gel, PNG, JPEG, Bio-Rad .1sc or .scn)",
            repr(head[:12]),
            "Export the picture as 16-bit TIFF from the imager's software.",
        )
    if page != 0:
        found = f"a request for page {page + 1}"
        raise FormatError(path, None, "page 1, the only one of this format", found)
    return reader(path)


# ----------------------------------------------------------------- from stored samples to grey


def _grey(raster: Raster) -> Raster:
    """The picture with one value per pixel: a channel, luminance, or what a colour table stands for."""
    if raster.meaning == "rgb":
        pixels, remarks = grey_of(raster.pixels)
        return replace(raster, pixels=pixels, findings=(*raster.findings, *remarks))
    if raster.meaning == "grey" or raster.palette is None:
        return raster
    table = raster.palette
    same = bool(np.array_equal(table[:, 0], table[:, 1]) and np.array_equal(table[:, 1], table[:, 2]))
    if same and np.all(np.diff(table[:, 0].astype(np.int64)) >= 0):
        return raster  # a grey ramp for the screen: the indices are the samples
    if same:
        return replace(raster, pixels=table[:, 0][raster.pixels], white_level=65535.0)
    message = "The colour table is no grey ramp; the stored numbers were taken, not their colours."
    return replace(raster, findings=(*raster.findings, finding("false_colours", message)))


def _finite(path: Path, pixels: Pixels) -> tuple[Pixels, tuple[Finding, ...]]:
    """The picture without NaN and infinities; signed and half-precision samples become float32."""
    if pixels.dtype.kind == "u":
        return pixels, ()
    if pixels.dtype.kind == "i" or pixels.dtype.itemsize == 2:
        pixels = pixels.astype(np.float32)
    good = np.isfinite(pixels) & (np.abs(pixels) < _LARGEST)
    bad = pixels.size - int(np.count_nonzero(good))
    if bad == 0:
        return pixels, ()
    if bad == pixels.size:
        advice = "The file was made by a calculation that failed; use the imager's file."
        raise FormatError(path, None, "pixels that are numbers", "none", advice)
    filled = np.where(good, pixels, np.median(pixels[good])).astype(pixels.dtype)
    message = f"{bad:,} pixels are not finite numbers; they were set to the median of the others."
    return filled, (finding("not_finite", message, float(bad), 0.0),)


def _signal_bright(pixels: Pixels, raster: Raster, choice: PolarityChoice) -> Pixels:
    """The picture with bright bands, read-only."""
    if choice.polarity == "inverted":
        top = float(pixels.max())  # a damaged header may name a white level below it
        white = top if raster.white_level is None else max(raster.white_level, top)
        pixels = pixels.dtype.type(white) - pixels
    pixels = np.ascontiguousarray(pixels)
    pixels.setflags(write=False)
    return pixels


# ----------------------------------------------------------------- what is said of it


def _assembled(
    path: Path, page: int, raster: Raster, pixels: Pixels, choice: PolarityChoice, dtype: str
) -> BlotImage:
    capture = raster.capture
    if not capture.channel:
        capture = replace(capture, channel=channel_in_name(path.stem))
    return BlotImage(
        path=path,
        page=page,
        pages=raster.pages,
        pixels=pixels,
        polarity=choice.polarity,
        polarity_evidence=choice.evidence,
        format=raster.format,
        layout=raster.layout,
        verified=(raster.format, raster.layout) in VERIFIED,
        raw_dtype=dtype,
        bits=raster.bits,
        white_level=raster.white_level,
        ceiling=saturation_ceiling(pixels),
        capture=capture,
        findings=(),
    )


def _kept(image: BlotImage, raster: Raster) -> list[Finding]:
    """What is said of every picture: how it was read, whether that is proven, which page it is."""
    exposure = "unknown" if image.exposure_s is None else f"{image.exposure_s:g} s"
    ceiling = "not reached" if image.ceiling is None else f"{image.ceiling:g}"
    rows, columns = image.pixels.shape
    found = [
        finding(
            "picture_read",
            f"{image.format}, {image.layout}, {columns} x {rows} pixels, {image.polarity}, exposure "
            f"{exposure}, ceiling {ceiling}.",
        )
    ]
    if not image.verified:
        message = f"No real imager's file of {image.format} ({image.layout}) has passed our tests."
        found.append(finding("format_unverified", message))
    if raster.lossy:
        found.append(finding("lossy", "The picture is a JPEG: 8 bits, fine structure thrown away."))
    if image.pages > 1:
        message = f"The file holds {image.pages} pictures; this is number {image.page + 1}."
        found.append(finding("several_pages", message, image.pages))
    if image.path.suffix.lower() == ".gel" and image.format != gel_scale.FORMAT:
        message = "The file is called .gel, but has no scale: it was saved again as plain TIFF."
        found.append(finding("gel_without_scale", message))
    return found


def _judged(image: BlotImage, choice: PolarityChoice) -> list[Finding]:
    """Remarks on polarity, ceiling and flatness, from the pixels."""
    if image.pixels.min() == image.pixels.max():
        return [finding("flat", f"All pixels are {image.pixels.flat[0]:g}.")]
    found = []
    if not choice.certain:
        message = f"It was taken as stored (bands bright): {choice.evidence}"
        found.append(finding("polarity_uncertain", message, choice.score))
    elif choice.polarity == "inverted":
        found.append(finding("polarity_inverted", f"It was turned round: {choice.evidence}", choice.score))
    if image.ceiling is not None:
        share = ceiling_fraction(image.pixels, image.ceiling)
        message = f"{share:.2%} of the pixels sit on the detector's ceiling of {image.ceiling:g}."
        found.append(finding("saturated", message, share, 0.0))
    return found
