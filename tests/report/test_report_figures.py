"""Figures: every replicate is drawn, labels fit, and the SVG needs no inline style."""

from __future__ import annotations

import re
from importlib.resources import files
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection

from exoraw.report import figures, groups, layout, style
from exoraw.report.figures import Scale
from exoraw.report.svg import inline_svg

PERCENT = Scale("Late apoptotic", "%", from_zero=True, ceiling=100.0)


def replicates(levels: dict[str, list[str]], n: int = 3, value: float = 20.0, **more) -> pd.DataFrame:
    """One row per group and replicate; `levels` factor -> its levels, crossed."""
    grid = pd.MultiIndex.from_product(levels.values(), names=list(levels)).to_frame(index=False)
    table = grid.loc[grid.index.repeat(n)].reset_index(drop=True)
    table["replicate"] = [str(i % n) for i in range(len(table))]
    table["value"] = value + np.arange(len(table)) % 7
    table["excluded"], table["qc"] = False, "ok"
    for name, cells in more.items():
        table[name] = cells
    for name, known in levels.items():
        table[name] = pd.Categorical(table[name], categories=known, ordered=True)
    return table


def drawn(figure) -> list[PathCollection]:
    return [one for one in figure.axes[0].collections if isinstance(one, PathCollection)]


def texts(figure) -> list[str]:
    root = ET.fromstring(inline_svg(figure, "f", "words"))
    return ["".join(element.itertext()) for element in root.iter("text")]


def test_every_replicate_is_one_point():
    table = replicates({"treatment": ["control", "DOX", "PTX"]}, n=4)
    figure = figures.group_points(table, ("treatment",), PERCENT)
    heights = sorted(y for one in drawn(figure) for _, y in one.get_offsets())
    assert heights == sorted(table["value"])


def test_excluded_replicates_are_hollow_and_the_key_says_so():
    table = replicates({"treatment": ["control"]}, excluded=[False, True, False])
    figure = figures.group_points(table, ("treatment",), PERCENT)
    hollow = [len(one.get_offsets()) for one in drawn(figure) if not len(one.get_facecolor())]
    assert hollow == [1]
    assert "excluded, not in mean and n" in texts(figure)
    assert "n = 2" in texts(figure)


def test_mean_line_lies_at_the_mean_of_kept_replicates():
    table = replicates({"treatment": ["control"]}, excluded=[False, True, False])
    table["value"] = [10.0, 90.0, 20.0]
    figure = figures.group_points(table, ("treatment",), PERCENT)
    levels = [line.get_ydata()[0] for line in figure.axes[0].lines if len(set(line.get_ydata())) == 1]
    assert levels[0] == pytest.approx(15.0)
    sd = np.std([10.0, 20.0], ddof=1)
    assert sorted(levels[1:]) == pytest.approx([15 - sd, 15 + sd])


def test_percentages_start_at_0_and_never_promise_more_than_100():
    figure = figures.group_points(replicates({"t": ["a", "b"]}, value=93.0), ("t",), PERCENT)
    assert figure.axes[0].get_ylim() == (0.0, 100.0)


def test_n_stands_under_every_group():
    table = replicates({"treatment": ["control", "DOX"]}, n=5)
    assert texts(figures.group_points(table, ("treatment",), PERCENT)).count("n = 5") == 2


def test_unit_and_measure_stand_on_the_axis():
    table = replicates({"t": ["a"]}, value=3e8)
    figure = figures.group_points(table, ("t",), Scale("Particles", "particles/mL"))
    assert figure.axes[0].get_ylabel() == "Particles (10⁶\nparticles/mL)".replace("\n", " ")
    assert max(figure.axes[0].get_ylim()) < 1000


def test_two_factors_put_the_larger_one_inside_and_name_the_other_once():
    table = replicates({"treatment": ["control", "DOX", "PTX"], "cell_line": ["MCF-7", "MDA-MB-231"]})
    found = texts(figures.group_points(table, ("treatment", "cell_line"), PERCENT))
    assert found.count("MCF-7") == 1
    assert found.count("DOX") == 2


@pytest.mark.parametrize(("count", "upright"), [(1, True), (6, True), (14, True), (15, False), (40, False)])
def test_many_groups_lie_so_that_labels_stay_readable(count, upright):
    table = replicates({"t": [f"g{i}" for i in range(count)]})
    summary = groups.group_summary(table, ("t",))
    assert layout.arrange(summary, ("t",)).upright is upright
    assert {f"g{i}" for i in range(count)} <= set(texts(figures.group_points(table, ("t",), PERCENT)))


def test_groups_beyond_forty_are_counted():
    summary = groups.group_summary(replicates({"t": [f"g{i}" for i in range(55)]}), ("t",))
    places = layout.arrange(summary, ("t",))
    assert (len(places.slots), places.hidden) == (40, 15)


LABELS = (
    ["control", "DOX + exosomes", "a very long treatment label that has to be wrapped over lines"],
    ["x" * 300, "y" * 300, "z"],
    [f"compound {i} at {i * 10} nM for 48 h in serum-free medium" for i in range(20)],
    ["$", "<b>", "細胞株 アポトーシス"],
    [f"{i} µg/mL" for i in range(12)],
)


@pytest.mark.parametrize("names", LABELS)
def test_no_label_leaves_the_figure_or_lies_on_another(names):
    figure = figures.group_points(
        replicates({"t": names}, excluded=[True] + [False] * (3 * len(names) - 1)), ("t",), PERCENT
    )
    width, height = figure.get_size_inches() * figure.dpi
    with style.house_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        axes = figure.axes[0]
        written = [
            one
            for one in [*axes.texts, *axes.get_yticklabels(), axes.yaxis.label, axes.xaxis.label]
            if one.get_text()
        ]
        boxes = [one.get_window_extent(renderer) for one in written]
    for one, box in zip(written, boxes, strict=True):
        assert box.x0 >= -1, one.get_text()
        assert box.y0 >= -1, one.get_text()
        assert box.x1 <= width + 1, one.get_text()
        assert box.y1 <= height + 1, one.get_text()
    for i, box in enumerate(boxes):
        for other in boxes[i + 1 :]:
            across = min(box.x1, other.x1) - max(box.x0, other.x0)
            down = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert across <= 0.5 or down <= 2.0, (box, other)


def test_stacked_shares_draw_every_part_and_name_it():
    table = replicates({"t": ["control", "DOX"]})
    parts = {
        name: groups.group_summary(table.assign(value=value), ("t",))
        for name, value in (("Live", 70.0), ("Early", 20.0), ("Late", 10.0))
    }
    figure = figures.stacked_shares(parts, ("t",), PERCENT)
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == [70.0, 20.0, 10.0] * 2
    assert [bar.get_y() for bar in figure.axes[0].patches] == [0.0, 70.0, 90.0] * 2
    assert {"Live", "Early", "Late", "70.0", "20.0", "10.0"} <= set(texts(figure))


def test_nothing_finite_is_an_error_in_words():
    with pytest.raises(ValueError, match="no replicate has a finite value"):
        figures.group_points(replicates({"t": ["a"]}, value=np.nan), ("t",), PERCENT)


def test_svg_carries_no_style_no_date_and_only_ids_that_start_with_its_name():
    svg = inline_svg(figures.group_points(replicates({"t": ["a", "b"]}), ("t",), PERCENT), "p1-f0", "words")
    root = ET.fromstring(svg)
    assert not [element for element in root.iter() if "style" in element.attrib or element.tag == "style"]
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("p1-f0-") for name in ids)
    assert not [element for element in root.iter() if element.tag in {"metadata", "script", "image"}]
    assert root.attrib["aria-label"] == "words"


def test_readers_own_matplotlib_settings_neither_matter_nor_change():
    table = replicates({"t": ["a", "b"]})
    plain = inline_svg(figures.group_points(table, ("t",), PERCENT), "f", "words")
    with mpl.rc_context(
        {"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9, "svg.fonttype": "path"}
    ):
        before = dict(mpl.rcParams)
        styled = inline_svg(figures.group_points(table, ("t",), PERCENT), "f", "words")
        assert dict(mpl.rcParams) == before
    assert styled == plain


def test_pyplot_is_never_imported():
    import subprocess
    import sys

    code = "import sys, exoraw.report.build; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", style.GROUP_COLOURS)
def test_points_reach_3_to_1_on_paper(colour):
    assert contrast(colour, style.PAPER) >= 3


def test_page_gives_every_group_its_colour_and_a_lighter_one_in_the_dark():
    css = files("exoraw.report").joinpath("report.css").read_text("utf-8")
    for i, colour in enumerate(style.GROUP_COLOURS):
        light, dark = re.findall(rf"\.fill-tint{i} {{ fill: (#[0-9a-f]{{6}}); }}", css)
        assert light == colour
        assert contrast(dark, "#1a2027") >= 4.5


def test_more_groups_than_colours_share_one_colour():
    figure = figures.group_points(replicates({"t": [f"g{i}" for i in range(9)]}), ("t",), PERCENT)
    assert len({tuple(map(tuple, one.get_facecolor())) for one in drawn(figure)}) == 1


@pytest.mark.parametrize("colour", style.PART_COLOURS)
def test_numbers_in_bars_reach_4_5_to_1(colour):
    assert contrast(colour, style.readable_on(colour)) >= 4.5
