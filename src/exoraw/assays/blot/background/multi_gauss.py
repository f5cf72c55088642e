"""A lane's profile as a sum of Gaussians on a straight line: neighbours are told apart, not cut apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import least_squares
from scipy.signal import find_peaks

from exoraw.assays.blot.lanes.arrays import FloatArray

REACH = 11.0  # sigmas of the row on either side of the band that are fitted
FLANK = 4.0  # sigmas of the row on either side of another band that belong to it
LEAST_REACH = 5.0  # sigmas: the fit never ends nearer to the band because of another one
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
LINE, CURVE = 1, 3  # degree of the background below the bands: straight, or bent as smears bend it
DIP_SHARE, DIP_NOISE = 0.01, 3.0  # of the profile's range, and noise: how far below all that is seen
EVIDENCE = 3.0  # times the logarithm of the rows, as in Schwarz's criterion: a bend must pay for itself


@dataclass(frozen=True)
class GaussFit:
    """The fitted band.

    Parameters
    ----------
    area : under the band's own curve, signal times pixels
    middle, above, below : row of its top, half widths (standard deviations) above and below it, pixels
    halo : share of its top that belongs to the wider Gaussian, 0 to 1
    neighbours : (rows,) the other bands alone, 0 outside the fit
    bend : (rows,) how far the background bends away from the straight line between the ends of the fit, 0
        outside of it and where it is straight
    """

    area: float
    middle: float
    above: float
    below: float
    halo: float
    neighbours: FloatArray
    bend: FloatArray


@dataclass(frozen=True)
class _Problem:
    rows: FloatArray
    values: FloatArray
    apex: float
    sigma: float
    noise: float
    degree: int = LINE

    @property
    def band(self) -> int:
        """Column of the band itself: those before it are its background."""
        return self.degree + 1


def fit_band(profile: FloatArray, apex: int, sigma: float) -> GaussFit:
    """Fit the band at `apex`, its neighbours and its shoulders, on a straight or bent line.

    Bands are Gaussians with two half widths, because bands trail; the band itself stands on a wider one of
    the same middle, because light scatters in membrane and lens.
    What the first fit leaves over on one side of the band is taken as a further neighbour and fitted again.
    A smear, darker on one side of its band than on the other, bends the line; the bend (third degree) is
    kept where the rests become so much smaller that it pays for its two terms.

    Source: peak deconvolution on a linear background, as in GelBandFitter (Mitov et al. 2009); heights are
    eliminated from the search (variable projection, Golub & Pereyra 1973).

    Parameters
    ----------
    profile : (rows,) mean signal of a lane
    apex : row of the band's highest point
    sigma : half height of the row's bands, pixels
    """
    low, high = _fitted_rows(profile, apex, sigma)
    rows, values = np.arange(low, high, dtype=float), profile[low:high]
    problem = _Problem(rows, values, float(apex), sigma, max(profile_noise(values), 1e-9))
    peaks = _peaks(problem)
    shape = _solve(problem, peaks, None)
    bent = replace(problem, degree=CURVE)
    gain = len(rows) * np.log(_rests(problem, shape) / _rests(bent, shape))
    if gain > EVIDENCE * np.log(len(rows)):
        solved = _solve(bent, peaks, shape)
        if _is_seen(bent, solved):
            problem, shape = bent, solved
    return _with_shoulders(problem, peaks, shape, len(profile))


def _fitted_rows(profile: FloatArray, apex: int, sigma: float) -> tuple[int, int]:
    """Return first row, and row after the last, of what is fitted: no other band is cut by its ends.

    The flank of a band that is cut looks like a bent background, and would lift or lower the band's own.
    """
    smooth = gaussian_filter1d(profile, SMOOTHING)
    least = max(PROMINENCE * profile_noise(profile), LEAST_SHARE * float(np.ptp(smooth)))
    above, below = (_fitted_side(side, sigma, least) for side in (smooth[apex::-1], smooth[apex:]))
    return apex - above, apex + below + 1


def _fitted_side(side: FloatArray, sigma: float, least: float) -> int:
    """Return how many rows from the apex outwards are fitted; `side` begins at the apex."""
    reach, size = int(REACH * sigma), len(side)
    tops = find_peaks(np.append(side, side.min()), prominence=least)[0]
    before: int | None = None
    for top in tops:
        first, last = int(top - FLANK * sigma), int(top + FLANK * sigma)
        if first >= reach:
            break
        crowded = before is not None and first < before + FLANK * sigma
        whole = last < size + sigma and (crowded or top <= REACH * sigma)
        if not whole and first > LEAST_REACH * sigma:
            return first
        reach, before = max(reach, last), int(top)
    return min(reach, size - 1)


def _is_seen(problem: _Problem, shape: FloatArray) -> bool:
    """Return whether a bent background stays above the lowest place that is seen: else it models a flank."""
    columns = _columns(problem, shape)
    below = columns[:, : problem.band] @ _heights(problem, columns)[: problem.band]
    lowest = float(gaussian_filter1d(problem.values, SMOOTHING).min())
    deepest = DIP_SHARE * float(np.ptp(problem.values)) + DIP_NOISE * problem.noise
    return bool(below.min() > lowest - deepest)


def _rests(problem: _Problem, shape: FloatArray) -> float:
    """Return the sum of squares that a shape leaves over."""
    columns = _columns(problem, shape)
    left = columns @ _heights(problem, columns) - problem.values
    return float(left @ left) + 1e-9


def _with_shoulders(problem: _Problem, others: list[float], shape: FloatArray, size: int) -> GaussFit:
    for _ in range(SHOULDER_ROUNDS):
        shoulder = _shoulder(problem, shape)
        if shoulder is None or len(others) >= MOST_PEAKS:
            break
        others = [*others, shoulder]
        shape = _solve(problem, others, shape)
    return _result(problem, shape, size)


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
    heights = _heights(problem, columns)
    rest = gaussian_filter1d(problem.values - columns @ heights, problem.sigma / 2)
    mirrored = np.interp(2 * shape[0] - problem.rows, problem.rows, rest)
    rest = rest - np.clip(mirrored, 0, None)
    taken = shape[::3]
    apart = np.abs(problem.rows[:, None] - taken).min(axis=1) > problem.sigma
    apart &= np.abs(problem.rows - shape[0]) > NEAREST_SHOULDER * problem.sigma
    if not apart.any():
        return None
    at = int(np.argmax(np.where(apart, rest, -np.inf)))
    noise = problem.noise / np.sqrt(max(problem.sigma * 1.77, 1.0))
    least = max(SHOULDER_NOISE * noise, SHOULDER_SHARE * float(heights[problem.band]))
    return float(problem.rows[at]) if rest[at] > least else None


def _solve(problem: _Problem, others: list[float], before: FloatArray | None) -> FloatArray:
    """Return middle, half width above and half width below of the band, then of every neighbour."""
    sigma = problem.sigma
    middles = np.array([problem.apex, *others])
    start = np.stack((middles, *[np.full(len(middles), sigma)] * 2), axis=1).ravel()
    if before is not None:
        start[: len(before)] = before
    lower, upper = np.full(len(start), NARROWEST * sigma), np.full(len(start), WIDEST_NEIGHBOUR * sigma)
    upper[1:3] = WIDEST * sigma
    lower[::3], upper[::3] = middles - WANDERS * sigma, middles + WANDERS * sigma
    start = np.clip(start, lower + 1e-6, upper - 1e-6)

    def rest(shape: FloatArray) -> FloatArray:
        columns = _columns(problem, shape)
        left: FloatArray = (columns @ _heights(problem, columns) - problem.values) / problem.noise
        return left

    found = least_squares(
        rest, start, bounds=(lower, upper), max_nfev=EVALUATIONS, x_scale=sigma, xtol=1e-4, ftol=1e-5
    )
    shape: FloatArray = found.x
    return shape


def _columns(problem: _Problem, shape: FloatArray) -> FloatArray:
    """Return background, the band, its halo and every neighbour at height 1, one column each."""
    off = problem.rows[:, None] - shape[::3]
    off /= np.where(off < 0, shape[1::3], shape[2::3])
    bands, halo = np.exp(-0.5 * off**2), np.exp(-0.5 * (off[:, :1] / HALO) ** 2)
    slope = (problem.rows[:, None] - problem.apex) / len(problem.rows)
    background = slope ** np.arange(problem.degree + 1)
    return np.concatenate((background, bands[:, :1], halo, bands[:, 1:]), axis=1)


def _heights(problem: _Problem, columns: FloatArray) -> FloatArray:
    """Return the least-squares heights; halo and neighbours that come out negative are left out."""
    free = problem.band + 1  # background and the band itself may come out negative
    kept = np.ones(columns.shape[1], bool)
    heights = np.zeros(columns.shape[1])
    for _ in range(columns.shape[1] - free):
        heights[:] = 0
        heights[kept] = _least_squares(columns[:, kept], problem.values)
        negative = heights < 0
        negative[:free] = False
        if not negative.any():
            break
        kept &= ~negative
    heights[free:] = np.clip(heights[free:], 0, None)
    return heights


def _least_squares(columns: FloatArray, values: FloatArray) -> FloatArray:
    gram = columns.T @ columns
    gram[np.diag_indices_from(gram)] *= 1 + 1e-9
    solved: FloatArray = np.linalg.solve(gram, columns.T @ values)
    return solved


def _result(problem: _Problem, shape: FloatArray, size: int) -> GaussFit:
    columns = _columns(problem, shape)
    heights = _heights(problem, columns)
    band, fitted = problem.band, slice(int(problem.rows[0]), int(problem.rows[-1]) + 1)
    neighbours, bend = np.zeros(size), np.zeros(size)
    neighbours[fitted] = columns[:, band + 2 :] @ heights[band + 2 :]
    below = columns[:, :band] @ heights[:band]
    bend[fitted] = below - np.linspace(below[0], below[-1], len(below))
    top, wider = float(heights[band]), float(heights[band + 1])
    area = (top + HALO * wider) * float(np.sqrt(np.pi / 2) * (shape[1] + shape[2]))
    middle, above, below_middle = (float(value) for value in shape[:3])
    return GaussFit(area, middle, above, below_middle, wider / max(top + wider, 1e-9), neighbours, bend)
