"""Outcomes as people type them into a sheet: times, doses, and whether an event was seen or censored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from exoraw.study.compare_outcomes import SurvivalEntry
from exoraw.study.numbers import decimal_commas, normalised_number
from exoraw.study.strict import words_of
from exoraw.study.words import fold

SEEN = (
    "1", "yes", "y", "true", "seen", "event", "dead", "died", "death", "deceased", "relapse", "relapsed",
    "recurrence", "progression", "progressed", "reached",
)  # fmt: skip
CENSORED = (
    "0", "no", "n", "false", "censored", "alive", "living", "lost", "lost to follow-up", "none",
    "not seen", "event free", "not reached",
)  # fmt: skip


def numbers_of(cells: Iterable[str]) -> list[float | None]:
    """Return the cells of one column as numbers, None where a cell is empty or no number.

    A comma is a decimal comma where the column shows that it is one (0,5); "1,250" alone is no number,
    because it may be 1250.
    """
    typed = [cell.strip() for cell in cells]
    commas = decimal_commas(typed)
    plain = [normalised_number(cell, comma_is_decimal=commas) for cell in typed]
    return [None if text is None else float(text) for text in plain]


def event_words(entry: SurvivalEntry) -> Mapping[str, bool]:
    """Return what every word of the event column means, by its folded spelling: True is seen.

    Words that the entry names come first: with `seen: 2` and `censored: 1` a 1 is censored.
    """
    usual = {**{_folded(word): False for word in CENSORED}, **{_folded(word): True for word in SEEN}}
    named = {**{_folded(word): False for word in words_of(entry.censored)},
             **{_folded(word): True for word in words_of(entry.seen)}}  # fmt: skip
    if entry.seen:  # of two codings never half of each: what is seen was said, so no usual word is
        usual = {word: False for word, seen in usual.items() if not seen}
    if entry.censored:
        usual = {word: seen for word, seen in usual.items() if seen}
    return {**usual, **named}


def event_of(cell: str, meaning: Mapping[str, bool]) -> bool | None:
    """Return whether the event was seen; None where the cell is empty or an unknown word."""
    return meaning.get(_folded(cell))


def _folded(word: str) -> str:
    """Return a word without case, blanks and punctuation; 1.0 is 1."""
    bare = word.strip().removesuffix(".0")
    return fold(bare) or bare
