"""The axes that the settings offer: every kind shows the cells it is given, in rising order, with ticks."""

from __future__ import annotations

import typing

import numpy as np
import pytest

from exoraw.assays.flow.review.axes import linear_grid
from exoraw.assays.flow.settings import Scale, ScaleKind
from exoraw.assays.flow.steps.scales import axis_scale

KINDS = typing.get_args(ScaleKind)


@pytest.fixture
def signal(rng):
    return np.concatenate([rng.normal(0, 120, 4000), 10 ** rng.normal(4.2, 0.3, 4000)])


def axis_of(kind, signal):
    return axis_scale(signal, [262_144.0], Scale(kind=kind)).axis("FITC-A")


def test_every_transform_of_the_package_is_offered():
    assert set(KINDS) == {"logicle", "arcsinh", "hyperlog", "log", "linear"}


@pytest.mark.parametrize("kind", KINDS)
def test_places_rise_with_the_signal_and_events_beyond_lie_on_the_edge(kind, signal):
    axis = axis_of(kind, signal)
    places = axis.place(np.linspace(axis.low, axis.high, 500))
    assert (np.diff(places) > 0).all()
    assert places[0] == pytest.approx(0.0, abs=1e-9)
    assert places[-1] == pytest.approx(1.0)
    assert axis.place(np.array([-1e9, 1e9])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("kind", KINDS)
def test_bright_and_dim_cells_stand_apart_and_ticks_inside(kind, signal):
    axis = axis_of(kind, signal)
    dim, bright = np.median(axis.place(signal[:4000])), np.median(axis.place(signal[4000:]))
    assert bright - dim > (0.03 if kind == "linear" else 0.3)
    major, labels, minor = axis.ticks()
    assert len(major) == len(labels) >= 3
    assert any(labels)
    assert all(0 <= place <= 1 for place in (*major, *minor))


@pytest.mark.parametrize("kind", KINDS)
def test_the_review_page_gets_the_same_axis_back(kind, signal):
    axis = axis_of(kind, signal)
    grid = linear_grid(axis)
    np.testing.assert_allclose(axis.place(grid), np.linspace(0, 1, len(grid)), atol=1e-6)
