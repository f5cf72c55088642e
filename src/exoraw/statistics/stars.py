"""Stars as a journal or a paper wants them: limits, < or <=, one family of symbols per reference."""

from __future__ import annotations

import math
from dataclasses import dataclass

from exoraw.statistics.outcome import StatisticsError


@dataclass(frozen=True)
class StarMap:
    """Limits from wide to narrow, one more symbol at each.

    Parameters
    ----------
    limits : falling, each in (0, 1)
    symbol : repeated once per limit that p passes: "*" or "#" for a second reference group
    or_equal : True where p equal to the limit earns the symbol
    none : what stands where no limit is passed ("" or "ns")
    """

    limits: tuple[float, ...] = (0.05, 0.01, 0.001)
    symbol: str = "*"
    or_equal: bool = False
    none: str = ""

    def __post_init__(self) -> None:
        falling = all(a > b for a, b in zip(self.limits, self.limits[1:], strict=False))
        if not self.limits or not falling or not all(0 < limit < 1 for limit in self.limits):
            raise StatisticsError(f"star limits must fall and lie between 0 and 1; found {self.limits}")
        if not self.symbol:
            raise StatisticsError('the star map has no symbol; give one, for example "*" or "#"')

    @property
    def legend(self) -> str:
        """The line for the figure legend: `* p < 0.05, ** p < 0.01`."""
        sign = "≤" if self.or_equal else "<"
        return ", ".join(f"{self.symbol * (i + 1)} p {sign} {limit:g}" for i, limit in enumerate(self.limits))


STRICT = StarMap()  # < .05, < .01, < .001
STRICT_OR_EQUAL = StarMap((0.05, 0.01, 0.005), or_equal=True)  # <= .05, <= .01, <= .005


def stars_for(p: float | None, star_map: StarMap = STRICT) -> str:
    """Return the stars of a p value; an empty text where there is no p (never "ns" for a test that did not
    run).
    """
    if p is None or math.isnan(p):
        return ""
    passed = sum(p <= limit if star_map.or_equal else p < limit for limit in star_map.limits)
    return star_map.symbol * passed if passed else star_map.none
