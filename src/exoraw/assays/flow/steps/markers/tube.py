"""The step `markers`: one stained tube, held against its own controls, counted and drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exoraw.assays.contract import (
    Artefact,
    CorrectionInput,
    Earlier,
    FileInput,
    Finding,
    Inputs,
    Measurement,
    Outcome,
    TaskInput,
    Unit,
)
from exoraw.assays.flow.controls import batches_of
from exoraw.assays.flow.marker_controls import (
    MATCH_COLUMNS,
    ownership_unsure,
    served_tubes,
)
from exoraw.assays.flow.review.applied import ROLE, marked
from exoraw.assays.flow.review.applied_to_markers import markers_by_hand
from exoraw.assays.flow.review.cleaning import outline_findings
from exoraw.assays.flow.review.decided import corrections_for
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.steps.cleaned import uncleaned_share
from exoraw.assays.flow.steps.compensated import compensated_twice
from exoraw.assays.flow.steps.gates_out import marker_gates
from exoraw.assays.flow.steps.markers.beads import (
    LOT_COLUMNS,
    cells_per_volume,
)
from exoraw.assays.flow.steps.markers.counted import Border, Controls, Counted, Numbers, unique
from exoraw.assays.flow.steps.markers.counting import count
from exoraw.assays.flow.steps.markers.evidence import pictures
from exoraw.assays.flow.steps.markers.live_cells import VIABILITY, LiveCells, live_cells
from exoraw.assays.flow.steps.markers.measures import general_numbers
from exoraw.assays.flow.steps.markers.own_controls import MarkerParams, payload_of, read_controls, roles_of
from exoraw.assays.flow.steps.markers.populations import population_rows
from exoraw.assays.flow.steps.planning import (
    BATCH_COLUMNS,
    compensate_key,
    controls_key,
    markers_key,
    present,
    seed_of,
)
from exoraw.assays.flow.steps.tube import SATURATED_SHARE, TubeParams, of_sample
from exoraw.assays.flow.strategies import MARKER_STRATEGIES, MarkerStrategy, SurfaceMFI
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView


@dataclass(frozen=True)
class GateMarkers:
    """Count every stained tube against the controls of its own subject and treatment."""

    name: str = "markers"
    version: int = 4
    columns: tuple[str, ...] = ("control_role", "stain", *MATCH_COLUMNS, *BATCH_COLUMNS, *LOT_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per stained tube; of the sheet only which controls serve it enters its identity."""
        settings: FlowSettings = study.settings
        strategy = settings.strategy
        if not isinstance(strategy, MARKER_STRATEGIES):
            return
        params = MarkerParams(tube=TubeParams.of(settings), strategy=strategy)
        for batch in batches_of(study.rows, settings.batch_by):
            earlier = {
                "compensation": (TaskInput(compensate_key(study.pipeline, batch)),),
                "controls": (TaskInput(controls_key(study.pipeline, batch)),),
            }
            for served in served_tubes(batch, strategy):
                row = served.tube
                found = {role: present(rows, files) for role, rows in roles_of(served).items()}
                made = corrections_for(study.corrections, sample=row.sample, batch=batch.name)
                yield Unit(
                    key=markers_key(study.pipeline, row),
                    samples=(row.sample,),
                    inputs={
                        "tube": (FileInput(row.files[0], row.dataset),),
                        ROLE: tuple(CorrectionInput(one) for _, one in made),
                        **{role: tuple(item for _, item in rows) for role, rows in found.items()},
                        **earlier,
                    },
                    params=params,
                    payload={
                        **payload_of(served, found, strategy),
                        "unsure": ownership_unsure(served, batch, strategy),
                    },
                    columns=(),
                )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Read the tube and its controls, gate, count, draw."""
        params = unit.params
        assert isinstance(params, MarkerParams)
        decision, ground = inputs.one_earlier("compensation"), inputs.one_earlier("controls")
        assert decision is not None
        assert ground is not None
        sample, file = unit.samples[0], inputs.file("tube")
        corrections = inputs.corrections.get(ROLE, ())
        made = markers_by_hand(corrections, sample, ground.data, params.strategy)
        beads = params.strategy.beads if unit.payload["beaded"] else None
        tube = live_cells(file, params.tube, decision.data, made.ground, beads)
        controls, remarks = read_controls(unit, inputs, params, tube, (decision.data, made.ground))
        numbers = Numbers(sample, file.file_id, _reference(controls))
        cells = tube.of_markers(params.tube.dyes)
        ended, seed = tube.at_end(params.tube.dyes), _seed(unit, controls)
        counted = count(cells, ended, controls, made.strategy, made.borders, numbers, seed)
        counted = replace(counted, borders=made.named(counted.borders))
        automatic: dict[str, Border] = {}
        if made.made:  # what the controls alone give stays on record
            plain = dict(params.strategy.borders)
            automatic = count(cells, ended, controls, params.strategy, plain, numbers, seed).borders
        findings = [*made.findings(automatic), *outline_findings(tube.tube, made.gates.outline)]
        findings += compensated_twice(tube.tube, tube.signal, decision.data)
        findings += [*tube.findings, *remarks, *counted.findings, *_inherited((decision, ground))]
        per_volume, said = _per_volume(unit, params, tube, numbers)
        findings += [*_about_tube(tube, ground.data, params.tube), *said]
        return Outcome(
            measurements=list(
                marked(
                    (
                        *general_numbers(tube, numbers, params.tube),
                        *counted.measurements,
                        *_uncleaned(tube, counted, params, numbers),
                        *per_volume,
                    ),
                    made.gates,
                    made.decides,
                    _apart(params.strategy, but=made.gates.borders),
                )
            ),
            objects=population_rows(tube, counted, sample, params.tube.dyes),
            findings=unique(of_sample(findings, sample, _apart(params.strategy))),
            artefacts=[
                *pictures(tube, cells, controls, counted, made.ground, params, sample),
                *_gates(tube, counted, made.ground, decision.data, params, sample),
            ],
            data={**_facts(tube, controls, counted, ground.data, params.tube), **made.facts(automatic)},
            seed=seed,
        )


def _gates(
    tube: LiveCells,
    counted: Counted,
    ground: Mapping[str, Any],
    decision: Mapping[str, Any],
    params: MarkerParams,
    sample: str,
) -> Iterable[Artefact]:
    """The tube's gates for other programs."""
    borders = {key: border.threshold for key, border in counted.borders.items()}
    keys = [dye.key for dye in params.tube.dyes]
    if len(tube.tube):
        yield from marker_gates(tube.tube, borders, keys, ground["debris"], decision, sample)


# ----------------------------------------------------------------- remarks and facts


def _reference(controls: Controls) -> str:
    return f"gate: {controls.called} ({', '.join(controls.names)})" if controls.names else ""


def _seed(unit: Unit, controls: Controls) -> int:
    """The same for tubes with the same controls: these then share their gate to the last digit."""
    return seed_of("markers", "|".join(controls.names) or unit.key)


def _uncleaned(
    tube: LiveCells, counted: Counted, params: MarkerParams, numbers: Numbers
) -> Iterable[Measurement]:
    """The share of all events of the tube above every border."""
    for place, dye in enumerate(params.tube.dyes):
        border = counted.borders.get(dye.key)
        if border is not None and border.threshold is not None and len(tube.tube):
            share = uncleaned_share(tube.signal[:, place] > border.threshold)
            number = numbers.plain_share("share_without_cleaning", share, f"marker:{dye.target}")
            yield replace(number, target=dye.target)


def _per_volume(
    unit: Unit, params: MarkerParams, tube: LiveCells, numbers: Numbers
) -> tuple[list[Measurement], tuple[Finding, ...]]:
    """Cells per microlitre where the tube holds counting beads."""
    beads = params.strategy.beads
    if tube.beads is None or beads is None:
        return [], ()
    live = int(np.count_nonzero(tube.live))
    number, findings = cells_per_volume(live, tube.beads, unit.payload["lot"], beads, numbers)
    return [number], findings


def _apart(strategy: MarkerStrategy, but: Collection[str] = ()) -> frozenset[str]:
    """Surface markers are measured one by one; every other strategy's numbers hang on all of its borders.

    Parameters
    ----------
    but : keys of dyes to leave out
    """
    if not isinstance(strategy, SurfaceMFI):
        return frozenset()
    return frozenset(
        f"marker:{dye.target}" for dye in strategy.dyes if dye.key != VIABILITY and dye.key not in but
    )


def _inherited(earlier: Sequence[Earlier]) -> list[Finding]:
    """Remarks of the batch travel with every tube that was gated by it."""
    return [remark for one in earlier for remark in one.findings if remark.severity != "info"]


def _about_tube(tube: LiveCells, ground: Mapping[str, Any], params: TubeParams) -> Iterable[Finding]:
    if not len(tube.tube):
        message = (
            "The file holds no events: the tube has no numbers. Was it empty, or the acquisition stopped?"
        )
        yield Finding("no_events", "error", message, value=0.0)
        return
    for dye, match in zip(params.dyes, tube.tube.stains, strict=True):
        before = ground["channels"].get(dye.key, "")
        if before and before != match.channel:
            message = (
                f'The controls call this channel "{before}", this file "{match.channel}". They were taken '
                "for the same detector; give the tube a batch of its own if they are not."
            )
            yield Finding("channel_renamed", "warning", message)
    if not tube.live.any():
        return
    for (channel,) in (one.channels for one in tube.tube.margins(tube.live)):
        if channel.saturated_share > SATURATED_SHARE:
            message = (
                f"{100 * channel.saturated_share:.1f} % of the live cells lie at the end of the "
                f"{channel.channel} scale: counted rightly, but means and medians there are too low."
            )
            share = channel.saturated_share
            yield Finding("saturated_dye", "warning", message, value=share, limit=SATURATED_SHARE)


def _facts(
    tube: LiveCells, controls: Controls, counted: Counted, ground: Mapping[str, Any], params: TubeParams
) -> dict[str, Any]:
    """What the methods text says of this tube."""
    data = tube.tube.data
    volts = (tube.tube.voltage(match) for match in tube.tube.stains)
    keys = [dye.key for dye in params.dyes]
    return {
        "events": len(tube.tube),
        "cells": int(np.count_nonzero(tube.cleaned.cells)),
        "singlets": int(np.count_nonzero(tube.cleaned.singlets)),
        "live": int(np.count_nonzero(tube.live)),
        "singlet_method": tube.cleaned.singlet_method,
        "matrix": tube.matrix,
        "batch": ground["batch"],
        "channels": dict(zip(keys, (match.label for match in tube.tube.stains), strict=True)),
        "voltages": dict(zip(keys, ("" if v is None else f"{v:g}" for v in volts), strict=True)),
        "instrument": str(data.keywords.get("$CYT", "")).strip(),
        "version": data.version,
        "control": {"role": controls.role, "names": list(controls.names), "fmo": sorted(controls.fmo)},
        "borders": {
            key: {"threshold": b.threshold, "source": b.source} for key, b in counted.borders.items()
        },
        "note": counted.note,
    }
