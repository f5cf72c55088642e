"""Survival: the steps, ticks and numbers at risk on the page are those of the Kaplan-Meier estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from exoraw.figures import FigureError
from exoraw.figures.survival import SurvivalStyle, survival_curves
from exoraw.statistics.outcome import StatisticsError
from exoraw.statistics.survival import kaplan_meier, log_rank


def parts(figure, gid: str) -> list:
    return [artist for artist in figure.findobj() if artist.get_label() == gid]


def cohort(rng, n: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    death, lost = rng.exponential(scale, n), rng.uniform(5, 60, n)
    return np.minimum(death, lost), (death <= lost).astype(float)


@pytest.fixture
def two(rng) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {"miR-21 low": cohort(rng, 62, 40), "miR-21 high": cohort(rng, 58, 15)}


def test_numbers_at_risk_are_those_of_kaplan_meier_and_stand_below_their_time(two, legible) -> None:
    figure = survival_curves(two, SurvivalStyle(unit="months"))
    legible(figure)
    axis = figure.axes[0].xaxis
    ticks = axis.get_majorticklocs()
    times = [float(label.get_text()) for label in axis.get_majorticklabels()]
    expected = [n for pair in two.values() for n in kaplan_meier(*pair).numbers_at_risk(times)]
    written = parts(figure, "at risk")
    assert [int(text.get_text()) for text in written] == expected
    width = figure.get_size_inches()[0] * 72
    on_page = figure.axes[0].transData.transform(np.column_stack([ticks, ticks * 0]))[:, 0]
    assert [t.get_position()[0] * width for t in written] == pytest.approx([*on_page, *on_page])


def test_steps_and_censor_ticks_lie_on_the_estimate(two) -> None:
    figure = survival_curves(two)
    for line, ticks, pair in zip(
        parts(figure, "curve"), parts(figure, "censored"), two.values(), strict=True
    ):
        curve = kaplan_meier(*pair)
        assert line.get_ydata().tolist() == [1.0, *curve.survival]
        assert ticks.get_ydata().tolist() == curve.survival[curve.censored > 0].tolist()
        assert len(ticks.get_ydata()) == len(np.unique(pair[0][pair[1] == 0]))


def test_log_rank_p_and_medians_are_written(two, legible) -> None:
    shown = " ".join(legible(survival_curves(two, SurvivalStyle(unit="months"))))
    assert log_rank(two).p < 1e-4
    assert "log-rank p < 0.0001" in shown
    for pair in two.values():
        assert f"median {kaplan_meier(*pair).median:.3g} months" in shown


def test_a_group_too_small_to_test_is_drawn_and_the_reason_written(rng, legible) -> None:
    groups = {"PBS": cohort(rng, 8, 10), "x": cohort(rng, 2, 30)}
    shown = " ".join(legible(survival_curves(groups, SurvivalStyle(column="one_and_half"))))
    assert "Log-rank test: fewer than 3 units: x has 2" in shown
    assert "log-rank p" not in shown


def test_no_event_one_unit_and_tiny_times_are_drawn(legible) -> None:
    assert "only: median 5, no interval" in legible(survival_curves({"only": ([5.0], [1])}))
    never = {"A": ([1e-9, 2e-9, 4e-9], [0, 0, 0]), "B": ([1e-9, 3e-9, 4e-9], [0, 0, 0])}
    assert "A: median not reached" in legible(survival_curves(never, SurvivalStyle(unit="s")))
    legible(survival_curves({"at zero": ([0.0, 0.0], [1, 0])}))


def test_five_long_and_foreign_names_stay_legible_and_different(rng, legible) -> None:
    names = [f"Exosome-doxorubicin conjugate 対照 {i} with a long name" for i in range(5)]
    groups = {name: cohort(rng, 8, 10 + 20 * i) for i, name in enumerate(names)}
    figure = survival_curves(
        groups, SurvivalStyle("Animals without a tumour of 1,000 mm³", interval="log-log")
    )
    legible(figure)
    dashes = {str(line.get_linestyle()) + str(line._dash_pattern) for line in parts(figure, "curve")}
    assert len(dashes) == 5


def test_real_trial_of_hormone_therapy_has_its_known_p_and_numbers(shared, legible) -> None:
    table = pd.read_csv(shared / "data/plates/survival/lifelines/gbsg2.csv")
    groups = {str(name): (part.time, part.cens) for name, part in table.groupby("horTh")}
    figure = survival_curves(groups, SurvivalStyle("Recurrence-free survival", unit="days"))
    assert "log-rank p = 0.0034" in legible(figure)  # R survival: chi-square 8.6 on 1 df
    assert int(parts(figure, "at risk")[0].get_text()) == len(groups["no"][0])


def test_missing_pairs_are_counted_and_wrong_codes_refused(legible) -> None:
    shown = legible(survival_curves({"A": ([1.0, 2.0, np.nan], [1, 0, 1])}))
    assert "Not drawn: 1 without a time or an event." in shown
    with pytest.raises(StatisticsError, match="1/2 coding"):
        survival_curves({"A": ([1.0, 2.0], [1, 2])})
    with pytest.raises(FigureError, match="no group was given"):
        survival_curves({})
    with pytest.raises(FigureError, match="A holds no unit"):
        survival_curves({"A": ([], [])})
