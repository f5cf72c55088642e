"""A membrane: where its lanes ran, how far a protein of a given weight ran, and how an image of it lies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from exoraw.assays.blot.simulator.drawing import (
    Band,
    Light,
    draw_band,
    draw_dust,
    draw_gradient,
    draw_membrane,
    draw_smear,
)
from exoraw.assays.blot.simulator.faults import Faults

ROWS, COLUMNS = 460, 760  # pixels of a picture
HEAVIEST, LIGHTEST = 300.0, 8.0  # kDa at the top and at the bottom of the membrane
TOP, BOTTOM = 60.0, 400.0  # pixels
LADDER_KDA = (250.0, 150.0, 100.0, 75.0, 50.0, 37.0, 25.0, 20.0, 15.0, 10.0)
STRONG_RUNGS = (75.0, 50.0, 25.0)


@dataclass(frozen=True)
class Membrane:
    """Lanes of one gel after blotting.

    Parameters
    ----------
    centres, widths : of every lane from the left, pixels, the ladder's first
    faults : how badly it was run
    """

    centres: tuple[float, ...]
    widths: tuple[float, ...]
    faults: Faults

    def height_of(self, weight: float, x: float) -> float:
        """Where a protein of `weight` kDa ran to in the lane at x: by the logarithm of its weight."""
        share = math.log(HEAVIEST / weight) / math.log(HEAVIEST / LIGHTEST)
        aside = (x - COLUMNS / 2) / (COLUMNS / 2)
        smile = self.faults.smile * (aside**2 - 0.33)
        return TOP + share * (BOTTOM - TOP) + self.faults.slope * (x - COLUMNS / 2) + smile

    def slope_at(self, x: float) -> float:
        """Of a band's middle line in the lane at x, from tilt and smile."""
        return self.faults.slope + 2.0 * self.faults.smile * (x - COLUMNS / 2) / (COLUMNS / 2) ** 2


@dataclass(frozen=True)
class Pose:
    """How a membrane lies under the camera: it is taken out, stripped and put back between two images.

    Parameters
    ----------
    angle : radians, about the middle of the picture
    right, down : pixels
    """

    angle: float = 0.0
    right: float = 0.0
    down: float = 0.0

    def applied(self, band: Band) -> Band:
        """The band where this pose puts it."""
        x, y = band.x - COLUMNS / 2, band.y - ROWS / 2
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return replace(
            band,
            x=COLUMNS / 2 + cosine * x - sine * y + self.right,
            y=ROWS / 2 + sine * x + cosine * y + self.down,
            slope=band.slope + math.tan(self.angle),
        )


def lay_lanes(rng: np.random.Generator, number: int, faults: Faults) -> Membrane:
    """Lanes with the distances, widths and irregularities of real gels."""
    pitch = (COLUMNS - 120) / number
    width = pitch * rng.uniform(0.62, 0.82)
    centres = 60 + pitch * (np.arange(number) + 0.5) + rng.normal(0, faults.lane_jitter * pitch, number)
    widths = width * rng.uniform(0.9, 1.05, number)
    return Membrane(tuple(map(float, centres)), tuple(map(float, widths)), faults)


def random_pose(rng: np.random.Generator) -> Pose:
    """A shift of up to 16 pixels and a turn of up to 1.2 degrees."""
    return Pose(
        math.radians(rng.uniform(-1.2, 1.2)), float(rng.uniform(-16, 16)), float(rng.uniform(-12, 12))
    )


def row_of_bands(
    rng: np.random.Generator, membrane: Membrane, lanes: tuple[int, ...], weight: float, volumes: np.ndarray
) -> tuple[Band, ...]:
    """Bands of one protein in the given lanes, each with a shape of its own.

    Parameters
    ----------
    lanes : positions of the lanes, from 0
    weight : kDa
    volumes : (lanes,) integral of each band, counts
    """
    sigma = rng.uniform(4.0, 7.0)
    bands = []
    for lane, volume in zip(lanes, volumes, strict=True):
        x = membrane.centres[lane]
        bands.append(
            Band(
                x=x,
                y=membrane.height_of(weight, x) + rng.normal(0, 0.6),
                width=membrane.widths[lane],
                sigma=sigma * rng.uniform(0.9, 1.15),
                volume=float(volume),
                slope=membrane.slope_at(x),
                frown=2.0 * rng.uniform(-0.3, 1.0),
                tail=rng.uniform(1.0, 1.35),
            )
        )
    return tuple(bands)


def ladder_bands(rng: np.random.Generator, membrane: Membrane, volume: float) -> tuple[Band, ...]:
    """The marker's bands in the first lane; three of them are stronger, as on sold ladders."""
    x = membrane.centres[0]
    return tuple(
        Band(
            x=x,
            y=membrane.height_of(weight, x),
            width=membrane.widths[0] * 0.9,
            sigma=rng.uniform(2.6, 3.6),
            volume=volume * (2.5 if weight in STRONG_RUNGS else 1.0),
            slope=membrane.slope_at(x),
        )
        for weight in LADDER_KDA
    )


def light_of(
    rng: np.random.Generator, bands: tuple[Band, ...], faults: Faults, pose: Pose, background: float
) -> Light:
    """The light of an image: the row of bands as it lies, and everything that is not the row.

    Parameters
    ----------
    bands : where the pose has put them
    background : counts of the table
    """
    light: Light = np.zeros((ROWS, COLUMNS), dtype=np.float32)
    peak = _median_peak(bands) or 4.0 * background
    smears: Light = np.zeros_like(light)
    inside = draw_membrane(light, rng, background, background * rng.uniform(0.2, 1.0), 22.0, pose.angle)
    if faults.gradient:
        draw_gradient(light, rng, faults.gradient * peak)
    for band in bands:
        draw_band(light, band)
        own = _peak(band)
        if faults.smear[1]:
            above, below = rng.uniform(*faults.smear), rng.uniform(faults.smear[0], faults.smear[1] / 2)
            draw_smear(smears, band, above=own * above, below=own * below)
        if faults.neighbour[1]:
            gap = rng.choice([-1.0, 1.0]) * rng.uniform(4.5, 7.0) * band.sigma
            share = rng.uniform(*faults.neighbour)
            draw_band(light, replace(band, y=band.y + gap, volume=band.volume * share))
    light += smears * inside
    draw_dust(light, rng, faults.dust, peak)
    return light


def _peak(band: Band) -> float:
    """Height of a band, counts, from its volume and shape."""
    return band.volume / (0.95 * band.width * math.sqrt(2 * math.pi) * band.sigma * (1 + band.tail) / 2)


def _median_peak(bands: tuple[Band, ...]) -> float:
    return float(np.median([_peak(band) for band in bands])) if bands else 0.0
