"""Counting beads of a tube: found, kept out of the cells, and turned into cells per microlitre."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from exoraw.assays.contract import Finding, Measurement, ReadyFile
from exoraw.assays.flow.fcs import header, read_fcs
from exoraw.assays.flow.markers.counting_beads import BeadGate, BeadLot, bead_gate, cells_per_microlitre
from exoraw.assays.flow.panel import UnknownChannelError, find_channel, panel_of
from exoraw.assays.flow.steps.markers.counted import Numbers, finite
from exoraw.assays.flow.steps.tube import Tube
from exoraw.assays.flow.strategies import Beads
from exoraw.study.view import SampleRow

LOT_COLUMNS = ("bead_concentration", "bead_volume_ul", "sample_volume_ul")
BEADS = "counting beads"  # name of their population
MEASURE = "cells_per_volume"


def lot_cells(row: SampleRow) -> dict[str, str]:
    """What the sheet says of a tube's beads, by column; empty cells are left out."""
    return {name: row[name].strip() for name in LOT_COLUMNS if row[name].strip()}


def holds_beads(cells: Mapping[str, str], beads: Beads | None) -> bool:
    """Whether beads are to be looked for: the settings name their channels, and the tube has a lot.

    Parameters
    ----------
    cells : `lot_cells` of the tube's row
    """
    return beads is not None and (bool(cells) or beads.in_every_tube)


def lot_of(cells: Mapping[str, str], beads: Beads) -> BeadLot:
    """The beads as pipetted: the sheet's cells, else the numbers of the settings.

    Raises
    ------
    ValueError : a number that is missing or not above zero, in words for the lab
    """
    usual = (beads.concentration, beads.volume_ul, beads.sample_volume_ul)
    found = {
        name: cells.get(name, "" if value is None else repr(value))
        for name, value in zip(LOT_COLUMNS, usual, strict=True)
    }
    missing = [name for name, text in found.items() if not text]
    if missing:
        raise ValueError(f"{' and '.join(missing)} is neither on the sheet nor in strategy.beads")
    numbers = []
    for name, text in found.items():
        try:
            numbers.append(float(text.replace(",", ".")))
        except ValueError:
            raise ValueError(f'{name} is "{text}", which is no number') from None
    return BeadLot(*numbers)


def find_beads(file: ReadyFile, tube: Tube, beads: Beads) -> BeadGate:
    """Find a tube's beads in their two channels, uncompensated, among all events.

    Raises
    ------
    FormatError : the file cannot be read
    UnknownChannelError : a channel of the beads is not there, or both are one
    """
    names = bead_channels(file, beads)
    data = read_fcs(file.path, dataset=file.dataset, channels=names)
    columns = [data.channels.index(name) for name in names]
    found = bead_gate(data.events[:, columns])
    if tube.quality is None:
        return found
    keep = tube.quality.keep  # cells are counted while the flow was steady: beads must be, too
    return replace(found, single=found.single & keep, double=found.double & keep)


def bead_channels(file: ReadyFile, beads: Beads) -> list[str]:
    """Names of the two channels of the beads in this file. Raises UnknownChannelError."""
    panel = next(panel_of(one) for one in header(file.path).datasets if one.index == file.dataset)
    found = [
        find_channel(
            names, panel.channels, panel.markers, what="counting beads",
            absent="The channels of the beads are set in strategy.beads.channels.",
        )
        for names in beads.channels
    ]  # fmt: skip
    if found[0].index == found[1].index:
        raise UnknownChannelError(
            f'Both channels of the counting beads are "{found[0].channel}". Name two different ones in '
            "strategy.beads.channels, in which the beads outshine the cells."
        )
    return [match.channel for match in found]


def without_beads(tube: Tube, found: BeadGate) -> Tube:
    """The tube with its beads taken out of everything that is counted as cells."""
    return replace(tube, in_range=tube.in_range & ~(found.single | found.double))


def bead_events(found: BeadGate | None) -> int:
    """Events that are beads, pairs as one; 0 where none were looked for."""
    return 0 if found is None else int(np.count_nonzero(found.single | found.double))


def cells_per_volume(
    cells: int, found: BeadGate, cells_of_lot: Mapping[str, str], beads: Beads, numbers: Numbers
) -> tuple[Measurement, tuple[Finding, ...]]:
    """Live single cells per microlitre of sample; without a value where beads or lot are missing."""
    try:
        lot = lot_of(cells_of_lot, beads)
    except ValueError as error:
        message = f"There is no count of cells per microlitre: {error}."
        absent = numbers.value(MEASURE, float("nan"))
        return absent, (Finding("bead_lot_incomplete", "error", message), *found.findings)
    count = cells_per_microlitre(cells, found, lot)
    value = float("nan") if count.per_microlitre is None else count.per_microlitre
    number = numbers.value(
        MEASURE, value, n=count.beads, numerator=float(count.cells), denominator=float(count.beads),
        ci_low=finite(count.ci_low), ci_high=finite(count.ci_high),
        reference=f"{lot.per_microlitre:g} beads per uL of sample",
    )  # fmt: skip
    return number, count.findings
