"""Names that SPSS takes for variables, made from any heading."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LONGEST_NAME = 64  # bytes of UTF-8 (IBM SPSS Statistics, Core System: variable names)
_RESERVED = frozenset(("ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"))
_PREFIX = "v_"


def spss_names(headings: Iterable[str]) -> list[str]:
    """Return one legal name per heading, unique whatever the case, as near to the heading as SPSS allows.

    Letters (of any script), digits and underscores stay; everything else becomes one underscore. A name
    begins with a letter; a reserved word, a digit or an underscore in front gets `v_`.
    """
    taken: set[str] = set()
    found = []
    for heading in headings:
        name = base = _legal(heading)
        number = 2
        while name.casefold() in taken:
            tail = f"_{number}"
            name, number = _cut(base, LONGEST_NAME - len(tail)) + tail, number + 1
        taken.add(name.casefold())
        found.append(name)
    return found


def _legal(heading: str) -> str:
    kept = "".join(c if _stays(c) else " " for c in unicodedata.normalize("NFC", heading))
    name = "_".join(kept.replace("_", " ").split())
    if not name or not name[0].isalpha() or name.upper() in _RESERVED:
        name = _PREFIX + name if name else "v"
    return _cut(name, LONGEST_NAME).rstrip("_")


def _stays(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character == "_"
    return character <= "\uffff" and character.isalpha()


def _cut(name: str, most: int) -> str:
    return name.encode()[:most].decode(errors="ignore")
