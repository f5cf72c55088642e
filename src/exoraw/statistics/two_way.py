"""Two factors at once, and repeated measures of one factor: two-way ANOVA with interaction, Greenhouse-
Geisser.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from exoraw.statistics.assumptions import Centre, levene, normal_residuals, shapiro
from exoraw.statistics.design import Design, design, residual_squares
from exoraw.statistics.effects import eta_squared
from exoraw.statistics.outcome import (
    LEAST_N,
    Check,
    Comparison,
    FloatArray,
    State,
    StatisticsError,
    undefined,
)
from exoraw.statistics.replication import Units, need_column

SumsOfSquares = Literal["II", "III"]


def two_way_anova(
    units: Units,
    first: str,
    second: str,
    *,
    sums: SumsOfSquares = "II",
    centre: Centre = "median",
    least_n: int = LEAST_N,
) -> tuple[Comparison, ...]:
    """Two-way analysis of variance with interaction.

    Parameters
    ----------
    units : one value per unit of replication and combination of levels; a unit at several combinations is
        a repeated measurement and belongs into `mixed_model`
    first, second : the two factors
    sums : type "II" (each factor after the other, before the interaction) or "III" (each after everything
        else, sum contrasts; SPSS). They agree where n are equal.
    least_n : units per combination below which the state is "too few units"

    Returns
    -------
    three comparisons: first factor, second factor, interaction; partial eta squared each
    """
    if sums not in ("II", "III"):
        raise StatisticsError(f"sums of squares of type {sums!r} are not offered; II or III")
    table = _as_factors(units.table, first, second)
    names = (first, second, f"{first}:{second}")
    cells = table.groupby([first, second], sort=False)["value"]
    n = tuple((" / ".join((str(a), str(b))), len(part)) for (a, b), part in cells)
    plain = Comparison(test="two-way ANOVA", n=n, unit=units.name)
    state, message = _two_way_problem(table, first, second, n, least_n)
    if state is not State.OK:
        return tuple(replace(plain, group=name, state=state, message=message) for name in names)
    arrays = [part.to_numpy(dtype=np.float64) for _, part in cells]
    plain = replace(
        plain,
        checks=(levene(arrays, centre), normal_residuals(arrays), _units_differ(units)),
        choices=(
            ("sums_of_squares", f"type {sums}"),
            ("contrasts", "sum to zero"),
            ("levene_centre", centre),
        ),
    )
    return _f_tests(plain, table, names, sums)


def _f_tests(
    plain: Comparison, table: pd.DataFrame, names: tuple[str, str, str], sums: SumsOfSquares
) -> tuple[Comparison, ...]:
    y = table["value"].to_numpy(dtype=np.float64)
    model = design(table, names, "sum")
    error, rank = residual_squares(model.matrix, y)
    df2 = float(y.size - rank)
    if _is_rounding(error, y):
        none = replace(plain, state=State.ZERO_VARIANCE, message="no combination varies, so no F exists")
        return tuple(replace(none, group=name) for name in names)
    results = []
    for term, name in enumerate(names):
        squares, df1 = _term(model, y, term, sums)
        f = squares / df1 / (error / df2)
        p, effect = float(special.fdtrc(df1, df2, f)), eta_squared(f, df1, df2, "partial eta squared")
        row = replace(plain, group=name, statistic_name="F", statistic=f, df=(df1, df2), p=p)
        results.append(replace(row, effects=(effect,)))
    return tuple(results)


def _is_rounding(error: float, y: FloatArray) -> bool:
    return error <= 1e-28 * max(float(np.sum(y**2)), 1e-300)


def _units_differ(units: Units) -> Check:
    repeated = int(units.table.duplicated(list(units.unit)).sum())
    detail = (
        f"{repeated} values belong to a unit that occurs elsewhere; use mixed_model if it is the same unit"
    )
    return Check("units differ between combinations", repeated == 0, detail=detail if repeated else "")


def _as_factors(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    for column in columns:
        need_column(table, column)
    return table.assign(**{column: table[column].astype(str) for column in columns})


def _two_way_problem(
    table: pd.DataFrame, first: str, second: str, n: Sequence[tuple[str, int]], least_n: int
) -> tuple[State, str]:
    levels = table[first].nunique(), table[second].nunique()
    if min(levels) < 2:
        raise StatisticsError(
            f"{first} and {second} need two or more levels each; found {levels[0]} and {levels[1]}"
        )
    if not np.isfinite(table["value"]).all():
        return State.NOT_FINITE, "a value is infinite; correct or exclude it"
    if len(n) < levels[0] * levels[1]:
        return (
            State.NOT_ESTIMABLE,
            "a combination of levels has no unit, so the interaction cannot be estimated",
        )
    small = [f"{name} has {count}" for name, count in n if count < max(least_n, 2)]
    if small:
        return State.TOO_FEW, f"fewer than {max(least_n, 2)} units: {', '.join(small)}; shown as points"
    return State.OK, ""


def _term(model: Design, y: FloatArray, term: int, sums: SumsOfSquares) -> tuple[float, float]:
    everything = {0, 1, 2}
    larger = everything if sums == "III" or term == 2 else {0, 1}
    with_term, rank = residual_squares(model.matrix[:, model.columns(*larger)], y)
    without, less = residual_squares(model.matrix[:, model.columns(*(larger - {term}))], y)
    return max(0.0, without - with_term), float(rank - less)


def repeated_measures_anova(
    units: Units, within: str, subject: str, *, levels: Sequence[Hashable] = (), least_n: int = LEAST_N
) -> Comparison:
    """One-way ANOVA of repeated measures, Greenhouse-Geisser corrected.

    Parameters
    ----------
    units : one value per subject and level (averaged before)
    within : the repeated factor (day, condition)
    subject : whose measurements belong together; a subject that misses a level is left out and named

    Returns
    -------
    comparison; df and p are Greenhouse-Geisser's; the uncorrected and Huynh-Feldt's p stand in the choices
    """
    for column in (within, subject):
        need_column(units.table, column)
    y, missing = _complete_subjects(units, within, subject, levels)
    count, k = y.shape
    n = (("subjects", count),)
    left_out = f"left out: {', '.join(missing)}" if missing else ""
    pairs = Check("every subject complete", not missing, detail=left_out)
    if count < max(least_n, 2) or k < 2:
        message = f"{count} complete subjects at {k} levels are too few"
        return undefined("repeated measures ANOVA", State.TOO_FEW, message, n, unit=subject, checks=(pairs,))
    if not np.isfinite(y).all():
        message = "a value is infinite; correct or exclude it"
        return undefined("repeated measures ANOVA", State.NOT_FINITE, message, n, unit=subject)
    f, error, gap = _repeated_f(y)
    if _is_rounding(error, y):
        message = "all subjects change alike, so no F exists"
        return undefined("repeated measures ANOVA", State.ZERO_VARIANCE, message, n, unit=subject)
    df1, df2 = float(k - 1), float((k - 1) * (count - 1))
    greenhouse, huynh = _epsilons(y)
    shrunk = min(1.0, huynh)
    p_gg, p_hf, p_raw = (float(special.fdtrc(df1 * e, df2 * e, f)) for e in (greenhouse, shrunk, 1.0))
    return Comparison(
        test="repeated measures ANOVA", n=n, group=within, unit=subject, statistic_name="F", statistic=f,
        df=(df1 * greenhouse, df2 * greenhouse), p=p_gg, checks=(pairs, shapiro(gap.ravel())),
        effects=(eta_squared(f, df1, df2, "partial eta squared"),),
        choices=(
            ("correction", "Greenhouse-Geisser"), ("epsilon_gg", repr(greenhouse)),
            ("epsilon_hf", repr(huynh)), ("p_uncorrected", repr(p_raw)), ("p_huynh_feldt", repr(p_hf)),
        ),
    )  # fmt: skip


def _complete_subjects(
    units: Units, within: str, subject: str, levels: Sequence[Hashable]
) -> tuple[FloatArray, list[str]]:
    wide = units.table.pivot_table(index=subject, columns=within, values="value", aggfunc="mean", sort=False)
    wide = wide[list(levels)] if levels else wide
    whole = wide.dropna()
    missing = [str(name) for name in wide.index if name not in whole.index]
    return whole.to_numpy(dtype=np.float64), missing


def _repeated_f(y: FloatArray) -> tuple[float, float, FloatArray]:
    """Return F, the error sum of squares and what is left after subject and level."""
    count = y.shape[0]
    moved = y - y.mean()
    gap = moved - moved.mean(axis=1, keepdims=True) - moved.mean(axis=0) + moved.mean()
    error = float(np.sum(gap**2))
    between = count * float(np.sum((moved.mean(axis=0) - moved.mean()) ** 2))
    return between * (count - 1) / error if error > 0 else np.inf, error, gap


def _epsilons(y: FloatArray) -> tuple[float, float]:
    """Greenhouse and Geisser's (1959) and Huynh and Feldt's (1976) estimates of sphericity."""
    count, k = y.shape
    contrast = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, : k - 1]]))[0][:, 1:]
    covariance = np.atleast_2d(np.cov(y @ contrast, rowvar=False))
    d = k - 1
    greenhouse = float(np.trace(covariance) ** 2 / (d * np.sum(covariance**2)))
    huynh = (count * d * greenhouse - 2) / (d * (count - 1 - d * greenhouse))
    return greenhouse, float(huynh)
