"""The figure of a comparison, from its data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exoraw.report.compared import Compared, compared_of, draw, notes
from exoraw.report.groups import Series


def options(**changes: Any) -> dict[str, Any]:
    groups = [
        {"label": "control", "second": "", "values": [1.0, 1.2, 0.9], "excluded": []},
        {"label": "DOX", "second": "", "values": [3.0, 3.3, 2.8], "excluded": [9.0]},
        {"label": "DOX + exosomes", "second": "", "values": [5.0, 5.2, 4.9], "excluded": []},
    ]
    marks = [
        {"group": "DOX", "reference": "control", "text": "***", "symbol": "*"},
        {"group": "DOX + exosomes", "reference": "DOX", "text": "##", "symbol": "#"},
    ]
    tests = [{"group": "DOX", "reference": "control", "p": 0.0002, "state": "ok"}]
    return {
        "plot": "bars", "unit": "%", "error_bars": "sd", "replication_unit": "culture", "test": "dunnett",
        "tests": tests, "groups": groups, "marks": marks, "stars": ["* p < 0.05"],
        "pairs": [[1.0, 3.0, 5.0], [1.2, 3.3, 5.2], [0.9, 2.8, None]], "first": ["apoptotic_share", "", ""],
    } | changes  # fmt: skip


def texts(figure: Any) -> list[str]:
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in (*axes.texts, axes.yaxis.label)]
    return found


@pytest.mark.parametrize("plot", ["bars", "box", "paired"])
def test_stars_stand_on_the_figure_and_the_notes_below_it(plot: str) -> None:
    figure = draw(Compared("f", "Apoptosis", "Apoptotic share", "%", options(plot=plot)))
    assert figure is not None
    said = texts(figure)
    assert "***" in said
    assert "##" in said
    assert any("Apoptotic share" in text for text in said)
    assert any("* p < 0.05" in text for text in said)


def test_pairs_are_lines_and_a_pair_that_misses_a_side_is_drawn_apart() -> None:
    figure = draw(Compared("f", "Rescue", "Apoptotic share", "%", options(plot="paired")))
    assert figure is not None
    lengths = [len(line.get_xdata()) for axes in figure.axes for line in axes.lines]
    assert sum(length >= 2 for length in lengths) >= 3


def test_a_correlation_shows_every_unit_its_r_and_p_and_both_measures() -> None:
    tests = [{"group": "", "reference": "", "p": 0.0123, "state": "ok", "estimate": -0.97,
              "estimate_of": "correlation r"}]  # fmt: skip
    asked = options(plot="scatter", test="pearson", tests=tests, x=[1.0, 2.0, 3.0], y=[9.0, 7.0, 5.5])
    figure = draw(Compared("f", "t", "Viable share", "%", asked, ("Apoptotic share", "%")))
    assert figure is not None
    said = " ".join(text.get_text() for text in figure.texts)
    assert "correlation r = -0.97" in said.replace("−", "-")
    assert "p = 0.0123" in said
    assert "n = 3" in said
    assert "Viable share" in said
    assert "Apoptotic share" in said
    (points,) = figure.axes[0].collections
    assert points.get_offsets()[:, 1].tolist() == [9.0, 7.0, 5.5]


def test_the_label_is_that_of_the_series_that_was_compared() -> None:
    series = [Series("share", "population:live", unit="%"), Series("share", "population:dead", unit="%")]
    row = {"name": "n", "title": "t", "options": json.dumps(options(first=["share", "population:dead", ""]))}
    assert compared_of(row, series).label == series[1].label


def test_what_was_not_tested_is_said_below_the_figure() -> None:
    untested = [{"group": "DOX", "reference": "control", "p": None, "state": "too few units"}]
    assert notes(options(tests=untested))[-1] == "Not tested: DOX vs control (too few units)."
    assert Compared("f", "t", "l", "u", options(tests=untested)).tested == "DOX vs control: too few units"


def test_a_test_over_all_groups_stands_below_the_figure_with_its_p() -> None:
    whole = [{"group": "", "reference": "", "p": 0.0123, "state": "ok"}]
    assert notes(options(tests=whole, stars=[]))[-1] == "all groups: p = 0.01230."


def test_without_any_value_nothing_is_drawn() -> None:
    empty = [{"label": "control", "second": "", "values": [], "excluded": []}]
    assert draw(Compared("f", "t", "l", "u", options(groups=empty, marks=[]))) is None


@pytest.mark.parametrize(
    ("series", "label"),
    [
        (Series("fold_of_control", "protein:STAT3/GAPDH", "STAT3"), "Fold of control, STAT3 over GAPDH"),
        (Series("adjusted_volume", "band:STAT3", "STAT3"), "Adjusted volume, STAT3"),
        (Series("marker_mfi", "population:live", "PE", "median"), "Marker MFI, live, PE (median)"),
        (Series("band_mass", "lane:3/band:2"), "Band mass, lane 3, band 2"),
    ],
)
def test_a_label_names_what_was_measured_once(series: Series, label: str) -> None:
    assert series.label == label
