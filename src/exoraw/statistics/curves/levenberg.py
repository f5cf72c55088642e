"""Levenberg-Marquardt for many curves at once: every curve has its own damping and leaves when it has
converged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exoraw.statistics.curves.model import (
    END,
    HALF,
    LOG_MIDDLE,
    LOG_MIDDLE_REACH,
    LOG_SLOPE,
    LOG_SLOPE_LIMITS,
    ZERO,
    Level,
    Wells,
    linearised,
    share_left,
    squares,
)
from exoraw.statistics.outcome import FloatArray

LARGEST_DAMPING = 1e12


@dataclass(frozen=True)
class Patience:
    """When to stop: a step or a gain in the sum of squares so small, or so many iterations.

    `step` is in ln dose, ln slope and plateaus relative to the response's range. A small gain counts only
    once the damping has fallen to `damping`, for a damped step gains little wherever it starts.
    """

    step: float
    gain: float
    damping: float
    iterations: int


FINAL = Patience(step=1e-9, gain=1e-13, damping=1e-6, iterations=150)
LONG = Patience(step=1e-9, gain=1e-13, damping=1e-6, iterations=800)
SLIDE_TOLERANCE = 1e-6  # relative gain in squares below which a curve without a second plateau has arrived


@dataclass(frozen=True)
class Minimum:
    """Where each curve's sum of squares is least."""

    theta: FloatArray
    squares: FloatArray
    converged: NDArray[np.bool_]


def minimise(
    wells: Wells,
    start: FloatArray,
    free: tuple[bool, bool, bool, bool] = (True, True, True, True),
    level: Level = HALF,
    patience: Patience = FINAL,
) -> Minimum:
    """Minimise every curve's weighted sum of squares.

    Parameters
    ----------
    wells : k curves
    start : (k, 4) parameters
    free : which of the four parameters move
    level : what the fourth parameter is (relative or absolute IC50)

    Returns
    -------
    minimum; `converged` is False where the iterations ran out
    """
    theta = start.copy()
    total = squares(wells, theta, level)
    damping = np.full(total.size, 1e-3)
    converged = ~np.isfinite(total)  # a start that describes no curve stays where it is
    span = _spans(wells)
    moving = np.array(free)
    active = np.flatnonzero(~converged)
    for _ in range(patience.iterations):
        if active.size == 0:
            break
        part = wells.of(active)
        step = _step(part, theta[active], level, damping[active], moving)
        trial = _within(part, theta[active] + step)
        new = squares(part, trial, level)
        better = new <= total[active]
        done = _small(trial - theta[active], span[active], patience.step) | (
            damping[active] > LARGEST_DAMPING
        )
        done |= better & (total[active] - new <= patience.gain * new) & (damping[active] <= patience.damping)
        theta[active[better]] = trial[better]
        total[active[better]] = new[better]
        damping[active] = np.where(better, np.maximum(damping[active] / 10, 1e-12), damping[active] * 8)
        converged[active[done]] = True
        active = active[~done]
    converged &= np.isfinite(total)
    return Minimum(theta, total, converged)


def minimise_to_the_end(wells: Wells, start: FloatArray, free: tuple[bool, bool, bool, bool]) -> Minimum:
    """Minimise; curves that slide along a valley without end are followed to the limit of the ln dose.

    Data that show no second plateau are fitted ever better, by ever less, as the middle and that plateau
    move away together; such a curve has arrived when the limit is no worse than where it slid to.
    """
    found = minimise(wells, start, free)
    slow = np.flatnonzero(~found.converged)
    if slow.size == 0:
        return found
    theta, total, converged = found.theta.copy(), found.squares.copy(), found.converged.copy()
    held = (*free[:3], False)
    for limit in (wells.low - LOG_MIDDLE_REACH, wells.high + LOG_MIDDLE_REACH):
        trial = theta[slow]
        trial[:, LOG_MIDDLE] = limit[slow]
        trial[:, :2] = _plateaus_at(wells.of(slow), trial, free)
        arrived = minimise(wells.of(slow), trial, held)
        good = arrived.squares <= total[slow] * (1 + SLIDE_TOLERANCE)
        theta[slow[good]], total[slow[good]] = arrived.theta[good], arrived.squares[good]
        converged[slow[good]] = True
    rest = np.flatnonzero(~converged)
    if rest.size:
        last = minimise(wells.of(rest), theta[rest], free, patience=LONG)
        theta[rest], total[rest], converged[rest] = last.theta, last.squares, last.converged
    return Minimum(theta, total, converged)


def _plateaus_at(wells: Wells, theta: FloatArray, free: tuple[bool, bool, bool, bool]) -> FloatArray:
    """Return the least-squares plateaus for a given slope and middle; a plateau that is fixed stays."""
    share = share_left(wells, theta[:, LOG_SLOPE], theta[:, LOG_MIDDLE])
    out = theta[:, :2].copy()
    if not (free[END] and free[ZERO]):
        return out
    root = np.sqrt(wells.weight)
    design = np.stack([(1 - share) * root, share * root], axis=2)
    inverse = np.linalg.pinv(design, rcond=1e-14)
    return np.asarray((inverse @ (wells.response * root)[:, :, None])[:, :, 0])


def _spans(wells: Wells) -> FloatArray:
    present = wells.weight > 0
    top = np.max(np.where(present, wells.response, -np.inf), axis=1)
    bottom = np.min(np.where(present, wells.response, np.inf), axis=1)
    return np.asarray(np.maximum(top - bottom, np.finfo(np.float64).tiny))


def _step(
    wells: Wells, theta: FloatArray, level: Level, damping: FloatArray, moving: NDArray[np.bool_]
) -> FloatArray:
    matrix, gradient = linearised(wells, theta, level)
    held = ~moving | _at_limit(wells, theta, gradient)
    matrix *= ~(held[:, :, None] | held[:, None, :])
    gradient[held] = 0.0
    index = np.arange(4)
    diagonal = matrix[:, index, index]
    floor = 1e-12 * diagonal.max(axis=1, keepdims=True) + 1e-300
    matrix[:, index, index] = diagonal + damping[:, None] * np.maximum(diagonal, floor) + floor * 1e-3
    matrix[:, index, index] = np.where(held, 1.0, matrix[:, index, index])
    bad = ~np.isfinite(matrix).all(axis=(1, 2)) | ~np.isfinite(gradient).all(axis=1)
    matrix[bad] = np.eye(4)
    gradient[bad] = 0.0
    return _solve(matrix, gradient)


def _at_limit(wells: Wells, theta: FloatArray, gradient: FloatArray) -> NDArray[np.bool_]:
    """Return which parameters stand at a limit with the descent pointing beyond it; they are held for this
    step.
    """
    held = np.zeros(theta.shape, dtype=bool)
    limits = (
        (LOG_SLOPE, LOG_SLOPE_LIMITS[0], LOG_SLOPE_LIMITS[1]),
        (LOG_MIDDLE, wells.low - LOG_MIDDLE_REACH, wells.high + LOG_MIDDLE_REACH),
    )
    for column, low, high in limits:
        value, pull = theta[:, column], gradient[:, column]
        held[:, column] = ((value <= low) & (pull < 0)) | ((value >= high) & (pull > 0))
    return held


def _solve(matrix: FloatArray, gradient: FloatArray) -> FloatArray:
    """Solve after scaling to a unit diagonal, so that no curve is singular by its units alone."""
    index = np.arange(4)
    root = np.sqrt(matrix[:, index, index])
    scaled = matrix / (root[:, :, None] * root[:, None, :])
    return np.asarray(np.linalg.solve(scaled, (gradient / root)[:, :, None])[:, :, 0] / root)


def _within(wells: Wells, theta: FloatArray) -> FloatArray:
    theta[:, LOG_SLOPE] = np.clip(theta[:, LOG_SLOPE], *LOG_SLOPE_LIMITS)
    theta[:, LOG_MIDDLE] = np.clip(
        theta[:, LOG_MIDDLE], wells.low - LOG_MIDDLE_REACH, wells.high + LOG_MIDDLE_REACH
    )
    return theta


def _small(change: FloatArray, span: FloatArray, tolerance: float) -> NDArray[np.bool_]:
    relative = np.abs(change)
    relative[:, :2] /= span[:, None]
    return np.asarray((relative < tolerance).all(axis=1))
