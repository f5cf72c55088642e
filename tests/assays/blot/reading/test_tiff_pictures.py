"""TIFF pictures of every kind come out as tifffile reads them, bright bands up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.blot import read_image
from exoraw.assays.blot.reading import probe_gel, probe_tiff
from exoraw.io.errors import FormatError


def blot(rows: int = 120, columns: int = 170, dtype: str = "uint16", top: float = 40_000.0) -> np.ndarray:
    """A row of four bright bands with noise."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    lanes = sum(np.exp(-(((x - c) / 12) ** 6)) for c in np.linspace(20, columns - 20, 4))
    picture = (
        0.02 + 0.85 * lanes * np.exp(-0.5 * ((y - rows / 2) / 5) ** 2) + rng.normal(0, 0.003, (rows, columns))
    )
    return (np.clip(picture, 0, 1) * top).astype(dtype)


def codes(image) -> set[str]:
    return {finding.code for finding in image.findings}


KINDS = {
    "uint8": {"dtype": "uint8", "top": 250.0},
    "uint16": {"dtype": "uint16", "top": 40_000.0},
    "uint32": {"dtype": "uint32", "top": 3e9},
    "float32": {"dtype": "float32", "top": 900.0},
    "float64": {"dtype": "float64", "top": 900.0},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_every_sample_type_and_byte_order_is_read(
    tmp_path: Path, kind: str, byteorder: str, bigtiff: bool
) -> None:
    stored = blot(**KINDS[kind])
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, stored, byteorder=byteorder, bigtiff=bigtiff, metadata=None, photometric="minisblack"
    )
    image = read_image(path)
    assert np.array_equal(image.pixels, stored)
    assert image.raw_dtype == kind
    assert image.bits == stored.dtype.itemsize * 8
    assert not image.pixels.flags.writeable


@pytest.mark.parametrize(
    ("compression", "predictor"),
    [(None, False), ("lzw", False), ("zlib", False), ("packbits", False), ("lzw", True), ("zlib", True)],
)
@pytest.mark.parametrize("tile", [None, (32, 48)])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_compressed_and_tiled_pictures_equal_the_plain_one(
    tmp_path: Path, compression: str | None, predictor: bool, tile: tuple[int, int] | None, kind: str
) -> None:
    stored = blot(**KINDS[kind])
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, stored, compression=compression, predictor=predictor, tile=tile,
        rowsperstrip=None if tile else 17, metadata=None, photometric="minisblack",
    )  # fmt: skip
    assert np.array_equal(read_image(path).pixels, stored)
    assert np.array_equal(tifffile.imread(path), stored)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_colours_that_are_equal_are_grey(tmp_path: Path, planar: str, tile: tuple[int, int] | None) -> None:
    grey = blot(**KINDS["uint8"])
    axis = 0 if planar == "separate" else 2
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.stack([grey] * 3, axis=axis), photometric="rgb", planarconfig=planar, tile=tile)
    image = read_image(path)
    assert np.array_equal(image.pixels, grey)
    assert "photograph" not in codes(image)


def test_min_is_white_data_with_bright_bands_stay_as_they_are(tmp_path: Path) -> None:
    stored = blot()
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored, photometric="miniswhite")
    image = read_image(path)
    assert image.polarity == "signal bright"
    assert np.array_equal(image.pixels, stored)
    assert "0 is white" in image.polarity_evidence


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_dark_bands_are_turned_round_whatever_the_tag_says(tmp_path: Path, photometric: str) -> None:
    stored = blot()
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, 65535 - stored, photometric=photometric)
    image = read_image(path)
    assert image.polarity == "inverted"
    assert np.array_equal(image.pixels, stored)
    assert "polarity_inverted" in codes(image)


def test_an_empty_membrane_is_called_uncertain(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.random.default_rng(1).normal(500, 12, (120, 200)).astype("uint16"))
    image = read_image(path)
    assert "polarity_uncertain" in codes(image)
    assert image.polarity == "signal bright"


def test_pages_are_chosen_by_number_and_thumbnails_are_no_pages(tmp_path: Path) -> None:
    first, second = blot(), blot()[:, ::-1]
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(first, metadata=None)
        file.write(first[::8, ::8], subfiletype=1, metadata=None)
        file.write(second, metadata=None)
    image = read_image(path, page=1)
    assert image.pages == 2
    assert np.array_equal(image.pixels, second)
    assert {"several_pages", "thumbnail_skipped"} <= codes(image)
    assert [d.size for d in probe_tiff(path).datasets] == [first.size, second.size]
    with pytest.raises(FormatError, match="page 3"):
        read_image(path, page=2)


def test_a_palette_of_greys_is_the_picture_and_false_colours_are_said(tmp_path: Path) -> None:
    stored = blot(**KINDS["uint8"])
    ramp = np.arange(256, dtype=np.uint16) * 257
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored, photometric="palette", colormap=np.stack([ramp] * 3))
    assert np.array_equal(read_image(path).pixels, stored)
    tifffile.imwrite(path, stored, photometric="palette", colormap=np.stack([ramp[::-1]] * 3))
    assert np.array_equal(read_image(path).pixels, stored.astype(np.uint16) * 257)
    tifffile.imwrite(path, stored, photometric="palette", colormap=np.stack([ramp, ramp[::-1], ramp // 2]))
    image = read_image(path)
    assert "false_colours" in codes(image)
    assert np.array_equal(image.pixels, stored)


def md_gel(path: Path, stored: np.ndarray, kind: int = 2, scale: tuple[int, int] = (1, 21025)) -> None:
    tags = [(33445, "I", 1, kind, True), (33446, "2I", 1, scale, True), (33452, "s", 0, "Counts", True)]
    tifffile.imwrite(path, stored, photometric="miniswhite", extratags=tags, metadata=None)


def test_square_roots_of_a_gel_are_squared_as_tifffile_does(tmp_path: Path) -> None:
    path = tmp_path / "scan.gel"
    md_gel(path, blot())
    with tifffile.TiffFile(path) as file:
        expected = file.series[0].asarray()
    image = read_image(path)
    assert image.format == "typhoon_gel"
    assert np.allclose(image.pixels, expected, rtol=1e-6)
    assert "square_root_decoded" in codes(image)
    assert probe_gel(path).datasets[0].fields["verified"] == "unverified"


def test_a_gel_that_was_saved_as_plain_tiff_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "scan.gel"
    tifffile.imwrite(path, blot())
    image = read_image(path)
    assert image.format == "blot_tiff"
    assert "gel_without_scale" in codes(image)
    with pytest.raises(FormatError, match="scale"):
        probe_gel(path)


def test_pixels_that_are_no_numbers_are_counted_and_filled(tmp_path: Path) -> None:
    stored = blot(**KINDS["float32"])
    stored[3, 4:9] = np.nan
    stored[5, 5] = np.inf
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored)
    image = read_image(path)
    found = next(f for f in image.findings if f.code == "not_finite")
    assert found.value == 6
    assert found.severity == "error"
    assert np.isfinite(image.pixels).all()
    tifffile.imwrite(path, np.full((20, 20), np.nan, np.float32))
    with pytest.raises(FormatError, match="numbers"):
        read_image(path)


def test_what_imagequant_writes_about_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    text = (
        "Exposure time = 250 ms\r\nDate time = 2024:07:10 13:14:25\r\n"
        "Time zone = Europe/Berlin(UTC+02:00)\r\nImaging mode = Chemiluminescence"
    )
    tifffile.imwrite(
        path, blot(), description=text, metadata=None, resolution=(100000 / 697,) * 2,
        resolutionunit="centimeter",
    )  # fmt: skip
    image = read_image(path)
    assert image.exposure_s == 0.25
    assert image.acquired_at == "2024-07-10T13:14:25+02:00"
    assert image.channel == "Chemiluminescence"
    assert image.pixel_size_um == pytest.approx(69.7)


def test_a_screens_resolution_is_no_pixel_size(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, blot(), resolution=(72, 72), resolutionunit="inch")
    image = read_image(path)
    assert image.pixel_size_um is None
    assert "pixel_size_unlikely" in codes(image)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(2, 60), columns=st.integers(2, 60), tile=st.booleans(), seed=st.integers(0, 99),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32"]),
    compression=st.sampled_from([None, "lzw", "zlib"]), strip=st.integers(1, 60),
)  # fmt: skip
def test_any_small_picture_comes_back_or_turned_round(
    tmp_path_factory, rows, columns, tile, seed, dtype, compression, strip
) -> None:
    stored = (np.random.default_rng(seed).random((rows, columns)) * 200).astype(dtype)
    path = tmp_path_factory.mktemp("tiff") / "a.tif"
    tifffile.imwrite(
        path, stored, compression=compression, tile=(16, 16) if tile else None, metadata=None,
        rowsperstrip=None if tile else strip, photometric="minisblack",
    )  # fmt: skip
    image = read_image(path)
    if image.polarity == "signal bright":
        assert np.array_equal(image.pixels, stored)
    else:
        white = np.iinfo(dtype).max if dtype != "float32" else stored.max()
        assert np.allclose(image.pixels, np.float64(white) - stored)
