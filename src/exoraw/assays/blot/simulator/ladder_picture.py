"""The picture of the coloured ladder that imagers take beside chemiluminescence: white light, 8 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exoraw.assays.blot.simulator.drawing import Light, draw_band, recorded
from exoraw.assays.blot.simulator.membrane import COLUMNS, ROWS, Membrane, Pose, ladder_bands
from exoraw.assays.blot.simulator.tiff_writer import Shot, write_tiff

PAPER, RUNG = 52_000.0, 4.0e6  # counts of 16 bits: the white membrane, and what an average rung takes away
LIGHT_S = 0.05


def write_ladder_picture(
    path: Path, rng: np.random.Generator, membrane: Membrane, pose: Pose, acquired_at: str
) -> None:
    """Write the ladder of a membrane as it lies in another picture of it.

    Parameters
    ----------
    path : file to write
    rng : of its own, so that it changes nothing of the other pictures
    membrane, pose : where the ladder ran, and how the membrane lies
    acquired_at : as TIFF writes dates
    """
    dark: Light = np.zeros((ROWS, COLUMNS), dtype=np.float32)
    for band in ladder_bands(rng, membrane, RUNG):
        draw_band(dark, pose.applied(band))
    light = np.maximum(np.float32(PAPER) - dark, np.float32(0.05 * PAPER))
    pixels = (recorded(light, rng, exposure=1.0, ceiling=65_535) >> 8).astype(np.uint8)
    write_tiff(path, [(pixels, Shot(LIGHT_S, acquired_at, channel="Colorimetric"))])
