"""Restricted maximum likelihood of a linear mixed model (Bates et al. 2015, section 3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from exoraw.statistics.outcome import FloatArray

IntArray = NDArray[np.intp]


@dataclass(frozen=True)
class Random:
    """A random intercept per group, and a random slope of a number where asked; the two may correlate.

    groups : columns that together name a group: ("cage",), ("subject", "sample") for samples within subjects
    slope : column of a number (day, time) whose effect may differ between groups
    """

    groups: tuple[str, ...]
    slope: str = ""

    @property
    def name(self) -> str:
        """As R writes it."""
        return f"({'1 + ' + self.slope if self.slope else '1'} | {':'.join(self.groups)})"


class Block:
    """One random term: its columns of Z and where its parameters stand."""

    def __init__(self, random: Random, label: IntArray, table: pd.DataFrame) -> None:
        groups = int(label.max()) + 1
        self.width = 2 if random.slope else 1
        self.z = np.zeros((label.size, groups * self.width))
        row = np.arange(label.size)
        self.z[row, label * self.width] = 1.0
        if random.slope:
            self.z[row, label * self.width + 1] = table[random.slope].to_numpy(dtype=np.float64)
        self.groups = groups
        self.parameters = 3 if random.slope else 1

    def factor(self, theta: FloatArray) -> FloatArray:
        """Lower triangle of the relative covariance of one group."""
        if self.width == 1:
            return np.array([[theta[0]]])
        return np.array([[theta[0], 0.0], [theta[1], theta[2]]])


class Likelihood:
    """REML of a linear mixed model in the relative factors theta (Bates et al. 2015, section 3.4)."""

    def __init__(self, y: FloatArray, x: FloatArray, blocks: list[Block]) -> None:
        self.blocks, self.x = blocks, x
        self.shift = float(y.mean())
        self.y = y - self.shift
        self.z = np.hstack([block.z for block in blocks])
        self.zz, self.zx, self.zy = self.z.T @ self.z, self.z.T @ x, self.z.T @ self.y
        self.xx, self.xy, self.yy = x.T @ x, x.T @ self.y, float(self.y @ self.y)
        self.free = x.shape[0] - x.shape[1]

    def _factor(self, theta: FloatArray) -> FloatArray:
        parts, at = [], 0
        for block in self.blocks:
            parts.append(np.kron(np.eye(block.groups), block.factor(theta[at : at + block.parameters])))
            at += block.parameters
        size = sum(part.shape[0] for part in parts)
        out, at = np.zeros((size, size)), 0
        for part in parts:
            out[at : at + part.shape[0], at : at + part.shape[0]] = part
            at += part.shape[0]
        return out

    def solve(self, theta: FloatArray) -> tuple[float, FloatArray, FloatArray, float]:
        """Return log determinants, coefficients, (X'V^-1 X)^-1 without sigma^2, residual squares."""
        factor = self._factor(theta)
        lower = np.linalg.cholesky(factor.T @ self.zz @ factor + np.eye(factor.shape[0]))
        cu = np.linalg.solve(lower, factor.T @ self.zy)
        rzx = np.linalg.solve(lower, factor.T @ self.zx)
        inner = self.xx - rzx.T @ rzx
        root = np.linalg.cholesky(inner)
        inverse = np.linalg.inv(inner)
        beta = inverse @ (self.xy - rzx.T @ cu)
        squares = self.yy - float(cu @ cu) - float(beta @ inner @ beta)
        logs = 2 * float(np.sum(np.log(np.diag(lower))) + np.sum(np.log(np.diag(root))))
        return logs, beta, inverse, max(squares, 1e-300)

    def profiled(self, theta: FloatArray) -> float:
        """Return the REML deviance with sigma at its best."""
        logs, _, _, squares = self.solve(theta)
        return float(logs + self.free * (1 + math.log(2 * math.pi * squares / self.free)))

    def deviance(self, parameters: FloatArray) -> float:
        """Return the REML deviance at theta and sigma."""
        logs, _, _, squares = self.solve(parameters[:-1])
        variance = float(parameters[-1]) ** 2
        return float(logs + self.free * math.log(2 * math.pi * variance) + squares / variance)

    def covariance(self, parameters: FloatArray) -> FloatArray:
        """Return the covariance of the fixed effects at theta and sigma."""
        return np.asarray(float(parameters[-1]) ** 2 * self.solve(parameters[:-1])[2])

    def maximise(self) -> tuple[FloatArray, bool]:
        """Return the relative factors of the REML fit."""
        if len(self.blocks) == 1 and self.blocks[0].parameters == 1:
            return self._one_parameter()
        start = np.concatenate([[1.0, 0.0, 1.0] if b.parameters == 3 else [1.0] for b in self.blocks])
        best = optimize.minimize(self.profiled, start, method="Nelder-Mead", options=_SEARCH)
        for _ in range(3):
            again = optimize.minimize(self.profiled, best.x, method="Nelder-Mead", options=_SEARCH)
            done = best.fun - again.fun < 1e-9
            best = again
            if done:
                break
        return np.asarray(best.x), bool(best.success)

    def _one_parameter(self) -> tuple[FloatArray, bool]:
        def at(log_theta: float) -> float:
            return self.profiled(np.array([math.exp(log_theta)]))

        grid = np.linspace(math.log(1e-3), math.log(1e3), 25)
        values = [at(point) for point in grid]
        best = int(np.argmin(values))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
        found = optimize.minimize_scalar(at, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
        if self.profiled(np.zeros(1)) <= found.fun + 1e-10:
            return np.zeros(1), True
        return np.array([math.exp(found.x)]), True


_SEARCH = {"xatol": 1e-8, "fatol": 1e-11, "maxiter": 4000, "maxfev": 8000}
