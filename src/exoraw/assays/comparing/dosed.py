"""Dose-response as a study asks for it: one curve per unit and group, its IC50s, and their comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from exoraw.assays.comparing.stars import star_map, starred
from exoraw.io.errors import StudyError
from exoraw.statistics import Comparison, Effect, Reference, State, average_technical_replicates
from exoraw.statistics.curves import CurveState, Level, ReplicateCurves, compare_curves, fit_replicates
from exoraw.statistics.outcome import CONFIDENCE, undefined
from exoraw.study.compare_outcomes import DoseResponseEntry
from exoraw.study.outcomes import numbers_of
from exoraw.study.strict import words_of

DOSE, CURVE = "_dose", "_curve"
UNIT_COLUMN = "dose_unit"  # where the sheet has the unit of its doses
CURVE_ROWS = ("4PL curve", "mean of curves")  # beginnings of the rows that hold an IC50 and no test
ONE_CURVE = "all"  # what a curve is called where no factor tells several apart
OUTSIDE = {CurveState.ABOVE: "above the tested doses", CurveState.BELOW: "below the tested doses"}


@dataclass(frozen=True)
class Dosed:
    """The samples of a dose-response comparison.

    Parameters
    ----------
    frame : one row per sample with `_dose`, `_curve` and `value`
    unit : unit of the doses, "" where the sheet names none
    levels : curves in their order, the reference first
    """

    frame: pd.DataFrame
    unit: str
    levels: tuple[str, ...]

    def kept(self, frame: pd.DataFrame) -> Dosed:
        """Return the same question asked of fewer samples."""
        return Dosed(frame, self.unit, self.levels)


def prepared(frame: pd.DataFrame, entry: DoseResponseEntry) -> Dosed:
    """Read doses and their unit, and give every curve the samples of its control as dose 0.

    Raises
    ------
    StudyError : a dose that is missing or no number, doses in several units
    """
    named = frame[entry.factor] if entry.factor else pd.Series(ONE_CURVE, frame.index)
    control = (named == entry.control) if entry.control else pd.Series(False, frame.index)
    doses = pd.Series(numbers_of(frame[entry.dose]), frame.index, dtype=np.float64)
    unread = frame.index[doses.isna() & ~control]
    if len(unread):
        raise StudyError(f"{entry.dose} of {unread[0]} is no number; write 0 for untreated.")
    unit = _unit(frame[doses.gt(0) & ~control], entry)
    plain = frame.assign(**{DOSE: doses.where(~control, 0.0), CURVE: named})
    levels = list(entry.levels) or [level for level in dict.fromkeys(named) if level != entry.control]
    if entry.reference:
        levels = [entry.reference, *(level for level in levels if level != entry.reference)]
    shared = [_as_dose_zero(plain[control], entry, level) for level in levels] if entry.control else []
    return Dosed(pd.concat([plain[~control], *shared]), unit, tuple(levels))


def _as_dose_zero(control: pd.DataFrame, entry: DoseResponseEntry, level: str) -> pd.DataFrame:
    """Return the samples of the control as those of a curve: the unit may name the factor too."""
    return control.assign(**{CURVE: level, entry.factor: level})


def _unit(treated: pd.DataFrame, entry: DoseResponseEntry) -> str:
    cells = treated[entry.dose_unit] if entry.dose_unit in treated else pd.Series(dtype=object)
    units = [unit for unit in dict.fromkeys(cells) if unit]
    if len(units) > 1:
        raise StudyError(
            f"The doses stand in several units ({', '.join(units)}), which are never converted into each "
            "other. Write all doses in one unit, or compare the rows of one with `where`."
        )
    typed = (
        "" if entry.dose_unit == UNIT_COLUMN else entry.dose_unit
    )  # no column of the sheet: the unit itself
    return units[0] if units else typed


def fitted(data: Dosed, entry: DoseResponseEntry) -> ReplicateCurves:
    """Average the wells of one unit at one dose, then fit one curve per unit and group."""
    place = {level: i for i, level in enumerate(data.levels)}
    ordered = data.frame.assign(_place=data.frame[CURVE].map(place)).sort_values("_place", kind="stable")
    known = ordered[ordered["value"].notna()]
    return fit_replicates(
        known, DOSE, "value", CURVE, words_of(entry.unit), absolute=_absolute(entry),
        zero_level=entry.zero_level, end_level=entry.end_level,
    )  # fmt: skip


def _absolute(entry: DoseResponseEntry) -> Level:
    if entry.absolute_in == "response":
        return Level(value=entry.absolute_at)
    return Level(fraction=entry.absolute_at / 100)


def answers(data: Dosed, entry: DoseResponseEntry) -> tuple[Comparison, ...]:
    """Return the test of the IC50s, then the IC50 of every group and of every curve, relative and absolute.

    An IC50 outside the doses has no number: its row has a state, and the limit in words.
    """
    if data.frame["value"].isna().all():
        message, unit = "no sample with a number is left", " x ".join(words_of(entry.unit))
        return (undefined(entry.test, State.TOO_FEW, message, [(one, 0) for one in data.levels], unit=unit),)
    curves = fitted(data, entry)
    tests = starred(_tests(curves, data, entry), entry.stars)
    kinds = ("relative", "absolute") if entry.ic50 == "relative" else ("absolute", "relative")
    groups = [_group(curves, level, kind, data, entry) for kind in kinds for level in data.levels]
    single = [_curve(row, kind, data, entry) for kind in kinds for row in curves.table.to_dict("records")]
    return (*tests, *groups, *single)


def _tests(curves: ReplicateCurves, data: Dosed, entry: DoseResponseEntry) -> tuple[Comparison, ...]:
    counts = {level: int((curves.table[CURVE] == level).sum()) for level in data.levels}
    unit = " x ".join(words_of(entry.unit))
    if len(counts) < 2:
        return ()
    gone = [level for level, count in counts.items() if not count]
    if gone:
        message = f"no unit of {', '.join(gone)} is left"
        return (undefined(entry.test, State.TOO_FEW, message, counts.items(), unit=unit),)
    references = [Reference(entry.reference, star_map(entry.stars))] if entry.reference else []
    return compare_curves(
        curves, test=entry.test, references=references, pair_by=words_of(entry.pair_by),
        absolute=entry.ic50 == "absolute", least_n=entry.least_n,
    )  # fmt: skip


def _column(kind: str) -> str:
    return "ic50" if kind == "relative" else "ic50_absolute"


def _named(kind: str, data: Dosed, entry: DoseResponseEntry) -> str:
    unit = f" ({data.unit})" if data.unit else ""
    return f"{kind} {entry.quantity}{unit}"


def _curve(row: Mapping[Any, Any], kind: str, data: Dosed, entry: DoseResponseEntry) -> Comparison:
    """Return the IC50 of one unit's curve."""
    column, unit = _column(kind), words_of(entry.unit)
    state, name = row[f"{column}_state"], " / ".join(str(row[part]) for part in unit)
    group = f"{row[CURVE]}, {name}" if entry.factor else name
    printed = state == CurveState.IN_RANGE
    tail = f" {data.unit}" if data.unit else ""
    said = OUTSIDE.get(state, str(state))
    message = str(row["remark"]) if printed else f"{entry.quantity} {row[f'{column}_text']}{tail}: {said}"
    if state not in (CurveState.IN_RANGE, *OUTSIDE):
        message = f"no {entry.quantity}: {said}" + (
            f"; {row['remark']}" if row["remark"] and kind == "relative" else ""
        )
    ends = (row[f"{column}_low"], row[f"{column}_high"])
    low, high = map(_known, ends)
    found = Effect(_named(kind, data, entry), _known(row[column]), low, high, "profile likelihood")
    facts = {
        "curve_state": str(state), "interval": f"{row[f'{column}_low_text']} to {row[f'{column}_high_text']}",
        "slope": f"{row['slope']:.6g}", "points": str(row["points"]),
        "zero_level": f"{row['zero_level']:.6g}",
        "end_level": f"{row['end_level']:.6g}", "doses": str(row["doses"]), "flat_p": f"{row['flat_p']:.3g}",
        "lowest_dose": f"{row['lowest_dose']:.6g}", "highest_dose": f"{row['highest_dose']:.6g}",
    }  # fmt: skip
    return Comparison(
        test=f"4PL curve, {kind} {entry.quantity}", group=group, n=((group, 1),), unit=" x ".join(unit),
        state=State.OK if printed else State.NOT_ESTIMABLE, message=message,
        effects=(found,) if printed else (), choices=tuple(facts.items()),
    )  # fmt: skip


def _group(
    curves: ReplicateCurves, level: str, kind: str, data: Dosed, entry: DoseResponseEntry
) -> Comparison:
    """Return the geometric mean of a group's IC50s with its interval over the units."""
    own, column = curves.table[curves.table[CURVE] == level], _column(kind)
    states = list(own[f"{column}_state"])
    inside = [state == CurveState.IN_RANGE for state in states]
    test, unit = f"mean of curves, {kind} {entry.quantity}", " x ".join(words_of(entry.unit))
    n = ((level, len(own)),)
    if not inside or not all(inside):
        why = {
            str(state): states.count(state) for state in dict.fromkeys(states) if state != CurveState.IN_RANGE
        }
        said = ", ".join(f"{count} of {len(own)} curves {state}" for state, count in why.items())
        message = f"no mean {entry.quantity}: {said or 'no curve is left'}"
        return undefined(test, State.NOT_ESTIMABLE, message, n, group=level, unit=unit)
    logs = np.log(own[column].to_numpy(np.float64))
    found = Effect(_named(kind, data, entry), *_geometric(logs), "geometric mean, t interval of ln")
    return Comparison(test=test, group=level, n=n, unit=unit, effects=(found,))


def _geometric(logs: NDArray[np.float64]) -> tuple[float, float | None, float | None]:
    mean = float(logs.mean())
    if logs.size < 2:
        return math.exp(mean), None, None
    reach = float(
        special.stdtrit(logs.size - 1, 0.5 + CONFIDENCE / 2) * logs.std(ddof=1) / math.sqrt(logs.size)
    )
    return math.exp(mean), math.exp(mean - reach), math.exp(mean + reach)


def _known(value: float) -> float | None:
    return None if not np.isfinite(value) else float(value)


def points(data: Dosed, entry: DoseResponseEntry) -> Iterator[Mapping[str, Any]]:
    """Yield name, doses and responses of every group, one point per unit and dose."""
    known = data.frame[data.frame["value"].notna()]
    means = average_technical_replicates(known, "value", words_of(entry.unit), (CURVE, DOSE)).table
    for level in data.levels:
        own = means[means[CURVE] == level]
        if len(own):
            name = "" if not entry.factor else level
            yield {"label": name, "dose": own[DOSE].tolist(), "response": own["value"].tolist()}
