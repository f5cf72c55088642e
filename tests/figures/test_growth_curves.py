"""Growth curves: means and error bars are those of the units alive at each time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exoraw.figures import Axis, FigureError, GrowthStyle, TimeCourse, growth_curves

TIMES = np.array([0, 3, 7, 10, 14, 17, 21.0])
VOLUME = Axis("Tumour volume", "mm³")


def parts(figure, gid: str) -> list:
    return [artist for artist in figure.findobj() if artist.get_label() == gid]


def tumours(rng, rate: float, units: int = 6) -> np.ndarray:
    return 100 * np.exp(rate * TIMES) * np.exp(rng.normal(0, 0.15, (units, TIMES.size)))


def test_mean_and_sem_per_time_are_those_of_the_units_with_a_value(rng, legible) -> None:
    values = tumours(rng, 0.1)
    values[0, 4:] = np.nan
    figure = growth_curves(
        [TimeCourse("PBS", TIMES, values)], VOLUME, GrowthStyle(error="SEM", replicate="animal")
    )
    (mean,) = parts(figure, "mean")
    assert mean.get_ydata() == pytest.approx(np.nanmean(values, axis=0))
    half = [(high - low) / 2 for low, high in (line.get_ydata() for line in parts(figure, "error"))]
    n = np.isfinite(values).sum(axis=0)
    assert half == pytest.approx(np.nanstd(values, axis=0, ddof=1) / np.sqrt(n))
    shown = legible(figure)
    assert "PBS (n = 6 to 5)" in shown
    assert "Points: mean ± SEM; thin lines: each animal." in shown
    assert "Not drawn and not in n: 3 values (missing)." in shown


def test_every_unit_is_a_thin_line_of_its_own_values(rng) -> None:
    values = tumours(rng, 0.1)
    figure = growth_curves([TimeCourse("PBS", TIMES, values)], VOLUME)
    assert np.array([line.get_ydata() for line in parts(figure, "unit")]) == pytest.approx(values)
    assert (
        parts(growth_curves([TimeCourse("a", TIMES, values)], VOLUME, GrowthStyle(replicates=False)), "unit")
        == []
    )


def test_log_axis_shows_geometric_means(rng, legible) -> None:
    values = tumours(rng, 0.1)
    values[2, 3] = 0.0
    figure = growth_curves([TimeCourse("PBS", TIMES, values)], Axis("Volume", "mm³", log=True))
    assert parts(figure, "mean")[0].get_ydata()[0] == pytest.approx(math.exp(np.log(values[:, 0]).mean()))
    assert "at or below 0 on a logarithmic axis" in " ".join(legible(figure))


def test_eight_groups_with_long_names_are_told_apart(rng, legible) -> None:
    courses = [
        TimeCourse(f"A long treatment name 対照 number {i}", TIMES, tumours(rng, 0.02 * i)) for i in range(8)
    ]
    figure = growth_curves(courses, VOLUME, GrowthStyle("Time after injection", "d"))
    legible(figure)
    means = parts(figure, "mean")
    assert len({mean.get_marker() for mean in means}) == 8
    assert len({str(mean._dash_pattern) for mean in means}) == 8


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_one_time_one_unit_and_extreme_sizes_are_drawn(legible, size: float) -> None:
    figure = growth_curves([TimeCourse("one", [0.0], [[3.0 * size]])], VOLUME)
    assert "one (n = 1)" in legible(figure)
    assert parts(figure, "error") == []
    legible(growth_curves([TimeCourse("neg", [-2.0, 5.0], [[-size, -3 * size], [np.nan, -size]])], VOLUME))


def test_what_cannot_be_drawn_is_refused_in_words() -> None:
    with pytest.raises(FigureError, match="times must be finite and rise; found 1, 0"):
        growth_curves([TimeCourse("a", [1, 0], [[1.0, 2.0]])], VOLUME)
    with pytest.raises(FigureError, match=r"2 times but values of shape \(1, 3\)"):
        growth_curves([TimeCourse("a", [0, 1], [[1.0, 2.0, 3.0]])], VOLUME)
    with pytest.raises(FigureError, match="nothing to draw"):
        growth_curves([TimeCourse("a", [0, 1], [[np.nan, np.nan]])], VOLUME)
    with pytest.raises(FigureError, match="nothing to draw"):
        growth_curves([], VOLUME)
