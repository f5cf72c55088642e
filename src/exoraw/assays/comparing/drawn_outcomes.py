"""Figures of survival, categories and dose-response as plain data: curves, counts, and what was tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exoraw.assays.comparing import dosed, follow_up
from exoraw.assays.comparing.counted import Counted
from exoraw.assays.comparing.dosed import Dosed
from exoraw.assays.comparing.drawn import KIND, ORDER, written
from exoraw.assays.comparing.follow_up import FollowedUp
from exoraw.assays.contract import Figure
from exoraw.statistics import Comparison
from exoraw.study.asked import Asked
from exoraw.study.compare_outcomes import CategoriesEntry, DoseResponseEntry, SurvivalEntry
from exoraw.study.strict import words_of


def survival(data: FollowedUp, entry: SurvivalEntry, results: Sequence[Comparison], unit: str) -> Figure:
    """Return the Kaplan-Meier curves; of a number that is not cut, the halves at its median, untested."""
    shown = follow_up.in_halves(data) if not data.levels else data
    options = _common(entry, results[:1], "survival", entry.numbers, unit) | {
        "label": entry.label, "time": entry.time, "time_unit": entry.time_unit,
        "curves": list(follow_up.curves(shown)), "halves": not data.levels,
        "cut": shown.cut is not None, "factor": entry.factor,
        "said": list(data.left_out),
    }  # fmt: skip
    what = f"One step per {options['replication_unit']} with the event; ticks: censored."
    return _figure(entry, what, options)


def categories(table: Counted, entry: CategoriesEntry, results: Sequence[Comparison], unit: str) -> Figure:
    """Return the counts of every group."""
    cut = dict(table.choices).get("cut", "")
    options = _common(entry, results, "counts", entry.numbers, unit) | {
        "factor": entry.factor, "outcome": entry.outcome, "cut": cut, "levels": list(table.levels),
        "outcomes": list(table.outcomes), "counts": table.counts.tolist(), "said": list(table.left_out),
    }  # fmt: skip
    return _figure(entry, f"Share of the {options['replication_unit']}s of each group, with counts.", options)


def dose_response(data: Dosed, entry: DoseResponseEntry, results: Sequence[Comparison], unit: str) -> Figure:
    """Return one point per unit and dose of every group, and the groups' IC50s."""
    tests = [one for one in results if not one.test.startswith(dosed.CURVE_ROWS)]
    means = f"mean of curves, {entry.ic50} {entry.quantity}"
    options = _common(entry, tests, "dose", entry.numbers, unit) | {
        "dose": entry.dose, "dose_unit": data.unit, "quantity": entry.quantity, "half": entry.ic50,
        "curves": list(dosed.points(data, entry)), "zero_level": entry.zero_level,
        "end_level": entry.end_level, "error_bars": entry.error_bars,
        "means": [_mean(one) for one in results if one.test == means],
    }  # fmt: skip
    return _figure(entry, f"One small point per {options['replication_unit']} and dose.", options)


def _mean(one: Comparison) -> Mapping[str, Any]:
    found = one.effects[0] if one.effects else None
    number = {"value": found.value, "low": found.ci_low, "high": found.ci_high} if found else {}
    return {"group": one.group, "n": one.n_total, "message": one.message, **number}


def _common(
    entry: Asked,
    results: Sequence[Comparison],
    plot: str,
    numbers: Sequence[tuple[str, str, str]],
    unit: str,
) -> dict[str, Any]:
    return {
        "plot": plot,
        "unit": unit,
        "first": list(numbers[0]) if numbers else ["", "", ""],
        "replication_unit": " x ".join(words_of(entry.unit)),
        "test": results[0].test if results else "",
        "tests": written(results),
    }


def _figure(entry: Asked, what: str, options: Mapping[str, Any]) -> Figure:
    where = "; ".join(f"{column}: {', '.join(words_of(cell))}" for column, cell in entry.where.items())
    caption = f"{what} Only {where}." if where else what
    measures = tuple(dict.fromkeys(measure for measure, _, _ in entry.numbers))
    return Figure(
        name=f"compare {entry.title}", title=entry.title, kind=KIND, measures=measures, caption=caption,
        order=ORDER, options=options,
    )  # fmt: skip
