"""The step `thresholds`: one pair of gates per batch, from its own controls, with the rivals beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exoraw.assays.contract import CorrectionInput, Finding, Input, Inputs, Outcome, Params, TaskInput, Unit
from exoraw.assays.flow.annexin import (
    AnnexinThresholds,
    AxisThreshold,
    ThresholdSettings,
    TubeRole,
    annexin_thresholds,
    with_drug_light,
)
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.controls import (
    UNSTAINED,
    VEHICLE,
    Batch,
    batches_of,
)
from exoraw.assays.flow.debris import DebrisGate, debris_gate
from exoraw.assays.flow.panel import UnknownChannelError
from exoraw.assays.flow.review.applied import ROLE, batch_by_hand
from exoraw.assays.flow.review.cleaning import clean_with_outline
from exoraw.assays.flow.review.decided import Gates, corrections_for, decided, together
from exoraw.assays.flow.settings import FlowSettings, Scale
from exoraw.assays.flow.steps.compensate import single_stain_tubes
from exoraw.assays.flow.steps.compensated import compensated, compensated_twice
from exoraw.assays.flow.steps.control_picture import control_picture
from exoraw.assays.flow.steps.control_tube import Control
from exoraw.assays.flow.steps.planning import (
    BATCH_COLUMNS,
    absent,
    compensate_key,
    present,
    seed_of,
    thresholds_key,
)
from exoraw.assays.flow.steps.recorded import as_data
from exoraw.assays.flow.steps.scales import batch_scales
from exoraw.assays.flow.steps.tube import TubeParams, read_tube
from exoraw.assays.flow.strategies import AnnexinPI, Thresholds
from exoraw.assays.flow.treatments import (
    TREATMENT_COLUMNS,
    best_match,
    distinct,
    matched_controls,
    treatment_of,
    untreated,
)
from exoraw.io.errors import FormatError
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView

SINGLE_ANNEXIN, SINGLE_DEAD, TREATED = "single_annexin", "single_dead", "treated"
MATCHED = "unstained:"  # + treatment: the role of a treatment-matched unstained tube
TREATED_POOL_EVENTS = (
    20_000  # of every tube, evenly spread, where the samples themselves must show the valley
)
THRESHOLD_ROLES: Mapping[str, TubeRole] = {
    VEHICLE: "vehicle",
    SINGLE_ANNEXIN: "single_annexin",
    SINGLE_DEAD: "single_pi",
    UNSTAINED: "unstained",
    TREATED: "treated",
}


Floors = tuple[float | None, float | None]
NO_EVENTS: FloatArray = np.empty((0, 2))


class ThresholdParams(Params):
    """What a batch's gates depend on."""

    tube: TubeParams
    thresholds: Thresholds
    scale: Scale


@dataclass(frozen=True)
class FindThresholds:
    """Find the batch's debris gate and thresholds, and those of treatments with their own controls."""

    name: str = "thresholds"
    version: int = 5
    columns: tuple[str, ...] = ("control_role", "stain", *TREATMENT_COLUMNS, *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per batch.

        `treatment` decides only which tubes have controls of their own. That assignment is the payload and
        the unit has no samples: a label that changes no assignment re-runs nothing.
        """
        settings: FlowSettings = study.settings
        strategy = settings.strategy
        if not isinstance(strategy, AnnexinPI):
            return
        for batch in batches_of(study.rows, settings.batch_by):
            if not batch.gated:
                continue
            chosen = chosen_controls(batch, strategy, files)
            inputs: dict[str, tuple[Input, ...]] = {
                role: tuple(item for _, item in present(rows, files)) for role, rows in chosen.items()
            }
            inputs["compensation"] = (TaskInput(compensate_key(study.pipeline, batch)),)
            made = corrections_for(study.corrections, sample=None, batch=batch.name)
            inputs[ROLE] = tuple(CorrectionInput(one) for _, one in made)
            yield Unit(
                key=thresholds_key(study.pipeline, batch),
                samples=(),
                inputs=inputs,
                params=ThresholdParams(
                    tube=TubeParams.of(settings),
                    thresholds=strategy.thresholds,
                    scale=settings.scale,
                ),
                payload=_payload(batch, chosen, files),
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Read the controls, find debris gate, thresholds and scales, draw them."""
        params = unit.params
        assert isinstance(params, ThresholdParams)
        decision = inputs.one_earlier("compensation")
        assert decision is not None
        made = decided(inputs.corrections.get(ROLE, ()), sample=None, batch=unit.payload["batch"])
        gates = together(made)
        controls, findings = _read_controls(inputs, params, decision.data)
        findings += _absent_controls(unit.payload["absent"])
        gate = _debris(controls) if params.tube.cleaning.debris else None
        findings += list(gate.findings) if gate else []
        pools = {role: _pooled(role, found, gate, gates, params) for role, found in controls.items() if found}
        seed = seed_of(self.name, unit.key)
        floors = _floors(controls)
        general = _find(pools, params.thresholds, seed, floors)
        matched = {
            treatment: with_drug_light(
                general,
                pools.get(UNSTAINED, NO_EVENTS),
                pools.get(MATCHED + treatment, NO_EVENTS),
                sigmas=params.thresholds.sigmas,
                floors=floors,
            )
            for treatment in sorted(set(unit.payload["assignment"].values()))
        }
        scales = batch_scales([c for found in controls.values() for c in found], pools, params.scale)
        data: dict[str, Any] = {
            "batch": unit.payload["batch"],
            "general": as_data(general),
            "matched": {treatment: as_data(found) for treatment, found in matched.items()},
            "assignment": dict(unit.payload["assignment"]),
            "other_dose": list(unit.payload["other_dose"]),
            "controls": dict(unit.payload["names"]),
            "debris": None if gate is None else gate.threshold,
            "debris_state": "off" if gate is None else gate.state,
            "channels": _channels(controls),
            **scales.as_data(),
        }
        used = _as_set(general, gates)
        used_matched = {treatment: _as_set(found, gates) for treatment, found in matched.items()}
        picture = control_picture(
            unit.payload["batch"], unit.payload["names"], pools, used, used_matched, scales
        )
        findings += [*used.findings, *_matched_findings(used_matched)]
        data |= batch_by_hand(data, made)
        return Outcome(findings=findings, artefacts=picture, data=data, seed=seed)


# ----------------------------------------------------------------- which tubes serve


def chosen_controls(batch: Batch, strategy: AnnexinPI, files: Inventory) -> dict[str, tuple[SampleRow, ...]]:
    """Rows per role. The stained samples themselves are asked only where no stained control can be read."""
    dyes = (strategy.annexin, strategy.dead)
    plain = untreated(batch)
    unstained = batch.role(UNSTAINED)
    chosen: dict[str, tuple[SampleRow, ...]] = {
        VEHICLE: batch.role(VEHICLE),
        SINGLE_ANNEXIN: _carrying(batch, dyes[0], dyes[1]),
        SINGLE_DEAD: _carrying(batch, dyes[1], dyes[0]),
        UNSTAINED: tuple(row for row in unstained if treatment_of(row).compounds in plain),
    }
    stained_control = any(present(chosen[role], files) for role in (VEHICLE, SINGLE_ANNEXIN, SINGLE_DEAD))
    chosen[TREATED] = () if stained_control else batch.stained
    for row in unstained:
        treatment = treatment_of(row)
        if treatment.compounds not in plain:
            role = MATCHED + treatment.text
            chosen[role] = (*chosen.get(role, ()), row)
    return chosen


def _payload(batch: Batch, chosen: Mapping[str, tuple[SampleRow, ...]], files: Inventory) -> dict[str, Any]:
    """What the sheet says of the batch beside the files: it is part of the unit's identity."""
    return {
        "batch": batch.name,
        "names": {role: [row.sample for row, _ in present(rows, files)] for role, rows in chosen.items()},
        "assignment": (assigned := _assignment(batch, files)),
        "other_dose": _other_dose(batch, assigned),
        "absent": absent([row for rows in chosen.values() for row in rows], files),
    }


def _carrying(batch: Batch, dye: tuple[str, ...], other: tuple[str, ...]) -> tuple[SampleRow, ...]:
    """Tubes with this dye and without the other: its single stains, and the other's FMO."""
    fmo = tuple(row for row in batch.without(other, (dye,)) if row["control_role"] == "fmo")
    return single_stain_tubes(batch, dye) + fmo


def _assignment(batch: Batch, files: Inventory) -> dict[str, str]:
    """Stained tube -> treatment whose own unstained tube serves it; tubes without one are left out."""
    readable = (row for row, _ in present(batch.role(UNSTAINED), files))
    available = distinct(readable, untreated(batch))
    found = {row.sample: best_match(treatment_of(row), available) for row in batch.gated}
    return {sample: treatment.text for sample, treatment in found.items() if treatment}


def _other_dose(batch: Batch, assigned: Mapping[str, str]) -> list[str]:
    """Tubes whose matched control got another dose: its own light is another."""
    controls = {treatment.text: treatment for treatment in matched_controls(batch)}
    return [
        row.sample
        for row in batch.gated
        if row.sample in assigned and not controls[assigned[row.sample]].same_dose(treatment_of(row))
    ]


# ----------------------------------------------------------------- reading them


def _read_controls(
    inputs: Inputs, params: ThresholdParams, decision: Mapping[str, Any]
) -> tuple[dict[str, list[Control]], list[Finding]]:
    """Read and compensate every control; one that cannot be read leaves a finding, the others serve."""
    controls: dict[str, list[Control]] = {}
    findings: list[Finding] = []
    for role, files in inputs.files.items():
        controls[role] = []
        for file in files:
            try:
                tube = read_tube(file, params.tube)
            except (FormatError, UnknownChannelError) as error:
                message = f"The control {file.relative} ({role}) cannot be used: {error}"
                findings.append(Finding("control_unusable", "error", message))
                continue
            signal, _, remarks = compensated(tube, decision)
            findings += [
                replace(remark, message=f"{file.relative}: {remark.message}")
                for remark in (*tube.findings, *remarks, *compensated_twice(tube, signal, decision))
                if remark.severity != "info"
            ]
            controls[role].append(Control(file, tube, signal))
    return controls, findings


def _absent_controls(names: Iterable[str]) -> list[Finding]:
    return [
        Finding("control_absent", "warning", f'The file of the control "{name}" is not in the raw folder.')
        for name in names
    ]


def _debris(controls: Mapping[str, list[Control]]) -> DebrisGate | None:
    """One gate for the batch, from the cells of all controls; single stains may be beads and stay out."""
    whole = [c for role, found in controls.items() if not role.startswith("single") for c in found]
    used = whole or [c for found in controls.values() for c in found]
    areas = [c.tube.scatter.area[c.tube.in_range] for c in used if c.tube.scatter.area is not None]
    return debris_gate(np.concatenate(areas)) if areas else None


def _pooled(
    role: str, found: Iterable[Control], gate: DebrisGate | None, by_hand: Gates, params: ThresholdParams
) -> FloatArray:
    """(n, 2) compensated signal of the single cells of all tubes of a role."""
    pieces = []
    for control in found:
        cleaned = clean_with_outline(
            control.tube, gate, by_hand.outline, singlets=params.tube.cleaning.singlets
        )
        signal = control.signal[cleaned.singlets]
        every = max(1, len(signal) // TREATED_POOL_EVENTS) if role == TREATED else 1
        pieces.append(signal[::every])
    return np.concatenate(pieces).astype(np.float64)


# ----------------------------------------------------------------- finding them


def _floors(controls: Mapping[str, list[Control]]) -> Floors:
    """Lowest value of either detector, where events of any control pile up on it."""
    seen = [control.tube.floors for found in controls.values() for control in found]
    annexin = max((floor for floor, _ in seen if floor is not None), default=None)
    return annexin, max((floor for _, floor in seen if floor is not None), default=None)


def _find(
    pools: Mapping[str, FloatArray],
    wanted: Thresholds,
    seed: int,
    floors: Floors,
) -> AnnexinThresholds:
    tubes: dict[TubeRole, FloatArray] = {
        role: pools[name] for name, role in THRESHOLD_ROLES.items() if name in pools
    }
    settings = ThresholdSettings(
        sigmas=wanted.sigmas,
        unstained_percentile=wanted.unstained_percentile,
        min_events=wanted.minimum_control_events,
        bootstraps=wanted.bootstraps,
    )
    found = annexin_thresholds(tubes, settings=settings, seed=seed, floors=floors)
    return _with_fixed(found, wanted.annexin, wanted.dead)


def _as_set(found: AnnexinThresholds, gates: Gates) -> AnnexinThresholds:
    """The borders as they are used: those that a person dragged in the place of those that were found."""
    return _with_fixed(found, gates.borders.get("annexin"), gates.borders.get("dead"))


def _with_fixed(found: AnnexinThresholds, annexin: float | None, dead: float | None) -> AnnexinThresholds:
    """Put a person's fixed borders in the place of those that were found; the rivals stay visible."""
    if annexin is None and dead is None:
        return found
    kept = tuple(
        remark
        for remark in found.findings
        if not (remark.entity == "axis:annexin" and annexin is not None)
        and not (remark.entity == "axis:dna" and dead is not None)
    )
    return AnnexinThresholds(_fixed(found.annexin, annexin), _fixed(found.dna, dead), kept)


def _fixed(axis: AxisThreshold, value: float | None) -> AxisThreshold:
    if value is None:
        return axis
    return replace(axis, threshold=value, source="none", n=0, ci_low=None, ci_high=None, shift=0.0)


def _matched_findings(matched: Mapping[str, AnnexinThresholds]) -> list[Finding]:
    """What the light of the drugs did to the borders."""
    return [
        replace(remark, message=f"{treatment}: {remark.message}")
        for treatment, pair in matched.items()
        for remark in pair.findings
    ]


def _channels(controls: Mapping[str, list[Control]]) -> dict[str, str]:
    """Channel of both axes, as the first control names it."""
    first = next((c.tube for found in controls.values() for c in found), None)
    if first is None:
        return {"annexin": "", "dead": ""}
    return {"annexin": first.channels[0], "dead": first.channels[1]}
