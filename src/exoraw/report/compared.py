"""The figure of a comparison, drawn from the plain data that its unit left in the table `figures`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from exoraw.figures import Axis, Bracket, GroupStyle, GroupValues, compared_groups
from exoraw.figures.paired import PairedStyle, paired_lines
from exoraw.figures.scatter import ScatterStyle, scatter
from exoraw.report import outcome_figures, words
from exoraw.report.groups import Series

KIND = "comparison"
_KINDS: Mapping[str, Literal["bar", "box", "points"]] = {"bars": "bar", "box": "box"}


@dataclass(frozen=True)
class Compared:
    """One comparison, ready to be drawn.

    Parameters
    ----------
    name, title : of the figure
    label, unit : what was measured, for the value axis
    second : label and unit of a correlation's other measure
    options : the figure's data as `assays/comparing` writes them
    """

    name: str
    title: str
    label: str
    unit: str
    options: Mapping[str, Any]
    second: tuple[str, str] = ("", "")

    @property
    def tested(self) -> str:
        """The tests in words, for a reader who hears the figure."""
        return "; ".join(map(_spoken, self.options["tests"])) or "no test"


def compared_of(row: Mapping[Any, Any], series: Sequence[Series]) -> Compared:
    """Return the comparison of a row of the table `figures`, labelled by the series that it is about."""
    options = options_of(row["options"])
    label, unit = _named(options.get("first", ()), series)
    second = _named(options["second"], series) if "second" in options else ("", "")
    return Compared(row["name"], row["title"], label, unit, options, second)


def _named(wanted: Sequence[str], series: Sequence[Series]) -> tuple[str, str]:
    """Return label and unit of the series with this measure, entity and target, else of the nearest."""
    own = (one for one in series if [one.measure, one.entity, one.target] == list(wanted))
    found = next(own, None)
    if not series:  # all that is compared stands in the sheet
        return "", ""
    if found is None:  # named without its entity, because there is one only
        found = next((one for one in series if one.measure in wanted[:1]), series[0])
    return found.label, found.unit_label


def options_of(text: str) -> Mapping[str, Any]:
    """Return the figure's data; an empty mapping where there are none."""
    found: Mapping[str, Any] = json.loads(text) if text else {}
    return found


def draw(compared: Compared) -> Figure | None:
    """Draw a comparison at a journal's column width; None where no unit has a value."""
    options = compared.options
    if options["plot"] in outcome_figures.DRAWN:
        return outcome_figures.DRAWN[options["plot"]](options, Axis(compared.label, compared.unit))
    if options["plot"] == "scatter":
        return _drawn_scatter(compared)
    if not any(group["values"] or group["excluded"] for group in options["groups"]):
        return None
    if options["plot"] == "paired" and options["pairs"]:
        return _drawn_pairs(compared)
    groups = [
        GroupValues(one["label"], one["values"], one["excluded"], one["second"]) for one in options["groups"]
    ]
    style = GroupStyle(
        kind=_KINDS.get(options["plot"], "points"),
        error=_error(options),
        replicate=_replicate(options),
        notes=tuple(notes(options)),
    )
    return compared_groups(groups, _brackets(options), Axis(compared.label, compared.unit), style)


def _drawn_pairs(compared: Compared) -> Figure:
    options = compared.options
    conditions = list(dict.fromkeys(group["label"] for group in options["groups"]))
    values = np.array(options["pairs"], dtype=np.float64)  # None becomes NaN
    style = PairedStyle(error=_error(options), replicate=_replicate(options), notes=tuple(notes(options)))
    axis = Axis(compared.label, compared.unit)
    return paired_lines(conditions, values, axis, _brackets(options), style)


def _drawn_scatter(compared: Compared) -> Figure | None:
    options = compared.options
    if not options["x"]:
        return None
    axes = (Axis(*compared.second, from_zero=False), Axis(compared.label, compared.unit, from_zero=False))
    (test,) = options["tests"]
    said = test["state"] if test["p"] is None else f"p = {words.number(test['p'])}"
    value = "" if test["estimate"] is None else f"{test['estimate_of']} = {words.number(test['estimate'])}, "
    style = ScatterStyle(
        line=options["test"] == "pearson",
        replicate=_replicate(options),
        notes=(f"{options['test'].capitalize()}: {value}{said}.",),
    )
    return scatter(options["x"], options["y"], *axes, style)


def _error(options: Mapping[str, Any]) -> Literal["SD", "SEM"]:
    return "SEM" if options["error_bars"] == "sem" else "SD"


def _replicate(options: Mapping[str, Any]) -> str:
    return str(options["replication_unit"]).replace("_", " ")


def notes(options: Mapping[str, Any]) -> list[str]:
    """Return the lines below the figure: the test, what the symbols mean, what was not tested."""
    said = [f"Test: {options['test']}.", *(f"{line}." for line in options.get("stars", ()))]
    whole = [one for one in options["tests"] if one["state"] == "ok" and not one["reference"]]
    if whole:
        said.append("; ".join(f"{_contrast(one)}: p = {words.number(one['p'])}" for one in whole) + ".")
    if options["plot"] == "paired":
        pairs = [f"{_contrast(one)}: {one['n']}" for one in options["tests"] if one.get("n") is not None]
        said += [f"Pairs in each test: {'; '.join(pairs)}."] if pairs else []
    untested = [one for one in options["tests"] if one["state"] != "ok"]
    if untested:
        said.append(f"Not tested: {', '.join(map(_contrast, untested))} ({untested[0]['state']}).")
    return said


def _brackets(options: Mapping[str, Any]) -> Sequence[Bracket]:
    """Brackets for the first family of symbols; further references write their symbol over the group."""
    first: dict[str, int] = {}
    for place, group in enumerate(options["groups"]):
        first.setdefault(group["label"], place)
    found = []
    for mark in options["marks"]:
        left, right = first[mark["reference"]], first[mark["group"]]
        found.append(Bracket(left if mark["symbol"] == "*" else right, right, mark["text"]))
    return found


def _contrast(test: Mapping[str, Any]) -> str:
    return f"{test['group']} vs {test['reference']}" if test["reference"] else test["group"] or "all groups"


def _spoken(test: Mapping[str, Any]) -> str:
    p = test["state"] if test["p"] is None else f"p = {test['p']:.2g}"
    return f"{_contrast(test)}: {p}"
