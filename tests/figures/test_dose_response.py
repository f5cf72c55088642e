"""Dose-response figures: means, curve, band and IC50 are those of the statistics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoraw.figures import Axis, CurveStyle, DoseCurve, FigureError, dose_response
from exoraw.figures.bands import curve_band, gradient, parameters
from exoraw.statistics.curves.fit import fit_curves
from exoraw.statistics.curves.model import LOG_MIDDLE, Wells, predicted
from exoraw.statistics.outcome import StatisticsError

DOSES = np.array([0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10])
VIABILITY = Axis("Viability", "%")
MICROMOLAR = CurveStyle("Doxorubicin", "µM")


def parts(figure, gid: str) -> list:
    return [artist for artist in figure.findobj() if artist.get_label() == gid]


def simulated(rng, ic50: float, *, noise: float = 4.0, units: int = 3, name: str = "MCF-7") -> DoseCurve:
    dose = np.repeat(DOSES, units)
    return DoseCurve(name, dose, 5 + 95 / (1 + (dose / ic50) ** 1.2) + rng.normal(0, noise, dose.size))


def test_means_and_sd_per_dose_are_those_of_the_units(rng, legible) -> None:
    curve = simulated(rng, 0.4)
    figure = dose_response([curve], VIABILITY, MICROMOLAR)
    legible(figure)
    by_dose = np.asarray(curve.response).reshape(len(DOSES), 3)
    assert [mean.get_ydata()[0] for mean in parts(figure, "mean")] == pytest.approx(by_dose.mean(axis=1))
    half = [(high - low) / 2 for low, high in (line.get_ydata() for line in parts(figure, "error"))]
    assert half == pytest.approx(by_dose.std(axis=1, ddof=1))


def test_curve_and_ic50_line_are_those_of_the_fit(rng, legible) -> None:
    curve = simulated(rng, 0.4)
    fits = fit_curves(curve.dose, curve.response)
    figure = dose_response([curve], VIABILITY, MICROMOLAR)
    (line,), (drop,) = parts(figure, "curve"), parts(figure, "IC50")
    middle = (fits.zero_level[0] + fits.end_level[0]) / 2
    assert np.interp(drop.get_xdata()[0], line.get_xdata(), line.get_ydata()) == pytest.approx(
        middle, rel=1e-3
    )
    shown = legible(figure)
    assert any(text.startswith(f"MCF-7: IC50 {fits.relative.value[0]:.3g} µM (") for text in shown)


def test_an_ic50_beyond_the_doses_is_never_marked_nor_printed(rng, legible) -> None:
    dose = np.repeat(DOSES, 4)
    response = 100 / (1 + (dose / 30) ** 1.2) + rng.normal(0, 0.5, dose.size)
    style = CurveStyle("Doxorubicin", "µM", zero_level=100.0, end_level=0.0)
    figure = dose_response([DoseCurve("resistant", dose, response)], VIABILITY, style)
    assert "resistant: IC50 >10 µM" in legible(figure)
    assert parts(figure, "IC50") == []
    assert len(parts(figure, "curve")) == 1


def test_flat_and_too_few_doses_have_points_but_no_curve(rng, legible) -> None:
    flat = DoseCurve("flat 対照", np.repeat(DOSES, 3), 100 + rng.normal(0, 5, 24))
    few = DoseCurve("few", [0, 1, 10], [100, 50, np.nan])
    figure = dose_response([flat, few], VIABILITY, MICROMOLAR)
    shown = legible(figure)
    assert {"flat 対照: no IC50: flat", "few: no IC50: too few doses"} <= set(shown)
    assert parts(figure, "curve") == []
    assert "Not drawn: 1 without a response." in " ".join(shown)


def test_a_dose_of_zero_stands_left_of_a_break_and_only_then_there_is_one(rng, legible) -> None:
    with_zero = dose_response([simulated(rng, 0.4)], VIABILITY, MICROMOLAR)
    labels = [label.get_text() for label in with_zero.axes[0].get_xticklabels()]
    assert labels[0] == "0"
    assert len(parts(with_zero, "break")) == 2
    assert legible(with_zero).count("0") == 2  # of the dose and of the response
    dose = np.repeat(10.0 ** np.arange(-12, -4), 3)
    without = dose_response(
        [DoseCurve("a", dose, 100 / (1 + dose / 1e-8))], VIABILITY, CurveStyle("Dose", "M")
    )
    assert parts(without, "break") == []
    assert any("10⁻" in label.get_text() for label in without.axes[0].get_xticklabels())


def test_four_curves_are_told_apart_by_mark_and_dash(rng, legible) -> None:
    curves = [simulated(rng, 0.1 * 3**i, name=f"A cell line with a long name, passage {i}") for i in range(4)]
    figure = dose_response(curves, VIABILITY, MICROMOLAR)
    legible(figure)
    assert len({str(line._dash_pattern) for line in parts(figure, "curve")}) == 4
    assert len({mean.get_marker() for mean in parts(figure, "mean")}) == 4


def test_what_cannot_be_drawn_is_refused_in_words() -> None:
    with pytest.raises(FigureError, match="no curve has a response at a dose above 0"):
        dose_response([DoseCurve("a", [0, 0], [1.0, 2.0])], VIABILITY)
    with pytest.raises(FigureError, match="no curve"):
        dose_response([], VIABILITY)
    with pytest.raises(FigureError, match="set log to False"):
        dose_response([DoseCurve("a", [1.0], [1.0])], Axis("x", log=True))
    with pytest.raises(StatisticsError, match="not their logarithms"):
        dose_response([DoseCurve("a", [-1.0, 2.0], [1.0, 2.0])], VIABILITY)


def test_real_herbicide_data_give_the_published_ed50_in_the_key(shared, legible) -> None:
    table = pd.read_csv(shared / "data/plates/drc/S.alba.csv")
    curves = [DoseCurve(str(name), part.Dose, part.DryMatter) for name, part in table.groupby("Herbicide")]
    style = CurveStyle("Herbicide", "g/ha", quantity="ED50", replicate="pot")
    shown = legible(dose_response(curves, Axis("Dry matter", "g"), style))
    assert any(text.startswith("Bentazone: ED50 29.3 g/ha (") for text in shown)  # R drc: 29.265
    assert any(text.startswith("Glyphosate: ED50 62 g/ha (") for text in shown)  # R drc: 62.048


def wells(dose: np.ndarray) -> Wells:
    log_dose = np.where(dose > 0, np.log(np.where(dose > 0, dose, 1.0)), 0.0)[None]
    one = np.ones(1)
    return Wells(log_dose, (dose == 0)[None], 0 * log_dose, 0 * log_dose + 1, one, one)


def test_gradient_of_the_curve_is_its_numerical_derivative() -> None:
    theta, grid = np.array([[5.0, 98.0, 0.3, -1.0]]), wells(np.array([0.0, 0.01, 0.3, 2.0, 40.0]))
    exact = gradient(grid, theta)
    for column in range(4):
        step = np.zeros((1, 4))
        step[0, column] = 1e-6
        numeric = (predicted(grid, theta + step) - predicted(grid, theta - step))[0] / 2e-6
        assert exact[:, column] == pytest.approx(numeric, rel=1e-6, abs=1e-7)


def coverage(rng, runs: int) -> float:
    """Share of simulated studies in which the band holds the true curve at a dose, over all doses."""
    dose, at = np.repeat(DOSES, 4), np.array([0.02, 0.2, 0.4, 2.0, 8.0])
    truth = 5 + 95 / (1 + (at / 0.4) ** 1.2)
    held = []
    for _ in range(runs):
        response = 5 + 95 / (1 + (dose / 0.4) ** 1.2) + rng.normal(0, 4, dose.size)
        band = curve_band(dose, response, fit_curves(dose, response, intervals=False), at)
        held.append((band.low <= truth) & (truth <= band.high))
    return float(np.mean(held))


def test_band_holds_the_true_curve_in_about_95_percent_of_studies(rng) -> None:
    assert 0.92 <= coverage(rng, 150) <= 0.98


@pytest.mark.slow
def test_band_holds_the_true_curve_in_95_percent_of_two_thousand_studies(rng) -> None:
    assert 0.94 <= coverage(rng, 2000) <= 0.96


def test_band_has_no_width_in_a_plateau_that_was_given(rng) -> None:
    curve = simulated(rng, 0.4)
    fits = fit_curves(curve.dose, curve.response, zero_level=100.0)
    band = curve_band(curve.dose, curve.response, fits, [0.0], zero_fixed=True)
    assert (band.low[0], band.high[0]) == pytest.approx((100.0, 100.0))
    assert parameters(fits)[0, LOG_MIDDLE] == pytest.approx(np.log(fits.relative.raw[0]))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.floats(1e-9, 1e9), st.floats(1e-6, 1e6))
def test_any_unit_of_dose_and_response_gives_the_same_picture(
    legible, seed, dose_unit, response_unit
) -> None:
    curve = simulated(np.random.default_rng(seed), 0.4)
    scaled = DoseCurve("a", np.asarray(curve.dose) * dose_unit, np.asarray(curve.response) * response_unit)
    figure = dose_response([scaled], VIABILITY, MICROMOLAR)
    legible(figure)
    line, plain = (parts(f, "curve")[0] for f in (figure, dose_response([curve], VIABILITY, MICROMOLAR)))
    assert line.get_ydata() / response_unit == pytest.approx(plain.get_ydata(), rel=1e-3, abs=1e-3)
