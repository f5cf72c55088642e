"""The pictures of a measured blot: what was found on the uncropped picture, and the lanes' profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING

from exoraw.assays.blot.background.methods import Background
from exoraw.assays.blot.steps.curves import lane_curves
from exoraw.assays.blot.steps.reading import LadderRead, Measured, Read
from exoraw.assays.contract import Artefact

if TYPE_CHECKING:
    from exoraw.assays.blot.plots import DrawnLadder, DrawnRow

OVERLAY = "bands.png"
ALIKE = 1.15  # times: masses within it are those of one band


def pictures(
    membrane: str, measured: Measured, names: Sequence[str], background: Background
) -> Iterator[Artefact]:
    """Draw the picture with its bands, and the profiles of every protein that was measured."""
    from exoraw.assays.blot.plots import overlay  # planning and checking need no matplotlib

    image = measured.image
    title = f"Membrane {membrane}: {', '.join(read.row.target for read in measured.reads) or 'not measured'}"
    rows, columns = image.pixels.shape
    seconds = "" if image.exposure_s is None else f", {image.exposure_s:g} s"
    note = f"{measured.file.relative}, {columns} x {rows} pixels, uncropped{seconds}"
    ladder = measured.ladder
    if ladder.source:
        note += f"; ladder: {ladder.source}"
    drawn = [_drawn(read, names, ladder.unit) for read in measured.reads]
    content = overlay(image.pixels, drawn, image.ceiling, title, note, _axis(ladder))
    caption = (
        f"{title}. {note}. Blue: band; dashed: below its detection limit; red: saturated. Only the "
        "display is "
        f"stretched. {_unread(measured)}"
    ).strip()
    yield Artefact("picture", OVERLAY, content, caption)
    for number, read in enumerate(measured.reads, start=1):
        if read.bands and read.row.role != "total_protein":
            yield _profiles(measured, read, names, number, background)


def _unread(measured: Measured) -> str:
    open_rows = [read for read in measured.reads if read.reading.state != "ok"]
    said = "; ".join(f"{read.row.target} needs points ({read.reading.reason})" for read in open_rows)
    return f"{said}: no number is given." if said else ""


def _axis(ladder: LadderRead) -> DrawnLadder | None:
    from exoraw.assays.blot.plots import DrawnLadder

    if ladder.calibration is None:
        return None
    return DrawnLadder(ladder.rungs, ladder.unit, None if ladder.source else ladder.columns)


def _drawn(read: Read, names: Sequence[str], unit: str) -> DrawnRow:
    from exoraw.assays.blot.plots import Box, DrawnRow

    if read.bands:
        boxes = tuple(
            Box(band.box, names[band.lane - 1], band.detected, band.saturated_fraction > 0)
            for band in read.bands
        )
        masses = [band.mw for band in read.bands if band.mw is not None and band.detected]
        return DrawnRow(read.row.target, boxes, _span(masses, unit))
    likeliest = read.reading.candidates[0] if read.reading.candidates else ()
    return DrawnRow(read.row.target, (), "", likeliest, read.reading.candidates[1:])


def _span(masses: Sequence[float], unit: str) -> str:
    """One mass for a row of one protein; from and to where products of several lengths share a row."""
    if not masses:
        return ""
    if max(masses) < ALIKE * min(masses):
        return f"{median(masses):.0f} {unit}"
    return f"{min(masses):.0f} to {max(masses):.0f} {unit}"


def _profiles(
    measured: Measured, read: Read, names: Sequence[str], number: int, background: Background
) -> Artefact:
    from exoraw.assays.blot.plots import profiles

    curves = lane_curves(measured.image.pixels, read, names, background)
    title = f"{read.row.target}: profile of every lane"
    note = "mean signal, top to bottom; red: background with other bands; filled: adjusted volume"
    return Artefact("picture", f"profiles {number}.png", profiles(curves, title, note), f"{title}; {note}.")
