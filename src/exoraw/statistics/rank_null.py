"""Exact null distributions of rank sums, ties included: counted, not simulated."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exoraw.statistics.outcome import FloatArray


def doubled_ranks(values: FloatArray) -> NDArray[np.int64]:
    """Return twice the mid-rank of each value: whole numbers whatever the ties."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((2 * last - counts + 1)[inverse], dtype=np.int64)


def subset_sum_probabilities(ranks: NDArray[np.int64], size: int) -> FloatArray:
    """Return P(sum of a random subset of `size` ranks = s) for s = 0, 1, ... (Streitberg and Roehmel 1986).

    Parameters
    ----------
    ranks : (N,) whole numbers > 0
    size : members of the subset
    """
    return _subset_sums(tuple(int(rank) for rank in np.sort(ranks)), size)


@lru_cache(maxsize=64)
def _subset_sums(ranks: tuple[int, ...], size: int) -> FloatArray:
    top = int(sum(ranks[len(ranks) - size :]))
    ways = np.zeros((size + 1, top + 1))
    ways[0, 0] = 1.0
    for rank in ranks:
        if rank > top:
            continue
        ways[1:, rank:] = ways[1:, rank:] + ways[:-1, : top + 1 - rank]
    return _frozen(ways[size] / ways[size].sum())


def signed_sum_probabilities(ranks: NDArray[np.int64]) -> FloatArray:
    """Return P(sum of the ranks with a positive sign = s) for s = 0, 1, ... when each sign is a fair coin."""
    return _signed_sums(tuple(int(rank) for rank in np.sort(ranks)))


@lru_cache(maxsize=64)
def _signed_sums(ranks: tuple[int, ...]) -> FloatArray:
    chance = np.zeros(sum(ranks) + 1)
    chance[0] = 1.0
    for rank in ranks:
        moved = np.zeros_like(chance)
        moved[rank:] = chance[: chance.size - rank]
        chance = (chance + moved) / 2
    return _frozen(chance)


def _frozen(array: NDArray[Any]) -> FloatArray:
    array.setflags(write=False)  # shared by the cache
    return array


def two_sided(probabilities: FloatArray, observed: int) -> float:
    """Return the chance of a sum at least as far from its mean as the observed one."""
    sums = np.arange(probabilities.size)
    mean = float(np.dot(sums, probabilities))
    reach = abs(observed - mean) * (1 - 1e-12)
    return float(min(1.0, probabilities[np.abs(sums - mean) >= reach - 1e-9].sum()))


def lower_quantile(probabilities: FloatArray, probability: float) -> tuple[int, float]:
    """Return the smallest s with P(S <= s) >= probability, and P(S < s) itself."""
    cumulative = np.cumsum(probabilities)
    s = int(np.searchsorted(cumulative, probability * (1 - 1e-12)))
    return s, float(cumulative[s - 1]) if s else 0.0
