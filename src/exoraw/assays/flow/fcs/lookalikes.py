"""Keywords that are one letter away from one that decides numbers: a slip of a program or a damaged byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from exoraw.assays.contract import Finding
from exoraw.assays.flow.fcs.findings import listed, remark
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.text import Text

_ONCE = ("$TIMESTEP", "$SPILLOVER", "SPILL", "$BEGINSTEXT", "$ENDSTEXT", "$NEXTDATA", "$TOT", "$MODE")
_PER_CHANNEL = ("E", "G", "R", "B", "N", "DATATYPE")
_HARMLESS = "SFLOPTVDC"  # $PnS, $PnF ...: standard, or common, and no numbers depend on them
_STANDARD = re.compile(r"\$PKN?\d+|\$(BEGIN|END)TEXT")  # peak channels of histograms; a vendor's own words
_LONGEST = 14
_MOST_CHANNELS, _MOST_STRANGERS = 500, 5_000  # beyond, the search would cost more than it tells


def look_alikes(text: Text, parameters: Sequence[Parameter], notes: list[Finding]) -> None:
    """Say so where a missing keyword that decides numbers stands there misspelt by one character."""
    present = text.folded_keys()
    if len(parameters) > _MOST_CHANNELS:
        return
    looked_for = {key for key in _ONCE if key not in present} | {
        key for p in parameters for letter in _PER_CHANNEL if (key := f"$P{p.number}{letter}") not in present
    }
    shapes = {shape: key for key in looked_for for shape in (*_opened(key), *_shortened(key), key)}
    known = {f"$P{p.number}{letter}" for p in parameters for letter in (*_PER_CHANNEL, *_HARMLESS)}
    strangers = (
        key
        for key in present
        if 3 <= len(key) <= _LONGEST
        and key not in known
        and key not in _ONCE
        and not _STANDARD.fullmatch(key)
    )
    found = {
        f"{key} for {shapes[shape]}"
        for key in islice(strangers, _MOST_STRANGERS)
        for shape in (*_opened(key), *_shortened(key), key)
        if shape in shapes
    }
    if found:
        notes.append(remark("keyword_lookalike", f"Perhaps meant: {listed(sorted(found))}."))


def _opened(key: str) -> Iterator[str]:
    """The key with any one character open."""
    return (f"{key[:place]}?{key[place + 1 :]}" for place in range(len(key)))


def _shortened(key: str) -> Iterator[str]:
    """The key without any one character."""
    return (key[:place] + key[place + 1 :] for place in range(len(key)))
