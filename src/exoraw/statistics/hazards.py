"""Cox's proportional hazards model: hazard ratios with covariates, Efron's or Breslow's ties (said)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from exoraw.statistics.outcome import CONFIDENCE, Comparison, Effect, FloatArray, State, StatisticsError
from exoraw.statistics.survival import follow_up

Ties = Literal["efron", "breslow"]
ITERATIONS = 60
LOG_LIKELIHOOD_TOLERANCE = 1e-13
LARGEST_LOG_HAZARD = 18.0  # per standard deviation of a covariate: the likelihood has no maximum
LEAST_EVENTS_PER_COVARIATE = 10  # Peduzzi et al. 1995; fewer is said


@dataclass(frozen=True)
class Cox:
    """One fitted model; arrays are in the order of `names`. Where `state` is not OK they are empty."""

    state: State
    message: str
    names: tuple[str, ...]
    n: int
    events: int
    ties: Ties
    dropped: int
    log_hazard: FloatArray = field(default_factory=lambda: np.empty(0))
    standard_error: FloatArray = field(default_factory=lambda: np.empty(0))
    p: FloatArray = field(default_factory=lambda: np.empty(0))
    log_likelihood_null: float = math.nan
    log_likelihood: float = math.nan
    likelihood_ratio: float = math.nan
    wald: float = math.nan
    score: float = math.nan
    remark: str = ""

    @property
    def likelihood_ratio_p(self) -> float:
        """Return the p of the whole model."""
        return float(special.chdtrc(len(self.names), self.likelihood_ratio))

    def comparisons(self, unit: str = "") -> tuple[Comparison, ...]:
        """One row per covariate; the effect is its hazard ratio with Wald's interval."""
        return tuple(self._row(i, unit) for i in range(len(self.names)))

    def _row(self, i: int, unit: str) -> Comparison:
        n = (("units", self.n), ("events", self.events))
        choices = (("ties", self.ties), ("dropped", str(self.dropped)), ("remark", self.remark))
        plain = Comparison(test="Cox", n=n, group=self.names[i], unit=unit, choices=choices)
        if self.state is not State.OK:
            return replace(plain, state=self.state, message=self.message)
        beta, error = float(self.log_hazard[i]), float(self.standard_error[i])
        half = float(special.ndtri(0.5 + CONFIDENCE / 2)) * error
        value, low, high = (_ratio(end) for end in (beta, beta - half, beta + half))
        ratio = Effect("hazard ratio", value, low, high, "Wald")
        return replace(
            plain, statistic_name="z", statistic=beta / error, p=float(self.p[i]), effects=(ratio,)
        )


def _ratio(log_hazard: float) -> float | None:
    """Return exp, or None where no double holds it (a covariate in a tiny unit)."""
    return math.exp(log_hazard) if abs(log_hazard) < 700 else None


def cox(time: ArrayLike, event: ArrayLike, covariates: pd.DataFrame, *, ties: Ties = "efron") -> Cox:
    """Fit Cox's model by Newton's method.

    Parameters
    ----------
    time, event : (n,) as `follow_up`
    covariates : (n, p) numbers; groups as 0/1 columns (the caller says which level is the reference)
    ties : "efron" (R's default) or "breslow" (SPSS, Stata)

    Returns
    -------
    model; state SEPARATION where a covariate predicts the order of events perfectly (its hazard ratio has
    no finite value), NOT_ESTIMABLE where covariates do not vary or repeat each other

    Raises
    ------
    StatisticsError : covariates of text, infinite values, an unknown way to handle ties
    """
    if ties not in ("efron", "breslow"):
        raise StatisticsError(f"ties {ties!r} is not one of efron, breslow")
    times, events, x, names, dropped = _complete(time, event, covariates)
    count = int(events.sum())
    none = Cox(State.NOT_ESTIMABLE, "", names, times.size, count, ties, dropped)
    problem = _not_estimable(times, events, x, names)
    if problem:
        return replace(none, message=problem)
    scale = x.std(axis=0)
    risk = _RiskSets(times, events, (x - x.mean(axis=0)) / scale, ties)
    beta, log_likelihood, information, converged = _newton(risk)
    runaway = [name for name, b in zip(names, beta, strict=True) if abs(b) > LARGEST_LOG_HAZARD]
    if runaway or not converged:
        who = ", ".join(runaway or names)
        message = f"{who} separates events from the rest; the hazard ratio has no finite value"
        return replace(none, state=State.SEPARATION, message=message)
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    null, gradient, null_information = risk.at(np.zeros(beta.size))
    few = count < LEAST_EVENTS_PER_COVARIATE * len(names)
    return replace(
        none,
        state=State.OK,
        log_hazard=beta / scale,
        standard_error=error / scale,
        p=np.asarray(2 * special.ndtr(-np.abs(beta / error))),
        log_likelihood_null=null,
        log_likelihood=log_likelihood,
        likelihood_ratio=2 * (log_likelihood - null),
        wald=float(beta @ information @ beta),
        score=float(gradient @ np.linalg.solve(null_information, gradient)),
        remark=f"{count} events for {len(names)} covariates" if few else "",
    )


def _complete(
    time: ArrayLike, event: ArrayLike, covariates: pd.DataFrame
) -> tuple[FloatArray, NDArray[np.bool_], FloatArray, tuple[str, ...], int]:
    names = tuple(str(name) for name in covariates.columns)
    try:
        x = covariates.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"covariates must be numbers (groups as 0/1 columns): {error}") from error
    times, events = np.asarray(time, dtype=np.float64).ravel(), np.asarray(event, dtype=np.float64).ravel()
    if not times.size == events.size == x.shape[0]:
        raise StatisticsError(f"{times.size} times, {events.size} events and {x.shape[0]} rows of covariates")
    if np.isinf(x).any():
        raise StatisticsError("a covariate is infinite; correct or exclude it")
    whole = ~(np.isnan(times) | np.isnan(events) | np.isnan(x).any(axis=1))
    checked = follow_up(times[whole], events[whole])
    return checked.time, checked.event, x[whole], names, int((~whole).sum())


def _not_estimable(
    times: FloatArray, events: NDArray[np.bool_], x: FloatArray, names: tuple[str, ...]
) -> str:
    if not names:
        return "no covariate was given"
    if times.size <= len(names) or not events.any():
        return f"{times.size} units with {int(events.sum())} events are too few for {len(names)} covariates"
    constant = [name for name, column in zip(names, x.T, strict=True) if np.ptp(column) == 0]
    if constant:
        return f"{', '.join(constant)} does not vary"
    centred = x - x.mean(axis=0)
    if np.linalg.matrix_rank(centred / centred.std(axis=0)) < len(names):
        return f"the covariates {', '.join(names)} repeat each other"
    return ""


def _newton(risk: _RiskSets) -> tuple[FloatArray, float, FloatArray, bool]:
    beta = np.zeros(risk.x.shape[1])
    value, gradient, information = risk.at(beta)
    for _ in range(ITERATIONS):
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return beta, value, information, False
        step *= min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-300))
        trial = risk.at(beta + step)
        while not trial[0] >= value - 1e-12 * abs(value) and float(np.abs(step).max()) > 1e-12:
            step = step / 2
            trial = risk.at(beta + step)
        beta, gain = beta + step, trial[0] - value
        value, gradient, information = trial
        if float(np.abs(beta).max()) > LARGEST_LOG_HAZARD:
            return beta, value, information, False
        if abs(gain) <= LOG_LIKELIHOOD_TOLERANCE * (abs(value) + 1) and float(np.abs(step).max()) < 1e-9:
            return beta, value, information, True
    return beta, value, information, False


class _RiskSets:
    """Partial likelihood with its derivatives: sums over everyone still at risk at each event."""

    def __init__(self, times: FloatArray, events: NDArray[np.bool_], x: FloatArray, ties: Ties) -> None:
        order = np.argsort(-times, kind="stable")
        self.x = x[order]
        time, event = times[order], events[order]
        self.dead = np.flatnonzero(event)
        last = np.searchsorted(-time, -time, side="right") - 1  # last row with the same time: all at risk
        self.at_risk = last[self.dead]
        moments, self.moment, count = np.unique(time[self.dead], return_inverse=True, return_counts=True)
        self.moments = moments.size
        rank = np.zeros(self.dead.size)
        if ties == "efron":
            within = np.argsort(self.moment, kind="stable")
            starts = np.concatenate([[0], np.cumsum(count)[:-1]])
            rank[within] = np.arange(self.dead.size) - np.repeat(starts, count)
        self.fraction = rank / count[self.moment]

    def at(self, beta: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return log partial likelihood, gradient and information at beta."""
        linear = self.x @ beta
        shift = linear.max()
        weight = np.exp(linear - shift)
        outer = self.x[:, :, None] * self.x[:, None, :]
        sum0 = self._sum(weight)
        sum1 = self._sum(weight[:, None] * self.x)
        sum2 = self._sum(weight[:, None, None] * outer)
        mean1 = sum1 / sum0[:, None]
        value = float(linear[self.dead].sum() - np.sum(np.log(sum0) + shift))
        gradient = self.x[self.dead].sum(axis=0) - mean1.sum(axis=0)
        spread = sum2 / sum0[:, None, None] - mean1[:, :, None] * mean1[:, None, :]
        return value, gradient, spread.sum(axis=0)

    def _sum(self, values: FloatArray) -> FloatArray:
        risk = np.cumsum(values, axis=0)[self.at_risk]
        if not self.fraction.any():
            return np.asarray(risk)
        tied = np.zeros((self.moments, *values.shape[1:]))
        np.add.at(tied, self.moment, values[self.dead])
        fraction = self.fraction.reshape(-1, *([1] * (values.ndim - 1)))
        return np.asarray(risk - fraction * tied[self.moment])
