"""Counts in tables: chi-square (Yates or not, said) and Fisher's exact test."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from exoraw.statistics.effects import share_difference
from exoraw.statistics.outcome import (
    CONFIDENCE,
    Check,
    Comparison,
    Effect,
    FloatArray,
    State,
    StatisticsError,
    undefined,
)

LEAST_EXPECTED = 5.0  # Cochran's rule: expected counts below this make chi-square unreliable


def chi_square(
    table: ArrayLike, *, yates: bool = True, rows: tuple[str, ...] = (), unit: str = ""
) -> Comparison:
    """Pearson's chi-square test of independence.

    Parameters
    ----------
    table : (r, c) counts of units of replication (patients, animals), whole numbers >= 0
    yates : continuity correction, for 2 x 2 only (R's and scipy's default)
    rows : names of the rows, for the counts per group

    Returns
    -------
    comparison; Cramer's V, and for 2 x 2 the difference of shares of the first column (row 1 - row 0)

    Raises
    ------
    StatisticsError : not a table of counts
    """
    counts, names = _counts(table, rows)
    n = tuple(zip(names, (int(total) for total in counts.sum(axis=1)), strict=True))
    if np.any(counts.sum(axis=0) == 0) or np.any(counts.sum(axis=1) == 0):
        message = "a row or a column of the table is empty, so no chi-square exists"
        return undefined("chi-square", State.NOT_ESTIMABLE, message, n, unit=unit)
    total = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    square = counts.shape == (2, 2)
    gap = np.abs(counts - expected)
    corrected = gap - min(0.5, float(gap.min())) if yates and square else gap
    statistic = float(np.sum(corrected**2 / expected))
    df = float((counts.shape[0] - 1) * (counts.shape[1] - 1))
    raw = float(np.sum(gap**2 / expected))
    v = Effect("Cramer V", math.sqrt(raw / (total * (min(counts.shape) - 1))), None, None, "no Yates in V")
    least = float(expected.min())
    enough = Check("expected counts >= 5", least >= LEAST_EXPECTED, least, detail="use Fisher's test if not")
    return Comparison(
        test="chi-square", n=n, unit=unit, statistic_name="chi2", statistic=statistic, df=(df,),
        p=float(special.chdtrc(df, statistic)), checks=(enough,),
        effects=(*([_difference_of_shares(counts)] if square else []), v),
        choices=(("yates", "yes" if yates and square else "no"),),
    )  # fmt: skip


def fisher_exact(table: ArrayLike, *, rows: tuple[str, ...] = (), unit: str = "") -> Comparison:
    """Fisher's exact test of a 2 x 2 table, two-sided: all tables no likelier than the one found.

    Returns
    -------
    comparison; estimate = conditional odds ratio with its exact interval (Cornfield; as R's fisher.test),
    which may be 0 or unbounded (None); then the difference of shares

    Raises
    ------
    StatisticsError : not a 2 x 2 table of counts
    """
    counts, names = _counts(table, rows)
    if counts.shape != (2, 2):
        shape = " x ".join(str(side) for side in counts.shape)
        raise StatisticsError(
            f"Fisher's exact test is offered for 2 x 2 tables, found {shape}; use chi-square"
        )
    n = tuple(zip(names, (int(total) for total in counts.sum(axis=1)), strict=True))
    if np.any(counts.sum(axis=0) == 0) or np.any(counts.sum(axis=1) == 0):
        message = "a row or a column of the table is empty, so nothing can be compared"
        return undefined("Fisher exact", State.NOT_ESTIMABLE, message, n, unit=unit)
    values, log_weight = _hypergeometric(counts)
    chance = np.exp(log_weight - special.logsumexp(log_weight))
    observed = chance[int(counts[0, 0] - values[0])]
    p = float(min(1.0, chance[chance <= observed * (1 + 1e-7)].sum()))  # R's tolerance for equal chances
    return Comparison(
        test="Fisher exact", n=n, unit=unit, p=p,
        effects=(_odds_ratio(counts, values, log_weight), _difference_of_shares(counts)),
        choices=(("two_sided", "tables no likelier than the observed"), ("odds_ratio", "conditional MLE")),
    )  # fmt: skip


def _counts(table: ArrayLike, rows: tuple[str, ...]) -> tuple[FloatArray, tuple[str, ...]]:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or min(counts.shape) < 2:
        raise StatisticsError("a table of counts needs two or more rows and columns")
    if not np.all(np.isfinite(counts)) or np.any(counts < 0) or np.any(counts != np.floor(counts)):
        raise StatisticsError(
            f"counts must be whole numbers >= 0 (not shares or percentages); found {counts.tolist()}"
        )
    names = rows or tuple(f"row {i + 1}" for i in range(counts.shape[0]))
    if len(names) != counts.shape[0]:
        raise StatisticsError(f"{len(names)} row names for {counts.shape[0]} rows")
    return counts, names


def _difference_of_shares(counts: FloatArray) -> Effect:
    totals = counts.sum(axis=1)
    return share_difference((float(counts[0, 0]), float(counts[1, 0])), (float(totals[0]), float(totals[1])))


def _hypergeometric(counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    first_row, second_row = counts.sum(axis=1)
    first_column = counts[:, 0].sum()
    values = np.arange(max(0.0, first_column - second_row), min(first_row, first_column) + 1)
    log_weight = -(
        special.gammaln(values + 1)
        + special.gammaln(first_row - values + 1)
        + special.gammaln(first_column - values + 1)
        + special.gammaln(second_row - first_column + values + 1)
    )
    return values, log_weight


def _odds_ratio(counts: FloatArray, values: FloatArray, log_weight: FloatArray) -> Effect:
    found = counts[0, 0]
    tail = (1 - CONFIDENCE) / 2

    def chance(log_odds: float) -> FloatArray:
        weight = log_weight + values * log_odds
        return np.asarray(np.exp(weight - special.logsumexp(weight)), dtype=np.float64)

    def solve(of: FloatArray, target: float) -> float:
        return math.exp(optimize.brentq(lambda x: float(chance(x) @ of) - target, -700.0, 700.0, xtol=1e-12))

    at_low, at_high = found == values[0], found == values[-1]
    value = 0.0 if at_low else math.inf if at_high else solve(values, found)
    low = 0.0 if at_low else solve((values >= found).astype(np.float64), tail)
    high = None if at_high else solve((values <= found).astype(np.float64), tail)
    if math.isinf(value):
        return Effect("odds ratio", None, low, None, "conditional; unbounded above (an empty cell)")
    return Effect("odds ratio", value, low, high, "conditional, exact interval")
