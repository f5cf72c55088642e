"""Mixed models for nested and longitudinal designs: animals in cages, tubes in subjects, days in mice.

Fitted by REML as lme4 does (Bates et al. 2015), tested with Satterthwaite's degrees of freedom as
lmerTest does (Kuznetsova et al. 2017); Wald's z would call too many of a lab's small studies
significant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import special

from exoraw.statistics.assumptions import shapiro
from exoraw.statistics.design import Design, design
from exoraw.statistics.effects import mean_difference
from exoraw.statistics.means import two_sided_t
from exoraw.statistics.outcome import Check, Comparison, FloatArray, State, StatisticsError
from exoraw.statistics.reml import Block, IntArray, Likelihood, Random
from exoraw.statistics.replication import need_column
from exoraw.statistics.satterthwaite import Satterthwaite

LEAST_GROUPS = 3
BOUNDARY = 1e-4  # relative standard deviation of a random effect below which it is called zero


@dataclass(frozen=True)
class MixedModel:
    """One fitted model; arrays are in the order of `names` (fixed effects)."""

    state: State
    message: str
    n: int
    groups: tuple[tuple[str, int], ...]
    names: tuple[str, ...] = ()
    estimate: FloatArray = field(default_factory=lambda: np.empty(0))
    standard_error: FloatArray = field(default_factory=lambda: np.empty(0))
    df: FloatArray = field(default_factory=lambda: np.empty(0))
    residual_sd: float = math.nan
    random_sd: tuple[tuple[str, float], ...] = ()
    reml: float = math.nan
    terms: tuple[Comparison, ...] = ()
    coefficients: tuple[Comparison, ...] = ()

    def term(self, name: str) -> Comparison:
        """Return the F test of one fixed term."""
        for row in self.terms:
            if row.group == name:
                return row
        raise KeyError(f"{name}; there is {', '.join(row.group for row in self.terms) or 'none'}")


def mixed_model(
    frame: pd.DataFrame, value: str, fixed: Sequence[str], random: Sequence[Random]
) -> MixedModel:
    """Fit a linear mixed model.

    Parameters
    ----------
    frame : one row per measurement
    value : column of the measure
    fixed : terms: "treatment", "day", "treatment:day"; text columns are factors, numbers are slopes
    random : what groups the measurements; at least one

    Returns
    -------
    model; `terms` holds an F test per fixed term (type III: factors in sum contrasts, so that a main effect
    is the mean over the other factor whatever the order of rows), `coefficients` a t test per column against
    the level met first, both with Satterthwaite's df

    Raises
    ------
    StatisticsError : a column that does not exist, no random effect, a value that is not finite
    """
    if not random:
        raise StatisticsError('a mixed model needs a grouping, for example Random(("cage",))')
    columns = {value, *(c for term in fixed for c in term.split(":")), *(c for r in random for c in r.groups)}
    columns |= {r.slope for r in random if r.slope}
    for column in sorted(columns):
        need_column(frame, column)
    table = frame.dropna(subset=sorted(columns))
    y = table[value].to_numpy(dtype=np.float64)
    if not np.isfinite(y).all():
        raise StatisticsError(f"column {value!r} holds an infinite value; correct or exclude it")
    model = _fitted(table, y, design(table, fixed), random, len(frame) - len(table))
    if model.state is not State.OK or not any(":" in term for term in fixed):
        return model
    terms = _fitted(table, y, design(table, fixed, "sum"), random, len(frame) - len(table)).terms
    return replace(model, terms=terms)


def _fitted(
    table: pd.DataFrame, y: FloatArray, x: Design, random: Sequence[Random], dropped: int
) -> MixedModel:
    labels: list[IntArray] = [
        np.asarray(table.groupby(list(r.groups), sort=False).ngroup(), dtype=np.intp) for r in random
    ]
    counts = tuple(
        (r.name, int(label.max()) + 1 if len(label) else 0) for r, label in zip(random, labels, strict=True)
    )
    problem = _problem(y, x, counts)
    if problem:
        return MixedModel(*problem, y.size, counts)
    likelihood = Likelihood(
        y, x.matrix, [Block(r, label, table) for r, label in zip(random, labels, strict=True)]
    )
    theta, converged = likelihood.maximise()
    if not converged:
        return MixedModel(State.NOT_CONVERGED, "the likelihood has no clear maximum", y.size, counts)
    return _described(likelihood, theta, x, random, counts, labels, dropped)


def _problem(y: FloatArray, x: Design, counts: tuple[tuple[str, int], ...]) -> tuple[State, str] | None:
    few = [f"{name} has {count}" for name, count in counts if count < LEAST_GROUPS]
    if few:
        return State.TOO_FEW, f"fewer than {LEAST_GROUPS} groups: {', '.join(few)}"
    if y.size <= x.matrix.shape[1] + 1 or any(count >= y.size for _, count in counts):
        return State.TOO_FEW, "there is one measurement per group only; use a test of groups instead"
    if np.linalg.matrix_rank(x.matrix) < x.matrix.shape[1]:
        return (
            State.NOT_ESTIMABLE,
            f"the terms {', '.join(x.terms)} repeat each other or a combination is empty",
        )
    if np.ptp(y) == 0:
        return State.ZERO_VARIANCE, "all values are equal"
    return None


def _described(
    likelihood: Likelihood, theta: FloatArray, x: Design, random: Sequence[Random],
    counts: tuple[tuple[str, int], ...], labels: list[IntArray], dropped: int,
) -> MixedModel:  # fmt: skip
    _, beta, inverse, squares = likelihood.solve(theta)
    sigma = math.sqrt(squares / likelihood.free)
    parameters = np.append(theta, sigma)
    covariance = sigma**2 * inverse
    spreads = _random_sds(likelihood, random, theta, sigma)
    singular = [name for name, sd in spreads if sd <= BOUNDARY * sigma]
    satterthwaite = Satterthwaite(likelihood, parameters, covariance)
    caps = _between_df(x, labels) if singular else np.full(beta.size, np.inf)
    df = np.array([min(satterthwaite.df(row), cap) for row, cap in zip(np.eye(beta.size), caps, strict=True)])
    error = np.sqrt(np.diag(covariance))
    estimate = beta.copy()
    estimate[0] += likelihood.shift
    zero = f"estimated as zero: {', '.join(singular)}" if singular else ""
    gap = likelihood.y - likelihood.x @ beta
    checks = (
        Check("random effects above zero", not singular, detail=zero),
        shapiro(gap, "marginal residuals"),
    )
    choices = (
        ("fit", "REML"), ("df", "Satterthwaite" + (", not above the groups'" if singular else "")),
        ("random", " + ".join(r.name for r in random)), ("missing_dropped", str(dropped)),
        ("terms", "type III, sum contrasts"),
    )  # fmt: skip
    n = (("measurements", likelihood.y.size), *counts)
    plain = Comparison(test="mixed model", n=n, unit=random[0].name, checks=checks, choices=choices)
    return MixedModel(
        State.OK, "", likelihood.y.size, counts, x.names, estimate, error, df, sigma, spreads,
        likelihood.profiled(theta), _term_tests(plain, x, beta, covariance, satterthwaite, caps),
        _coefficient_tests(plain, x, estimate, error, df),
    )  # fmt: skip


def _random_sds(
    likelihood: Likelihood, random: Sequence[Random], theta: FloatArray, sigma: float
) -> tuple[tuple[str, float], ...]:
    out, at = [], 0
    for term, block in zip(random, likelihood.blocks, strict=True):
        factor = block.factor(theta[at : at + block.parameters])
        sds = sigma * np.sqrt(np.diag(factor @ factor.T))
        names = (term.name,) if block.width == 1 else (f"{term.name} intercept", f"{term.name} slope")
        out += [(name, float(sd)) for name, sd in zip(names, sds, strict=True)]
        at += block.parameters
    return tuple(out)


def _between_df(x: Design, labels: list[IntArray]) -> FloatArray:
    """Return the df of the coarsest grouping within which each column is constant; infinite where it varies
    within.
    """
    caps = np.full(x.matrix.shape[1], np.inf)
    for label in labels:
        groups = int(label.max()) + 1
        first = np.zeros(groups, dtype=np.intp)
        first[label[::-1]] = np.arange(label.size)[::-1]
        constant = np.all(x.matrix == x.matrix[first[label]], axis=0)
        caps[constant] = np.minimum(caps[constant], max(1, groups - int(constant.sum())))
    return caps


def _term_tests(
    plain: Comparison, x: Design, beta: FloatArray, covariance: FloatArray, satterthwaite: Satterthwaite,
    caps: FloatArray,
) -> tuple[Comparison, ...]:  # fmt: skip
    results = []
    for term, name in enumerate(x.terms):
        columns = [i for i, own in enumerate(x.term_of) if own == term]
        inner = covariance[np.ix_(columns, columns)]
        values, vectors = np.linalg.eigh(inner)
        t2 = (vectors.T @ beta[columns]) ** 2 / values
        f, df1 = float(t2.sum()) / len(columns), float(len(columns))
        single = []
        for vector in vectors.T:
            contrast = np.zeros(beta.size)
            contrast[columns] = vector
            single.append(min(satterthwaite.df(contrast), float(caps[columns].min())))
        df2 = _joint_df(single)
        p = float(special.fdtrc(df1, df2, f)) if math.isfinite(df2) else float(special.chdtrc(df1, f * df1))
        results.append(replace(plain, group=name, statistic_name="F", statistic=f, df=(df1, df2), p=p))
    return tuple(results)


def _joint_df(single: list[float]) -> float:
    """Denominator df of an F of several contrasts (Fai and Cornelius 1996)."""
    if len(single) == 1 or np.ptp(single) < 1e-8 * max(single):
        return single[0]
    if min(single) <= 2:
        return 2.0
    expected = sum(df / (df - 2) for df in single)
    return 2 * expected / (expected - len(single))


def _coefficient_tests(
    plain: Comparison, x: Design, estimate: FloatArray, error: FloatArray, df: FloatArray
) -> tuple[Comparison, ...]:
    rows = []
    for name, value, se, own in zip(x.names, estimate, error, df, strict=True):
        t, free = float(value / se), float(own)
        effect = replace(mean_difference(float(value), float(se), free), name="coefficient")
        rows.append(
            replace(
                plain,
                group=name,
                statistic_name="t",
                statistic=t,
                df=(free,),
                p=two_sided_t(t, free),
                effects=(effect,),
            )
        )
    return tuple(rows)
