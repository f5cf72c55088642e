"""Draws bands, backgrounds and faults of a membrane as light, and records them as a camera does.

Shapes and strengths are those of the frozen scenes in ../shared/simulators/blot.py; every range here contains
theirs. A band's integral is set exactly, so that truth does not depend on its shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Light = npt.NDArray[np.float32]
READ_NOISE = 12.0  # counts
DUST_RADIUS = (0.8, 1.6)  # pixels
FLAT_TOP = 6.0  # exponent across a lane: flat in the middle, steep at its sides
REACH_SIGMAS, REACH_WIDTHS = 6.0, 0.8  # window around a band; outside it less than 1e-6 of its peak is left


@dataclass(frozen=True)
class Band:
    """One band on the membrane.

    Parameters
    ----------
    x, y : centre, pixels
    width : of the lane, pixels
    sigma : half height of the band, pixels (standard deviation along the lane)
    volume : its integral, counts
    slope, frown : of its middle line: pixels down per pixel right, pixels down at its sides
    tail : how many times longer it fades downwards than upwards, >= 1
    """

    x: float
    y: float
    width: float
    sigma: float
    volume: float
    slope: float = 0.0
    frown: float = 0.0
    tail: float = 1.0


def draw_band(light: Light, band: Band) -> None:
    """Add a band to a picture; what lies outside the picture is lost, as on a cropped membrane."""
    rows, columns = light.shape
    bend = abs(band.frown) + abs(band.slope) * band.width
    reach_y = int(np.ceil(REACH_SIGMAS * band.sigma * band.tail + bend)) + 1
    reach_x = int(np.ceil(REACH_WIDTHS * band.width)) + 1
    x0, y0 = round(band.x), round(band.y)
    x = np.arange(x0 - reach_x, x0 + reach_x + 1, dtype=np.float64)
    y = np.arange(y0 - reach_y, y0 + reach_y + 1, dtype=np.float64)
    aside = (x - band.x) / (band.width / 2)
    across = np.exp(-(np.abs(aside / 1.02) ** FLAT_TOP))
    middle = band.y + band.slope * (x - band.x) + band.frown * np.minimum(aside**2, 2.0)
    down = y[:, np.newaxis] - middle
    spread = np.where(down > 0, band.sigma * band.tail, band.sigma)
    shape = across * np.exp(-0.5 * (down / spread) ** 2)
    shape *= band.volume / shape.sum()
    inside_x = (x >= 0) & (x < columns)
    inside_y = (y >= 0) & (y < rows)
    if inside_x.any() and inside_y.any():
        left, top = int(x[inside_x][0]), int(y[inside_y][0])
        part = shape[np.ix_(inside_y, inside_x)]
        light[top : top + part.shape[0], left : left + part.shape[1]] += part.astype(np.float32)


def draw_smear(light: Light, band: Band, *, above: float, below: float) -> None:
    """Add protein that was dragged along a lane: more above its band than below.

    Parameters
    ----------
    above, below : height of the smear, counts
    """
    rows, columns = light.shape
    x = np.arange(columns, dtype=np.float32)
    across = np.exp(-(np.abs((x - band.x) / (band.width / 2) / 1.02) ** FLAT_TOP))
    y = np.arange(rows, dtype=np.float32)
    step = 1.0 / (1.0 + np.exp(np.clip((y - band.y) / 12.0, -60, 60)))
    light += ((below + (above - below) * step)[:, np.newaxis] * across).astype(np.float32)


def draw_gradient(light: Light, rng: np.random.Generator, height: float) -> None:
    """Add an uneven background: a tilted plane and a wide cloud.

    Parameters
    ----------
    height : of the plane from end to end, counts; the cloud reaches 0.6 to 1.5 times that
    """
    rows, columns = light.shape
    x = np.linspace(-0.5, 0.5, columns, dtype=np.float32)
    y = np.linspace(-0.5, 0.5, rows, dtype=np.float32)[:, np.newaxis]
    light += np.float32(height) * (rng.uniform(-1, 1) * x + rng.uniform(-1, 1) * y + np.float32(1.0))
    wide, high = 0.22 * columns, 0.4 * rows
    cloud_x = np.exp(-0.5 * (((x + 0.5) * columns - rng.uniform(0, columns)) / wide) ** 2)
    cloud_y = np.exp(-0.5 * (((y + 0.5) * rows - rng.uniform(0, rows)) / high) ** 2)
    light += np.float32(height * rng.uniform(0.6, 1.5)) * cloud_x * cloud_y


def draw_dust(light: Light, rng: np.random.Generator, number: int, peak: float) -> None:
    """Add cosmic rays and dust: spots of about a pixel, 0.3 to 3 times `peak` high."""
    rows, columns = light.shape
    for _ in range(number):
        x, y = rng.uniform(0, columns), rng.uniform(0, rows)
        radius = rng.uniform(*DUST_RADIUS)
        height = peak * rng.uniform(0.3, 3.0)
        left, top = max(int(x) - 8, 0), max(int(y) - 8, 0)
        part = light[top : int(y) + 9, left : int(x) + 9]
        down = np.arange(top, top + part.shape[0])[:, np.newaxis] - y
        aside = np.arange(left, left + part.shape[1]) - x
        part += (height * np.exp(-(down**2 + aside**2) / (2 * radius**2))).astype(np.float32)


def draw_membrane(
    light: Light, rng: np.random.Generator, table: float, glow: float, margin: float, angle: float
) -> Light:
    """Add the glow of the membrane on the darker table, and a bright rim; return where it is.

    Parameters
    ----------
    table, glow : counts of the table, and of the membrane above it
    margin : of the membrane from the border of the picture, pixels
    angle : of the membrane, radians

    Returns
    -------
    (rows, columns) 1 on the membrane, 0 beside it, soft at its edge
    """
    rows, columns = light.shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    y -= rows / 2
    x -= columns / 2
    turned_y = y - np.float32(np.tan(angle)) * x
    turned_x = x + np.float32(np.tan(angle)) * y
    inside = np.minimum(rows / 2 - margin - np.abs(turned_y), columns / 2 - margin - np.abs(turned_x))
    soft = np.clip(inside / 3.0, -6.0, 6.0)
    inside = 1.0 / (1.0 + np.exp(-2.0 * soft))
    light += np.float32(table) + np.float32(glow) * inside
    light += np.float32(glow * rng.uniform(0.0, 0.5)) * np.exp(-0.5 * (soft / 1.5) ** 2)
    return np.asarray(inside, dtype=np.float32)


def recorded(
    light: Light, rng: np.random.Generator, *, exposure: float, ceiling: int, photons_per_count: float = 0.6
) -> npt.NDArray[np.uint16]:
    """What a 16-bit camera makes of the light: photon noise, read noise, clipped at its ceiling.

    Parameters
    ----------
    exposure : multiplies the light
    ceiling : largest count, at most 65535
    photons_per_count : fewer photons are noisier
    """
    seen = np.maximum(light * np.float32(exposure), np.float32(0.0))
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    spread = np.sqrt(seen / np.float32(photons_per_count) + np.float32(READ_NOISE**2))
    counts: npt.NDArray[np.uint16] = np.clip(np.rint(seen + noise * spread), 0, ceiling).astype(np.uint16)
    return counts
