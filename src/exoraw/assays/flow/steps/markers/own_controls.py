"""The controls of one stained tube: which the sheet names, read and gated like the tube, with what is odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exoraw.assays.contract import FileInput, Finding, Inputs, Params, Unit
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.controls import ISOTYPE, UNSTAINED
from exoraw.assays.flow.marker_controls import Served, control_roles
from exoraw.assays.flow.panel import UnknownChannelError
from exoraw.assays.flow.steps.markers.beads import holds_beads, lot_cells
from exoraw.assays.flow.steps.markers.counted import Controls
from exoraw.assays.flow.steps.markers.kept_controls import control_cells
from exoraw.assays.flow.steps.markers.live_cells import VIABILITY, LiveCells, of_control
from exoraw.assays.flow.steps.tube import TubeParams
from exoraw.assays.flow.strategies import MarkerStrategy
from exoraw.io.errors import FormatError
from exoraw.study.view import SampleRow

MAIN_ROLE = "control"  # the tubes that anchor the gate
FMO_ROLE = "fmo:"  # + key of the dye
BESIDE_ROLE = "beside:"  # + role of a further control
VOLTAGE_TOLERANCE = 0.5  # volts; instruments write whole volts or one decimal


class MarkerParams(Params):
    """What a tube's numbers depend on beside its controls."""

    tube: TubeParams
    strategy: MarkerStrategy


def roles_of(served: Served) -> dict[str, tuple[SampleRow, ...]]:
    """Rows of a tube's controls by the role in which its unit names them."""
    return {
        MAIN_ROLE: served.main.rows,
        **{FMO_ROLE + key: match.rows for key, match in served.fmo.items()},
        **{BESIDE_ROLE + role: match.rows for role, match in served.beside.items()},
    }


def payload_of(
    served: Served, found: Mapping[str, Sequence[tuple[SampleRow, FileInput]]], strategy: MarkerStrategy
) -> dict[str, Any]:
    """What the sheet says of the tube's controls."""
    used = served.main.rows
    return {
        "role": served.role,
        "wanted": control_roles(strategy)[0],
        "names": {role: [row.sample for row, _ in rows] for role, rows in found.items()},
        "absent": [row.sample for row in used if row.sample not in {r.sample for r, _ in found[MAIN_ROLE]}],
        "differs": list(served.main.differs),
        "refused": [row.sample for row in served.refused.rows],
        "refused_for": list(served.refused.differs),
        "lot": lot_cells(served.tube),
        "beaded": holds_beads(lot_cells(served.tube), strategy.beads),
        "with_beads": [
            row.sample
            for rows in found.values()
            for row, _ in rows
            if holds_beads(lot_cells(row), strategy.beads)
        ],
    }


Data = tuple[Mapping[str, Any], Mapping[str, Any]]


def read_controls(
    unit: Unit, inputs: Inputs, params: MarkerParams, tube: LiveCells, data: Data
) -> tuple[Controls, list[Finding]]:
    """Live cells of the tube's controls; one that cannot be read leaves a finding, the others serve."""
    payload = unit.payload
    findings = _about_match(payload)
    read: dict[str, list[LiveCells]] = {}
    used: list[str] = []
    for role, sheet_names in payload["names"].items():
        read[role] = []
        for name, file in zip(sheet_names, inputs.files.get(role, ()), strict=True):
            try:
                beads = params.strategy.beads if name in payload["with_beads"] else None
                cells = control_cells(file, params.tube, data[0], data[1], beads)
            except (FormatError, UnknownChannelError) as error:
                message = f"The control {file.relative} cannot be used: {error}"
                findings.append(Finding("control_unusable", "error", message))
                continue
            findings += of_control(cells.findings, name)
            findings += _other_voltages(tube, cells, name)
            read[role].append(cells)
            used += [] if role.startswith(BESIDE_ROLE) else [name]
    return _pooled(str(payload["role"]), read, used, tube, params, _valley(data[1])), findings


def _pooled(
    role: str,
    read: Mapping[str, Sequence[LiveCells]],
    used: Sequence[str],
    tube: LiveCells,
    params: MarkerParams,
    valley: tuple[float | None, FloatArray] | None,
) -> Controls:
    """The controls that could be read, tubes of one role put together."""
    dyes = params.tube.dyes
    main = [cells.of_markers(dyes) for cells in read.get(MAIN_ROLE, [])]
    places = {FMO_ROLE + dye.key: place for place, dye in enumerate(dyes)}
    return Controls(
        role if main else "",
        tuple(dict.fromkeys(used)),
        np.concatenate(main) if main else None,
        {
            name.removeprefix(FMO_ROLE): np.concatenate([one.signal[one.live, places[name]] for one in found])
            for name, found in read.items()
            if name in places and found
        },
        tuple(top for top, dye in zip(tube.tops, dyes, strict=True) if dye.key != VIABILITY),
        valley,
        {
            name.removeprefix(BESIDE_ROLE): np.concatenate([one.of_markers(dyes) for one in found])
            for name, found in read.items()
            if name.startswith(BESIDE_ROLE) and found
        },
    )


def _valley(ground: Mapping[str, Any]) -> tuple[float | None, FloatArray] | None:
    """The batch's valley between its CD24 populations, where the definition of CD24 low asks for one."""
    found = ground.get("cd24_valley")
    return None if found is None else (found["threshold"], np.array(found["resampled"], dtype=np.float64))


def _about_match(payload: Mapping[str, Any]) -> list[Finding]:
    """How well the control fits the tube, by the sheet."""
    findings = [
        Finding("control_absent", "warning", f'The file of the control "{name}" is not in the raw folder.')
        for name in payload["absent"]
    ]
    if payload["differs"]:
        message = (
            f"The control ({', '.join(payload['names'][MAIN_ROLE])}) has another "
            f"{' and '.join(payload['differs'])} than the tube: its background may differ."
        )
        findings.append(Finding("control_of_another", "warning", message))
    if payload["refused"]:
        message = (
            f"The nearest DEAB tube ({', '.join(payload['refused'])}) has another "
            f"{' and '.join(payload['refused_for'])} than the tube: it is another sample's and was not used."
        )
        findings.append(Finding("control_of_another", "warning", message))
    if payload["unsure"]:
        findings.append(_unsure(payload["names"][MAIN_ROLE]))
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
