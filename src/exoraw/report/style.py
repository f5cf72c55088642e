"""The one look of every figure: colours that colour-blind readers tell apart, fonts, line widths."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

# The report maps INK, MUTED, GRID and PAPER to the page's own colours, so that dark pages stay legible.
INK = "#1b2530"
MUTED = "#5c6873"
GRID = "#e3e7eb"
PAPER = "#ffffff"
WHITE = "#fffffe"  # stays white on a dark page, unlike PAPER

# Okabe & Ito 2008 (Color Universal Design), its light yellow, orange and sky blue darkened until each
# reaches 3:1 on white (WCAG 2.2, 1.4.11); position on the axis says the same as colour does.
GROUP_COLOURS = ("#5b6b7b", "#0072b2", "#d55e00", "#008f68", "#aa4499", "#a87b00", "#2f8fb5", "#882255")
# Parts of a whole lie against each other, not against paper: lightness steps beside hue.
PART_COLOURS = ("#a9bccd", "#eebb4d", "#d55e00", "#6f4a8e", "#009e73", "#56b4e9", "#cc79a7", "#0072b2",
                "#f0e442", "#999999")  # fmt: skip

FONT = "DejaVu Sans"  # ships with matplotlib and is wide: a label laid out in it fits in every other font
FONT_SIZE = 9.0  # pt
SMALL = 8.0  # pt
LINE_INCH = FONT_SIZE * 1.25 / 72
CHARACTER_INCH = FONT_SIZE * 0.56 / 72  # mean width of letters, between Arial (0.50) and DejaVu Sans (0.59)
POINT_SIZE = 34.0  # pt^2
MEAN_LINE = 1.8  # pt
SD_LINE = 1.1  # pt
AXIS_LINE = 0.8  # pt

_SETTINGS: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": FONT_SIZE,
    "text.color": INK,
    "text.parse_math": False,  # a sample may be called "$5"
    "text.usetex": False,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.labelsize": FONT_SIZE,
    "axes.linewidth": AXIS_LINE,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "figure.dpi": 72,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": AXIS_LINE,
    "ytick.major.width": AXIS_LINE,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
}


@contextmanager
def house_style(**more: Any) -> Iterator[None]:
    """Draw inside this: the reader's own matplotlib settings neither change a figure nor are changed.

    Glyphs that the layout font lacks are measured as boxes and drawn by the viewer's fonts: no warning.
    """
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update({**_SETTINGS, **more})
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        yield


def readable_on(colour: str) -> str:
    """Return black or white, whichever is read better on this colour (relative luminance, WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.1791 else WHITE
