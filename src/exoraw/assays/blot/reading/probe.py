"""What a picture says about itself from its header alone: for the inventory. No pixel is decoded."""

from __future__ import annotations

from pathlib import Path

from exoraw.assays.blot.reading import biorad_1sc, biorad_scn, gel_scale, jpeg, png, tiff
from exoraw.assays.blot.reading.imager_text import channel_in_name
from exoraw.assays.blot.reading.raster import Capture
from exoraw.assays.blot.reading.reader import VERIFIED
from exoraw.assays.blot.reading.tiff_layout import layout_of
from exoraw.assays.blot.reading.tiff_structure import LEAST_TIFF
from exoraw.io.errors import FormatError
from exoraw.io.guard import open_raw
from exoraw.io.inventory import DatasetHeader, Header


def probe_tiff(path: str | Path) -> Header:
    """Header of a TIFF picture: one dataset per page. Raises FormatError."""
    return _tiff(Path(path), needs_scale=False)


def probe_gel(path: str | Path) -> Header:
    """Header of a Typhoon or ImageQuant .gel. Raises FormatError where its scale is missing."""
    return _tiff(Path(path), needs_scale=True)


def _tiff(path: Path, *, needs_scale: bool) -> Header:
    with open_raw(path, least=LEAST_TIFF, expected="a TIFF picture") as raw:
        opened = tiff.open_pages(raw)
        if needs_scale and gel_scale.scale_of(opened.all_pages) is None:
            advice = "It is read as plain TIFF."
            raise FormatError(path, None, "a scale (tag 33445), as scanners write it", "none", advice)
        name = gel_scale.FORMAT if needs_scale else tiff.FORMAT
        datasets = []
        capture = Capture()
        for index, page in enumerate(opened.pictures):
            layout = layout_of(page)
            told, _ = tiff.capture_of(page)
            capture = told if index == 0 else capture
            shape = (layout.rows, layout.columns)
            datasets.append(_dataset(path, index, name, layout.words, shape, told))
    return _header(tuple(datasets), capture)


def probe_png(path: str | Path) -> Header:
    """Header of a PNG picture. Raises FormatError."""
    path = Path(path)
    with open_raw(path, least=png.LEAST_PNG, expected="a PNG picture") as raw:
        chunks = png.png_header(raw)
    words = png.words_of(chunks)
    dataset = _dataset(path, 0, png.FORMAT, words, (chunks.rows, chunks.columns), Capture())
    return _header((dataset,), Capture(software=chunks.texts.get("Software", "")))


def probe_jpeg(path: str | Path) -> Header:
    """Header of a JPEG picture. Raises FormatError."""
    path = Path(path)
    with open_raw(path, least=jpeg.LEAST_JPEG, expected="a JPEG picture") as raw:
        frame = jpeg.jpeg_header(raw)
    words = jpeg.words_of(frame)
    return _header(
        (_dataset(path, 0, jpeg.FORMAT, words, (frame.rows, frame.columns), Capture()),), Capture()
    )


def probe_1sc(path: str | Path) -> Header:
    """Header of a Bio-Rad .1sc scan. Raises FormatError."""
    path = Path(path)
    with open_raw(path, least=biorad_1sc.LEAST_1SC, expected="a Bio-Rad .1sc scan") as raw:
        head = biorad_1sc.scan_header(raw)
    capture = biorad_1sc.capture_of(head)
    words = biorad_1sc.words_of(head)
    return _header(
        (_dataset(path, 0, biorad_1sc.FORMAT, words, (head.rows, head.columns), capture),), capture
    )


def probe_scn(path: str | Path) -> Header:
    """Header of a Bio-Rad .scn file. Raises FormatError."""
    path = Path(path)
    with open_raw(path, least=biorad_scn.LEAST_SCN, expected="a Bio-Rad .scn file") as raw:
        head = biorad_scn.scn_header(raw)
    words = biorad_scn.words_of(head)
    return _header(
        (_dataset(path, 0, biorad_scn.FORMAT, words, (head.rows, head.columns), head.capture),),
        head.capture,
    )


def _dataset(
    path: Path, index: int, name: str, layout: str, shape: tuple[int, int], capture: Capture
) -> DatasetHeader:
    """One picture: its size, and as text what the plan and `scan` may show of it."""
    rows, columns = shape
    fields = {
        "layout": layout,
        "rows": str(rows),
        "columns": str(columns),
        "verified": "yes" if (name, layout) in VERIFIED else "unverified",
        "channel": capture.channel or channel_in_name(path.stem),
        "exposure_s": "" if capture.exposure_s is None else f"{capture.exposure_s:g}",
        "pixel_size_um": "" if capture.pixel_size_um is None else f"{capture.pixel_size_um:.4g}",
        "software": capture.software,
    }
    return DatasetHeader(index, rows * columns, {key: text for key, text in fields.items() if text})


def _header(datasets: tuple[DatasetHeader, ...], capture: Capture) -> Header:
    return Header(datasets, capture.make, capture.model, capture.serial, capture.acquired_at)
