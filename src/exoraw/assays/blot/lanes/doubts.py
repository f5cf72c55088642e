"""Whether the lanes of a row are the only sensible reading of the picture, in words where they are not."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from exoraw.assays.blot.lanes.arrays import FloatArray
from exoraw.assays.blot.lanes.partition import SMOOTHING, Partition, runs_above

SIMILAR_SCORE = 0.35  # logarithmic units: a factor of 1.4
SHIFTED = 0.3  # of the pitch: lanes that lie this far off are other lanes
UNEVEN = 0.4  # of the pitch, off a comb of equal lanes
SPLIT, CLEFT = 0.7, 0.35  # a border this high on a band, where the usual one lies this low
ON_BAND, BETWEEN = 0.9, 0.1  # a border as high as the bands, in a row that has clear gaps too
NO_VALLEY = 0.96  # of the lower band: where the usual border is higher, borders do not lie in valleys
BESIDE_WIDTH = (0.5, 1.3)  # of the pitch: what is as wide as this beside the lanes may be a lane too
BESIDE_HEIGHT = 0.7  # of the lowest band in the lanes
BESIDE_SHARE = 0.15  # of the usual band: dimmer things beside the lanes are none, though a lane may be empty
PEAK_VALLEY = 0.5  # of the lower peak: two peaks with such a valley between them are two bands
SECOND_PEAK = 0.08  # of the usual band: lower ones are no second band


def lane_doubts(profile: FloatArray, found: list[Partition]) -> tuple[str, ...]:
    """Return why another reading of the row is about as good; () where there is none.

    Parameters
    ----------
    profile : (columns,) light of the row
    found : its partitions, best first; at least one
    """
    best = found[0]
    doubts = []
    clean = not _splits_bands(profile, best)
    others = [
        other
        for other in found[1:]
        if best.score - other.score < SIMILAR_SCORE
        and _shifted(best, other)
        and not (clean and _splits_bands(profile, other))
    ]
    if others:
        doubts.append(f"{len(others) + 1} ways to place the lanes explain the row about equally well")
    if _uneven(best) > UNEVEN:
        doubts.append("the lanes that were found are not equally wide")
    if not clean:
        doubts.append("a border between two lanes lies on a band")
    if not _has_valleys(profile, best):
        doubts.append("the lanes explain the picture poorly: most borders lie on bands, not between them")
    if (double := _lanes_with_two_peaks(profile, best)) > 0:
        doubts.append(f"{double} lane(s) hold two bands side by side")
    if _band_beside(profile, best):
        doubts.append("a band as bright as those in the lanes lies beside them, so there may be more lanes")
    return tuple(doubts)


def lane_score(profile: FloatArray, partition: Partition) -> float:
    """Return 0 to 1: deep borders and equal lanes make 1."""
    valleys = valley_ratios(profile, partition)
    deep = 1 - float(np.clip(valleys, 0, 1).mean()) if len(valleys) else 1.0
    widths = np.diff(partition.borders)
    return deep * float(np.exp(-widths.std() / max(widths.mean(), 1)))


def lies_between_bands(profile: FloatArray, partition: Partition) -> bool:
    """Return whether a partition's borders lie between bands, as those of a real row do."""
    return _has_valleys(profile, partition) and not _splits_bands(profile, partition)


def valley_ratios(profile: FloatArray, partition: Partition) -> FloatArray:
    """Return the profile at every inner border, relative to the lower of the two bands beside it."""
    smooth = gaussian_filter1d(profile, SMOOTHING)
    lower = np.minimum(partition.peaks[:-1], partition.peaks[1:])
    ratios: FloatArray = smooth[partition.borders[1:-1]] / np.maximum(lower, 1e-9)
    return ratios


def _splits_bands(profile: FloatArray, partition: Partition) -> bool:
    valleys = valley_ratios(profile, partition)
    if not len(valleys):
        return False
    among_clefts = valleys.max() > SPLIT and np.median(valleys) < CLEFT
    beside_a_gap = valleys.max() > ON_BAND and valleys.min() < BETWEEN
    return bool(among_clefts or beside_a_gap)


def _has_valleys(profile: FloatArray, partition: Partition) -> bool:
    valleys = valley_ratios(profile, partition)
    return not len(valleys) or bool(np.median(valleys) < NO_VALLEY)


def _shifted(best: Partition, other: Partition) -> bool:
    middles = [(p.borders[:-1] + p.borders[1:]) / 2 for p in (best, other)]
    return bool(np.abs(middles[0] - middles[1]).max() > SHIFTED * best.pitch)


def _uneven(best: Partition) -> float:
    middles = (best.borders[:-1] + best.borders[1:]) / 2
    if len(middles) < 3:
        return 0.0
    comb = np.polynomial.Polynomial.fit(np.arange(len(middles)), middles, 1)(np.arange(len(middles)))
    return float(np.abs(middles - comb).max()) / best.pitch


def _band_beside(profile: FloatArray, best: Partition) -> bool:
    smooth = gaussian_filter1d(profile, SMOOTHING)
    lowest = max(float(best.peaks.min()), BESIDE_SHARE * float(np.median(best.peaks)))
    first, last = int(best.borders[0]), int(best.borders[-1])
    low, high = (share * best.pitch for share in BESIDE_WIDTH)
    runs = runs_above(smooth, lowest / 2)
    beside = [(a, min(b + 1, first)) for a, b in runs if a < first]
    beside += [(max(a, last), b + 1) for a, b in runs if b >= last]
    return any(low <= b - a <= high and smooth[a:b].max() > BESIDE_HEIGHT * lowest for a, b in beside)


def _lanes_with_two_peaks(profile: FloatArray, best: Partition) -> int:
    smooth = gaussian_filter1d(profile, best.pitch / 16)
    least = SECOND_PEAK * float(np.median(best.peaks))
    distance = max(best.pitch / 3, 1)
    tops, seen = find_peaks(smooth, height=least, prominence=least / 2, distance=distance)
    bands = tops[seen["prominences"] > PEAK_VALLEY * seen["peak_heights"]]
    return int((np.histogram(bands, best.borders)[0] > 1).sum())
