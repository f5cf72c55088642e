"""Which band of a ladder is which: found bands and named masses paired by how a gel runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from exoraw.assays.blot.bands.molecular_weight import LadderError

LEAST_PAIRED = 4  # bands: fewer fit any curve
MOST_MISSING = 3  # found bands without a mass, or masses without a band
WORST = 0.025  # of log10 mass, root mean square off the gel's curve: 6 % of a mass
CLEARLY = 1.5  # times worse must the second-best pairing be
DEGREES = ((8, 3), (5, 2), (0, 1))  # of the curve of log10 mass along the gel, by the number of bands


@dataclass(frozen=True)
class Pairing:
    """A ladder that was read: heights (pixels) with their masses, and how far off the curve they lie."""

    heights: tuple[float, ...]
    masses: tuple[float, ...]
    off: float


def pair_with_masses(heights: Sequence[float], masses: Sequence[float]) -> Pairing:
    """Return the pairing of found bands and masses in which the ladder runs as a gel does.

    Heavy pieces stay above. Either side may have up to three too many: rungs that ran off the gel or are too
    faint, spots that are no rungs. The logarithm of the mass follows a smooth curve along the gel (a cubic
    through eight bands and more); the pairing nearest to one is taken, if it is near and every other is
    clearly farther.

    Parameters
    ----------
    heights : of the bands that were found, pixels, in any order
    masses : of the ladder, kDa or base pairs, in any order

    Raises
    ------
    LadderError
        too few bands, too many or too few for the masses, none that runs as a gel does, or two that do

    Source
    ------
    log-linear migration: Weber and Osborn 1969, J Biol Chem 244:4406
    """
    found, named = sorted(heights), sorted(masses, reverse=True)
    paired = min(len(found), len(named))
    if paired < LEAST_PAIRED:
        raise LadderError(
            f"{len(found)} of {len(named)} bands were found, at least {LEAST_PAIRED} are needed"
        )
    if abs(len(found) - len(named)) > MOST_MISSING:
        raise LadderError(f"{len(found)} bands were found where the ladder has {len(named)}")
    ranked = sorted(_pairings(found, named, paired), key=lambda one: one.off)
    if ranked[0].off > WORST:
        raise LadderError(
            f"the {len(found)} bands that were found do not lie as these {len(named)} masses would run"
        )
    if len(ranked) > 1 and ranked[1].off < CLEARLY * max(ranked[0].off, WORST / 5):
        raise LadderError(
            f"{len(found)} bands were found where the ladder has {len(named)}, which fits in several ways"
        )
    return ranked[0]


def _pairings(found: Sequence[float], named: Sequence[float], paired: int) -> Iterator[Pairing]:
    for heights in combinations(found, paired):
        for masses in combinations(named, paired):
            yield Pairing(heights, masses, _off(heights, masses))


def _off(heights: Sequence[float], masses: Sequence[float]) -> float:
    places = np.asarray(heights, float)
    places = (places - places.mean()) / max(float(np.ptp(places)), 1e-9)
    logs = np.log10(np.asarray(masses, float))
    degree = next(degree for least, degree in DEGREES if len(places) >= least)
    left = logs - np.polynomial.polynomial.polyval(
        places, np.polynomial.polynomial.polyfit(places, logs, degree)
    )
    return math.sqrt(float(np.mean(left**2)) * len(places) / max(len(places) - degree - 1, 1))
