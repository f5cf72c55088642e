"""Where an outcome breaks what its assay promised: words, bounds, codes, names, keys."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exoraw.assays.contract import Artefact, Assay, Finding, Measure, Measurement, Outcome
from exoraw.engine.keys import canonical
from exoraw.io.errors import ExorawError
from exoraw.store.rows import TaskRow

_MOST_SHOWN = 5
_SLACK = 1e-9  # of a bound: rounding of a share that is exactly 0 or 100 %
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()+-]{0,120}")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_SCALARS = (str, int, float, bool, type(None))


class ContractError(ExorawError):
    """A step returned what its assay does not promise: a fault of the program, not of the data."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        shown = "; ".join(self.faults[:_MOST_SHOWN])
        more = f"; and {len(faults) - _MOST_SHOWN} more" if len(faults) > _MOST_SHOWN else ""
        super().__init__(
            f"The step returned what its assay does not promise: {shown}{more}. This is a fault of the "
            "program, not of your data: please report it with this text."
        )

    def __reduce__(self) -> tuple[type[ContractError], tuple[object, ...]]:
        return type(self), (self.faults,)


def violations(outcome: Outcome, row: TaskRow, assay: Assay) -> Iterator[str]:
    """Yield every fault of an outcome, in words."""
    if not isinstance(outcome, Outcome):
        yield f"a {type(outcome).__name__} instead of an Outcome"
        return
    measures = {measure.name: measure for measure in assay.vocabulary}
    yield from _of_findings(outcome.findings, row, assay)
    yield from _of_measurements(outcome, row, measures)
    yield from _of_artefacts(outcome.artefacts, row)
    yield from _of_objects(outcome.objects, row)
    yield from _of_figures(outcome, measures)
    yield from _of_comparisons(outcome, measures)
    yield from _of_data(outcome)


def touching_findings(findings: Sequence[Finding], item: Measurement) -> list[Finding]:
    """Return the findings about a measurement: of the whole task, its sample, its entity or one above it."""
    return [
        finding
        for finding in findings
        if finding.sample in ("", item.sample, *item.members)
        and (not finding.entity or f"{item.entity}/".startswith(f"{finding.entity}/"))
    ]


def _of_measurements(outcome: Outcome, row: TaskRow, measures: Mapping[str, Measure]) -> Iterator[str]:
    for item in outcome.measurements:
        for fault in _of_measurement(item, row, measures, outcome.findings):
            yield f"{_name(item)}: {fault}"
    keys = Counter(
        (item.sample, item.entity, item.target, item.measure, item.statistic) for item in outcome.measurements
    )
    for key, count in keys.items():
        if count > 1:
            yield f"the number {'/'.join(part for part in key if part)} is given {count} times"


def _name(item: Measurement) -> str:
    return " ".join(part for part in (item.measure, item.sample, item.entity, item.target) if part)


def _of_measurement(
    item: Measurement, row: TaskRow, measures: Mapping[str, Measure], findings: Sequence[Finding]
) -> Iterator[str]:
    if item.sample and item.sample not in row.samples:
        yield f"the sample {item.sample!r} is not one of this unit"
    yield from _of_members(item, row)
    measure = measures.get(item.measure)
    if measure is None:
        yield "this measure is not in the assay's vocabulary"
    elif not _is_number(item.value):
        yield f"the value {item.value!r} is no number"
    elif math.isnan(item.value):
        if not touching_findings(findings, item):
            yield "the value is missing (NaN) and no finding says why"
    elif not _within(item.value, measure):
        yield f"the value {item.value:g} is outside {_bounds(measure)}"
    yield from _of_parts(item)


def _of_members(item: Measurement, row: TaskRow) -> Iterator[str]:
    strangers = [name for name in item.members if name not in row.samples]
    if strangers:
        yield f"the members {', '.join(map(repr, strangers))} are not samples of this unit"
    if len(set(item.members)) != len(item.members):
        yield "a member is named twice"
    if item.members and item.sample:
        yield "it has both a sample and members"


def _is_number(value: object) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, str | bool)


def _within(value: float, measure: Measure) -> bool:
    low = -math.inf if measure.low is None else measure.low
    high = math.inf if measure.high is None else measure.high
    slack = _SLACK * max([1.0, *(abs(bound) for bound in (low, high) if math.isfinite(bound))])
    return math.isfinite(value) and low - slack <= value <= high + slack


def _bounds(measure: Measure) -> str:
    if measure.low is None and measure.high is None:
        return "the finite numbers"
    low = "-inf" if measure.low is None else f"{measure.low:g}"
    high = "inf" if measure.high is None else f"{measure.high:g}"
    return f"[{low}, {high}]"


def _of_parts(item: Measurement) -> Iterator[str]:
    """Check the fields that explain a value."""
    if (item.numerator is None) != (item.denominator is None):
        yield "only one of numerator and denominator is given"
    for name in ("numerator", "denominator"):
        part = getattr(item, name)
        if part is not None and not (math.isfinite(part) and part >= 0):
            yield f"the {name} is {part:g}"
    if item.n is not None and item.n < 0:
        yield f"n is {item.n}"
    if item.ci_low is not None and item.ci_high is not None and item.ci_low > item.ci_high:
        yield f"the interval {item.ci_low:g} to {item.ci_high:g} is upside down"


def _of_findings(findings: Sequence[Finding], row: TaskRow, assay: Assay) -> Iterator[str]:
    codes = {kind.code for kind in assay.findings}
    for item in findings:
        if item.code not in codes:
            yield f"the finding code {item.code!r} is not in the assay's list"
        if item.severity not in ("info", "warning", "error"):
            yield f"finding {item.code}: the severity {item.severity!r} is not info, warning or error"
        if item.sample and item.sample not in row.samples:
            yield f"finding {item.code}: the sample {item.sample!r} is not one of this unit"
        if not item.message.strip():
            yield f"finding {item.code}: it has no message"


def _of_artefacts(artefacts: Sequence[Artefact], row: TaskRow) -> Iterator[str]:
    for item in artefacts:
        if not _FILE_NAME.fullmatch(item.name) or item.name.endswith((".", " ")):
            yield f"the artefact {item.name!r} has no plain file name"
        if not isinstance(item.content, bytes):
            yield f"the artefact {item.name} holds a {type(item.content).__name__}, not bytes"
        if item.kind not in ("picture", "matrix", "table"):
            yield f"the artefact {item.name} is of the unknown kind {item.kind!r}"
        if item.sample and item.sample not in row.samples:
            yield f"the artefact {item.name}: the sample {item.sample!r} is not one of this unit"
    for name, count in Counter(item.name.lower() for item in artefacts).items():
        if count > 1:
            yield f"{count} artefacts are called {name}"


def _of_objects(objects: Sequence[Mapping[str, Any]], row: TaskRow) -> Iterator[str]:
    if not objects:
        return
    names = objects[0].keys()
    taken = sorted(names & {"object_id", "pipeline", "task_id"})
    if taken:
        yield f"objects: the columns {', '.join(taken)} are filled in by the store"
    if "sample" not in names:
        yield "objects: they do not say their sample"
        return
    if any(item.keys() != names for item in objects):
        yield "objects: they do not all have the same columns"
        return
    strangers = {item["sample"] for item in objects} - {"", *row.samples}
    if strangers:
        yield f"objects: samples that are not of this unit: {sorted(map(str, strangers))}"
    for name in names:
        if not all(_is_scalar(item[name]) for item in objects):
            yield f"objects: the column {name} holds something else than text, numbers or true / false"


def _is_scalar(value: object) -> bool:
    return isinstance(value, _SCALARS) or (hasattr(value, "item") and getattr(value, "ndim", 0) == 0)


def _of_figures(outcome: Outcome, measures: Mapping[str, Measure]) -> Iterator[str]:
    for item in outcome.figures:
        unknown = [name for name in item.measures if name not in measures]
        if unknown:
            yield f"figure {item.name}: measures outside the vocabulary: {', '.join(unknown)}"
        if not isinstance(item.kind, str) or not _WORD.fullmatch(item.kind):
            yield f"figure {item.name}: the kind {item.kind!r} is no word in small letters"
        try:
            canonical(dict(item.options))
        except (TypeError, ValueError) as error:
            yield f"figure {item.name}: its options are not plain JSON ({error})"
    for name, count in Counter(item.name for item in outcome.figures).items():
        if count > 1:
            yield f"{count} figures are called {name}"
    for title, count in Counter(item.title for item in outcome.methods).items():
        if count > 1:
            yield f"{count} paragraphs of the methods are called {title}"


def _of_comparisons(outcome: Outcome, measures: Mapping[str, Measure]) -> Iterator[str]:
    for item in outcome.comparisons:
        name = " ".join(
            part for part in ("test", item.test, item.measure, item.group, item.reference) if part
        )
        unknown = [word for word in (item.measure, item.second_measure) if word and word not in measures]
        if unknown or not (item.measure or item.outcome):
            yield f"{name}: measures outside the vocabulary: {', '.join(unknown) or 'none is named'}"
        for field in ("p", "p_adjusted"):
            value = getattr(item, field)
            if value is not None and not 0 <= value <= 1:
                yield f"{name}: {field} is {value:g}"
        for field in ("estimate", "statistic", "df", "ci_low", "ci_high"):
            value = getattr(item, field)
            if value is not None and math.isnan(value):
                yield f"{name}: {field} is NaN instead of None"
        try:
            canonical(dict(item.assumptions))
        except (TypeError, ValueError) as error:
            yield f"{name}: its assumptions are not plain JSON ({error})"


def _of_data(outcome: Outcome) -> Iterator[str]:
    try:
        canonical(dict(outcome.data))
    except (TypeError, ValueError) as error:
        yield f"data is not plain JSON ({error})"
    if outcome.seed is not None and not isinstance(outcome.seed, int):
        yield f"the seed {outcome.seed!r} is no whole number"
