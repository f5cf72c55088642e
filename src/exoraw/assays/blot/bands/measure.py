"""From a row with its lanes to its bands: profiles, volumes, noise, saturation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.blot.background.blanks import blank_noise
from exoraw.assays.blot.background.methods import Background, LaneProfile, lane_profiles
from exoraw.assays.blot.background.window import Window
from exoraw.assays.blot.bands.interval import interval, uncertainty
from exoraw.assays.blot.bands.record import Band, Box, MethodVolume
from exoraw.assays.blot.bands.saturation import ceiling_of, saturated_fraction
from exoraw.assays.blot.lanes.arrays import AnyImage
from exoraw.assays.blot.lanes.geometry import Lane, Row
from exoraw.assays.blot.lanes.strip import Strip, cut_strip

HALF_SIGMAS, LEAST_HALF = 16.0, 60  # rows on either side of the line: sigmas of the row, and pixels


def measure_row(image: AnyImage, number: int, row: Row, background: Background) -> list[Band]:
    """Return the bands of a row.

    Parameters
    ----------
    image : (rows, columns) raw signal, bands bright
    number : of the row, from 1
    row : its line and its lanes
    background : method behind the adjusted volume
    """
    x0, x1 = min(lane.x0 for lane in row.lanes), max(lane.x1 for lane in row.lanes)
    sigma = row.trace.sigma
    half = max(LEAST_HALF, int(HALF_SIGMAS * sigma))
    strip = cut_strip(image, row.trace.y, half, slice(x0, x1), row.pitch)
    profiles = lane_profiles(strip, row.lanes, sigma)
    white = np.array([_white(strip, lane, p) for lane, p in zip(row.lanes, profiles, strict=True)])
    noise = blank_noise(profiles, white)
    return [
        _band(number, lane, _Found(image, row, strip, profile, float(w), float(n)), background)
        for lane, profile, w, n in zip(row.lanes, profiles, white, noise, strict=True)
    ]


def _white(strip: Strip, lane: Lane, profile: LaneProfile) -> float:
    box = strip.noise[profile.window.rows, lane.x0 : lane.x1]
    return float(np.sqrt(np.sum(box**2)))


@dataclass(frozen=True)
class _Found:
    """A lane's profile, where the strip lies in the image, and the noise of its band."""

    image: AnyImage
    row: Row
    strip: Strip
    profile: LaneProfile
    white: float
    blank: float


def _band(number: int, lane: Lane, found: _Found, background: Background) -> Band:
    volumes = found.profile.volumes()
    members = list(volumes.values())
    adjusted = float(np.median(members)) if background == "consensus" else volumes[background]
    window, fit, strip = found.profile.window, found.profile.fit, found.strip
    volume = float(strip.pixels[window.rows, lane.x0 : lane.x1].sum())
    box = _box(found.row, lane, window, strip.centre, len(found.image))
    raw = found.image[box[1] : box[3], box[0] : box[2]]
    parts = uncertainty(adjusted, members, found.white, found.blank)
    return Band(
        lane=lane.number,
        row=number,
        box=box,
        volume=volume,
        background=volume - adjusted,
        adjusted=adjusted,
        interval=interval(adjusted, parts),
        noise=found.blank,
        snr=adjusted / found.blank,
        area=(window.last - window.first + 1) * lane.width,
        saturated_fraction=saturated_fraction(raw, ceiling_of(raw)),
        methods=tuple(MethodVolume(name, value) for name, value in volumes.items()),
        centre=(lane.centre, found.row.trace.at(lane.centre) + fit.middle - strip.centre),
        sigma=(fit.above + fit.below) / 2,
    )


def _box(row: Row, lane: Lane, window: Window, centre: int, height: int) -> Box:
    line = row.trace.y[lane.x0 : lane.x1]
    y0 = int(np.floor(line.min() + window.first - centre))
    y1 = int(np.ceil(line.max() + window.last - centre)) + 1
    return lane.x0, max(y0, 0), lane.x1, min(y1, height)
