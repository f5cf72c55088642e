"""The step `bridge`: folds of membranes without a control, by the sample that was run on every membrane."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exoraw.assays.blot.normalise import Estimate, fold_by_bridge
from exoraw.assays.blot.settings import BlotSettings
from exoraw.assays.blot.steps.membranes import donors_of, membranes_of
from exoraw.assays.blot.steps.normalise import ratios_of
from exoraw.assays.blot.steps.planning import bridge_key, normalise_key
from exoraw.assays.blot.steps.words import joined
from exoraw.assays.contract import Earlier, Finding, Inputs, Measurement, Outcome, Params, TaskInput, Unit
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView

Folds = Mapping[tuple[str, str], Estimate]


class BridgeParams(Params):
    """What the folds of a membrane without a control depend on."""

    ratios: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bridge:
    """Refer membranes without a control to the control of others."""

    name: str = "bridge"
    version: int = 2
    columns: tuple[str, ...] = ("membrane", "lane", "control_role")

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per membrane that has the bridge sample, no control, and a membrane to refer to."""
        settings: BlotSettings = study.settings
        if settings.kind != "western_blot":
            return
        membranes = [one for one in membranes_of(study.rows, settings, files) if one.samples]
        for membrane in membranes:
            donors = donors_of(membrane, membranes)
            ratios = ratios_of(membrane.blot.bands)
            lending = [one for one in donors if set(ratios) & set(ratios_of(one.blot.bands))]
            if not ratios or not lending:
                continue
            keys = [normalise_key(study.pipeline, one) for one in lending]
            yield Unit(
                key=bridge_key(study.pipeline, membrane),
                samples=membrane.samples,
                inputs={
                    "own": (TaskInput(normalise_key(study.pipeline, membrane)),),
                    "donors": tuple(map(TaskInput, keys)),
                },
                params=BridgeParams(ratios=ratios),
                needs={"own": "all", "donors": "any"},
                payload={
                    "membrane": membrane.name,
                    "controls": {one.name: list(one.controls) for one in lending},
                    "bridges": {one.name: list(one.bridges) for one in lending},
                },
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Divide every fold of the bridge by that of the control on the other membranes."""
        params = unit.params
        assert isinstance(params, BridgeParams)
        own = inputs.one_earlier("own")
        assert own is not None
        donors = [one for one in inputs.earlier.get("donors", ()) if one.ok]
        folds = _folds_of_bridge([own])
        lent = {one.data["membrane"]: _folds_of_bridge([one]) for one in donors}
        numbers: list[Measurement] = []
        findings: list[Finding] = []
        for target, below in params.ratios:
            entity = f"protein:{target}/{below}"
            controls = _controls(unit, lent, entity)
            curated = any(
                row["curated"]
                for one in (own, *donors)
                for row in one.data["folds_of_bridge"]
                if row["entity"] == entity
            )
            rows = _rows(unit, entity, target, folds, controls)
            numbers += [replace(row, curated=curated) for row in rows]
            findings += _remarks(unit, entity, folds, controls)
            findings += _carried(unit, entity, own, donors)
        return Outcome(measurements=numbers, findings=list(dict.fromkeys(findings)))


def _folds_of_bridge(earlier: Iterable[Earlier]) -> dict[tuple[str, str], Estimate]:
    return {
        (row["sample"], row["entity"]): Estimate(row["value"], row["low"], row["high"])
        for one in earlier
        for row in one.data["folds_of_bridge"]
    }


def _controls(unit: Unit, lent: Mapping[str, Folds], entity: str) -> dict[str, Estimate]:
    """Control lane with its membrane -> its fold of the bridge sample there."""
    return {
        f"{name} (membrane {membrane})": folds[name, entity]
        for membrane, folds in lent.items()
        for name in unit.payload["controls"][membrane]
        if (name, entity) in folds
    }


def _rows(
    unit: Unit, entity: str, target: str, folds: Folds, controls: Mapping[str, Estimate]
) -> Iterator[Measurement]:
    reference = f"{', '.join(controls)} by the bridge sample" if controls else ""
    for sample in unit.samples:
        row = Measurement(
            sample, "fold_of_control", float("nan"), "protein", entity, target, reference=reference
        )
        own = folds.get((sample, entity))
        found = fold_by_bridge(own, list(controls.values())) if own is not None and controls else None
        if found is not None:
            row = replace(row, value=found.value, ci_low=found.low, ci_high=found.high)
        yield row


# ----------------------------------------------------------------- remarks


def _remarks(unit: Unit, entity: str, folds: Folds, controls: Mapping[str, Estimate]) -> Iterator[Finding]:
    membrane = unit.payload["membrane"]
    pair = entity.removeprefix("protein:").replace("/", " / ")
    if not controls:
        message = (
            f"{pair} has no fold: membrane {membrane} has no control, and no other membrane has both a "
            "control and the bridge sample with a ratio."
        )
        yield Finding("no_reference", "error", message, "", entity)
        return
    message = (
        f"{pair} of membrane {membrane}, which has no control, is given as fold of "
        f"{joined(list(controls))} by the bridge sample on both membranes."
    )
    yield Finding("fold_by_bridge", "info", message, "", entity)
    for sample in unit.samples:
        if (sample, entity) not in folds:
            message = f"{pair} has no fold: this lane, or the bridge sample of its membrane, has no ratio."
            yield Finding("no_ratio", "error", message, sample, entity)


def _carried(unit: Unit, entity: str, own: Earlier, donors: Sequence[Earlier]) -> Iterator[Finding]:
    """What makes a ratio doubtful travels: all of this membrane, of others what touches the lanes used."""
    yield from (one for one in own.findings if one.entity == entity and one.severity != "info")
    for donor in donors:
        name = donor.data["membrane"]
        parts = {"", *unit.payload["controls"][name], *unit.payload["bridges"][name]}
        for one in donor.findings:
            if one.entity == entity and one.severity != "info" and one.sample in parts:
                lane = f", {one.sample}" if one.sample else ""
                yield replace(one, sample="", message=f"Of membrane {name}{lane}: {one.message}")
