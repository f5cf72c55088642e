"""What was tested, in the words of a methods section; one sentence or two for each kind of question."""

from __future__ import annotations

from collections.abc import Sequence

from exoraw.assays.comparing import drawn
from exoraw.statistics import Comparison
from exoraw.study.asked import Asked
from exoraw.study.compare_entries import CompareEntry
from exoraw.study.compare_outcomes import CategoriesEntry, DoseResponseEntry, SurvivalEntry
from exoraw.study.strict import words_of


def _ending(entry: Asked) -> str:
    return f"n counts {' x '.join(words_of(entry.unit))}. Excluded samples: {entry.exclusions}."


def _measured(measure: str, entity: str, target: str) -> str:
    return " ".join(part for part in (measure, f"({entity})" if entity else "", target) if part)


def groups(entry: CompareEntry, results: Sequence[Comparison]) -> str:
    """Say a group test or a correlation."""
    unit = " x ".join(words_of(entry.unit))
    against = " and ".join(level for level, _ in entry.reference_levels)
    compared = f" with {against}" if against else ""
    by = drawn.adjustment(results)
    adjusted = f", p adjusted after {by}" if by and entry.test not in ("tukey", "dunnett") else ""
    what = entry.measure + (f" ({entry.entity})" if entry.entity else "")
    across = f"across {entry.factor}" if entry.factor else f"with {entry.second_measure}"
    return (
        f"{what} was compared {across}{compared} by {entry.test}{adjusted}; n counts {unit}, repeated "
        f"measurements of one were averaged first. Excluded samples: {entry.exclusions}."
    )


def survival(entry: SurvivalEntry, results: Sequence[Comparison]) -> str:
    """Say how survival was compared: groups, cut, ties."""
    unit = f" in {entry.time_unit}" if entry.time_unit else ""
    start = f"{entry.label} ({entry.time}{unit}; event: {entry.event})"
    ties = f"{entry.ties.capitalize()}'s method for tied times, Wald intervals"
    number = entry.factor or _measured(entry.measure, entry.entity, entry.target)
    if not entry.grouping and entry.cut is None and entry.signature is None:
        return f"{start} was related to {number} as a number by Cox regression ({ties}); {_ending(entry)}"
    by = f"between the levels of {entry.factor}"
    if entry.signature is not None:
        by = f"between low and high scores of a signature of {len(entry.signature.markers)} markers"
    elif entry.cut is not None:
        where = {"median": "the median", "youden": "Youden's cut"}.get(str(entry.cut), str(entry.cut))
        by = f"between subjects below and at or above {where} of {number}"
    search = ""
    if entry.cut == "youden":
        record = dict(results[0].choices)
        search = (
            f" Because the cut was searched on the same subjects, p comes from "
            f"{record.get('permutations', 'no')} permutations of the number with the search repeated in each."
        )
    adjusted = drawn.adjustment(results)
    several = f", p of several hazard ratios adjusted after {adjusted}" if adjusted else ""
    return (
        f"{start} was compared {by} by Kaplan-Meier curves, the log-rank test and Cox regression "
        f"({ties}{several}).{search} {_ending(entry)}"
    )


def categories(entry: CategoriesEntry, results: Sequence[Comparison]) -> str:
    """Say how counts were compared."""
    cut = "its median" if entry.cut == "median" else str(entry.cut)
    number = _measured(entry.measure, entry.entity, entry.target)
    what = entry.outcome or f"{number} at or above {cut}"
    tests = dict.fromkeys(
        "the chi-square test" if one.test == "chi-square" else "Fisher's exact test" for one in results
    )
    yates = any(dict(one.choices).get("yates") == "yes" for one in results)
    correction = " with Yates' correction" if yates else ""
    return (
        f"How often {what} was found was compared across {entry.factor} by {' and '.join(tests)}"
        f"{correction}; {_ending(entry)}"
    )


def dose_response(entry: DoseResponseEntry, unit: str) -> str:
    """Say how curves were fitted and compared."""
    level = (
        f"the dose at which the response is {entry.absolute_at:g} % of the curve's own untreated response"
        if entry.absolute_in == "% of untreated"
        else f"the dose at which the response is {entry.absolute_at:g}"
    )
    known = [f"{name} {value:g}" for name, value in
             (("untreated response", entry.zero_level), ("response at a saturating dose", entry.end_level))
             if value is not None]  # fmt: skip
    held = f" with {' and '.join(known)} held" if known else ""
    own = " x ".join(words_of(entry.unit))
    tested = f" ln {entry.quantity} was compared between the levels of {entry.factor} by {entry.test}."
    return (
        f"Four-parameter logistic curves in ln dose{f' ({unit})' if unit else ''} were fitted to "
        f"{_measured(entry.measure, entry.entity, entry.target)}{held}, one per {own}"
        f"{f' and {entry.factor}' if entry.factor else ''}, wells of one {own} and dose averaged first. "
        f"The relative {entry.quantity} is the middle between the plateaus, the absolute one {level}; 95 % "
        f"intervals are profile likelihood.{tested if entry.factor else ''} Outside the tested "
        f"doses a {entry.quantity} is no number. {_ending(entry)}"
    )
