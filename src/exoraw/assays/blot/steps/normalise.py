"""The step `normalise`: one membrane, from volumes to ratios over the loading and folds of the control."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from exoraw.assays.blot.normalise import Estimate, fold, mean, ratio
from exoraw.assays.blot.settings import LOADING_ROLES, BlotSettings
from exoraw.assays.blot.steps.agreement import by_target, trusted_volumes
from exoraw.assays.blot.steps.loading import loading_pictures, loading_remark
from exoraw.assays.blot.steps.measured import Volume, rows_by_hand
from exoraw.assays.blot.steps.membranes import donors_of, membranes_of
from exoraw.assays.blot.steps.planning import loading_key, normalise_key, quantify_key
from exoraw.assays.contract import Finding, Inputs, Measurement, Outcome, Params, TaskInput, Unit
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView

UNEVEN = 2.0  # times the membrane's median: beyond it a lane's loading is called uneven
LINEAR_ROLES = frozenset(LOADING_ROLES)
Volumes = Mapping[tuple[str, str], Volume]


class NormaliseParams(Params):
    """What the folds of a membrane depend on."""

    ratios: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Over:
    """One protein over another, on one membrane.

    Parameters
    ----------
    target, below : the protein, and what it is normalised to
    ratios : sample -> ratio; a lane without one is not there
    findings : why a lane has none, and what makes its ratio doubtful
    """

    target: str
    below: str
    ratios: Mapping[str, Estimate]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def entity(self) -> str:
        """How the table names it."""
        return f"protein:{self.target}/{self.below}"


@dataclass(frozen=True)
class Normalise:
    """Normalise every membrane by itself."""

    name: str = "normalise"
    version: int = 3
    columns: tuple[str, ...] = ("membrane", "lane", "control_role")

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per membrane that has anything to normalise to."""
        settings: BlotSettings = study.settings
        if settings.kind != "western_blot":
            return
        membranes = [one for one in membranes_of(study.rows, settings, files) if one.samples]
        tested = loading_pictures(study.pipeline, membranes)
        for membrane in membranes:
            ratios = ratios_of(membrane.blot.bands)
            if not ratios:
                continue
            keys = [quantify_key(study.pipeline, membrane, picture) for picture in membrane.pictures]
            yield Unit(
                key=normalise_key(study.pipeline, membrane),
                samples=membrane.samples,
                inputs={
                    "pictures": tuple(map(TaskInput, keys)),
                    "loading": (TaskInput(loading_key(study.pipeline)),) if tested else (),
                },
                params=NormaliseParams(ratios=ratios),
                needs={"pictures": "any", "loading": "optional"},
                payload={
                    "membrane": membrane.name,
                    "controls": list(membrane.controls),
                    "bridges": list(membrane.bridges),
                    "bridged": bool(donors_of(membrane, membranes)),
                },
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Divide, refer to the control, carry every remark along."""
        params = unit.params
        assert isinstance(params, NormaliseParams)
        volumes, wrong = trusted_volumes(inputs.earlier.get("pictures", ()))
        loading = inputs.one_earlier("loading")
        tests = loading.data["tests"] if loading is not None and loading.ok else ()
        numbers: list[Measurement] = []
        findings: list[Finding] = []
        shown = rows_by_hand(volumes)
        for target, below in params.ratios:
            over = _over(unit, volumes, target, below)
            folds, remarks = _folds(unit, over, volumes)
            curated = not shown.isdisjoint((target, below))
            numbers += [replace(one, curated=curated) for one in (*_ratio_rows(unit, over), *folds)]
            misread = (by_target(wrong).get(name) for name in (target, below))
            findings += [replace(one, entity=over.entity) for one in misread if one is not None]
            findings += [*over.findings, *remarks, *_tested(over, tests)]
        return Outcome(
            measurements=numbers,
            findings=_once(findings),
            data={"membrane": unit.payload["membrane"], **_facts(numbers)},
        )


def ratios_of(bands: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return every pair (protein, what it is normalised to): loading proteins, stains, total forms."""
    below = [name for name, band in bands.items() if band.role in LINEAR_ROLES]
    pairs = [(name, loading) for name, band in bands.items() if band.role == "target" for loading in below]
    pairs += [(name, band.total) for name, band in bands.items() if band.total]
    return tuple(pairs)


# ----------------------------------------------------------------- ratios


def _over(unit: Unit, volumes: Volumes, target: str, below: str) -> Over:
    entity = f"protein:{target}/{below}"
    ratios: dict[str, Estimate] = {}
    findings: list[Finding] = []
    for sample in unit.samples:
        top, bottom = volumes.get((sample, target)), volumes.get((sample, below))
        found = _divided(top, bottom)
        if found is None:
            findings.append(_no_ratio(sample, entity, (target, top), (below, bottom)))
        else:
            ratios[sample] = found
            findings += _faint(sample, entity, top)
        findings += _carried(sample, entity, (top, bottom))
    findings += _uneven(volumes, unit.samples, below, entity)
    return Over(target, below, ratios, tuple(findings))


def _divided(top: Volume | None, bottom: Volume | None) -> Estimate | None:
    if top is None or bottom is None or not bottom.detected:
        return None
    return ratio(_estimate(top), _estimate(bottom))


def _estimate(volume: Volume) -> Estimate:
    return Estimate(volume.value, volume.low, volume.high)


def _no_ratio(
    sample: str, entity: str, top: tuple[str, Volume | None], bottom: tuple[str, Volume | None]
) -> Finding:
    missing = [name for name, volume in (top, bottom) if volume is None]
    if missing:
        why = f"{' and '.join(missing)} {'has' if len(missing) == 1 else 'have'} no volume in this lane"
    else:
        why = f"{bottom[0]} is not above its detection limit in this lane"
    message = f"{top[0]} / {bottom[0]} has no number: {why}."
    return Finding("no_ratio", "error", message, sample, entity)


def _faint(sample: str, entity: str, top: Volume | None) -> Iterator[Finding]:
    if top is not None and not top.detected:
        message = (
            f"{top.target} is not above its detection limit in this lane: the ratio says how little it may "
            "be, not how much it is."
        )
        yield Finding("faint_numerator", "warning", message, sample, entity, top.value, top.limit)


def _carried(sample: str, entity: str, parts: Iterable[Volume | None]) -> Iterator[Finding]:
    """Every remark about a band travels with the numbers made from it."""
    for part in parts:
        for finding in part.findings if part is not None else ():
            if finding.severity != "info":  # a remark about the whole picture is said once
                yield replace(finding, sample=sample if finding.sample else "", entity=entity)


def _uneven(volumes: Volumes, samples: Sequence[str], below: str, entity: str) -> Iterator[Finding]:
    there = {name: volumes[name, below] for name in samples if (name, below) in volumes}
    seen = [one.value for one in there.values() if one.detected]
    if len(seen) < 3:
        return
    middle = median(seen)
    for name, one in there.items():
        off = one.value / middle
        if one.detected and not 1 / UNEVEN <= off <= UNEVEN:
            message = (
                f"{below} of this lane is {off:.2f} times the membrane's median: so unequal a loading is "
                "corrected only if the detector was proportional over the whole range."
            )
            yield Finding("uneven_loading", "warning", message, name, entity, off, UNEVEN)


# ----------------------------------------------------------------- folds


def _ratio_rows(unit: Unit, over: Over) -> Iterator[Measurement]:
    for sample in unit.samples:
        yield _row(over, sample, "loading_ratio", over.ratios.get(sample), over.below)


def _row(over: Over, sample: str, measure: str, found: Estimate | None, reference: str) -> Measurement:
    shared = Measurement(
        sample, measure, float("nan"), "protein", over.entity, over.target, reference=reference
    )
    if found is None:
        return shared
    exact = found.low == found.high
    return replace(
        shared, value=found.value, ci_low=None if exact else found.low, ci_high=None if exact else found.high
    )


def _folds(unit: Unit, over: Over, volumes: Volumes) -> tuple[list[Measurement], list[Finding]]:
    numbers: list[Measurement] = []
    findings: list[Finding] = []
    for measure, names in (("fold_of_control", "controls"), ("fold_of_bridge", "bridges")):
        lanes = unit.payload[names]
        if (measure == "fold_of_bridge" and not lanes) or (names == "controls" and unit.payload["bridged"]):
            continue
        there = {name: over.ratios[name] for name in lanes if name in over.ratios}
        reference = f"{', '.join(there)} (membrane {unit.payload['membrane']})" if there else ""
        findings += _reference_remarks(unit, over, measure, there, volumes)
        numbers += [
            _row(over, sample, measure, _fold(sample, over, there), reference) for sample in unit.samples
        ]
    return numbers, findings


def _fold(sample: str, over: Over, controls: Mapping[str, Estimate]) -> Estimate | None:
    own = over.ratios.get(sample)
    if own is None or not controls:
        return None
    if sample in controls:  # a part of its own reference: its interval would count itself twice
        value = own.value / mean(list(controls.values())).value
        return Estimate(value, value, value)
    return fold(own, list(controls.values()))


def _reference_remarks(
    unit: Unit, over: Over, measure: str, there: Mapping[str, Estimate], volumes: Volumes
) -> Iterator[Finding]:
    """Why there is no reference, and what makes it doubtful: it touches every fold of the membrane."""
    word = "control" if measure == "fold_of_control" else "bridge sample"
    for sample in unit.samples:
        own = over.ratios.get(sample)
        if own is None or _fold(sample, over, there) is not None:
            continue
        message = (
            f"{over.target} / {over.below} has no fold: membrane {unit.payload['membrane']} has no {word} "
            "with a ratio. Name its control (blots: control, or control_role vehicle), or run a bridge "
            "sample on it and on a membrane that has one."
            if not there
            else f"{over.target} / {over.below} has no fold: the {word}'s ratio cannot be told from nothing."
        )
        yield Finding("no_reference", "error", message, sample, over.entity)
    for name in there:
        for target in (over.target, over.below):
            for finding in volumes[name, target].findings:
                if finding.severity != "info" and finding.sample:
                    yield replace(
                        finding,
                        sample="",
                        entity=over.entity,
                        message=f"Of the {word} {name}: {finding.message}",
                    )


def _tested(over: Over, tests: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    for test in tests:
        if test["target"] == over.below:
            found = loading_remark(dict(test), over.entity)
            if found is not None:
                yield found


def _once(findings: Iterable[Finding]) -> list[Finding]:
    return list(dict.fromkeys(findings))


def _facts(numbers: Iterable[Measurement]) -> dict[str, Any]:
    """Folds of the bridge sample, for membranes that lack a control of their own."""
    return {
        "folds_of_bridge": [
            {
                "sample": one.sample,
                "entity": one.entity,
                "value": one.value,
                "low": one.value if one.ci_low is None else one.ci_low,
                "high": one.value if one.ci_high is None else one.ci_high,
                "curated": one.curated,
            }
            for one in numbers
            if one.measure == "fold_of_bridge" and not math.isnan(one.value)
        ]
    }
