"""What every test hands back: a number with its n, its interval, its checks and choices, or a state that says
why not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
LARGEST_VALUE = 1e150  # its square still fits a double; larger values are treated as infinite
LEAST_N = 3  # units per group below which a test is not run unless asked (points are shown instead)
CONFIDENCE = 0.95


class StatisticsError(ValueError):
    """The question itself cannot be asked of this table; the text says what to change."""


class State(StrEnum):
    """Whether a result is a number to print, and if not, why not."""

    OK = "ok"
    TOO_FEW = "too few units"
    ZERO_VARIANCE = "zero variance"
    ALL_TIES = "all ties"
    NOT_FINITE = "not finite"
    SEPARATION = "complete separation"
    NOT_ESTIMABLE = "not estimable"
    NOT_CONVERGED = "not converged"


@dataclass(frozen=True)
class Effect:
    """One effect size with its interval; None where a value or bound does not exist as a number."""

    name: str
    value: float | None
    ci_low: float | None
    ci_high: float | None
    method: str
    confidence: float = CONFIDENCE


@dataclass(frozen=True)
class Check:
    """One assumption looked at: what was computed, with which choice, and whether it raises a doubt."""

    name: str
    passed: bool
    statistic: float | None = None
    p: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Comparison:
    """One two-sided test.

    `n` counts units of replication (never wells) per group. `effects[0]` is the estimate that goes into the
    table. Where `state` is not OK, `p` is None and `message` says why in words for the lab.
    """

    test: str
    n: tuple[tuple[str, int], ...]
    group: str = ""
    reference: str = ""
    unit: str = ""
    state: State = State.OK
    message: str = ""
    statistic_name: str = ""
    statistic: float | None = None
    df: tuple[float, ...] = ()
    p: float | None = None
    p_adjusted: float | None = None
    adjustment: str = ""
    stars: str = ""
    effects: tuple[Effect, ...] = ()
    checks: tuple[Check, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def n_total(self) -> int:
        """Units of replication over all groups."""
        return sum(count for _, count in self.n)

    def n_of(self, group: str) -> int | None:
        """Units of replication in one group; None where the group is unknown."""
        return dict(self.n).get(group)

    def effect(self, name: str) -> Effect:
        """Return the effect of that name; KeyError lists what there is."""
        for found in self.effects:
            if found.name == name:
                return found
        raise KeyError(f"{name}; there is {', '.join(found.name for found in self.effects) or 'none'}")

    def with_choices(self, **choices: object) -> Comparison:
        """Return a copy with more choices on record."""
        return replace(self, choices=self.choices + tuple((k, str(v)) for k, v in choices.items()))


def undefined(
    test: str, state: State, message: str, n: Iterable[tuple[str, int]], **known: Any
) -> Comparison:
    """Return a result that carries no p value, with the reason."""
    return Comparison(test=test, n=tuple(n), state=state, message=message, **known)


def finite_or_state(values: ArrayLike) -> tuple[FloatArray, int, bool]:
    """Drop missing values and look for infinite ones.

    Returns
    -------
    kept : (n,) finite and infinite values in their order
    missing : how many NaN were dropped
    has_infinite : True where a test must not run
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    kept = array[~np.isnan(array)]
    return kept, array.size - kept.size, bool((np.abs(kept) > LARGEST_VALUE).any())


def essentially_constant(values: FloatArray) -> bool:
    """Say whether the spread of the values is no larger than the rounding of their size (R's t.test rule)."""
    if values.size == 0:
        return True
    size = float(np.max(np.abs(values)))
    return bool(np.ptp(values) <= 10 * np.finfo(np.float64).eps * size)


def assumptions_json(result: Comparison) -> str:
    """Return checks, choices, state and further effects as one JSON text (the `assumptions` column)."""
    record: dict[str, object] = {
        "state": str(result.state),
        "message": result.message,
        "n": dict(result.n),
        "df": list(result.df),
        "choices": dict(result.choices),
        "checks": [vars(check) for check in result.checks],
        "effects": [vars(effect) for effect in result.effects],
    }
    return json.dumps(_plain(record), ensure_ascii=False, allow_nan=False, default=str)


def _plain(value: Any) -> Any:
    """Return the same with None for every number that JSON cannot hold (an infinite df, for instance)."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def comparisons_frame(results: Sequence[Comparison]) -> pd.DataFrame:
    """Return one row per test with the columns of the `comparisons` table that a test can fill.

    Columns: group, reference, n_group, n_reference, replication_unit, estimate, estimate_of, ci_low, ci_high,
    test, statistic, df, p, p_adjusted, adjustment, stars, state, message, assumptions (JSON).
    """
    return pd.DataFrame([_row(result) for result in results], columns=list(_ROW))


_ROW = (
    "group", "reference", "n_group", "n_reference", "replication_unit", "estimate", "estimate_of", "ci_low",
    "ci_high", "test", "statistic", "df", "p", "p_adjusted", "adjustment", "stars", "state", "message",
    "assumptions",
)  # fmt: skip


def _row(result: Comparison) -> Mapping[str, object]:
    first = result.effects[0] if result.effects else None
    return {
        "group": result.group,
        "reference": result.reference,
        "n_group": result.n_total if result.n_of(result.group) is None else result.n_of(result.group),
        "n_reference": result.n_of(result.reference),
        "replication_unit": result.unit,
        "estimate": first.value if first else None,
        "estimate_of": first.name if first else "",
        "ci_low": first.ci_low if first else None,
        "ci_high": first.ci_high if first else None,
        "test": result.test,
        "statistic": result.statistic,
        "df": result.df[0] if result.df else None,
        "p": result.p,
        "p_adjusted": result.p_adjusted,
        "adjustment": result.adjustment,
        "stars": result.stars,
        "state": str(result.state),
        "message": result.message,
        "assumptions": assumptions_json(result),
    }
