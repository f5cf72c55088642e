"""The figure of a comparison, drawn from the plain data that its unit left in the table `figures`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.figure import Figure

from exoraw.figures import Axis, Bracket, GroupStyle, GroupValues, compared_groups
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
    options : the figure's data as `assays/comparing` writes them
    """

    name: str
    title: str
    label: str
    unit: str
    options: Mapping[str, Any]

    @property
    def tested(self) -> str:
        """The tests in words, for a reader who hears the figure."""
        return "; ".join(map(_spoken, self.options["tests"])) or "no test"


def compared_of(row: Mapping[Any, Any], series: Sequence[Series]) -> Compared:
    """Return the comparison of a row of the table `figures`, labelled by the series that it is about."""
    options = options_of(row["options"])
    own = next((one for one in series if one.target == options.get("target", "")), series[0])
    return Compared(row["name"], row["title"], own.label, own.unit_label, options)


def options_of(text: str) -> Mapping[str, Any]:
    """Return the figure's data; an empty mapping where there are none."""
    found: Mapping[str, Any] = json.loads(text) if text else {}
    return found


def draw(compared: Compared) -> Figure | None:
    """Draw a comparison at a journal's column width; None where no unit has a value."""
    options = compared.options
    if not any(group["values"] or group["excluded"] for group in options.get("groups", ())):
        return None
    groups = [
        GroupValues(one["label"], one["values"], one["excluded"], one["second"]) for one in options["groups"]
    ]
    style = GroupStyle(
        kind=_KINDS.get(options["plot"], "points"),
        error="SEM" if options["error_bars"] == "sem" else "SD",
        replicate=options["replication_unit"].replace("_", " "),
        notes=tuple(notes(options)),
    )
    return compared_groups(groups, _brackets(options), Axis(compared.label, compared.unit), style)


def notes(options: Mapping[str, Any]) -> list[str]:
    """Return the lines below the figure: the test, what the symbols mean, what was not tested."""
    said = [f"Test: {options['test']}.", *(f"{line}." for line in options.get("stars", ()))]
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
