"""Pictures drawn one after the other on one frame: none shows anything of the one before."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.plot_parts import density, heading
from exoraw.assays.flow.plot_stage import KEPT, Place, stage
from exoraw.assays.flow.plots import Corner, quadrant_plot
from exoraw.assays.flow.transforms import Arcsinh

RNG = np.random.default_rng(5)
LEFT, RIGHT = (RNG.normal(centre, 200, (4000, 2)) for centre in (500, 40_000))
AXES = (PlotAxis("FITC-A", Arcsinh(150.0), -1e3, 2e5), PlotAxis("PE-A", Arcsinh(150.0), -1e3, 2e5))
CORNERS = tuple(Corner(name, 25.0) for name in ("live", "early", "late", "necrotic"))


def picture(events, threshold=3000.0, title="DOX 1", axes=AXES):
    return quadrant_plot(events, axes, (threshold, threshold), CORNERS, title, "4,000 cells")


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def test_a_tube_after_another_shows_nothing_of_it():
    first = picture(LEFT)
    other = picture(RIGHT, 9000.0, "a much longer name of a tube")
    assert picture(LEFT) == first
    assert other != first


def test_the_frame_of_other_axes_is_another():
    wide = tuple(PlotAxis(axis.label, axis.transform, axis.low, 1e6) for axis in AXES)
    assert picture(LEFT, axes=wide) != picture(LEFT)


def test_a_picture_that_failed_leaves_an_empty_frame_behind():
    first = picture(LEFT)
    place = Place((0.175, 0.135, 0.8, 0.735), *AXES)

    def half() -> None:
        with stage((3.4, 3.4), (place,)) as drawn:
            density(drawn.plots[0], AXES, RIGHT)
            heading(drawn.figure, "half drawn", "")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert picture(LEFT) == first


def test_ticks_stand_outside_the_plot_and_events_inside():
    place = Place((0.2, 0.2, 0.7, 0.7), AXES[0], None)
    with stage((2.0, 2.0), (place,)) as drawn:
        image = pixels(drawn.png())
    inside = image[40:230, 70:260]  # of 300 x 300; the frame alone is white there
    assert (inside >= 254).all()
    below = image[243:250, 60:270]
    assert (below < 200).any()


def test_frames_that_nobody_uses_are_let_go():
    from exoraw.assays.flow.plot_stage import _KEPT

    for top in range(KEPT + 3):
        with stage((1.0, 1.0), (Place((0.3, 0.3, 0.6, 0.6), PlotAxis("x", None, 0.0, 1.0 + top), None),)):
            pass
    assert len(_KEPT.stages) == KEPT
    tops = [key[1].across.high for key in _KEPT.stages]
    assert all(one < other for one, other in pairwise(tops))
