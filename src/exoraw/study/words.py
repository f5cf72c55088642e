"""The nearest valid word: what a person most likely meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

LIKENESS = 0.6  # difflib ratio below which a suggestion confuses more than it helps
MOST_CANDIDATES = 2000  # beyond that only the candidates of similar length are compared
LONGEST_WORD = 200  # characters of a word that are compared

_NOT_ALNUM = re.compile(r"[\W_]+")


def fold(word: str) -> str:
    """Return a word as a tolerant reader sees it: "Cell line", "cell_line" and "CELL-LINE" are one."""
    return _NOT_ALNUM.sub("", word).casefold()


def shown(word: str, most: int = 60) -> str:
    """Return a word in quotes, shortened, with line breaks made visible, for a message."""
    flat = word.encode("unicode_escape").decode("ascii") if not word.isprintable() else word
    return f'"{flat}"' if len(flat) <= most else f'"{flat[: most - 3]}..."'


def listed(words: Iterable[str], most: int = 12) -> str:
    """Return words as a short list for a message: "a, b, c and 9 more"."""
    every = list(words)
    if not every:
        return "none"
    if len(every) <= most:
        return ", ".join(every)
    return f"{', '.join(every[:most])} and {len(every) - most} more"


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return the valid word that was most likely meant, "" where none is near.

    Case, spaces and underscores count for nothing; then Ratcliff-Obershelp likeness (difflib).
    """
    by_fold: dict[str, str] = {}
    for candidate in valid:
        by_fold.setdefault(fold(candidate), candidate)
    target = fold(word[:LONGEST_WORD])
    if target in by_fold:
        return by_fold[target]
    if not target:
        return ""
    near = list(by_fold)
    if len(near) > MOST_CANDIDATES:
        near = sorted(near, key=lambda key: abs(len(key) - len(target)))[:MOST_CANDIDATES]
    found = difflib.get_close_matches(target, [key[:LONGEST_WORD] for key in near], n=1, cutoff=LIKENESS)
    return next((by_fold[key] for key in near if key[:LONGEST_WORD] == found[0]), "") if found else ""


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Return " Did you mean isotype?", or "" where nothing is near."""
    found = nearest(word, valid)
    return f" Did you mean {found}?" if found else ""
