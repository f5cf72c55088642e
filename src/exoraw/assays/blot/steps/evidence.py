"""The pictures of a measured blot: what was found on the uncropped picture, and the lanes' profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from exoraw.assays.blot.background.methods import Background
from exoraw.assays.blot.steps.curves import lane_curves
from exoraw.assays.blot.steps.reading import Measured, Read
from exoraw.assays.contract import Artefact

if TYPE_CHECKING:
    from exoraw.assays.blot.plots import DrawnRow

OVERLAY = "bands.png"


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
    content = overlay(
        image.pixels, [_drawn(read, names) for read in measured.reads], image.ceiling, title, note
    )
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


def _drawn(read: Read, names: Sequence[str]) -> DrawnRow:
    from exoraw.assays.blot.plots import Box, DrawnRow

    if read.bands:
        boxes = tuple(
            Box(band.box, names[band.lane - 1], band.detected, band.saturated_fraction > 0)
            for band in read.bands
        )
        return DrawnRow(read.row.target, boxes)
    likeliest = read.reading.candidates[0] if read.reading.candidates else ()
    return DrawnRow(read.row.target, (), likeliest, read.reading.candidates[1:])


def _profiles(
    measured: Measured, read: Read, names: Sequence[str], number: int, background: Background
) -> Artefact:
    from exoraw.assays.blot.plots import profiles

    curves = lane_curves(measured.image.pixels, read, names, background)
    title = f"{read.row.target}: profile of every lane"
    note = "mean signal along the lane, top to bottom; red: background; filled: adjusted volume"
    return Artefact("picture", f"profiles {number}.png", profiles(curves, title, note), f"{title}; {note}.")
