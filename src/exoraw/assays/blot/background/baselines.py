"""Baselines under lane profiles: SNIP and arPLS, written for all lanes of a row at once."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import uniform_filter1d

from exoraw.assays.blot.lanes.arrays import FloatArray

SNIP_SIGMAS = 4.0  # half window in sigmas of the row's bands
SNIP_SMOOTHING = 5  # pixels: mean filter of each side before it is compared
ARPLS_STIFFNESS = 1e5  # lambda for bands of sigma 6 pixels; it grows with the fourth power of their height
ARPLS_SIGMA = 6.0
ARPLS_ROUNDS = 50
ARPLS_TOLERANCE = 1e-3
ARPLS_RIDGE = 1e-9


def snip(profiles: FloatArray, sigma: float) -> FloatArray:
    """Return the baseline of every profile by clipping peaks in ever smaller windows.

    Source: SNIP (Ryan et al. 1988; decreasing windows, Morhac & Matousek 2008), second order, as
    `pybaselines.smooth.snip`; without the log-log transform, because profiles are not counts.

    Parameters
    ----------
    profiles : (lanes, rows) mean signal of lanes
    sigma : half height of the bands, pixels
    """
    window = max(2, int(SNIP_SIGMAS * sigma))
    window = min(window, (profiles.shape[1] - 1) // 2)
    ends = _straight_on(profiles, window)
    baseline = ends
    size = ends.shape[1]
    for half in range(window, 0, -1):
        smooth = uniform_filter1d(baseline, SNIP_SMOOTHING, axis=1, mode="nearest")
        sides = (smooth[:, : size - 2 * half] + smooth[:, 2 * half :]) / 2
        clipped = baseline.copy()
        inner = slice(half, size - half)
        clipped[:, inner] = np.where(baseline[:, inner] > sides, sides, smooth[:, inner])
        baseline = clipped
    return baseline[:, window:-window]


def _straight_on(profiles: FloatArray, by: int) -> FloatArray:
    head = np.repeat(profiles[:, :3].mean(axis=1, keepdims=True), by, axis=1)
    tail = np.repeat(profiles[:, -3:].mean(axis=1, keepdims=True), by, axis=1)
    return np.concatenate((head, profiles, tail), axis=1)


def arpls(profiles: FloatArray, sigma: float) -> FloatArray:
    """Return the baseline of every profile by asymmetrically reweighted penalised least squares.

    Source: arPLS (Baek et al. 2015), as `pybaselines.whittaker.arpls`. The stiffness follows the height of
    the bands, so that an image scanned twice as fine gives the same volumes.

    Parameters
    ----------
    profiles : (lanes, rows) mean signal of lanes
    sigma : half height of the bands, pixels
    """
    stiffness = ARPLS_STIFFNESS * (sigma / ARPLS_SIGMA) ** 4
    return np.stack([_arpls(profile, stiffness) for profile in profiles])


def _arpls(profile: FloatArray, stiffness: float) -> FloatArray:
    bands = stiffness * _second_differences(len(profile))
    weights = np.ones_like(profile)
    baseline = profile
    for _ in range(ARPLS_ROUNDS):
        matrix = bands.copy()
        matrix[-1] += weights + ARPLS_RIDGE
        baseline = solveh_banded(matrix, weights * profile, overwrite_ab=True, check_finite=False)
        rest = profile - baseline
        below = rest[rest < 0]
        if len(below) < 2 or below.std() == 0:
            break
        level = 2 * (rest - (2 * below.std() - below.mean())) / below.std()
        fresh = 1 / (1 + np.exp(np.clip(level, -500, 500)))
        change = np.linalg.norm(fresh - weights) / np.linalg.norm(weights)
        weights = fresh
        if change < ARPLS_TOLERANCE:
            break
    return baseline


def _second_differences(size: int) -> FloatArray:
    """Return D'D of the second difference operator as upper bands for `solveh_banded`."""
    bands = np.zeros((3, size))
    bands[0, 2:] = 1.0
    bands[1, 1:] = -4.0
    bands[1, [1, -1]] = -2.0
    bands[2] = 6.0
    bands[2, [0, -1]] = 1.0
    bands[2, [1, -2]] = 5.0
    return bands
