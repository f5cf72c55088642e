"""Degrees of freedom of the fixed effects of a mixed model (Satterthwaite 1946; Kuznetsova et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from exoraw.statistics.outcome import FloatArray
from exoraw.statistics.reml import Likelihood

DERIVATIVE_STEP = 1e-3


class Satterthwaite:
    """Degrees of freedom of contrasts of the fixed effects."""

    def __init__(self, likelihood: Likelihood, parameters: FloatArray, covariance: FloatArray) -> None:
        self.covariance = covariance
        step = DERIVATIVE_STEP * np.maximum(np.abs(parameters), DERIVATIVE_STEP)
        hessian = _hessian(likelihood.deviance, parameters, step)
        values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
        sound = values > 1e-8 * values.max()
        self.variance = 2 * (vectors[:, sound] / values[sound]) @ vectors[:, sound].T
        self.slopes = []
        for i in range(parameters.size):
            move = np.zeros(parameters.size)
            move[i] = step[i]
            up, down = likelihood.covariance(parameters + move), likelihood.covariance(parameters - move)
            self.slopes.append((up - down) / (2 * step[i]))

    def df(self, contrast: FloatArray) -> float:
        """Return 2 var^2 / var(var) of one contrast (Satterthwaite 1946; Giesbrecht and Burns 1985)."""
        gradient = np.array([float(contrast @ slope @ contrast) for slope in self.slopes])
        spread = float(gradient @ self.variance @ gradient)
        own = float(contrast @ self.covariance @ contrast)
        return 2 * own**2 / spread if spread > 0 else math.inf


def _hessian(f: Callable[[FloatArray], float], at: FloatArray, step: FloatArray) -> FloatArray:
    """Return second derivatives by central differences, two step sizes, extrapolated (Richardson)."""
    return (4 * _plain_hessian(f, at, step / 2) - _plain_hessian(f, at, step)) / 3


def _plain_hessian(f: Callable[[FloatArray], float], at: FloatArray, step: FloatArray) -> FloatArray:
    size = at.size
    out = np.empty((size, size))
    moves = np.diag(step)
    centre = f(at)
    for i in range(size):
        out[i, i] = (f(at + moves[i]) - 2 * centre + f(at - moves[i])) / step[i] ** 2
        for j in range(i):
            corners = (
                f(at + moves[i] + moves[j]) - f(at + moves[i] - moves[j])
                - f(at - moves[i] + moves[j]) + f(at - moves[i] - moves[j])
            )  # fmt: skip
            out[i, j] = out[j, i] = corners / (4 * step[i] * step[j])
    return out
