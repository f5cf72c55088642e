"""One tube of a marker panel on its way to its gates: read, compensated once, single, alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exoraw.assays.contract import Finding, ReadyFile
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.channel_clash import one_channel_twice
from exoraw.assays.flow.debris import DebrisGate
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.markers.counting_beads import BeadGate
from exoraw.assays.flow.panel import UnknownChannelError
from exoraw.assays.flow.review.cleaning import OUTLINE, clean_with_outline, corners_of
from exoraw.assays.flow.steps.compensated import compensated
from exoraw.assays.flow.steps.markers.beads import find_beads, without_beads
from exoraw.assays.flow.steps.tube import Cleaned, Tube, TubeParams, read_tube
from exoraw.assays.flow.strategies import Beads
from exoraw.assays.flow.viability import mostly_dead

VIABILITY = "viability"  # key of the dead-cell dye


@dataclass(frozen=True)
class LiveCells:
    """A tube with the masks of its populations.

    Parameters
    ----------
    file : where it comes from
    signal : (n, dyes) compensated linear signal of every event
    live : (n,) single cells that the dead-cell dye leaves out; all single cells without such a dye
    matrix : source of the compensation, in words
    beads : its counting beads, which are no cells; None where none were looked for
    findings : of the reader, of compensation and of the gates
    """

    file: ReadyFile
    tube: Tube
    signal: FloatArray
    cleaned: Cleaned
    live: BoolArray
    matrix: str
    findings: tuple[Finding, ...]
    beads: BeadGate | None = None

    def of_markers(self, dyes: Sequence[Dye]) -> FloatArray:
        """(n, markers) signal of the live single cells, without the dead-cell dye."""
        columns = [place for place, dye in enumerate(dyes) if dye.key != VIABILITY]
        return np.column_stack([self.signal[self.live, column] for column in columns])

    def at_end(self, dyes: Sequence[Dye]) -> BoolArray:
        """(n, markers) which live single cells lie at the end of a marker's scale, before compensation."""
        columns = [place for place, dye in enumerate(dyes) if dye.key != VIABILITY]
        saturated = [one.saturated for one in self.tube.margins(self.live)]
        return np.stack([saturated[place] for place in columns], axis=1)

    @property
    def tops(self) -> tuple[float | None, ...]:
        """Highest value of every dye's detector, linear."""
        return self.tube.tops


def live_cells(
    file: ReadyFile,
    params: TubeParams,
    decision: Mapping[str, Any],
    ground: Mapping[str, Any],
    beads: Beads | None = None,
) -> LiveCells:
    """Read a tube and gate it down to live single cells with its batch's gates.

    Parameters
    ----------
    decision : `data` of the batch's compensation
    ground : `data` of the batch's controls: debris gate and border of the dead-cell dye
    beads : counting beads to be looked for; None where the tube holds none

    Raises
    ------
    FormatError, UnknownChannelError : as `read_panel`
    """
    tube = read_panel(file, params)
    signal, matrix, remarks = compensated(tube, decision)
    if beads is None:
        return gated_alive(file, tube, signal, (matrix, remarks), params, ground)
    found = find_beads(file, tube, beads)
    cells = gated_alive(file, without_beads(tube, found), signal, (matrix, remarks), params, ground)
    return replace(cells, beads=found)


def read_panel(file: ReadyFile, params: TubeParams) -> Tube:
    """Read a tube in which every dye has a channel of its own.

    Raises
    ------
    FormatError : the file cannot be read
    UnknownChannelError : a channel is not there, several could be meant, or one would be read twice
    """
    tube = read_tube(file, params)
    clash = one_channel_twice(tube.stains, params.dyes)
    if clash is not None:
        raise UnknownChannelError(clash)
    return tube


def gated_alive(
    file: ReadyFile,
    tube: Tube,
    signal: FloatArray,
    compensation: tuple[str, tuple[Finding, ...]],
    params: TubeParams,
    ground: Mapping[str, Any],
) -> LiveCells:
    """Gate a tube that is read and compensated already."""
    outline = corners_of(ground.get(OUTLINE))
    cleaned = clean_with_outline(tube, debris_gate_of(ground), outline, singlets=params.cleaning.singlets)
    live = alive(cleaned.singlets, signal, params.dyes, ground["viability"]["border"])
    dead = mostly_dead(int(np.count_nonzero(cleaned.singlets)), int(np.count_nonzero(live)))
    findings = (*tube.findings, *compensation[1], *cleaned.findings, *dead)
    return LiveCells(file, tube, signal, cleaned, live, compensation[0], findings)


def alive(singlets: BoolArray, signal: FloatArray, dyes: Sequence[Dye], border: float | None) -> BoolArray:
    """Mask of single cells at or below the border of the dead-cell dye."""
    place = viability_column(dyes)
    if place is None or border is None:
        return singlets
    mask: BoolArray = singlets & (signal[:, place] <= border)
    return mask


def viability_column(dyes: Sequence[Dye]) -> int | None:
    """Place of the dead-cell dye among the dyes, None where the panel has none."""
    return next((place for place, dye in enumerate(dyes) if dye.key == VIABILITY), None)


def debris_gate_of(ground: Mapping[str, Any]) -> DebrisGate | None:
    """The batch's debris gate as its controls left it; None where it is switched off."""
    if ground["debris_state"] == "off":
        return None
    return DebrisGate(ground["debris"], ground["debris_state"], 0.0, None, None, None, 0)


def of_control(findings: Sequence[Finding], name: str) -> list[Finding]:
    """Remarks on a control as its stained tube carries them: with the control's name, without information."""
    return [
        replace(one, message=f"{name}: {one.message}", entity="")
        for one in findings
        if one.severity != "info"
    ]
