"""Every remark a comparison can make, with what it means in the lab and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from exoraw.assays.contract import Finding, FindingKind
from exoraw.statistics import Comparison, State
from exoraw.study.spec import Severity

FINDINGS = (
    FindingKind(
        "comparison_not_tested",
        "A comparison has no p value; the reason stands beside it. Its points are drawn.",
        "Add independent repeats, or correct what the message names. Never report it as not significant.",
    ),
    FindingKind(
        "comparison_doubt",
        "An assumption of the test is doubtful for these numbers.",
        "Read the check; a test with fewer assumptions (welch, mann-whitney, paired t) may fit better.",
    ),
    FindingKind(
        "confounded_with_batch",
        "Two groups that are compared share no batch: the difference may be the batch's.",
        "Measure both groups in every batch, or say in the paper that group and batch cannot be told apart.",
    ),
    FindingKind(
        "comparison_of_doubtful_numbers",
        "Numbers that carry an error of their own take part in a comparison.",
        "Look at these samples; exclude them with a reason where the error spoils the number.",
    ),
    FindingKind(
        "comparison_without_value",
        "Samples of the compared groups have no number and take no part.",
        "See the findings of these samples; n in the table counts what took part.",
    ),
    FindingKind(
        "comparison_left_out",
        "Units that belong to the comparison take no part: no time, no event, no number, or a score between.",
        "Fill the cells where the facts are known. Say in the paper how many took no part, and why.",
    ),
    FindingKind(
        "cut_chosen_on_the_data",
        "The cut between high and low was searched on the very subjects that it then compares.",
        "Print the permutation-corrected p, never the plain log-rank p; confirm the cut in other patients.",
    ),
    FindingKind(
        "ic50_outside_doses",
        "Curves have an IC50 outside the tested doses, or none at all.",
        "Report it as above or below the doses, never as a number; test further doses.",
    ),
)
BATCH_COLUMNS = ("batch", "plate")
NAMES_SHOWN = 5


def of_results(results: Sequence[Comparison], title: str) -> Iterator[Finding]:
    """Yield what a reader must know of the tests: those without a p, and assumptions in doubt."""
    doubts: dict[tuple[Severity, str], list[str]] = {}
    for result in results:
        what = f"{result.group} vs {result.reference}" if result.reference else (result.group or result.test)
        if result.state is not State.OK:
            message = f"{title}, {what}: no p value ({result.state}): {result.message}"
            yield Finding("comparison_not_tested", "warning", message)
            continue
        for check in result.checks:
            if not check.passed:
                p = "" if check.p is None else f", p = {check.p:.2g}"
                severity: Severity = "warning" if check.name.startswith("units differ") else "info"
                detail = f": {check.detail}" if check.detail else ""
                doubts.setdefault((severity, f"{check.name}{p}{detail}"), []).append(what)
    for (severity, doubt), where in doubts.items():
        yield Finding("comparison_doubt", severity, f"{title}: in doubt: {doubt} ({_listed(where)})")


def of_table(frame: pd.DataFrame, factor: str, title: str) -> Iterator[Finding]:
    """Yield what the design and the numbers themselves leave in doubt."""
    if "value" not in frame:  # nothing is measured: all that counts stands in the sheet
        yield from _confounded(frame, factor, title) if factor else ()
        return
    missing = list(frame.index[frame["value"].isna()])
    if missing:
        message = f"{title}: no number for {_listed(missing)}"
        yield Finding("comparison_without_value", "info", message)
    wrong = list(frame.index[(frame["qc"] == "error") & frame["value"].notna()])
    if wrong:
        message = f"{title}: the numbers of {_listed(wrong)} carry an error"
        yield Finding("comparison_of_doubtful_numbers", "warning", message)
    if factor:
        yield from _confounded(frame[frame["value"].notna()], factor, title)


def _confounded(frame: pd.DataFrame, factor: str, title: str) -> Iterator[Finding]:
    """Yield the pairs of levels that share no batch while several batches are in the comparison."""
    for column in BATCH_COLUMNS:
        if (
            column == factor
            or column not in frame
            or frame[column].eq("").any()
            or frame[column].nunique() < 2
        ):
            continue
        batches = {level: set(rows[column]) for level, rows in frame.groupby(factor, sort=False)}
        levels = list(batches)
        apart = [
            " and ".join(map(str, (one, other)))
            for place, one in enumerate(levels)
            for other in levels[place + 1 :]
            if not batches[one] & batches[other]
        ]
        if apart:
            message = (
                f"{title}: {_listed(apart)} share no {column}: their difference may be that of the {column}"
            )
            yield Finding("confounded_with_batch", "warning", message)


def _listed(names: Iterable[object]) -> str:
    every = [str(name) for name in names]
    more = f" and {len(every) - NAMES_SHOWN} more" if len(every) > NAMES_SHOWN else ""
    return ", ".join(every[:NAMES_SHOWN]) + more
