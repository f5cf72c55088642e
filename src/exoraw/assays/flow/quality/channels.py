"""Which channels of a file tell of its quality over time."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WIDTH = re.compile(r"[-_ ](w|width)$|^pulse width$|^width$", re.IGNORECASE)
_TIME = re.compile(r"^(hdr-)?(time|tm|te|ti)\d*\b|^event\b|^event ?count$", re.IGNORECASE)
_AREA, _HEIGHT = (
    re.compile(r"[-_ ](a|area|lin|int)$", re.IGNORECASE),
    re.compile(r"[-_ ](h|height|peak)$", re.IGNORECASE),
)


def judged_channels(channels: Sequence[str]) -> tuple[int, ...]:
    """Columns of the signals that time quality is judged by: areas, and what has no area.

    Pulse widths are left out: they follow the speed of the stream by a few per cent, which no gate sees.
    Heights are left out where the same signal's area stands beside them: they say the same twice.

    Parameters
    ----------
    channels : $PnN of the file
    """
    areas = {_AREA.sub("", name).casefold() for name in channels if _AREA.search(name)}
    return tuple(
        place
        for place, name in enumerate(channels)
        if not _WIDTH.search(name)
        and not _TIME.search(name)
        and not (_HEIGHT.search(name) and _HEIGHT.sub("", name).casefold() in areas)
    )
