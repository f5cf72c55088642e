"""The order of a heat map's rows and columns: similar ones beside each other, with the tree that says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

FloatArray = NDArray[np.float64]
MOST_ORDERED = 1500  # leaves; optimal ordering takes time with the square to cube of their number


@dataclass(frozen=True, eq=False)
class Tree:
    """Leaves in drawing order, and the branches of their tree.

    order : (n,) numbers of rows
    places, heights : (joins, 4) the corners of each branch: place in leaves (0 is the first leaf's middle)
        and distance
    """

    order: NDArray[np.intp]
    places: FloatArray
    heights: FloatArray


def shared_distance(values: FloatArray) -> FloatArray:
    """Return Euclidean distances (n, n) of rows over the cells that both have, scaled to all cells.

    Two rows that share no cell are as far apart as the two furthest others (Dixon 1979; scikit-learn's
    nan_euclidean_distances has the same scaling).
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    weight = known.astype(np.float64)
    square = filled**2 @ weight.T
    total = square + square.T - 2 * filled @ filled.T
    shared = weight @ weight.T
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.sqrt(np.maximum(total, 0.0) * values.shape[1] / shared)
    furthest = float(np.max(distance[shared > 0], initial=0.0))
    distance[shared == 0] = furthest
    np.fill_diagonal(distance, 0.0)
    return np.asarray((distance + distance.T) / 2)


def similar_together(values: FloatArray) -> Tree:
    """Order rows (n, m) by average linkage, its leaves turned so that neighbours are as similar as possible.

    Optimal leaf ordering after Bar-Joseph et al. 2001, as scipy has it; up to MOST_ORDERED rows.
    """
    count = values.shape[0]
    if count < 3:
        return Tree(np.arange(count), np.empty((0, 4)), np.empty((0, 4)))
    size = float(np.max(np.abs(values), where=np.isfinite(values), initial=0.0)) or 1.0
    distance = squareform(shared_distance(values / size), checks=False)
    linked = hierarchy.linkage(distance, "average", optimal_ordering=count <= MOST_ORDERED)
    order = hierarchy.leaves_list(linked)
    return Tree(np.asarray(order, dtype=np.intp), *_branches(linked, order))


def _branches(linked: FloatArray, order: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Return the corners of every join's branch, from the leaves' places upwards (no recursion)."""
    count = order.size
    place, height = np.zeros(2 * count - 1), np.zeros(2 * count - 1)
    place[order] = np.arange(count)
    places, heights = np.empty((count - 1, 4)), np.empty((count - 1, 4))
    for i, (one, other, distance, _) in enumerate(linked):
        a, b = sorted((int(one), int(other)), key=lambda node: place[node])
        places[i] = [place[a], place[a], place[b], place[b]]
        heights[i] = [height[a], distance, distance, height[b]]
        place[count + i], height[count + i] = (place[a] + place[b]) / 2, distance
    return places, heights
