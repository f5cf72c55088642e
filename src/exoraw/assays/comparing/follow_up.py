"""Survival as a study asks for it: Kaplan-Meier, log-rank and Cox between groups, or Cox for a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exoraw.assays.comparing.cuts import HIGH, LOW, named, split
from exoraw.assays.comparing.stars import starred
from exoraw.assays.comparing.subjects import one_row_per_unit
from exoraw.io.errors import StudyError
from exoraw.statistics import (
    Comparison,
    Cox,
    Effect,
    MarkerRule,
    State,
    StatisticsError,
    adjusted,
    cox,
    kaplan_meier,
    log_rank,
    signature,
    survival_cut,
    youden_cut,
)
from exoraw.statistics.outcome import undefined
from exoraw.study.compare_outcomes import SurvivalEntry
from exoraw.study.outcomes import event_of, event_words, numbers_of
from exoraw.study.strict import words_of

TIME, EVENT, VALUE, GROUP = "_time", "_event", "_value", "_group"
NOT_CLASSED = ("undefined", "missing")  # scores of a signature that are neither low nor high
SEARCHED = (
    "the cut was searched on the same subjects, so this ratio is too far from 1 and has no p; the corrected "
    "p stands with the log-rank test"
)


@dataclass(frozen=True)
class FollowedUp:
    """What is compared: one row per subject with time, event and group (or number).

    Parameters
    ----------
    table : columns TIME, EVENT (1 seen, 0 censored), VALUE, GROUP
    levels : groups in their order, the reference first; () where a number is not cut
    cut : where the number was cut; None where it was not
    choices : on record in every row
    left_out : sentences about subjects that take no part
    """

    table: pd.DataFrame
    levels: tuple[str, ...]
    unit: str
    cut: float | None = None
    choices: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    def of(self, level: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times and events of a group."""
        own = self.table[self.table[GROUP] == level]
        return own[TIME].to_numpy(np.float64), own[EVENT].to_numpy(np.float64)


def prepared(frame: pd.DataFrame, entry: SurvivalEntry) -> pd.DataFrame:
    """Return the samples with time, event and number read from the sheet (NaN where a cell is empty).

    Raises
    ------
    StudyError : a time that is no number, an event that says neither seen nor censored
    """
    meaning = event_words(entry)
    seen = [event_of(cell, meaning) for cell in frame[entry.event]]
    found = frame.copy()
    found[TIME], found[EVENT] = _numbers(frame, entry.time), [_code(one) for one in seen]
    unknown = [
        cell for cell, one in zip(frame[entry.event], seen, strict=True) if cell.strip() and one is None
    ]
    if unknown:
        raise StudyError(
            f'{entry.event} "{unknown[0]}" says neither seen nor censored; name it under `seen`.'
        )
    if entry.cut is not None and entry.factor:
        found[VALUE] = _numbers(frame, entry.factor)
    elif entry.measure:
        found[VALUE] = found["value"]
    return found


def _code(seen: bool | None) -> float:
    return np.nan if seen is None else float(seen)


def _numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    found = numbers_of(frame[column])
    for cell, value in zip(frame[column], found, strict=True):
        if cell.strip() and value is None:
            raise StudyError(f'{column} "{cell}" is no number.')
    return np.array([np.nan if value is None else value for value in found])


def followed_up(kept: pd.DataFrame, entry: SurvivalEntry, levels: Sequence[str]) -> FollowedUp:
    """Put subjects into their groups.

    Parameters
    ----------
    kept : what `prepared` returned, samples that count
    levels : of the factor, the reference first; () where a number is cut
    """
    unit = words_of(entry.unit)
    facts = [TIME, EVENT, *([entry.grouping] if entry.grouping else [])]
    markers = [f"marker{i}" for i in range(len(entry.numbers))] if entry.signature else []
    numbers = [*markers, *([VALUE] if VALUE in kept else [])]
    every = one_row_per_unit(kept, unit, facts, numbers)
    whole = every[TIME].notna() & every[EVENT].notna()
    if VALUE in every:
        whole &= every[VALUE].notna()
    table, said = every[whole].reset_index(drop=True), []
    if not whole.all():
        names = ", ".join(map(str, every.loc[~whole, "_unit"].iloc[:5]))
        said.append(f"{int((~whole).sum())} without time, event or number take no part: {names}")
    plain = FollowedUp(table, (), " x ".join(unit), left_out=tuple(said))
    if entry.signature:
        return _by_signature(plain, entry, markers)
    if entry.grouping:
        there = [level for level in levels if (table[entry.grouping] == level).any()]
        return replace(plain, table=table.assign(**{GROUP: table[entry.grouping]}), levels=tuple(there))
    if entry.cut is None or table.empty:
        return plain
    if entry.cut == "youden":
        return _by_youden(plain)
    halves = split(table[VALUE].to_numpy(np.float64), entry.cut)
    return replace(plain, table=table.assign(**{GROUP: halves.group}), levels=(LOW, HIGH), cut=halves.cut,
                   choices=halves.choices)  # fmt: skip


def _by_youden(plain: FollowedUp) -> FollowedUp:
    """Return the subjects cut at Youden's cut; uncut where there is none, which the test then says."""
    values = plain.table[VALUE].to_numpy(np.float64)
    try:
        cut = youden_cut(values, plain.table[EVENT]).cut
    except StatisticsError:
        return plain
    halves = split(values, cut)
    choices = (("cut", f"{cut:.6g}"), ("cut_is", "Youden's; a unit at the cut is high"))
    return replace(plain, table=plain.table.assign(**{GROUP: halves.group}), levels=(LOW, HIGH), cut=cut,
                   choices=choices)  # fmt: skip


def _by_signature(plain: FollowedUp, entry: SurvivalEntry, markers: Sequence[str]) -> FollowedUp:
    asked = entry.signature
    assert asked is not None
    rules = [MarkerRule(name, one.cut, one.counts) for name, one in zip(markers, asked.markers, strict=True)]
    found = signature(
        plain.table, rules, low_up_to=asked.low_up_to, high_from=asked.high_from, middle=asked.middle
    )
    classed = ~np.isin(found.group.astype(str), NOT_CLASSED)
    levels = [level for level in (LOW, "middle", HIGH) if (found.group[classed] == level).any()]
    rule = f"low up to {asked.low_up_to}, high from {asked.high_from} of {len(rules)} markers"
    choices = (("signature", rule), *((("scores", found.message),) if found.message else ()))
    said = (*plain.left_out, *((found.message,) if found.message else ()))
    table = plain.table.assign(**{GROUP: found.group})[classed].reset_index(drop=True)
    return replace(plain, table=table, levels=tuple(levels), choices=choices, left_out=said)


def answers(data: FollowedUp, entry: SurvivalEntry, seed: int) -> tuple[Comparison, ...]:
    """Test what the entry asks; a test that cannot be made has a state and the reason.

    Returns
    -------
    log-rank first, then a hazard ratio for every group against the first, then the medians
    """
    if entry.cut == "youden":
        return starred(_at_youdens_cut(data, entry, seed), entry.stars)
    if not data.levels and not entry.grouping and entry.signature is None:
        return starred((_continuous(data, entry),), entry.stars)
    if len(data.levels) < 2:
        message = f"{len(data.levels)} of the groups has a subject with time and event; two are needed"
        n = [(level, len(data.of(level)[0])) for level in data.levels]
        return (undefined("log-rank", State.TOO_FEW, message, n, unit=data.unit, choices=data.choices),)
    whole = _with_choices(_log_rank(data, entry), data.choices)
    ratios = _hazard_ratios(data, entry)
    medians = tuple(_median(data, level, entry) for level in data.levels)
    return starred((whole, *ratios, *medians), entry.stars)


def _with_choices(one: Comparison, choices: Sequence[tuple[str, str]]) -> Comparison:
    return replace(one, choices=(*one.choices, *choices))


def _log_rank(data: FollowedUp, entry: SurvivalEntry) -> Comparison:
    ordered = (*data.levels[1:], data.levels[0])  # of two groups the ratio is group over reference
    groups = {level: data.of(level) for level in ordered}
    return log_rank(groups, unit=data.unit, least_n=entry.least_n)


def _hazard_ratios(data: FollowedUp, entry: SurvivalEntry) -> tuple[Comparison, ...]:
    reference, *others = data.levels
    counts = {level: len(data.of(level)[0]) for level in data.levels}
    short = [f"{level} has {count}" for level, count in counts.items() if count < entry.least_n]
    if short:
        message = f"fewer than {entry.least_n} units: {', '.join(short)}"
        return tuple(
            undefined("Cox", State.TOO_FEW, message, [(level, counts[level]), (reference, counts[reference])],
                      group=level, reference=reference, unit=data.unit, choices=data.choices)
            for level in others
        )  # fmt: skip
    dummies = pd.DataFrame({level: (data.table[GROUP] == level).astype(float) for level in others})
    model = cox(data.table[TIME], data.table[EVENT], dummies, ties=entry.ties)
    rows = [
        replace(_with_choices(one, _events(data, (one.group, reference))), reference=reference,
                n=((one.group, counts[one.group]), (reference, counts[reference])))
        for one in model.comparisons(data.unit)
    ]  # fmt: skip
    rows = [_with_choices(one, data.choices) for one in rows]
    return adjusted(rows, entry.adjustment) if len(rows) > 1 else tuple(rows)


def _events(data: FollowedUp, levels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"events in {level}", str(int(data.of(level)[1].sum()))) for level in levels)


def _median(data: FollowedUp, level: str, entry: SurvivalEntry) -> Comparison:
    """Return the median of a group: a number beside the tests, with no p of its own."""
    curve = kaplan_meier(*data.of(level), group=level)
    unit = f" ({entry.time_unit})" if entry.time_unit else ""
    found = Effect(f"median{unit}", curve.median, curve.median_low, curve.median_high, "Kaplan-Meier, log")
    message = "" if curve.median is not None else "the curve does not come down to one half: not reached"
    return Comparison(
        test="Kaplan-Meier median", group=level, n=((level, curve.n),), unit=data.unit, effects=(found,),
        message=message, choices=(("interval", curve.interval), *_events(data, (level,)), *data.choices),
    )  # fmt: skip


def _continuous(data: FollowedUp, entry: SurvivalEntry) -> Comparison:
    name = entry.factor or entry.measure
    count, n = len(data.table), (("units", len(data.table)),)
    if count < entry.least_n:
        message = f"fewer than {entry.least_n} units: {count}"
        return undefined("Cox", State.TOO_FEW, message, n, unit=data.unit)
    model = cox(
        data.table[TIME], data.table[EVENT], data.table[[VALUE]].set_axis([name], axis=1), ties=entry.ties
    )
    (row,) = model.comparisons(data.unit)
    events = (("events", str(model.events)), ("covariate", name))
    row = replace(row, group="", n=n, effects=_per_unit_and_sd(row, data, model))
    return _with_choices(row, events)


def _per_unit_and_sd(row: Comparison, data: FollowedUp, model: Cox) -> tuple[Effect, ...]:
    if not row.effects:
        return ()
    first, sd = row.effects[0], float(data.table[VALUE].std(ddof=1))
    beta, half = model.log_hazard[0], 1.959963984540054 * model.standard_error[0]
    value, low, high = (float(np.exp(sd * end)) for end in (beta, beta - half, beta + half))
    return (
        replace(first, name="hazard ratio per 1"),
        Effect(f"hazard ratio per SD ({sd:.4g})", value, low, high, "Wald"),
    )


def _at_youdens_cut(data: FollowedUp, entry: SurvivalEntry, seed: int) -> tuple[Comparison, ...]:
    test = "log-rank at Youden's cut"
    n = (("units", len(data.table)),)
    if len(data.table) < 2 * entry.least_n:
        message = f"{len(data.table)} units cannot be cut so that each side has {entry.least_n}"
        return (undefined(test, State.TOO_FEW, message, n, unit=data.unit),)
    marker, time, event = (data.table[name].to_numpy(np.float64) for name in (VALUE, TIME, EVENT))
    try:
        found = survival_cut(marker, time, event, seed=seed)
    except StatisticsError as error:
        return (undefined(test, State.NOT_ESTIMABLE, str(error), n, unit=data.unit),)
    plain = _log_rank(data, entry)
    auc = Effect("AUC", found.youden.auc, found.youden.auc_low, found.youden.auc_high, "DeLong")
    choices = (
        ("naive_p", f"{found.naive_p:.6g}"), ("p_is", "corrected for the search by permutation"),
        ("permutations", str(found.permutations)), ("seed", str(seed)),
        ("p_error", f"{found.p_error:.2g}"),
        ("sensitivity", f"{found.youden.sensitivity:.6g}"),
        ("specificity", f"{found.youden.specificity:.6g}"),
    )  # fmt: skip
    if plain.state is not State.OK:
        return (replace(_with_choices(plain, data.choices), test=test),)
    effects = (*plain.effects, *([auc] if np.isfinite(auc.ci_low or np.nan) else []))
    whole = replace(plain, test=test, p=found.p, message=found.message, effects=effects)
    ratios = tuple(
        replace(one, p=None, statistic=None, message=SEARCHED) if one.state is State.OK else one
        for one in _hazard_ratios(data, entry)
    )
    medians = tuple(_median(data, level, entry) for level in data.levels)
    return (_with_choices(whole, (*choices, *data.choices)), *ratios, *medians)


def in_halves(data: FollowedUp) -> FollowedUp:
    """Return a number's subjects cut at their median, for the eye: the test takes the number as it is."""
    if data.table.empty or VALUE not in data.table:
        return data
    halves = split(data.table[VALUE].to_numpy(np.float64), "median")
    table = data.table.assign(**{GROUP: halves.group})
    return replace(data, table=table, levels=(LOW, HIGH), cut=halves.cut)


def curves(data: FollowedUp) -> Iterator[Mapping[str, Any]]:
    """Yield name, times and events of every curve that is drawn."""
    for level in data.levels:
        time, event = data.of(level)
        if len(time):
            name = level if data.cut is None else named(level, data.cut)
            yield {"label": name, "time": time.tolist(), "event": event.astype(int).tolist()}
