"""Two dyes of a panel that would be read from one detector: a number from it would stand for neither."""

from __future__ import annotations

from collections.abc import Sequence

from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.panel import Match


def one_channel_twice(matches: Sequence[Match], dyes: Sequence[Dye]) -> str | None:
    """Say which two dyes answer to one channel, and what to do; None where all have one of their own.

    Parameters
    ----------
    matches, dyes : equally long; the channel of every dye
    """
    for place, match in enumerate(matches):
        for other in range(place):
            if matches[other].index == match.index:
                first, second = dyes[other], dyes[place]
                return (
                    f'{first.title} ("{matches[other].asked}") and {second.title} ("{match.asked}") would '
                    f"both be read from the channel {match.label}. Name another channel in {first.setting} "
                    f"or {second.setting}."
                )
    return None
