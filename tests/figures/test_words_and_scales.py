"""Names, numbers and axes: cut names stay different, numbers keep their value, ticks are round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.figures import look, words
from exoraw.figures.scale import linear_scale, log_scale
from exoraw.figures.spread import mean_and_error, quartiles

name = st.text(min_size=0, max_size=80)
anything = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e140, max_value=1e140)


@given(name, st.floats(10, 200))
def test_a_cut_name_fits_its_room(text: str, width: float) -> None:
    with look.house_style():
        assert look.text_width(words.cut(words.one_line(text), width)) <= width


@given(st.lists(st.text("ab", min_size=1, max_size=60), min_size=1, max_size=8), st.floats(25, 80))
def test_names_that_differ_still_differ_when_cut(texts: list[str], width: float) -> None:
    with look.house_style():
        short = words.cut_apart(texts, width)
        assert len(set(short)) == len(set(texts))
        assert max(look.text_width(text) for text in short) <= 1.5 * width


def test_long_names_that_differ_in_the_middle_only_are_numbered() -> None:
    texts = ["a" * 150 + letter + "a" * 150 for letter in "xyz"]
    with look.house_style():
        assert [text[:2] for text in words.cut_apart(texts, 60)] == ["1 ", "2 ", "3 "]


@given(st.lists(st.text("abc -", min_size=1, max_size=12), min_size=1, max_size=12), st.floats(40, 200))
def test_wrapped_lines_fit_and_lose_no_word_that_fits(parts: list[str], width: float) -> None:
    text = words.one_line(" ".join(parts))
    with look.house_style():
        lines = words.wrap(text, width)
        assert all(look.text_width(line) <= width for line in lines)
        if all(look.text_width(word) <= width for word in text.split(" ")):
            assert " ".join(lines) == text


def test_control_letters_and_line_breaks_never_reach_a_figure() -> None:
    assert words.one_line("a\n\tb\x00\u202ec  d") == "a b c d"
    assert words.one_line(" \n ") == "–"
    assert words.one_line("10\u00a0µM") == "10\u00a0µM"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1250.0, "1,250"), (0.01234, "0.0123"), (-3.2e-9, "−3.2 × 10⁻⁹"), (9.9999, "10"),
     (1e6, "1 × 10⁶"), (float("inf"), "∞"), (float("nan"), "–"), (999999.0, "1 × 10⁶"), (41.06, "41.1")],
)  # fmt: skip
def test_numbers_are_written_short(value: float, text: str) -> None:
    assert words.number(value) == text


@given(anything.filter(lambda v: abs(v) > 1e-300))
def test_a_written_number_is_the_number_to_three_digits(value: float) -> None:
    text = words.number(value).replace(",", "").replace("−", "-")
    mantissa, _, power = text.partition(" × 10")
    exponent = int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) if power else 0
    assert float(f"{mantissa}e{exponent}") == pytest.approx(value, rel=0.0051)


@given(st.lists(anything, max_size=6), st.booleans())
def test_a_linear_axis_holds_every_value_and_its_ticks_say_their_value(values, from_zero) -> None:
    axis = linear_scale(values, 120.0, from_zero=from_zero)
    inside = [value for value in values if abs(value) > 1e-290 or value == 0]
    for value in inside:
        assert -1e-6 <= axis.points(value) <= 120 + 1e-6
    assert axis.low < axis.high
    for tick, text in zip(axis.ticks, axis.labels, strict=True):
        said = float(text.replace("−", "-").replace(",", "")) * 10.0**axis.exponent
        assert said == pytest.approx(tick, rel=1e-6, abs=1e-9 * (axis.high - axis.low))
    assert len(set(axis.labels)) == len(axis.labels)


@given(st.lists(st.floats(1e-150, 1e150), min_size=1, max_size=6))
def test_a_log_axis_holds_every_value_and_has_two_ticks_or_more(values) -> None:
    axis = log_scale(values, 120.0)
    assert np.all((axis.points(values) >= 0) & (axis.points(values) <= 120))
    assert len(axis.ticks) >= 2
    assert len(axis.ticks) <= 12
    assert len(set(axis.labels)) == len(axis.labels)
    assert axis.value(float(axis.points(values[0]))) == pytest.approx(values[0], rel=1e-9)


def test_three_units_have_an_error_bar_and_two_have_none() -> None:
    assert mean_and_error(np.array([1.0, 2.0, 3.0]), "SD").low == pytest.approx(1.0)
    two = mean_and_error(np.array([1.0, 3.0]), "SEM")
    assert two.centre == 2.0
    assert np.isnan(two.low)
    assert np.isnan(two.high)


def test_values_whose_squares_overflow_have_a_mean_and_no_error_bar() -> None:
    huge = mean_and_error(np.array([1e200, 2e200, 3e200]), "SD")
    assert huge.centre == pytest.approx(2e200)
    assert np.isnan(huge.low)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_reaches_three_to_one_on_white_and_has_its_own_mark_hatch_and_dash() -> None:
    assert min(1.05 / (luminance(colour) + 0.05) for colour in look.COLOURS) >= 3.0
    for signs in (look.COLOURS, look.MARKERS, look.HATCHES, look.DASHES):
        assert len(set(map(str, signs))) == 8


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40))
def test_whiskers_end_at_units_and_hold_the_box(values) -> None:
    box = quartiles(np.array(values))
    assert box.low <= box.q1 <= box.median <= box.q3 <= box.high
    assert box.low in values or box.low == box.q1
    assert box.high in values or box.high == box.q3
