"""Figures as files: whole or not there, the same bytes again, text that stays text."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring
from matplotlib.lines import Line2D

from exoraw.figures import (
    Axis,
    Bracket,
    DoseCurve,
    FigureError,
    GroupStyle,
    GroupValues,
    HeatStyle,
    SurvivalStyle,
    TimeCourse,
    compared_groups,
    dose_response,
    figure_bytes,
    growth_curves,
    heat_map,
    look,
    paired_lines,
    save,
    survival_curves,
    svg_text,
    unwritable,
    volcano,
)

NAME = "α & <b>"


def bars():
    groups = [GroupValues(NAME, [1.0, 2.0, 3.0], [9.0]), GroupValues("B", [2.0, 4.0, 3.5])]
    return compared_groups(groups, [Bracket(0, 1, "*")], Axis("x", "%"), GroupStyle(notes=["* p < 0.05"]))


def every_kind() -> dict:
    rng = np.random.default_rng(5)
    dose = np.repeat([0, 0.1, 0.3, 1, 3, 10.0], 3)
    names = [f"m{i}" for i in range(12)]
    return {
        "bars": bars,
        "paired": lambda: paired_lines(["a", "b"], [[1.0, 2.0], [2.0, 2.5], [np.nan, 1.0]], Axis("x")),
        "dose": lambda: dose_response(
            [DoseCurve("a", dose, 100 / (1 + dose) + np.arange(18) % 3)], Axis("x")
        ),
        "growth": lambda: growth_curves([TimeCourse("a", [0, 1, 2], [[1.0, 2, 4], [1, 3, 5]])], Axis("x")),
        "survival": lambda: survival_curves({"a": ([1, 2, 3, 4.0], [1, 0, 1, 1])}, SurvivalStyle()),
        "heat": lambda: heat_map([[1.0, np.nan], [2.0, 0.0]], "ab", "cd", HeatStyle("x")),
        "volcano": lambda: volcano(np.linspace(-3, 3, 12), 10.0 ** -np.abs(rng.normal(3, 2, 12)), names),
    }


@pytest.mark.parametrize("kind", sorted(every_kind()))
def test_each_kind_of_figure_gives_the_same_bytes_again(kind: str) -> None:
    for name in ("svg", "pdf", "png"):
        assert figure_bytes(every_kind()[kind](), name) == figure_bytes(every_kind()[kind](), name)


@pytest.mark.parametrize("kind", sorted(every_kind()))
def test_no_line_is_thinner_than_half_a_point_and_no_type_smaller_than_five(kind: str) -> None:
    root = fromstring(svg_text(every_kind()[kind]()))
    styles = " ".join(element.get("style", "") for element in root.iter())
    widths = [float(width) for width in re.findall(r"stroke-width: ([\d.]+)", styles)]
    assert min(width for width in widths if width > 0) >= 0.25  # rims of points; lines of their own below
    lines = [line for line in every_kind()[kind]().findobj(Line2D) if line.get_linestyle() != "None"]
    assert min((line.get_linewidth() for line in lines), default=0.5) >= 0.5
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: [^;]*?([\d.]+)px", styles)]
    assert min(sizes) >= 5.0


def test_svg_text_is_text_in_the_journals_fonts(rng) -> None:
    text = svg_text(bars())
    root = fromstring(text)
    written = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert NAME in written
    assert "* p < 0.05" in written
    assert text.count(look.SVG_FONTS) == len(written)
    assert "<style" not in text
    assert "date" not in text
    assert float(root.get("width").removesuffix("pt")) / look.MM == pytest.approx(85, abs=1e-4)


def test_svg_holds_only_ids_that_it_uses_and_each_once() -> None:
    for draw in every_kind().values():
        text = svg_text(draw())
        ids = re.findall(r' id="([^"]*)"', text)
        assert len(ids) == len(set(ids))
        assert set(ids) == set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))


def test_a_name_that_looks_like_an_attribute_is_left_alone() -> None:
    name = 'x id="q" font-family: z;'
    svg = fromstring(svg_text(compared_groups([GroupValues(name, [1.0, 2.0])], [], Axis("x"))))
    assert name in " ".join("".join(e.itertext()) for e in svg.iter("{http://www.w3.org/2000/svg}text"))


def test_pdf_embeds_its_fonts_as_truetype_and_carries_no_date() -> None:
    content = figure_bytes(bars(), "pdf")
    assert b"/Subtype /Type3" not in content
    assert b"/FontFile2" in content
    assert b"CreationDate" not in content
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", content)
    assert float(box[1]) / look.MM == pytest.approx(85, abs=1e-4)


def test_png_has_600_dots_per_inch() -> None:
    content = figure_bytes(bars(), "png")
    width, _ = struct.unpack(">II", content[16:24])
    assert width == pytest.approx(85 / 25.4 * 600, abs=1)
    place = content.index(b"pHYs") + 4
    assert struct.unpack(">I", content[place : place + 4])[0] == round(600 / 0.0254)
    assert b"Software" not in content


def test_saving_writes_every_format_and_leaves_nothing_else(tmp_path: Path) -> None:
    paths = save(bars(), tmp_path / "deep" / "viability 1.2")
    assert [path.name for path in paths] == ["viability 1.2.svg", "viability 1.2.png", "viability 1.2.pdf"]
    assert sorted(paths) == sorted((tmp_path / "deep").iterdir())
    assert paths[0].read_text(encoding="utf-8") == svg_text(bars())


def test_a_format_that_is_not_offered_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(FigureError, match="svg, png or pdf"):
        save(bars(), tmp_path / "a", ("svg", "tiff"))
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file_and_no_part(tmp_path: Path, monkeypatch) -> None:
    (old,) = save(bars(), tmp_path / "a", ("svg",))
    before = old.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(compared_groups([GroupValues("other", [1.0])], [], Axis("x")), tmp_path / "a", ("svg",))
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    assert old.read_bytes() == before


def test_letters_without_a_font_are_named_and_stay_text_in_svg() -> None:
    figure = compared_groups([GroupValues("A \U0001f9ec", [1.0, 2.0])], [], Axis("x"))
    assert unwritable(figure) == "\U0001f9ec"
    assert "\U0001f9ec" in svg_text(figure)
    assert unwritable(bars()) == ""


def test_texts_keep_their_font_outside_the_house_style() -> None:
    figure = bars()
    families = {
        tuple(text.get_fontfamily()) for text in figure.findobj(lambda a: hasattr(a, "get_fontfamily"))
    }
    assert families == {look.fonts()}
