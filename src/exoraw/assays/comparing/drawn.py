"""What the figure of a comparison shows, as plain data: points, groups, brackets, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from exoraw.assays.comparing.ask import levels_of
from exoraw.assays.comparing.stars import star_map
from exoraw.assays.contract import Figure
from exoraw.statistics import Comparison, State, average_technical_replicates
from exoraw.study.compare_entries import CompareEntry
from exoraw.study.strict import words_of

KIND = "comparison"
ORDER = 1000  # behind the figures and paragraphs of every assay


def figure(frame: pd.DataFrame, entry: CompareEntry, results: Sequence[Comparison], unit: str) -> Figure:
    """Return the figure of a comparison.

    Parameters
    ----------
    frame : one row per sample, as `numbers.joined` gives it, with `excluded`
    results : the tests that count
    unit : UCUM unit of the numbers
    """
    correlation = entry.test in ("pearson", "spearman")
    options: dict[str, Any] = {
        "plot": "scatter" if correlation else entry.plot,
        "unit": unit,
        "first": [entry.measure, entry.entity, entry.target],
        "error_bars": entry.error_bars,
        "replication_unit": " x ".join(words_of(entry.unit)),
        "test": entry.test,
        "tests": written(results),
    }
    if correlation:
        options |= _scatter(frame, entry)
        options["second"] = [entry.second_measure, entry.second_entity, entry.second_target]
    else:
        levels = levels_of(frame, entry)
        options |= {
            "factor": entry.factor,
            "second_factor": entry.second_factor,
            "groups": _groups(frame, entry, levels),
            "pairs": _pairs(frame, entry, levels),
            "marks": _marks(results, entry),
            "stars": _legend(results, entry),
        }
    measures = tuple(dict.fromkeys(name for name in (entry.measure, entry.second_measure) if name))
    return Figure(
        name=f"compare {entry.title}", title=entry.title, kind=KIND, measures=measures,
        entities=(entry.entity,) if entry.entity and not correlation else (), caption=caption(entry),
        order=ORDER, options=options,
    )  # fmt: skip


def caption(entry: CompareEntry) -> str:
    """Return what one point is and what was tested, in a sentence."""
    unit = " x ".join(words_of(entry.unit))
    where = "; ".join(f"{column}: {', '.join(words_of(cell))}" for column, cell in entry.where.items())
    kept = f" Only {where}." if where else ""
    if entry.test in ("pearson", "spearman"):
        return f"One point per {unit}. {entry.test.capitalize()}.{kept}"
    bars = "" if entry.plot == "paired" else f" Mean and {entry.error_bars.upper()}."
    return f"One point per {unit}; technical repeats are averaged first.{bars} Test: {entry.test}.{kept}"


def _groups(frame: pd.DataFrame, entry: CompareEntry, levels: Sequence[str]) -> list[dict[str, Any]]:
    seconds = list(dict.fromkeys(frame[entry.second_factor])) if entry.second_factor else [""]
    found = []
    for level in levels:
        for second in seconds:
            rows = frame[frame[entry.factor] == level]
            if second:
                rows = rows[rows[entry.second_factor] == second]
            kept, out = rows[~rows["excluded"]], rows[rows["excluded"]]
            found.append(
                {
                    "label": level,
                    "second": second,
                    "values": _per_unit(kept, entry),
                    "excluded": [float(value) for value in out["value"].dropna()],
                }
            )
    return found


def _per_unit(rows: pd.DataFrame, entry: CompareEntry) -> list[float]:
    if rows["value"].notna().sum() == 0:
        return []
    units = average_technical_replicates(rows, "value", words_of(entry.unit))
    return [float(value) for value in units.table["value"]]


def _pairs(frame: pd.DataFrame, entry: CompareEntry, levels: Sequence[str]) -> list[list[float | None]]:
    """Return per subject or membrane its values in the order of the levels, None where it misses one."""
    if not entry.pair_by:
        return []
    by = list(words_of(entry.pair_by))
    kept = frame[~frame["excluded"] & frame["value"].notna()]
    means: dict[tuple[str, ...], dict[str, float]] = {}
    for _, rows in kept.groupby([*by, entry.factor], sort=False):
        subject = tuple(str(rows[column].iloc[0]) for column in by)
        means.setdefault(subject, {})[str(rows[entry.factor].iloc[0])] = float(rows["value"].mean())
    return [[own.get(level) for level in levels] for own in means.values()]


def _marks(results: Sequence[Comparison], entry: CompareEntry) -> list[dict[str, str]]:
    """Return who is compared with whom and what stands over it; symbols of a second reference apart."""
    symbols = {one.level: one.symbol for one in entry.references}
    return [
        {
            "group": result.group,
            "reference": result.reference,
            "text": result.stars,
            "symbol": symbols.get(result.reference, "*"),
        }
        for result in results
        if result.state is State.OK and result.reference and result.stars
    ]


def adjustment(results: Sequence[Comparison]) -> str:
    """Return how several p were adjusted, in the words of the results; "" where none was."""
    said = {one.adjustment for one in results if one.adjustment and one.p is not None}
    real = sorted(text for text in said if not text.startswith("none") and not text.endswith("family of 1"))
    return real[0].split(",")[0].title() if real else ""


def _legend(results: Sequence[Comparison], entry: CompareEntry) -> list[str]:
    """Return the lines that say what the symbols mean, one per reference."""
    if not any(result.reference for result in results):
        return []
    p = "adjusted p" if adjustment(results) else "p"
    lines = [(f" vs {level}", symbol) for level, symbol in entry.reference_levels] or [("", "*")]
    return [star_map(entry.stars, symbol).legend.replace("p ", f"{p} ") + level for level, symbol in lines]


def written(results: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Return the tests in short, for the line below a figure."""
    return [
        {
            "group": result.group,
            "reference": result.reference,
            "p": result.p if result.p_adjusted is None else result.p_adjusted,
            "state": str(result.state),
            "n": result.n_of(result.group),
            "estimate": result.effects[0].value if result.effects else None,
            "estimate_of": result.effects[0].name if result.effects else "",
            "test": result.test,
            "adjusted": bool(adjustment([result])),
        }
        for result in results
    ]


def _scatter(frame: pd.DataFrame, entry: CompareEntry) -> Mapping[str, Any]:
    kept = frame[~frame["excluded"] & frame["value"].notna() & frame["second"].notna()]
    means = kept.groupby(list(words_of(entry.unit)), sort=False)[["value", "second"]].mean()
    return {"x": [float(value) for value in means["second"]], "y": [float(value) for value in means["value"]]}
