"""Damaged pictures and pictures made to harm end in a FormatError or a picture, and in nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from exoraw.assays.blot import read_image
from exoraw.io.errors import FormatError

IN_TIME = {"picture", "refused"}


@pytest.fixture(scope="module")
def bench(project: Path) -> ModuleType:
    """The campaign of tests/bench, of which this is the short form."""
    spec = importlib.util.spec_from_file_location("fuzz_blot", project / "tests/bench/fuzz_blot_reading.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_made_to_harm_are_refused_or_read_within_the_limits(
    bench, tmp_path: Path, project: Path
) -> None:
    shared = project.parent / "shared"
    paths = []
    for name, data in bench.hostile_files(shared if shared.is_dir() else None):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    results = bench.judge(paths)
    assert len(results) == len(paths)
    assert [r for r in results if r["outcome"] not in IN_TIME or r["peak"] > bench.MEMORY] == []


def test_mutated_pictures_end_in_a_picture_or_a_refusal_with_words(bench, tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    sound = bench.sound_files(None)
    wrong = []
    for number in range(120):
        name, data = sound[number % len(sound)]
        path = tmp_path / f"{number}_{name}"
        path.write_bytes(bench.mutated(random, name, data))
        outcome = bench.outcome_of(path)
        if outcome not in IN_TIME:
            wrong.append((name, outcome))
    assert wrong == []


def test_a_tiff_that_declares_ten_thousand_million_pixels_is_refused_from_its_header(
    bench, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(bench.tiny_tiff(100_000, 100_000))
    assert path.stat().st_size < 130
    with pytest.raises(FormatError, match="10,000 times"):
        read_image(path)


def test_pages_in_a_circle_are_read_once_and_said(bench, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(bench.tiny_tiff(2, 2, data=b"\1\0\2\0\3\0\4\0", following=16))
    image = read_image(path)
    assert image.pages == 1
    assert "pages_broken" in {finding.code for finding in image.findings}
