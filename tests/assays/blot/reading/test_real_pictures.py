"""Real files of imagers read as their own software shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from exoraw.assays.blot import read_image
from exoraw.assays.blot.reading import (
    probe_1sc,
    probe_jpeg,
    probe_png,
    probe_tiff,
)

HARMLESS = {"picture_read", "pixel_size_unlikely", "eight_bit", "saturated", "format_unverified"}


def real(shared: Path) -> list[Path]:
    found = sorted((shared / "data/blots").rglob("*.tif")) + sorted((shared / "data/blots").rglob("*.1sc"))
    assert len(found) == 34
    return found


def test_every_real_picture_reads_bright_and_without_false_alarm(shared: Path) -> None:
    for path in real(shared):
        image = read_image(path)
        assert image.polarity == "signal bright", path
        assert {finding.code for finding in image.findings} <= HARMLESS, path
        if path.suffix == ".tif":
            assert np.array_equal(image.pixels, tifffile.imread(path)), path
        assert image.verified == ("sim" not in path.parts), path


@pytest.mark.parametrize("number", [1, 4])
def test_a_1sc_equals_image_labs_own_tiff(shared: Path, number: int) -> None:
    folder = shared / "data/blots/biorad1sc"
    scan = read_image(folder / f"test{number}.1sc")
    export = read_image(folder / f"test{number}_imglab_analysis.tif")
    assert np.array_equal(scan.pixels, export.pixels)
    assert scan.ceiling == export.ceiling == {1: 65522.0, 4: 64024.0}[number]
    assert scan.pixel_size_um == export.pixel_size_um == pytest.approx(200.0)
    assert scan.acquired_at == export.acquired_at[:16]


@pytest.mark.parametrize("number", [1, 4])
def test_a_1sc_equals_the_published_reader(shared: Path, number: int) -> None:
    reader = pytest.importorskip("biorad1sc_reader")
    path = shared / f"data/blots/biorad1sc/test{number}.1sc"
    columns, rows, values = reader.Reader(str(path)).get_img_data()
    assert np.array_equal(read_image(path).pixels, np.asarray(values).reshape(rows, columns))


def test_imagequant_tells_exposure_pixel_size_date_and_channel(shared: Path) -> None:
    image = read_image(next((shared / "data/blots/imagequant800").glob("*.tif")))
    assert image.exposure_s == 3.5
    assert image.pixel_size_um == pytest.approx(69.7)
    assert image.instrument == "Amersham ImageQuant 800"
    assert image.acquired_at == "2024-07-10T13:14:25+02:00"
    assert image.channel == "Chemiluminescence"
    assert image.capture.serial == "27210437"
    assert image.ceiling is None


def test_headers_tell_size_and_instrument_without_decoding(shared: Path) -> None:
    folder = shared / "data/blots/biorad1sc"
    header = probe_1sc(folder / "test1.1sc")
    assert (header.make, header.model, header.acquired_at) == ("Bio-Rad", "ChemiDoc XRS", "2015-12-15T11:55")
    assert header.datasets[0].size == 696 * 520
    assert header.datasets[0].fields["verified"] == "yes"
    assert probe_tiff(folder / "test1_imglab_analysis.tif").datasets[0].fields["pixel_size_um"] == "200"


@pytest.mark.parametrize("name", ["gelgenie", "haley2015", "imagequant800"])
def test_an_inverted_copy_of_a_real_blot_is_turned_back(shared: Path, tmp_path: Path, name: str) -> None:
    path = next((shared / "data/blots" / name).rglob("*.tif"))
    stored = tifffile.imread(path)
    tifffile.imwrite(tmp_path / "a.tif", np.iinfo(stored.dtype).max - stored)
    image = read_image(tmp_path / "a.tif")
    assert image.polarity == "inverted"
    assert np.array_equal(image.pixels, stored)


def test_probes_refuse_other_formats(shared: Path) -> None:
    from exoraw.io.errors import FormatError

    path = shared / "data/blots/biorad1sc/test1.1sc"
    for probe in (probe_tiff, probe_png, probe_jpeg):
        with pytest.raises(FormatError):
            probe(path)
