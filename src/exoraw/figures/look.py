"""The one look of every publication figure: column widths, type, line widths, colours and marks."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Literal

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

Column = Literal["single", "one_and_half", "double"]
MM = 72 / 25.4  # pt
# Widths that Elsevier and Springer Nature ask for differ by a few mm; these fit into both.
COLUMN_MM: dict[Column, float] = {"single": 85.0, "one_and_half": 114.0, "double": 174.0}

INK = "#1b2530"
MUTED = "#56626d"
HAIR = "#c9d0d6"
PAPER = "#ffffff"
# Okabe & Ito 2008 (Color Universal Design) in an order whose neighbours differ in lightness too; the light
# ones darkened until each reaches 3:1 on white (WCAG 2.2, 1.4.11).
COLOURS = ("#5b6b7b", "#0072b2", "#d55e00", "#008f68", "#aa4499", "#a87b00", "#2f8fb5", "#882255")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo")
DASHES: tuple[Any, ...] = (
    "-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)),
    (0, (2, 2)), (0, (6, 1, 1, 1)),
)  # fmt: skip

WANTED_FONTS = ("Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "DejaVu Sans")
OTHER_SCRIPTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "PingFang SC", "Hiragino Sans",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei", "Arial Unicode MS",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari",
)  # fmt: skip
SVG_FONTS = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"
LABEL = 8.0  # pt: axis labels, group names, stars
SMALL = 7.0  # pt: ticks, n, legends, notes
LINE_HEIGHT = 1.22  # of the size of the type
AXIS_LINE = 0.6  # pt
DATA_LINE = 1.0  # pt
THIN_LINE = 0.5  # pt; printers lose thinner ones
POINT = 3.6  # pt, diameter of a unit's mark
HINTING = 1.02  # screens round letters to whole pixels, which makes some texts this much wider
FINE_DPI = 720  # text is measured this fine, so that its width does not hang on the pixels of a screen

_STYLED = ContextVar("inside house_style", default=False)
_SETTINGS: dict[str, Any] = {
    "font.size": SMALL,
    "text.color": INK,
    "text.parse_math": False,  # a group may be called "$5"
    "text.usetex": False,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.labelsize": LABEL,
    "axes.linewidth": AXIS_LINE,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "figure.facecolor": PAPER,
    "figure.edgecolor": "none",
    "figure.dpi": 72,
    "hatch.linewidth": THIN_LINE,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": AXIS_LINE,
    "ytick.major.width": AXIS_LINE,
    "xtick.minor.width": THIN_LINE,
    "ytick.minor.width": THIN_LINE,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.minor.size": 1.6,
    "ytick.minor.size": 1.6,
    "legend.frameon": False,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "exoraw",
    "pdf.fonttype": 42,
    "path.simplify": False,
}


@functools.cache
def fonts() -> tuple[str, ...]:
    """Return the wanted fonts that this machine has, best first; DejaVu Sans ships with matplotlib."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in (*WANTED_FONTS, *OTHER_SCRIPTS) if name in there)


@contextmanager
def house_style() -> Iterator[None]:
    """Draw and save inside this: the caller's matplotlib settings neither change a figure nor are changed.

    A letter that no font of this machine holds is drawn as a box in PNG and PDF and stays text in SVG; what
    these letters are, `unwritable` tells.
    """
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update({**_SETTINGS, "font.family": list(fonts())})
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        token = _STYLED.set(True)
        try:
            yield
        finally:
            _STYLED.reset(token)


@functools.cache
def _ruler() -> RendererAgg:
    return RendererAgg(8, 8, FINE_DPI)


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float = SMALL) -> float:
    """Return the width (pt) of one line of text in the first font that holds each letter."""
    with nullcontext() if _STYLED.get() else house_style():
        width, _, _ = _ruler().get_text_width_height_descent(
            text, FontProperties(family=list(fonts()), size=size), ismath=False
        )
    return float(width) * 72 / FINE_DPI * HINTING


def line_height(size: float = SMALL) -> float:
    """Return the distance (pt) of two lines of text."""
    return size * LINE_HEIGHT


def colour(i: int) -> str:
    """Return the i-th colour; beyond the last they start again (marks and dashes still tell apart)."""
    return COLOURS[i % len(COLOURS)]


def tint(hexcode: str, share: float) -> str:
    """Return a colour mixed with paper: share 1 is the colour itself, 0 is white."""
    mixed = [round(255 + (int(hexcode[i : i + 2], 16) - 255) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
