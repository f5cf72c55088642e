"""What stands under a group axis: n, names of groups, straight where they fit and else at 45 degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from exoraw.figures import look, words
from exoraw.figures.page import BASELINE, EDGE, LABEL_GAP, Plot

FIRST_GAP = 5.0  # pt from the axis to the first line below it
MOST_LINES = 4  # of a straight name
LONGEST_TILTED = 90.0  # pt of a name at 45 degrees
BETWEEN = 3.0  # pt kept free between neighbouring names
TILT = math.cos(math.pi / 4)


@dataclass(frozen=True)
class Place:
    """A name below the axis: its middle and the room it has (pt), and how many units it stands for."""

    middle: float
    room: float
    text: str
    n: int | None = None


@dataclass(frozen=True)
class Under:
    """What is written below a group axis.

    names : middle (pt), lines of every name
    counts : middle (pt), text of n per bar; () where n stands in the names
    counts_first : n directly below the axis, before the names
    tilted : names at 45 degrees
    """

    names: tuple[tuple[float, tuple[str, ...]], ...]
    counts: tuple[tuple[float, str], ...]
    counts_first: bool
    tilted: bool
    heading: str = ""

    @property
    def depth(self) -> float:
        """Return the pt needed below the axis."""
        depth = FIRST_GAP + (look.line_height() if self.counts else 0.0)
        if self.tilted:
            longest = max(look.text_width(lines[0]) for _, lines in self.names)
            return depth + (longest + look.line_height()) * TILT
        return depth + max(len(lines) for _, lines in self.names) * look.line_height(look.LABEL)

    @property
    def overhang(self) -> float:
        """Return the pt that a tilted name needs left of the axis."""
        if not self.tilted:
            return 0.0
        return max(look.text_width(lines[0]) * TILT - x for x, lines in self.names) + look.SMALL


def arrange_under(names: Sequence[Place], bars: Sequence[Place]) -> Under:
    """Decide how names and n stand below the axis.

    Parameters
    ----------
    names : one per group, or per cluster of bars
    bars : one per bar with its n; as many as names where each name has one bar
    """
    straight = [_lines(place) for place in names]
    tilted = any(lines is None for lines in straight)
    single = len(bars) == len(names)
    if not tilted:
        counts, heading = _counts(bars)
        written = tuple((place.middle, lines or ()) for place, lines in zip(names, straight, strict=True))
        return Under(written, counts, not single, False, heading)
    if single:
        return Under(_tilted(names, [f" (n = {bar.n})" for bar in bars]), (), False, True)
    counts, heading = _counts(bars)
    return Under(_tilted(names, [""] * len(names)), counts, True, True, heading)


def _lines(place: Place) -> tuple[str, ...] | None:
    """Return the lines of a name, or None where a word is wider than its room."""
    room = place.room - BETWEEN
    if any(look.text_width(word, look.LABEL) > room for word in place.text.split(" ")):
        return None
    lines = words.wrap(place.text, room, look.LABEL)
    return tuple(lines) if len(lines) <= MOST_LINES else None


def _tilted(names: Sequence[Place], tails: Sequence[str]) -> tuple[tuple[float, tuple[str, ...]], ...]:
    short = words.cut_apart([place.text for place in names], LONGEST_TILTED)
    return tuple(
        (place.middle, (text + tail,)) for place, text, tail in zip(names, short, tails, strict=True)
    )


def _counts(bars: Sequence[Place]) -> tuple[tuple[tuple[float, str], ...], str]:
    """Return n per bar as "n = 5", or as bare numbers behind a heading where that is too wide."""
    full = [f"n = {bar.n}" for bar in bars]
    fits = all(look.text_width(text) + BETWEEN <= bar.room for text, bar in zip(full, bars, strict=True))
    texts = full if fits else [str(bar.n) for bar in bars]
    return tuple((bar.middle, text) for bar, text in zip(bars, texts, strict=True)), "" if fits else "n"


def write_under(plot: Plot, under: Under) -> None:
    """Write it below the axes."""
    y = -FIRST_GAP
    if under.counts_first:
        y = _write_counts(plot, under, y)
    if under.tilted:
        for x, lines in under.names:
            plot.write(
                x + 0.35 * look.SMALL, y, lines[0], rotation=45, ha="right", va="top", rotation_mode="anchor"
            )
        return
    for x, lines in under.names:
        for i, line in enumerate(lines):
            plot.write(x, y - (i + BASELINE) * look.line_height(look.LABEL), line, size=look.LABEL)
    if not under.counts_first:
        deepest = max(len(lines) for _, lines in under.names)
        _write_counts(plot, under, y - deepest * look.line_height(look.LABEL))


def _write_counts(plot: Plot, under: Under, y: float) -> float:
    base = y - BASELINE * look.line_height()
    for x, text in under.counts:
        plot.write(x, base, text, color=look.MUTED)
    if under.heading and under.counts:
        first = under.counts[0]
        x = first[0] - look.text_width(first[1]) / 2 - LABEL_GAP
        plot.write(min(x, -LABEL_GAP), base, under.heading, ha="right", color=look.MUTED)
    return y - look.line_height()


def left_margin(under: Under, value_axis_room: float) -> float:
    """Return the left margin (pt) that both the value axis and tilted names need."""
    return max(value_axis_room, under.overhang + EDGE)
