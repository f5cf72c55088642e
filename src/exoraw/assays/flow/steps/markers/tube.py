"""The step `markers`: one stained tube, held against its own controls, counted and drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exoraw.assays.contract import (
    CorrectionInput,
    Earlier,
    FileInput,
    Finding,
    Inputs,
    Measurement,
    Outcome,
    Params,
    TaskInput,
    Unit,
)
from exoraw.assays.flow.controls import ISOTYPE, UNSTAINED, batches_of
from exoraw.assays.flow.margins import margin_events
from exoraw.assays.flow.marker_controls import (
    MATCH_COLUMNS,
    Served,
    control_roles,
    ownership_unsure,
    served_tubes,
)
from exoraw.assays.flow.panel import UnknownChannelError
from exoraw.assays.flow.review.applied import ROLE, marked
from exoraw.assays.flow.review.applied_to_markers import markers_by_hand
from exoraw.assays.flow.review.cleaning import outline_findings
from exoraw.assays.flow.review.decided import corrections_for
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.steps.cleaned import uncleaned_share
from exoraw.assays.flow.steps.markers.counted import Border, Controls, Counted, Numbers, unique
from exoraw.assays.flow.steps.markers.counting import count
from exoraw.assays.flow.steps.markers.evidence import pictures
from exoraw.assays.flow.steps.markers.live_cells import LiveCells, live_cells, of_control
from exoraw.assays.flow.steps.markers.measures import general_numbers
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
from exoraw.assays.flow.strategies import AnnexinPI, MarkerStrategy
from exoraw.io.errors import FormatError
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView

FMO_ROLE = "fmo:"  # + key of the dye


class MarkerParams(Params):
    """What a tube's numbers depend on beside its controls."""

    tube: TubeParams
    strategy: MarkerStrategy


@dataclass(frozen=True)
class GateMarkers:
    """Count every stained tube against the controls of its own subject and treatment."""

    name: str = "markers"
    version: int = 2
    columns: tuple[str, ...] = ("control_role", "stain", *MATCH_COLUMNS, *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per stained tube; of the sheet only which controls serve it enters its identity."""
        settings: FlowSettings = study.settings
        strategy = settings.strategy
        if isinstance(strategy, AnnexinPI):
            return
        params = MarkerParams(tube=TubeParams.of(settings), strategy=strategy)
        for batch in batches_of(study.rows, settings.batch_by):
            earlier = {
                "compensation": (TaskInput(compensate_key(study.pipeline, batch)),),
                "controls": (TaskInput(controls_key(study.pipeline, batch)),),
            }
            for served in served_tubes(batch, strategy):
                row = served.tube
                found = {role: present(rows, files) for role, rows in _roles(served).items()}
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
                        **_payload(served, found, strategy),
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
        tube = live_cells(file, params.tube, decision.data, made.ground)
        controls, remarks = _controls(unit, inputs, params, tube, (decision.data, made.ground))
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
        findings += [*tube.findings, *remarks, *counted.findings, *_inherited((decision, ground))]
        findings += [*_about_tube(tube, ground.data, params.tube)]
        return Outcome(
            measurements=list(
                marked(
                    (
                        *general_numbers(tube, numbers, params.tube),
                        *counted.measurements,
                        *_uncleaned(tube, counted, params, numbers),
                    ),
                    made.gates,
                    made.decides,
                )
            ),
            objects=population_rows(tube, counted, sample, params.tube.dyes),
            findings=unique(of_sample(findings, sample)),
            artefacts=list(pictures(tube, cells, controls, counted, made.ground, params, sample)),
            data={**_facts(tube, controls, counted, ground.data, params.tube), **made.facts(automatic)},
            seed=seed,
        )


# ----------------------------------------------------------------- controls


def _roles(served: Served) -> dict[str, tuple[SampleRow, ...]]:
    return {
        "control": served.main.rows,
        **{FMO_ROLE + key: match.rows for key, match in served.fmo.items()},
    }


def _payload(
    served: Served, found: Mapping[str, Sequence[tuple[SampleRow, FileInput]]], strategy: MarkerStrategy
) -> dict[str, Any]:
    """What the sheet says of the tube's controls."""
    used = served.main.rows
    return {
        "role": served.role,
        "wanted": control_roles(strategy)[0],
        "names": {role: [row.sample for row, _ in rows] for role, rows in found.items()},
        "absent": [row.sample for row in used if row.sample not in {r.sample for r, _ in found["control"]}],
        "differs": list(served.main.differs),
        "refused": [row.sample for row in served.refused.rows],
        "refused_for": list(served.refused.differs),
    }


Data = tuple[Mapping[str, Any], Mapping[str, Any]]


def _controls(
    unit: Unit, inputs: Inputs, params: MarkerParams, tube: LiveCells, data: Data
) -> tuple[Controls, list[Finding]]:
    """Live cells of the tube's controls; one that cannot be read leaves a finding, the others serve."""
    payload = unit.payload
    findings = _about_match(payload)
    read: dict[str, list[LiveCells]] = {}
    names: list[str] = []
    for role, sheet_names in payload["names"].items():
        read[role] = []
        for name, file in zip(sheet_names, inputs.files.get(role, ()), strict=True):
            try:
                cells = live_cells(file, params.tube, data[0], data[1])
            except (FormatError, UnknownChannelError) as error:
                message = f"The control {file.relative} cannot be used: {error}"
                findings.append(Finding("control_unusable", "error", message))
                continue
            findings += of_control(cells.findings, name)
            findings += _other_voltages(tube, cells, name)
            read[role].append(cells)
            names.append(name)
    dyes = params.tube.dyes
    main = [cells.of_markers(dyes) for cells in read.get("control", [])]
    fmo = {
        role.removeprefix(FMO_ROLE): np.concatenate(
            [one.signal[one.live, _column(dyes, role)] for one in found]
        )
        for role, found in read.items()
        if role.startswith(FMO_ROLE) and found
    }
    markers = [place for place, dye in enumerate(dyes) if dye.key != "viability"]
    controls = Controls(
        str(payload["role"]) if main else "",
        tuple(dict.fromkeys(names)),
        np.concatenate(main) if main else None,
        fmo,
        tuple(tube.tops[place] for place in markers),
    )
    return controls, findings


def _column(dyes: Sequence[Any], role: str) -> int:
    return next(place for place, dye in enumerate(dyes) if FMO_ROLE + dye.key == role)


def _about_match(payload: Mapping[str, Any]) -> list[Finding]:
    """How well the control fits the tube, by the sheet."""
    findings = [
        Finding("control_absent", "warning", f'The file of the control "{name}" is not in the raw folder.')
        for name in payload["absent"]
    ]
    if payload["differs"]:
        message = (
            f"The control ({', '.join(payload['names']['control'])}) has another "
            f"{' and '.join(payload['differs'])} than the tube: its background may differ."
        )
        findings.append(Finding("control_of_another", "warning", message))
    if payload["refused"]:
        message = (
            f"The nearest {payload['wanted']} ({', '.join(payload['refused'])}) has another "
            f"{' and '.join(payload['refused_for'])} than the tube and was not used."
        )
        findings.append(Finding("control_of_another", "warning", message))
    if payload["unsure"]:
        findings.append(_unsure(payload["names"]["control"]))
    if payload["role"] == UNSTAINED and payload["wanted"] == ISOTYPE:
        message = (
            "Held against an unstained tube, which shows no unspecific binding: the share is too high. "
            "Record the matched control next time."
        )
        findings.append(Finding("gate_from_unstained", "warning", message))
    return findings


def _unsure(names: Sequence[str]) -> Finding:
    """DEAB tubes that only the batch connects with the tube."""
    taken = f"{len(names)} tubes were taken together" if len(names) > 1 else "it was taken"
    message = (
        f"Nothing on the sheet says which DEAB tube is this sample's own; {taken} ({', '.join(names)}). "
        'Write the sample into "control_for" of its DEAB tube, or fill in subject and treatment of both.'
    )
    return Finding("own_control_unsure", "warning", message)


def _other_voltages(tube: LiveCells, control: LiveCells, name: str) -> list[Finding]:
    """Detectors that ran at another voltage for the control than for the tube."""
    found = []
    for ours, theirs in zip(tube.tube.stains, control.tube.stains, strict=True):
        volts = tube.tube.voltage(ours), control.tube.voltage(theirs)
        if volts[0] is not None and volts[1] is not None and abs(volts[0] - volts[1]) > VOLTAGE_TOLERANCE:
            message = (
                f"{ours.channel} ran at {volts[0]:g} V for this tube and at {volts[1]:g} V for its control "
                f"{name}: the control's background says nothing about this tube."
            )
            found.append(
                Finding(
                    "voltage_changed", "error", message, value=volts[1] - volts[0], limit=VOLTAGE_TOLERANCE
                )
            )
    return found


VOLTAGE_TOLERANCE = 0.5  # volts; instruments write whole volts or one decimal


def _reference(controls: Controls) -> str:
    return f"gate: {controls.called} ({', '.join(controls.names)})" if controls.names else ""


def _seed(unit: Unit, controls: Controls) -> int:
    """The same for tubes with the same controls: these then share their gate to the last digit."""
    return seed_of("markers", "|".join(controls.names) or unit.key)


# ----------------------------------------------------------------- remarks and facts


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
    cells = tube.tube.measured[tube.live]
    if not len(cells):
        return
    for channel in margin_events(cells, tube.tube.channels, tube.tube.tops).channels:
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
