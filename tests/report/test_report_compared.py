"""The figure of a comparison, from its data."""

from __future__ import annotations

from typing import Any

import pytest

from exoraw.report.compared import Compared, draw, notes


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
        "tests": tests, "groups": groups, "marks": marks, "stars": ["* p < 0.05"], "pairs": [],
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


def test_what_was_not_tested_is_said_below_the_figure() -> None:
    untested = [{"group": "DOX", "reference": "control", "p": None, "state": "too few units"}]
    assert notes(options(tests=untested))[-1] == "Not tested: DOX vs control (too few units)."
    assert Compared("f", "t", "l", "u", options(tests=untested)).tested == "DOX vs control: too few units"


def test_without_any_value_nothing_is_drawn() -> None:
    empty = [{"label": "control", "second": "", "values": [], "excluded": []}]
    assert draw(Compared("f", "t", "l", "u", options(groups=empty, marks=[]))) is None
