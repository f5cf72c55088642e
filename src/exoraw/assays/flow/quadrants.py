"""The four quadrants of Annexin V and the DNA dye: counts that sum to n, shares that sum to 100 %."""

from __future__ import annotations

from dataclasses import dataclass

from exoraw.assays.flow.arrays import FloatArray


@dataclass(frozen=True)
class QuadrantNames:
    """What a lab calls the quadrants.

    Parameters
    ----------
    live : annexin below, DNA dye below
    early : annexin above, DNA dye below
    late : annexin above, DNA dye above
    necrotic : annexin below, DNA dye above
    """

    live: str = "live"
    early: str = "early apoptotic"
    late: str = "late apoptotic"
    necrotic: str = "necrotic"


@dataclass(frozen=True)
class Share:
    """A share of the gated cells: counts, percent and its 95 % interval in percent (Wilson)."""

    name: str
    numerator: int
    denominator: int
    percent: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Quadrants:
    """The quadrants of a tube, in the order live, early, late, necrotic, and apoptotic = early + late."""

    quadrants: tuple[Share, Share, Share, Share]
    apoptotic: Share
    n: int

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
    raise NotImplementedError
