"""Names and numbers as a figure writes them: one line, cut where they are too long, powers of ten."""

from __future__ import annotations

import bisect
import math
import unicodedata
from collections.abc import Callable, Sequence

from exoraw.figures.look import SMALL, text_width

MINUS = "−"
NO_BREAK = "\u00a0"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # part of correct spelling in Persian and in many Indic scripts
LONGEST_NOTE = 5000  # characters of a line below a figure
LONGEST_NAME = 400  # characters of any name; beyond, its middle is cut before it is measured


def one_line(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a text without line breaks and control characters; a text of blanks only is a dash.

    A no-break space stays one: what it joins is not torn apart by `wrap`.
    """
    seen = "".join(" " if _is_gap(letter) else letter for letter in str(text))
    joined = " ".join(word for word in seen.split(" ") if word)
    if len(joined) > longest:
        joined = f"{joined[: longest // 2]}…{joined[-longest // 2 :]}"
    return joined if joined.strip() else "–"


def _is_gap(letter: str) -> bool:
    hidden = unicodedata.category(letter) in _HIDDEN and letter not in _JOINERS
    return letter != NO_BREAK and (letter.isspace() or hidden)


def cut(text: str, width: float, size: float = SMALL) -> str:
    """Return a text that is at most `width` pt wide: its middle goes first, as names differ at their ends."""
    return _fitted(
        text, lambda keep: f"{text[: (keep + 1) // 2]}…{text[len(text) - keep // 2 :]}", width, size
    )


def cut_apart(texts: Sequence[str], width: float, size: float = SMALL) -> list[str]:
    """Cut texts to at most `width` pt so that different ones stay different.

    What goes is the middle, else the end, else the beginning, whichever keeps all apart; where none does they
    get half as much room again, and where that does not help either, a number before them.
    """
    different = len(set(texts))
    for room in (width, 1.5 * width):
        for way in (cut, _cut_end, _cut_start):
            short = [way(text, room, size) for text in texts]
            if len(set(short)) == different:
                return short
    number = {text: f"{i + 1} " for i, text in enumerate(dict.fromkeys(texts))}
    return [number[text] + cut(text, width - text_width(number[text], size), size) for text in texts]


def _cut_end(text: str, width: float, size: float) -> str:
    return _fitted(text, lambda keep: f"{text[:keep]}…", width, size)


def _cut_start(text: str, width: float, size: float) -> str:
    return _fitted(text, lambda keep: f"…{text[len(text) - keep :]}", width, size)


def _fitted(text: str, shortened: Callable[[int], str], width: float, size: float) -> str:
    """Return the text, or its shortened form that keeps most letters within `width` pt."""
    if text_width(text, size) <= width:
        return text
    keep = bisect.bisect_right(range(len(text)), width, key=lambda n: text_width(shortened(n), size)) - 1
    while keep > 0 and text_width(shortened(keep), size) > width:  # kerning can make a longer text narrower
        keep -= 1
    return shortened(max(keep, 0))


def wrap(text: str, width: float, size: float = SMALL, *, most: int | None = None) -> list[str]:
    """Break a text into lines of at most `width` pt, at blanks; a word that is too wide is cut in its middle.

    Parameters
    ----------
    most : lines at most; what does not fit is cut from the middle of the last line
    """
    lines: list[str] = []
    words = text.split(" ")
    while words and (most is None or len(lines) < most - 1):
        line = words.pop(0)
        while words and text_width(f"{line} {words[0]}", size) <= width:
            line = f"{line} {words.pop(0)}"
        lines.append(cut(line, width, size))
    if words:
        lines.append(cut(" ".join(words), width, size))
    return lines or [""]


def power_of_ten(exponent: int) -> str:
    """Write a power of ten: 10⁸."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def number(value: float, digits: int = 3) -> str:
    """Write a number in few signs: 0.012, 1,250, 3.2 × 10⁻⁹, ∞."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    if 1e-4 <= abs(rounded) < 1e6:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
        plain = f"{rounded:,.{decimals}f}"
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
        return plain.replace("-", MINUS)
    mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", MINUS)
    return f"{mantissa} × {power_of_ten(int(exponent))}"


def p_value(p: float) -> str:
    """Write a p value as a legend does: "p = 0.012", "p < 0.0001"."""
    if math.isnan(p):
        return "p not computed"
    if p < 1e-4:
        return "p < 0.0001"
    return f"p = {p:.2g}" if p < 0.995 else "p = 1.0"


def with_unit(label: str, unit: str, exponent: int = 0) -> str:
    """Return an axis label: "Particles (× 10⁹ /mL)"."""
    power = f"× {power_of_ten(exponent)}" if exponent else ""
    inside = " ".join(piece for piece in (power, one_line(unit) if unit else "") if piece)
    name = one_line(label)
    return f"{name} ({inside})" if inside else name


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return names in a row, the first few of many: "a, b and 3 more"."""
    shown = [one_line(name) for name in names[:most]]
    more = len(names) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else ", ".join(shown)
