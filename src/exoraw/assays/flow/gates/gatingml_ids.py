"""Names as GatingML wants them: an id without spaces or signs, unique in the document, and the way back.

"CD44+/CD24-" is no XML id; it is written as CD44__CD24-, and a list at the top of the document (in the
custom_info that the standard leaves free) says what it was. Other programs show the id.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator

from exoraw.assays.flow.gates.xml_reading import Element

NAME = "exoraw-name"  # element of the list; attributes of (id) and is (name)
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_.-]")


class Ids:
    """Ids for whatever a document names; `key` tells a gate from a scale of the same name."""

    def __init__(self) -> None:
        self._ids: dict[Hashable, str] = {}
        self._named: dict[str, str] = {}

    def add(self, key: Hashable, name: str) -> None:
        """Give the thing `key` an id made from `name`; what has one keeps it."""
        if key in self._ids:
            return
        base = _NOT_IN_ID.sub("_", name)
        base = base if base[:1].isalpha() or base[:1] == "_" else f"_{base}"
        chosen, number = base, 2
        while chosen in self._named:
            chosen, number = f"{base}_{number}", number + 1
        self._ids[key] = chosen
        self._named[chosen] = name

    def __getitem__(self, key: Hashable) -> str:
        return self._ids[key]

    def changed(self) -> Iterator[tuple[str, str]]:
        """Pairs of id and name where the two differ."""
        return ((chosen, name) for chosen, name in self._named.items() if chosen != name)


def names_of(holders: Iterable[Element]) -> dict[str, str]:
    """Return id -> name from the custom_info elements of a document; empty for those of other programs."""
    return {each.get("of"): each.get("is") for holder in holders for each in holder.all(NAME)}
