"""What a notebook user imports, and that nothing heavy is loaded before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import exoraw.assays.blot as blot
from exoraw.assays.blot import Estimate, Lane, fold, fold_by_bridge, is_bound, percent_input, ratio

HEAVY = ("numpy", "scipy", "pandas", "matplotlib", "PIL", "tifffile", "pybaselines", "cv2")


@pytest.mark.parametrize("name", blot.__all__)
def test_every_public_name_loads_and_says_what_it_is(name: str) -> None:
    assert getattr(blot, name).__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="quantifi"):
        _ = blot.quantifi
    assert set(blot.__all__) <= set(dir(blot))


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, exoraw.assays.blot; print([m for m in {HEAVY} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_planning_loads_no_pictures_and_no_baselines() -> None:
    heavy = ("matplotlib", "pybaselines", "cv2", "tifffile")
    code = f"import sys, exoraw.assays.blot.assay; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_arithmetic_of_a_fold_needs_no_study() -> None:
    lane = ratio(Estimate(30.0, 29.0, 31.0), Estimate(10.0, 9.8, 10.2))
    control = ratio(Estimate(12.0, 11.5, 12.5), Estimate(8.0, 7.8, 8.2))
    assert lane is not None
    assert control is not None
    found = fold(lane, [control])
    assert found is not None
    assert found.value == pytest.approx(2.0)
    assert found.low < 2.0 < found.high
    over = fold_by_bridge(Estimate(2.0, 1.9, 2.1), [Estimate(0.5, 0.48, 0.52)])
    assert over is not None
    assert over.value == pytest.approx(4.0)


def test_a_verdict_on_binding_needs_no_study() -> None:
    pulled = Lane(Estimate(70.0, 65.0, 75.0), 3.0)
    igg, whole = Lane(Estimate(1.0, 0.0, 2.0), 3.0), Lane(Estimate(100.0, 95.0, 105.0), 3.0)
    assert is_bound(pulled, igg, 3.0)
    share = percent_input(pulled, whole, 0.01)
    assert share is not None
    assert share.value == pytest.approx(0.7)
