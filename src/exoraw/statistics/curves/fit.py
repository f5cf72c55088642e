"""Dose-response curves of a whole screen: batched 4PL fits, relative and absolute IC50, each with a state."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from exoraw.statistics.curves.levenberg import minimise_to_the_end
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
    log_odds_at,
)
from exoraw.statistics.curves.profile import parameter_covariance, profile_interval
from exoraw.statistics.curves.start import grid_start
from exoraw.statistics.outcome import FloatArray, StatisticsError
from exoraw.statistics.replication import need_column

HALF_OF_OWN_CONTROL = Level(fraction=0.5)
FLAT_ALPHA = 0.05  # a curve must beat a constant by this F test, or it is called flat
AT_LIMIT = 0.05  # of ln slope: nearer to its limit, the slope is said to run away


class CurveState(StrEnum):
    """Whether an IC50 is a number to print, in the style of ToxCast (Filer et al. 2017)."""

    IN_RANGE = "in range"
    BELOW = "below"
    ABOVE = "above"
    FLAT = "flat"
    NOT_REACHED = "not reached"
    NOT_CONVERGED = "not converged"
    TOO_FEW = "too few doses"


@dataclass(frozen=True)
class HalfDose:
    """One kind of IC50 over k curves.

    `raw` and the raw interval are what the fit says, extrapolated or not; `value`, `low` and `high` are
    NaN wherever a number must not be printed (outside the tested doses, or no state IN_RANGE); `text`
    is what a table shows.
    """

    state: NDArray[np.object_]
    raw: FloatArray
    raw_low: FloatArray
    raw_high: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray
    text: NDArray[np.object_]
    text_low: NDArray[np.object_]
    text_high: NDArray[np.object_]


@dataclass(frozen=True)
class CurveFits:
    """Fits of k curves.

    zero_level, end_level : fitted response without drug and at a saturating dose, unit of the response
    slope : Hill slope; above 0 where the response falls with dose (the sign of R drc's LL.4)
    squares, df : residual sum of squares and its degrees of freedom
    flat_p : F test of the curve against a constant
    points, doses : finite responses and distinct doses per curve
    remark : what a reader must know ("" where nothing)
    """

    names: tuple[Hashable, ...]
    zero_level: FloatArray
    end_level: FloatArray
    slope: FloatArray
    log_ic50_se: FloatArray
    squares: FloatArray
    df: NDArray[np.int64]
    flat_p: FloatArray
    points: NDArray[np.int64]
    doses: NDArray[np.int64]
    lowest_dose: FloatArray
    highest_dose: FloatArray
    relative: HalfDose
    absolute: HalfDose
    remark: NDArray[np.object_]

    def table(self) -> pd.DataFrame:
        """One row per curve; columns without a number to print hold NaN, beside the state and the text."""
        columns: dict[str, object] = {"curve": list(self.names)}
        for name, half in (("ic50", self.relative), ("ic50_absolute", self.absolute)):
            columns |= {
                name: half.value, f"{name}_low": half.low, f"{name}_high": half.high,
                f"{name}_state": half.state, f"{name}_text": half.text,
                f"{name}_low_text": half.text_low, f"{name}_high_text": half.text_high,
                f"{name}_raw": half.raw, f"{name}_raw_low": half.raw_low, f"{name}_raw_high": half.raw_high,
            }  # fmt: skip
        columns |= {
            "zero_level": self.zero_level, "end_level": self.end_level, "slope": self.slope,
            "rss": self.squares, "df": self.df, "flat_p": self.flat_p, "points": self.points,
            "doses": self.doses, "lowest_dose": self.lowest_dose, "highest_dose": self.highest_dose,
            "remark": self.remark,
        }  # fmt: skip
        return pd.DataFrame(columns)


def fit_curves(
    dose: ArrayLike,
    response: ArrayLike,
    *,
    names: Sequence[Hashable] | None = None,
    intervals: bool = True,
    absolute: Level = HALF_OF_OWN_CONTROL,
    zero_level: float | None = None,
    end_level: float | None = None,
) -> CurveFits:
    """Fit a four-parameter logistic in ln dose to every curve, least squares, all wells of equal weight.

    Parameters
    ----------
    dose : (m,) shared by all curves, or (k, m); >= 0, an exact 0 is the untreated control; one unit for all
    response : (m,) one curve or (k, m); NaN where there is no well
    names : of the curves; their numbers if not given
    intervals : profile-likelihood 95 % intervals of both IC50 (most of the time is spent here)
    absolute : what the absolute IC50 is: half of the curve's own zero-dose response, or `Level(value=50)`
    zero_level, end_level : a plateau that is known (100 % viability, 0) and not fitted

    Returns
    -------
    fits; every curve has a state

    Raises
    ------
    StatisticsError : negative or infinite doses, shapes that do not fit together, infinite responses
    """
    doses, responses = _checked(dose, response)
    labels = tuple(range(responses.shape[0])) if names is None else tuple(names)
    if len(labels) != responses.shape[0]:
        raise StatisticsError(f"{len(labels)} names for {responses.shape[0]} curves")
    if absolute.relative:
        raise StatisticsError("the absolute IC50 needs a level: Level(fraction=0.5) or Level(value=50)")
    fixed = np.array([np.nan if v is None else float(v) for v in (end_level, zero_level, None, None)])
    return _Fitting(doses, responses, fixed, absolute, intervals).fits(labels)


def fit_table(
    frame: pd.DataFrame, dose: str, response: str, curve: Sequence[str], **options: object
) -> CurveFits:
    """Fit one curve per combination of the columns `curve`; options as `fit_curves`."""
    for column in (dose, response, *curve):
        need_column(frame, column)
    keys = list(curve)
    parts = [(key, part) for key, part in frame.groupby(keys, sort=False)]
    width = max((len(part) for _, part in parts), default=0)
    doses, responses = np.zeros((len(parts), width)), np.full((len(parts), width), np.nan)
    for row, (_, part) in enumerate(parts):
        ordered = part.sort_values(dose, kind="stable")
        doses[row, : len(part)] = ordered[dose].to_numpy(np.float64)
        responses[row, : len(part)] = ordered[response].to_numpy(np.float64)
    labels = [key[0] if isinstance(key, tuple) and len(key) == 1 else key for key, _ in parts]
    return fit_curves(doses, responses, names=labels, **options)  # type: ignore[arg-type]


def _checked(dose: ArrayLike, response: ArrayLike) -> tuple[FloatArray, FloatArray]:
    responses = np.atleast_2d(np.array(response, dtype=np.float64))
    doses = np.asarray(dose, dtype=np.float64)
    if doses.shape[-1:] != responses.shape[-1:] or doses.ndim > 2 or responses.ndim > 2:
        raise StatisticsError(f"doses {doses.shape} and responses {responses.shape} do not fit together")
    doses = np.broadcast_to(doses, responses.shape).copy()
    missing = np.isnan(responses) | np.isnan(doses)
    bad = ~missing & ((doses < 0) | np.isinf(doses))
    if bad.any():
        examples = ", ".join(f"{value:g}" for value in np.unique(doses[bad])[:5])
        raise StatisticsError(
            f"doses must be 0 or more and finite; found {examples}. Give doses, not their logarithms"
        )
    if np.isinf(responses).any():
        raise StatisticsError("a response is infinite (a division by a zero control?); correct or exclude it")
    responses[missing] = np.nan
    return doses, responses


class _Fitting:
    """The steps of one batch; holds arrays only."""

    def __init__(
        self, doses: FloatArray, responses: FloatArray, fixed: FloatArray, absolute: Level, intervals: bool
    ) -> None:
        self.fixed, self.absolute, self.intervals = fixed, absolute, intervals
        self.free = np.isnan(fixed)
        self.present = ~np.isnan(responses)
        self.points = self.present.sum(axis=1)
        self.doses = _distinct(np.where(self.present, doses, np.nan))
        positive = self.present & (doses > 0)
        self.lowest = np.min(np.where(positive, doses, np.inf), axis=1, initial=np.inf)
        self.highest = np.max(np.where(positive, doses, -np.inf), axis=1, initial=-np.inf)
        none = ~positive.any(axis=1)
        self.lowest[none] = self.highest[none] = np.nan
        self.enough = (self.doses >= int(self.free.sum())) & (self.points > self.free.sum()) & ~none
        self.constant = self.enough & _constant(responses)
        self.wells = self._wells(doses, responses, np.flatnonzero(self.enough & ~self.constant))

    def _wells(self, doses: FloatArray, responses: FloatArray, rows: NDArray[np.intp]) -> Wells:
        self.rows = rows
        dose, present = doses[rows], self.present[rows]
        positive = present & (dose > 0)
        log_dose = np.log(np.where(positive, dose, 1.0))
        response = np.where(present, responses[rows], 0.0)
        low, high = np.log(self.lowest[rows]), np.log(self.highest[rows])
        return Wells(log_dose, present & ~positive, response, present.astype(np.float64), low, high)

    def fits(self, names: tuple[Hashable, ...]) -> CurveFits:
        """Fit, then describe every curve."""
        count = len(names)
        free = (bool(self.free[0]), bool(self.free[1]), True, True)
        best = minimise_to_the_end(self.wells, grid_start(self.wells, self.fixed), free)
        df = self.points - int(self.free.sum())
        inner_df = df[self.rows].astype(np.float64)
        flat_p, centred = np.full(count, np.nan), self._total_squares()
        used = float(self.free.sum()) - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            f = np.maximum(centred - best.squares, 0) / used / (best.squares / inner_df)
        flat_p[self.rows] = np.where(best.squares > 0, special.fdtrc(used, inner_df, f), 0.0)
        flat_p[self.constant] = 1.0
        base = self._base_state(best.converged, flat_p)
        theta = self._spread(best.theta)
        error = parameter_covariance(
            self.wells, best.theta, best.squares / inner_df, self.free.astype(float), HALF
        )
        relative = self._half(best.theta, best.squares, inner_df, HALF, base)
        log_error = self._spread(np.sqrt(np.abs(error[:, LOG_MIDDLE, LOG_MIDDLE])))
        squares = np.full(count, np.nan)
        squares[self.rows] = best.squares
        squares[self.constant] = 0.0
        return CurveFits(
            names=names, zero_level=theta[:, ZERO], end_level=theta[:, END],
            slope=np.exp(theta[:, LOG_SLOPE]) * np.sign(theta[:, ZERO] - theta[:, END]),
            log_ic50_se=log_error,
            squares=squares, df=df, flat_p=flat_p, points=self.points, doses=self.doses,
            lowest_dose=self.lowest,
            highest_dose=self.highest, relative=relative,
            absolute=self._half(best.theta, best.squares, inner_df, self.absolute, base),
            remark=self._remarks(theta, log_error, relative, base),
        )  # fmt: skip

    def _total_squares(self) -> FloatArray:
        weight, response = self.wells.weight, self.wells.response
        mean = np.sum(weight * response, axis=1) / weight.sum(axis=1)
        return np.asarray(np.sum(weight * (response - mean[:, None]) ** 2, axis=1))

    def _spread(self, inner: FloatArray) -> FloatArray:
        out = np.full((self.points.size, *inner.shape[1:]), np.nan)
        out[self.rows] = inner
        return out

    def _base_state(self, converged: NDArray[np.bool_], flat_p: FloatArray) -> NDArray[np.object_]:
        state = np.array([CurveState.IN_RANGE] * self.points.size, dtype=object)
        failed = np.ones(self.points.size, dtype=bool)
        failed[self.rows] = ~converged
        state[failed] = CurveState.NOT_CONVERGED
        state[~failed & ~(flat_p < FLAT_ALPHA)] = CurveState.FLAT
        state[self.constant] = CurveState.FLAT
        state[~self.enough] = CurveState.TOO_FEW
        return state

    def _half(
        self, theta: FloatArray, squares: FloatArray, df: FloatArray, level: Level, base: NDArray[np.object_]
    ) -> HalfDose:
        own = theta.copy()
        if not level.relative:
            odds = log_odds_at(level, theta[:, END], theta[:, ZERO])
            own[:, LOG_MIDDLE] = theta[:, LOG_MIDDLE] + odds / np.exp(theta[:, LOG_SLOPE])
        low, high = np.full(squares.size, np.nan), np.full(squares.size, np.nan)
        bounded = np.isin(base[self.rows], [CurveState.IN_RANGE]) & np.isfinite(own[:, LOG_MIDDLE])
        wanted = np.flatnonzero(bounded)
        if self.intervals and wanted.size:
            low[wanted], high[wanted] = profile_interval(
                self.wells.of(wanted),
                own[wanted],
                squares[wanted],
                df[wanted],
                self.free.astype(float),
                level,
            )
        with np.errstate(over="ignore"):
            raw, raw_low, raw_high = (
                self._spread(np.exp(array)) for array in (own[:, LOG_MIDDLE], low, high)
            )
        return self._described(base, raw, raw_low, raw_high)

    def _described(
        self, base: NDArray[np.object_], raw: FloatArray, raw_low: FloatArray, raw_high: FloatArray
    ) -> HalfDose:
        state = base.copy()
        open_question = state == CurveState.IN_RANGE
        slack = 1e-12  # a fit at the very edge of the doses is in range whatever its rounding
        state[open_question & (raw < self.lowest * (1 - slack))] = CurveState.BELOW
        state[open_question & (raw > self.highest * (1 + slack))] = CurveState.ABOVE
        state[open_question & np.isnan(raw)] = CurveState.NOT_REACHED
        printable = state == CurveState.IN_RANGE
        value = np.where(printable, raw, np.nan)
        inside_low = printable & (raw_low >= self.lowest)
        inside_high = printable & (raw_high <= self.highest)
        text = np.array(
            [_text(*row) for row in zip(state, raw, self.lowest, self.highest, strict=True)], dtype=object
        )
        text_low, text_high = (
            np.array(
                [
                    _end_text(ok, number, lowest, highest)
                    for ok, number, lowest, highest in zip(
                        printable, end, self.lowest, self.highest, strict=True
                    )
                ],
                dtype=object,
            )
            for end in (raw_low, raw_high)
        )
        return HalfDose(
            state, raw, raw_low, raw_high, value, np.where(inside_low, raw_low, np.nan),
            np.where(inside_high, raw_high, np.nan), text, text_low, text_high,
        )  # fmt: skip

    def _remarks(
        self, theta: FloatArray, log_error: FloatArray, half: HalfDose, base: NDArray[np.object_]
    ) -> NDArray[np.object_]:
        remark = np.full(base.size, "", dtype=object)
        steep = theta[:, LOG_SLOPE] > LOG_SLOPE_LIMITS[1] - AT_LIMIT
        open_end = np.isnan(log_error) | ~(half.raw_low >= self.lowest) | ~(half.raw_high <= self.highest)
        open_end &= (half.state == CurveState.IN_RANGE) & self.intervals
        remark[open_end] = (
            "the doses do not enclose the IC50's interval: report the interval, not the number alone"
        )
        with np.errstate(invalid="ignore"):
            far = np.abs(
                theta[:, LOG_MIDDLE] - np.clip(theta[:, LOG_MIDDLE], *np.log([self.lowest, self.highest]))
            )
        remark[far > LOG_MIDDLE_REACH - AT_LIMIT] = (
            "the response shows no second plateau within reach of the doses"
        )
        remark[steep] = "the response steps between two doses: the slope has no finite value"
        remark[self.constant] = "all responses are equal"
        remark[base == CurveState.TOO_FEW] = (
            f"a curve needs {int(self.free.sum())} distinct doses and one point more than parameters"
        )
        return remark


def _distinct(doses: FloatArray) -> NDArray[np.int64]:
    ordered = np.sort(doses, axis=1)
    fresh = np.diff(ordered, axis=1) > 0
    return np.asarray(fresh.sum(axis=1) + (~np.isnan(ordered)).any(axis=1), dtype=np.int64)


def _constant(responses: FloatArray) -> NDArray[np.bool_]:
    top = np.max(np.where(np.isnan(responses), -np.inf, responses), axis=1, initial=-np.inf)
    bottom = np.min(np.where(np.isnan(responses), np.inf, responses), axis=1, initial=np.inf)
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.abs(top), np.abs(bottom))
        return np.asarray(top - bottom <= 10 * np.finfo(np.float64).eps * size)


def _text(state: CurveState, raw: float, lowest: float, highest: float) -> str:
    if state == CurveState.IN_RANGE:
        return f"{raw:.4g}"
    if state == CurveState.BELOW:
        return f"<{lowest:.4g}"
    return f">{highest:.4g}" if state == CurveState.ABOVE else str(state)


def _end_text(printable: bool, end: float, lowest: float, highest: float) -> str:
    if not printable or np.isnan(end):
        return ""
    if end < lowest:
        return f"<{lowest:.4g}"
    return f">{highest:.4g}" if end > highest else f"{end:.4g}"
