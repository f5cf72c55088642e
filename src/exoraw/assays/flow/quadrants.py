"""The four quadrants of Annexin V and the DNA dye: counts that sum to n, shares that sum to 100 %."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray

Z_95 = 1.959963984540054  # normal quantile of 0.975
MIN_EVENTS = 1000  # below it a 5 % share is known to no better than +-1.4 points


@dataclass(frozen=True)
class QuadrantNames:
    """What a lab calls the quadrants, and the sum of two of them.

    Parameters
    ----------
    live : annexin below, DNA dye below
    early : annexin above, DNA dye below
    late : annexin above, DNA dye above
    necrotic : annexin below, DNA dye above; some labs say "dead"
    apoptotic : early and late together
    """

    live: str = "live"
    early: str = "early apoptotic"
    late: str = "late apoptotic"
    necrotic: str = "necrotic"
    apoptotic: str = "apoptotic"

    def __post_init__(self) -> None:
        names = (self.live, self.early, self.late, self.necrotic, self.apoptotic)
        if len(set(names)) < len(names) or not all(name.strip() for name in names):
            raise ValueError(f"quadrant names must be five different words; found {', '.join(names)}")


@dataclass(frozen=True)
class Share:
    """A share of the gated cells: counts, percent, and its 95 % interval in percent (Wilson 1927).

    `percent`, `ci_low` and `ci_high` are NaN where there are no cells.
    """

    name: str
    numerator: int
    denominator: int
    percent: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Quadrants:
    """The quadrants of a tube, in the order live, early, late, necrotic.

    Parameters
    ----------
    quadrants : counts sum to n, percents to 100
    apoptotic : early and late together
    n : events counted
    n_not_finite : events that had no number in one of the channels; they are not in n
    findings : codes "no_events", "few_events", "events_without_value"
    """

    quadrants: tuple[Share, Share, Share, Share]
    apoptotic: Share
    n: int
    n_not_finite: int
    findings: tuple[Finding, ...]

    def __getitem__(self, name: str) -> Share:
        for share in (*self.quadrants, self.apoptotic):
            if share.name == name:
                return share
        raise KeyError(name)


def quadrants(
    events: FloatArray, thresholds: tuple[float, float], names: QuadrantNames | None = None
) -> Quadrants:
    """Count the events of the four quadrants; an event on a threshold lies below it.

    Parameters
    ----------
    events : (n, 2) compensated linear signal, columns annexin and DNA dye
    thresholds : annexin, DNA dye; linear
    names : what the lab calls the quadrants
    """
    if not np.isfinite(thresholds).all():
        raise ValueError(f"quadrants need two thresholds that are numbers; found {thresholds}")
    values = np.asarray(events)
    finite = np.isfinite(values).all(axis=1)
    values = values[finite]
    n, lost = len(values), int(np.count_nonzero(~finite))
    called = names or QuadrantNames()
    annexin, dna = values[:, 0] > thresholds[0], values[:, 1] > thresholds[1]
    both = int(np.count_nonzero(annexin & dna))
    early = int(np.count_nonzero(annexin)) - both
    necrotic = int(np.count_nonzero(dna)) - both
    live = n - both - early - necrotic
    return Quadrants(
        (
            share_of(called.live, live, n),
            share_of(called.early, early, n),
            share_of(called.late, both, n),
            share_of(called.necrotic, necrotic, n),
        ),
        share_of(called.apoptotic, early + both, n),
        n,
        lost,
        _findings(n, lost),
    )


def share_of(name: str, numerator: int, denominator: int) -> Share:
    """Return a share in percent with its 95 % Wilson score interval."""
    if denominator == 0:
        return Share(name, numerator, denominator, nan, nan, nan)
    p = numerator / denominator
    z2 = Z_95**2 / denominator
    middle = (p + z2 / 2) / (1 + z2)
    reach = Z_95 * sqrt(p * (1 - p) / denominator + z2 / (4 * denominator)) / (1 + z2)
    low = 0.0 if numerator == 0 else 100 * (middle - reach)
    high = 100.0 if numerator == denominator else 100 * (middle + reach)
    return Share(name, numerator, denominator, 100 * p, low, high)


def _findings(n: int, lost: int) -> tuple[Finding, ...]:
    found = []
    if n == 0:
        found.append(
            Finding("no_events", "error", "No cells are left after the gates: no shares.", value=0.0)
        )
    elif n < MIN_EVENTS:
        message = f"Only {n} cells are left after the gates; the intervals of the shares are wide."
        found.append(Finding("few_events", "warning", message, value=float(n), limit=float(MIN_EVENTS)))
    if lost:
        message = f"{lost} events have no number in the annexin or the DNA channel and were not counted."
        found.append(Finding("events_without_value", "warning", message, value=float(lost), limit=0.0))
    return tuple(found)
