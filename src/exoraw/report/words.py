"""How numbers, units, names and measures are written for a reader of the report."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

NO_VALUE = "–"
SIGNIFICANT_DIGITS = 4  # more than any assay of the lab resolves, fewer than a reader stumbles over
PERCENT_DECIMALS = 2
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN_BREAKS = "\n\t"
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # part of correct spelling in Persian and in many Indic scripts

_ABBREVIATIONS = frozenset(
    ("mfi", "pi", "fsc", "ssc", "fmo", "qc", "dna", "rna", "auc", "id", "sd", "ic50", "ec50")
)
_UCUM_WORDS = (
    ("[arb'U]", "arb. units"),
    ("10*", "10^"),
    ("um", "µm"),
    ("uL", "µL"),
    ("ug", "µg"),
    ("umol", "µmol"),
    ("uM", "µM"),
    ("Cel", "°C"),
)


def number(value: float | None, *, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Write a number for a table: 12.34, 12,345, 1.23 × 10⁷, ∞; an en dash where there is none."""
    if value is None or math.isnan(value):
        return NO_VALUE
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    size = abs(value)
    if not 1e-3 <= size < 1e7:
        mantissa, exponent = f"{value:.{digits - 2}e}".split("e")
        return f"{mantissa} × {power_of_ten(int(exponent))}"
    if float(value).is_integer():
        return f"{value:,.0f}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{value:,.{decimals}f}"


def decimals_of(values: Iterable[float], unit: str) -> int | None:
    """Return the decimals that a column of numbers shares: its largest with SIGNIFICANT_DIGITS, % with two.

    None where its sizes are so large or small that every number is written for itself.
    """
    top = max((abs(value) for value in values if math.isfinite(value)), default=1.0)
    if top == 0:
        return 0
    if not 1e-3 <= top < 1e7:
        return None
    wanted = max(0, SIGNIFICANT_DIGITS - 1 - max(0, math.floor(math.log10(top))))
    return min(wanted, PERCENT_DECIMALS) if unit == "%" else wanted


def in_column(value: float, decimals: int | None) -> str:
    """Write a number with its column's decimals; one too small for them with two significant digits."""
    if decimals is None or not math.isfinite(value) or value == 0:
        return number(value)
    if abs(value) < 10.0**-decimals:
        small = f"{value:.2g}"
        return number(value) if "e" in small else small
    return f"{value:,.{decimals}f}"


def power_of_ten(exponent: int) -> str:
    """Write a power of ten: 10⁸."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def count(value: float | None) -> str:
    """Write a whole number with separators; an en dash where there is none."""
    return NO_VALUE if value is None or math.isnan(value) else f"{int(value):,}"


def plural(amount: int, one: str, many: str = "") -> str:
    """Write an amount with its noun: "1 sample", "1,204 samples"."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """Write an elapsed time as a person says it: 0.4 s, 12 s, 3 min 20 s, 5 h 12 min."""
    if seconds is None or not math.isfinite(seconds):
        return NO_VALUE
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(amount: float | None) -> str:
    """Write a number of bytes: 312 B, 4.2 MB, 1.7 GB."""
    if amount is None or math.isnan(amount):
        return NO_VALUE
    left = float(amount)
    for name in ("B", "kB", "MB", "GB"):
        if left < 1000:
            return f"{left:.0f} {name}" if name == "B" else f"{left:.1f} {name}"
        left /= 1000
    return f"{left:.1f} TB"


def unit_words(ucum: str) -> str:
    """Write a UCUM unit as a figure's axis shows it: "{events}" -> events, "um" -> µm, "1" -> nothing."""
    if ucum in ("", "1"):
        return ""
    text = ucum
    for code, word in _UCUM_WORDS:
        text = re.sub(rf"(?<![A-Za-z]){re.escape(code)}(?![A-Za-z])", word, text)
    return re.sub(r"[{}]", "", text).strip()


def measure_words(measure: str) -> str:
    """Write a word of the vocabulary for a reader: "late_apoptotic" -> "Late apoptotic", "mfi" -> "MFI"."""
    pieces = measure.replace("_", " ").split()
    text = " ".join(piece.upper() if piece in _ABBREVIATIONS else piece for piece in pieces)
    return text[:1].upper() + text[1:]


def entity_words(entity: str) -> str:
    """Write an entity path: "population:live" -> "live", "lane:3/band:2" -> "lane 3, band 2".

    A piece without a kind is what was divided by: "protein:STAT3/GAPDH" -> "STAT3 over GAPDH".
    """
    spoken = ""
    for piece in (one for one in entity.split("/") if one):
        kind, colon, name = piece.partition(":")
        words = (f"{kind} {name}" if name.isdigit() else name) if colon else kind
        spoken += (", " if colon else " over ") * bool(spoken) + words
    return spoken.replace("_", " ")


def visible(text: str) -> str:
    """Make characters that a reader cannot see, and that can reorder a line, stand there by their code.

    Line breaks and tabs stay (the page shows them as blanks); letters of every script stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character in _PLAIN_BREAKS or character in _JOINERS:
        return character
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return f"⟨U+{ord(character):04X}⟩"
    return character


def one_line(text: str) -> str:
    """Return the text with every run of blanks and line breaks as one blank, hidden characters shown."""
    return " ".join(visible(text).split())


def shortened(text: str, length: int) -> str:
    """Cut a label in the middle so that both ends, where names differ, stay readable."""
    if len(text) <= length:
        return text
    head = (length - 1) * 2 // 3
    return f"{text[:head]}…{text[-(length - 1 - head) :]}"


def listed(names: Iterable[str], most: int = 6) -> str:
    """Write names as "A, B, C and 12 more"."""
    known = list(dict.fromkeys(names))
    if len(known) > most:
        return f"{', '.join(known[:most])} and {len(known) - most:,} more"
    if len(known) < 2:
        return "".join(known)
    return f"{', '.join(known[:-1])} and {known[-1]}"


def from_json(text: str, otherwise: Any) -> Any:
    """Read a JSON cell; `otherwise` where it is empty, broken or of another kind than `otherwise`."""
    try:
        value = json.loads(text) if text else otherwise
    except ValueError:
        return otherwise
    return value if isinstance(value, type(otherwise)) else otherwise
