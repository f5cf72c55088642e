"""The step `controls`: what the tubes of a batch share (debris, dead cells, axes), and its controls drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exoraw.assays.contract import (
    Artefact,
    FileInput,
    Finding,
    Inputs,
    Outcome,
    Params,
    ReadyFile,
    TaskInput,
    Unit,
)
from exoraw.assays.flow.controls import FMO, Batch, batches_of, is_stain
from exoraw.assays.flow.debris import DebrisGate, debris_gate
from exoraw.assays.flow.marker_controls import MATCH_COLUMNS, control_roles
from exoraw.assays.flow.markers.cd24_border import Cd24Border, batch_valley
from exoraw.assays.flow.panel import UnknownChannelError
from exoraw.assays.flow.settings import FlowSettings, Scale
from exoraw.assays.flow.steps.compensated import compensated, compensated_twice
from exoraw.assays.flow.steps.control_tube import Control
from exoraw.assays.flow.steps.markers.beads import (
    LOT_COLUMNS,
    find_beads,
    holds_beads,
    lot_cells,
    without_beads,
)
from exoraw.assays.flow.steps.markers.control_overlay import control_overlay
from exoraw.assays.flow.steps.markers.live_cells import (
    VIABILITY,
    LiveCells,
    gated_alive,
    of_control,
    read_panel,
    viability_column,
)
from exoraw.assays.flow.steps.markers.own_controls import FMO_ROLE
from exoraw.assays.flow.steps.planning import (
    BATCH_COLUMNS,
    compensate_key,
    controls_key,
    present,
    seed_of,
)
from exoraw.assays.flow.steps.scales import axis_scale, scatter_ends
from exoraw.assays.flow.steps.tube import TubeParams, clean
from exoraw.assays.flow.strategies import CD44CD24, MARKER_STRATEGIES, Beads, MarkerStrategy, Viability
from exoraw.assays.flow.viability import ViabilityGate, viability_gate
from exoraw.io.errors import FormatError
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView

STAINED = "stained"  # role of the stained tubes that show how far the axes must reach
STAINED_SHOWN = 3  # of a batch
NO_VIABILITY = ViabilityGate(None, "none", 0)


class ControlParams(Params):
    """What a batch's shared gates depend on."""

    tube: TubeParams
    viability: Viability
    scale: Scale
    percentile: float
    beads: Beads | None
    valley: bool
    bootstraps: int


@dataclass(frozen=True)
class MarkerControls:
    """Find a batch's debris gate, its border of dead cells and its axes; draw its controls."""

    name: str = "controls"
    version: int = 4
    columns: tuple[str, ...] = ("control_role", "stain", *MATCH_COLUMNS, *BATCH_COLUMNS, *LOT_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per batch."""
        settings: FlowSettings = study.settings
        strategy = settings.strategy
        if not isinstance(strategy, MARKER_STRATEGIES):
            return
        params = ControlParams(
            tube=TubeParams.of(settings),
            viability=strategy.viability,
            scale=settings.scale,
            percentile=strategy.gate.percentile,
            beads=strategy.beads,
            valley=isinstance(strategy, CD44CD24) and strategy.cd24_low == "valley",
            bootstraps=strategy.gate.bootstraps,
        )
        for batch in batches_of(study.rows, settings.batch_by):
            if not batch.gated:
                continue
            chosen = _chosen(batch, strategy, every=params.valley)
            found = {role: present(rows, files) for role, rows in chosen.items()}
            yield Unit(
                key=controls_key(study.pipeline, batch),
                samples=(),
                inputs={
                    **{role: tuple(item for _, item in rows) for role, rows in found.items()},
                    "compensation": (TaskInput(compensate_key(study.pipeline, batch)),),
                },
                params=params,
                payload={
                    "batch": batch.name,
                    "names": _names(found),
                    "with_beads": _with_beads(found, strategy.beads),
                },
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Read every control and the first stained tubes, find what the batch shares."""
        params = unit.params
        assert isinstance(params, ControlParams)
        decision = inputs.one_earlier("compensation")
        assert decision is not None
        controls, findings = _read(inputs, unit.payload, params, decision.data)
        gate = _debris(controls, params)
        viability = _viability(controls, gate, params)
        ground = _ground(unit, gate, viability)
        cells = {
            name: gated_alive(control.file, control.tube, control.signal, ("", ()), params.tube, ground)
            for _, name, control in controls
        }
        ground |= _axes(controls, cells, params)
        roles = {name: role for role, name, _ in controls}
        stained = [one for name, one in cells.items() if roles[name] == STAINED]
        valley = _valley(stained, params, seed_of("controls", unit.key))
        findings += [*(gate.findings if gate else ()), *viability.findings, *_no_dye(params)]
        findings += valley.findings if valley else ()
        return Outcome(
            findings=findings,
            artefacts=_picture(ground, cells, roles, params),
            data=ground | {"cd24_valley": None if valley is None else _valley_data(valley)},
        )


# ----------------------------------------------------------------- which tubes


def _chosen(batch: Batch, strategy: MarkerStrategy, *, every: bool) -> dict[str, tuple[SampleRow, ...]]:
    """All controls of the batch, and some stained tubes (or all): the axes must show these too."""
    chosen = {role: batch.role(role) for role in control_roles(strategy)}
    for dye in strategy.dyes:
        fmo = tuple(row for row in batch.role(FMO) if is_stain(row, dye.names))
        if fmo and dye.key != VIABILITY:
            chosen[FMO_ROLE + dye.key] = fmo
    chosen[STAINED] = batch.stained if every else batch.stained[:STAINED_SHOWN]
    return chosen


def _with_beads(found: Mapping[str, Sequence[tuple[SampleRow, FileInput]]], beads: Beads | None) -> list[str]:
    return [row.sample for rows in found.values() for row, _ in rows if holds_beads(lot_cells(row), beads)]


def _names(found: Mapping[str, Sequence[tuple[SampleRow, FileInput]]]) -> dict[str, list[str]]:
    return {role: [row.sample for row, _ in rows] for role, rows in found.items()}


Read = tuple[str, str, Control]  # role, name of the tube, the tube


def _read(
    inputs: Inputs, payload: Mapping[str, Any], params: ControlParams, decision: Mapping[str, Any]
) -> tuple[list[Read], list[Finding]]:
    """Every control that can be read; the others leave a finding."""
    controls: list[Read] = []
    findings: list[Finding] = []
    for role, sheet_names in payload["names"].items():
        for name, file in zip(sheet_names, inputs.files.get(role, ()), strict=True):
            try:
                beads = params.beads if name in payload["with_beads"] else None
                control = _control(file, params.tube, decision, beads)
                controls.append((role, name, control))
            except (FormatError, UnknownChannelError) as error:
                if role != STAINED:  # a stained tube says so itself
                    message = f"The control {file.relative} ({role}) cannot be used: {error}"
                    findings.append(Finding("control_unusable", "error", message))
            else:
                if role != STAINED:
                    twice = compensated_twice(control.tube, control.signal, decision)
                    findings += of_control(twice, name)
    return controls, findings


def _control(
    file: ReadyFile, params: TubeParams, decision: Mapping[str, Any], beads: Beads | None
) -> Control:
    tube = read_panel(file, params)
    if beads is not None:
        tube = without_beads(tube, find_beads(file, tube, beads))
    signal, _, _ = compensated(tube, decision)
    return Control(file, tube, signal)


# ----------------------------------------------------------------- what the batch shares


def _debris(controls: Sequence[Read], params: ControlParams) -> DebrisGate | None:
    if not params.tube.cleaning.debris:
        return None
    areas = [c.tube.scatter.area[c.tube.in_range] for _, _, c in controls if c.tube.scatter.area is not None]
    return debris_gate(np.concatenate(areas)) if areas else None


def _viability(controls: Sequence[Read], gate: DebrisGate | None, params: ControlParams) -> ViabilityGate:
    """Border of the dead-cell dye on the tubes that carry it: all but the unstained."""
    place = viability_column(params.tube.dyes)
    if place is None:
        return NO_VIABILITY
    if params.viability.border is not None:
        return ViabilityGate(params.viability.border, "fixed in the settings", 0)
    pools = []
    for role, _, control in controls:
        if role != "unstained":
            cleaned = clean(control.tube, gate, singlets=params.tube.cleaning.singlets)
            pools.append(control.signal[cleaned.singlets, place])
    return viability_gate(np.concatenate(pools) if pools else np.empty(0))


def _valley(stained: Sequence[LiveCells], params: ControlParams, seed: int) -> Cd24Border | None:
    """The valley between the CD24 populations of all stained tubes of the batch, where it was asked for."""
    if not params.valley:
        return None
    place = [dye.key for dye in params.tube.dyes].index("cd24")
    pools = [one.signal[one.live, place] for one in stained]
    return batch_valley(np.concatenate(pools) if pools else np.empty(0), params.bootstraps, seed)


def _valley_data(valley: Cd24Border) -> dict[str, Any]:
    return {"threshold": valley.threshold, "resampled": [float(value) for value in valley.resampled]}


def _no_dye(params: ControlParams) -> list[Finding]:
    if viability_column(params.tube.dyes) is not None:
        return []
    message = (
        "No dead-cell dye is named (strategy.viability.names): dead cells, which bind antibodies and dyes, "
        "are in the numbers."
    )
    return [Finding("no_viability_dye", "info", message)]


def _ground(unit: Unit, gate: DebrisGate | None, viability: ViabilityGate) -> dict[str, Any]:
    """What the tubes of the batch are gated with; plain JSON."""
    return {
        "batch": unit.payload["batch"],
        "controls": dict(unit.payload["names"]),
        "debris": None if gate is None else gate.threshold,
        "debris_state": "off" if gate is None else gate.state,
        "viability": {"border": viability.border, "source": viability.source, "n": viability.n},
    }


def _axes(controls: Sequence[Read], cells: Mapping[str, LiveCells], params: ControlParams) -> dict[str, Any]:
    """Axes of the batch's plots, by dye, and the channel that every dye was read in."""
    scales = {}
    for place, dye in enumerate(params.tube.dyes):
        pool = [one.signal[one.live, place] for one in cells.values()]
        if dye.key == VIABILITY:  # its axis must show the dead
            pool = [one.signal[one.cleaned.singlets, place] for one in cells.values()]
        tops = [control.tube.tops[place] for _, _, control in controls]
        scales[dye.key] = vars(axis_scale(np.concatenate(pool) if pool else np.empty(0), tops, params.scale))
    first = controls[0][2].tube.channels if controls else ("",) * len(params.tube.dyes)
    return {
        "scales": scales,
        "scatter": list(scatter_ends([control for _, _, control in controls])),
        "channels": dict(zip((dye.key for dye in params.tube.dyes), first, strict=True)),
    }


def _picture(
    ground: Mapping[str, Any],
    cells: Mapping[str, LiveCells],
    roles: Mapping[str, str],
    params: ControlParams,
) -> list[Artefact]:
    shown = {name: one for name, one in cells.items() if roles[name] != STAINED}
    return control_overlay(ground, shown, roles, params.tube.dyes, params.percentile)
