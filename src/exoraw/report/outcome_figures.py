"""Figures of survival, categories and dose-response comparisons, from the plain data of their units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from exoraw.figures import (
    Axis,
    CurveStyle,
    DoseCurve,
    SharesStyle,
    SurvivalStyle,
    dose_response,
    shares_of_groups,
    survival_curves,
)
from exoraw.report import words

Options = Mapping[str, Any]


def drawn_survival(options: Options, axis: Axis) -> Figure | None:
    """Draw Kaplan-Meier curves; the key holds the p of the table, not one of the drawn halves."""
    curves = options["curves"]
    if not curves:
        return None
    notes = [f"One n is one {_unit(options)}.", *(f"{said}." for said in options["said"])]
    label = (
        f"{axis.label or options['factor']} ({axis.unit})" if axis.unit else axis.label or options["factor"]
    )
    if options["cut"] and not options["halves"]:
        notes.append(f"Low and high: {label}.")
    if options["halves"]:
        notes.append(f"Drawn are the halves at the median of {label}; the test takes it as a number.")
    style = SurvivalStyle(
        label=options["label"], time="Time", unit=options["time_unit"], tested=_tested(options["tests"]),
        notes=notes,
    )  # fmt: skip
    return survival_curves({one["label"]: (one["time"], one["event"]) for one in curves}, style)


def _tested(tests: Sequence[Mapping[str, Any]]) -> str:
    """Return the first test as the key of a figure says it; "" where it has no p."""
    if not tests or tests[0]["p"] is None:
        return ""
    first = tests[0]
    names = {"log-rank at Youden's cut": "log-rank, p corrected for the searched cut:", "Cox": "Cox"}
    ratio = ""
    if first["test"] == "Cox" and first["estimate"] is not None:
        ratio = f" hazard ratio {words.number(first['estimate'])} per unit of the number,"
    return f"{names.get(first['test'], first['test'])}{ratio} {_p(first['p'])}"


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def drawn_counts(options: Options, axis: Axis) -> Figure | None:
    """Draw the share of every outcome per group, with the counts."""
    rows = [(level, row) for level, row in zip(options["levels"], options["counts"], strict=True) if sum(row)]
    if not rows:
        return None
    names = options["outcomes"]
    if options["cut"]:
        unit = f" {axis.unit}" if axis.unit else ""
        cut = words.number(float(options["cut"]))
        names = [f"{axis.label} {'≥' if name == 'high' else '<'} {cut}{unit}" for name in names]
    notes = [*(_test_words(one) for one in options["tests"]), *(f"{said}." for said in options["said"])]
    style = SharesStyle(replicate=_unit(options), notes=notes)
    return shares_of_groups([level for level, _ in rows], names, [row for _, row in rows], style)


def _test_words(test: Mapping[str, Any]) -> str:
    who = f"{test['group']} vs {test['reference']}: " if test["reference"] else ""
    said = f"not tested ({test['state']})" if test["p"] is None else _p(test["p"])
    adjusted = ", adjusted" if test["adjusted"] else ""
    estimate = "" if test["estimate"] is None else f", {test['estimate_of']} {words.number(test['estimate'])}"
    return f"{who}{test['test']}, {said}{adjusted}{estimate}."


def drawn_doses(options: Options, axis: Axis) -> Figure | None:
    """Draw curves over doses; IC50s are means of one curve per unit, as in the table."""
    curves = [one for one in options["curves"] if any(dose > 0 for dose in one["dose"])]
    if not curves:
        return None
    means = {one["group"]: one for one in options["means"]}
    unit, quantity = words.unit_words(options["dose_unit"]), options["quantity"]
    drawn = []
    for one in curves:
        mean = means[one["label"] or next(iter(means))]
        drawn.append(
            DoseCurve(one["label"], one["dose"], one["response"], _mean_words(mean, quantity, unit),
                      mean.get("value"))
        )  # fmt: skip
    style = CurveStyle(
        dose="Dose", dose_unit=unit, half=options["half"], quantity=quantity,
        error="SEM" if options["error_bars"] == "sem" else "SD", zero_level=options["zero_level"],
        end_level=options["end_level"], replicate=_unit(options), notes=list(_dose_notes(options)),
    )  # fmt: skip
    return dose_response(drawn, axis, style)


def _mean_words(mean: Mapping[str, Any], quantity: str, unit: str) -> str:
    if mean.get("value") is None:
        return str(mean["message"])
    tail = f" {unit}" if unit else ""
    ends = (mean["low"], mean["high"])
    interval = "" if None in ends else f" ({_short(ends[0])} to {_short(ends[1])})"
    return f"{quantity} {_short(mean['value'])}{tail}{interval}, n = {mean['n']}"


def _short(value: float) -> str:
    return words.number(value, digits=3)


def _dose_notes(options: Options) -> Iterator[str]:
    if any(one.get("value") is not None for one in options["means"]):
        yield _mean_note(options)
    for test in options["tests"]:
        yield _test_words(test)


def _mean_note(options: Options) -> str:
    return (
        f"{options['quantity']} ({options['half']}): geometric mean of one curve per {_unit(options)}, in "
        "brackets its 95% interval over these; the drawn curve goes through all of them."
    )


def _unit(options: Options) -> str:
    return str(options["replication_unit"]).replace("_", " ")


DRAWN: Mapping[str, Callable[[Options, Axis], Figure | None]] = MappingProxyType(
    {"survival": drawn_survival, "counts": drawn_counts, "dose": drawn_doses}
)
