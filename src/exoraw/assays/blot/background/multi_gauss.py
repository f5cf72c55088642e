"""A lane's profile as a sum of Gaussians on a straight line: neighbours are told apart, not cut apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import least_squares
from scipy.signal import find_peaks

from exoraw.assays.blot.lanes.arrays import FloatArray

REACH = 11.0  # sigmas of the row on either side of the band that are fitted
MOST_PEAKS = 6
PROMINENCE = 6.0  # noise of the profile; and at least 2 % of its range
LEAST_SHARE = 0.02
NEAREST = 1.8  # sigmas between a band and a neighbour with a top of its own
NEAREST_SHOULDER = 3.0  # sigmas: what is left over nearer than this is the band's own shape, not a neighbour
SMOOTHING = 1.2
HALO = 2.2  # widths of the band: of the wider Gaussian below it
SHOULDER_ROUNDS = 2
SHOULDER_SHARE = 0.015  # of the band's height: a shoulder below it is not fitted
SHOULDER_NOISE = 4.0
NARROWEST, WIDEST, WIDEST_NEIGHBOUR = 0.5, 1.9, 1.4  # of the row's sigma
WANDERS = 0.8  # of the row's sigma: how far a fitted middle may lie from where it was seen
EVALUATIONS = 40
FREE = 3  # columns whose height may be negative: line (two) and the band itself


@dataclass(frozen=True)
class GaussFit:
    """The fitted band.

    Parameters
    ----------
    area : under the band's own curve, signal times pixels
    middle, above, below : row of its top, half widths (standard deviations) above and below it, pixels
    halo : share of its top that belongs to the wider Gaussian, 0 to 1
    baseline : (rows,) everything that is not the band: the line and the neighbours, NaN outside the fit
    neighbours : (rows,) the other bands alone, 0 outside the fit
    residual : root mean square of what is left, signal
    """

    area: float
    middle: float
    above: float
    below: float
    halo: float
    baseline: FloatArray
    neighbours: FloatArray
    residual: float


@dataclass(frozen=True)
class _Problem:
    rows: FloatArray
    values: FloatArray
    apex: float
    sigma: float
    noise: float


def fit_band(profile: FloatArray, apex: int, sigma: float) -> GaussFit:
    """Fit the band at `apex`, its neighbours and its shoulders, on a straight line.

    The band itself is a Gaussian with two half widths, because bands trail, on a wider one of the same
    middle, because light scatters in membrane and lens; its neighbours are symmetric.
    What the first fit leaves over on one side of the band is taken as a further neighbour and fitted again.

    Source: peak deconvolution on a linear background, as in GelBandFitter (Mitov et al. 2009); heights are
    eliminated from the search (variable projection, Golub & Pereyra 1973).

    Parameters
    ----------
    profile : (rows,) mean signal of a lane
    apex : row of the band's highest point
    sigma : half height of the row's bands, pixels
    """
    low, high = max(0, apex - int(REACH * sigma)), min(len(profile), apex + int(REACH * sigma) + 1)
    rows, values = np.arange(low, high, dtype=float), profile[low:high]
    problem = _Problem(rows, values, float(apex), sigma, max(profile_noise(values), 1e-9))
    others = _peaks(problem)
    shape = _solve(problem, others, None)
    for _ in range(SHOULDER_ROUNDS):
        shoulder = _shoulder(problem, shape)
        if shoulder is None or len(others) >= MOST_PEAKS:
            break
        others = [*others, shoulder]
        shape = _solve(problem, others, shape)
    return _result(problem, shape, len(profile), low, high)


def profile_noise(profile: FloatArray) -> float:
    """Return the noise of a profile from its second differences (robust; a slope does not count)."""
    return float(1.4826 * np.median(np.abs(np.diff(profile, 2))) / np.sqrt(6))


def _peaks(problem: _Problem) -> list[float]:
    smooth = gaussian_filter1d(problem.values, SMOOTHING)
    least = max(PROMINENCE * problem.noise, LEAST_SHARE * float(np.ptp(smooth)))
    found = find_peaks(smooth, prominence=least)[0]
    far = [at for at in found if abs(problem.rows[at] - problem.apex) > NEAREST * problem.sigma]
    highest = sorted(far, key=lambda at: -smooth[at])[: MOST_PEAKS - 1]
    return [float(problem.rows[at]) for at in highest]


def _shoulder(problem: _Problem, shape: FloatArray) -> float | None:
    columns = _columns(problem, shape)
    heights = _heights(columns, problem.values)
    rest = gaussian_filter1d(problem.values - columns @ heights, problem.sigma / 2)
    mirrored = np.interp(2 * shape[0] - problem.rows, problem.rows, rest)
    rest = rest - np.clip(mirrored, 0, None)
    taken = np.concatenate(([shape[0]], shape[3::2]))
    apart = np.abs(problem.rows[:, None] - taken).min(axis=1) > problem.sigma
    apart &= np.abs(problem.rows - shape[0]) > NEAREST_SHOULDER * problem.sigma
    if not apart.any():
        return None
    at = int(np.argmax(np.where(apart, rest, -np.inf)))
    noise = problem.noise / np.sqrt(max(problem.sigma * 1.77, 1.0))
    least = max(SHOULDER_NOISE * noise, SHOULDER_SHARE * float(heights[2]))
    return float(problem.rows[at]) if rest[at] > least else None


def _solve(problem: _Problem, others: list[float], before: FloatArray | None) -> FloatArray:
    """Return [middle, half width above, half width below, then middle and width of every neighbour]."""
    sigma = problem.sigma
    start = np.concatenate(([problem.apex, sigma, sigma], np.ravel([[middle, sigma] for middle in others])))
    if before is not None:
        start[: len(before)] = before
    middles = np.concatenate(([problem.apex], others))
    lower, upper = np.full(len(start), NARROWEST * sigma), np.full(len(start), WIDEST * sigma)
    upper[4::2] = WIDEST_NEIGHBOUR * sigma
    places = np.concatenate(([0], np.arange(3, len(start), 2)))
    lower[places], upper[places] = middles - WANDERS * sigma, middles + WANDERS * sigma
    start = np.clip(start, lower + 1e-6, upper - 1e-6)

    def rest(shape: FloatArray) -> FloatArray:
        columns = _columns(problem, shape)
        left: FloatArray = (columns @ _heights(columns, problem.values) - problem.values) / problem.noise
        return left

    found = least_squares(
        rest, start, bounds=(lower, upper), max_nfev=EVALUATIONS, x_scale=sigma, xtol=1e-4, ftol=1e-5
    )
    shape: FloatArray = found.x
    return shape


def _columns(problem: _Problem, shape: FloatArray) -> FloatArray:
    rows = problem.rows[:, None]
    width = np.where(rows < shape[0], shape[1], shape[2])
    off = (rows - shape[0]) / width
    main, halo = np.exp(-0.5 * off**2), np.exp(-0.5 * (off / HALO) ** 2)
    others = np.exp(-0.5 * ((rows - shape[3::2]) / shape[4::2]) ** 2)
    slope = (rows - problem.apex) / len(rows)
    return np.concatenate((np.ones_like(rows), slope, main, halo, others), axis=1)


def _heights(columns: FloatArray, values: FloatArray) -> FloatArray:
    """Return the least-squares heights; halo and neighbours that come out negative are left out."""
    kept = np.ones(columns.shape[1], bool)
    heights = np.zeros(columns.shape[1])
    for _ in range(columns.shape[1] - FREE):
        heights[:] = 0
        heights[kept] = _least_squares(columns[:, kept], values)
        negative = heights < 0
        negative[:FREE] = False
        if not negative.any():
            break
        kept &= ~negative
    heights[FREE:] = np.clip(heights[FREE:], 0, None)
    return heights


def _least_squares(columns: FloatArray, values: FloatArray) -> FloatArray:
    gram = columns.T @ columns
    gram[np.diag_indices_from(gram)] *= 1 + 1e-9
    solved: FloatArray = np.linalg.solve(gram, columns.T @ values)
    return solved


def _result(problem: _Problem, shape: FloatArray, size: int, low: int, high: int) -> GaussFit:
    columns = _columns(problem, shape)
    heights = _heights(columns, problem.values)
    fitted = columns @ heights
    baseline, neighbours = np.full(size, np.nan), np.zeros(size)
    baseline[low:high] = fitted - columns[:, 2:4] @ heights[2:4]
    neighbours[low:high] = columns[:, 4:] @ heights[4:]
    area = float((heights[2] + HALO * heights[3]) * np.sqrt(np.pi / 2) * (shape[1] + shape[2]))
    halo = float(heights[3] / max(heights[2] + heights[3], 1e-9))
    residual = float(np.sqrt(np.mean((fitted - problem.values) ** 2)))
    middle, above, below = (float(value) for value in shape[:3])
    return GaussFit(area, middle, above, below, halo, baseline, neighbours, residual)
