"""Stars as the study's star map gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from exoraw.statistics import Comparison, StarMap, stars_for
from exoraw.study.asked import StarsEntry


def star_map(stars: StarsEntry, symbol: str = "*") -> StarMap:
    """Return the study's stars, written with a symbol."""
    return StarMap(stars.limits, symbol, stars.or_equal, stars.none)


def starred(results: Sequence[Comparison], stars: StarsEntry) -> tuple[Comparison, ...]:
    """Return the results with stars for their adjusted p, or their p where none was adjusted."""
    own = star_map(stars)
    return tuple(
        replace(one, stars=stars_for(one.p if one.p_adjusted is None else one.p_adjusted, own))
        for one in results
    )
