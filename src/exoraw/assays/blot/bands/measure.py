"""From a row with its lanes to its bands: profiles, volumes, noise, saturation, remarks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from exoraw.assays.blot.background.blanks import blank_noise
from exoraw.assays.blot.background.methods import MEMBERS, Background, LaneProfile, lane_profiles
from exoraw.assays.blot.background.regions import ball_strip, between_lanes, box_border
from exoraw.assays.blot.background.window import Window
from exoraw.assays.blot.bands.band_findings import BandView, band_findings
from exoraw.assays.blot.bands.borders import border_light
from exoraw.assays.blot.bands.interval import Surroundings, interval
from exoraw.assays.blot.bands.molecular_weight import MwCalibration
from exoraw.assays.blot.bands.record import Band, Box, MethodVolume
from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray
from exoraw.assays.blot.lanes.geometry import Lane, Row
from exoraw.assays.blot.lanes.strip import Strip, row_strip
from exoraw.assays.blot.reading.saturation import ceiling_fraction, saturation_ceiling

ON_LINE = 1.0  # sigmas of the row from its line


@dataclass(frozen=True)
class Asked:
    """How the bands of an image are measured.

    Parameters
    ----------
    background : method behind the adjusted volume
    ceiling : value of clipped pixels of the whole image, None where none was seen
    ladder : from height to molecular weight, None without a ladder
    """

    background: Background = "consensus"
    ceiling: float | None = None
    ladder: MwCalibration | None = None


@dataclass(frozen=True)
class _Seen:
    """A row of the image, straightened, with the profiles of its lanes."""

    image: AnyImage
    number: int
    row: Row
    strip: Strip
    profiles: tuple[LaneProfile, ...]
    noise: FloatArray
    ball: FloatArray | None


def measure_row(image: AnyImage, number: int, row: Row, asked: Asked) -> list[Band]:
    """Return the bands of a row, one for every lane, in the order of the lanes.

    Parameters
    ----------
    image : (rows, columns) raw signal, bands bright
    number : of the row, from 1
    row : its line and its lanes
    asked : method of background, ceiling, ladder
    """
    strip = row_strip(image, row)
    profiles = lane_profiles(strip, row.lanes, row.trace.sigma)
    white = np.array([_pixel_noise(strip, lane, p) for lane, p in zip(row.lanes, profiles, strict=True)])
    ball = ball_strip(image, row, strip) if asked.background == "rolling_ball" else None
    seen = _Seen(image, number, row, strip, profiles, blank_noise(image, row, strip, profiles, white), ball)
    return [_band(seen, index, asked, float(noise)) for index, noise in enumerate(white)]


def _band(seen: _Seen, index: int, asked: Asked, pixels: float) -> Band:
    lane, profile, blank = seen.row.lanes[index], seen.profiles[index], float(seen.noise[index])
    volume, methods = _volumes(seen, lane, profile, asked.background)
    members = tuple(method.adjusted for method in methods if method.method in MEMBERS)
    chosen = [method.adjusted for method in methods if method.method == asked.background]
    adjusted = chosen[0] if chosen else float(np.median(members))
    around = _surroundings(seen, lane, profile, members, (pixels, blank, volume - adjusted))
    box = _box(seen, lane, profile.window)
    raw = seen.image[box[1] : box[3], box[0] : box[2]]
    height = seen.row.trace.at(lane.centre) + profile.fit.middle - seen.strip.centre
    band = Band(
        lane=lane.number,
        row=seen.number,
        box=box,
        volume=volume,
        background=volume - adjusted,
        adjusted=adjusted,
        interval=interval(adjusted, around),
        noise=blank,
        snr=adjusted / blank,
        area=(profile.window.last - profile.window.first + 1) * lane.width,
        saturated_fraction=_saturated(raw, asked.ceiling),
        methods=methods,
        centre=(lane.centre, height),
        sigma=(profile.fit.above + profile.fit.below) / 2,
        mw=asked.ladder.mass_at(height) if asked.ladder else None,
    )
    view = BandView(band, seen.strip, lane, profile, seen.image.shape, asked.ladder, _off_row(seen, index))
    return replace(band, findings=band_findings(view))


def _volumes(
    seen: _Seen, lane: Lane, profile: LaneProfile, background: Background
) -> tuple[float, tuple[MethodVolume, ...]]:
    window = profile.window
    volume = float(seen.strip.pixels[window.rows, lane.x0 : lane.x1].sum())
    methods = [MethodVolume(name, value) for name, value in profile.volumes().items()]
    if background == "none":
        methods.append(MethodVolume(background, volume))
    elif background == "between_lanes":
        methods.append(MethodVolume(background, volume - between_lanes(seen.strip, lane, window)))
    elif background == "box_border":
        methods.append(MethodVolume(background, volume - box_border(seen.strip, lane, window)))
    elif background == "rolling_ball" and seen.ball is not None:
        below = float(seen.ball[window.rows, lane.x0 : lane.x1].sum())
        methods.append(MethodVolume(background, volume - below))
    return volume, tuple(methods)


def _pixel_noise(strip: Strip, lane: Lane, profile: LaneProfile) -> float:
    box = strip.noise[profile.window.rows, lane.x0 : lane.x1]
    return float(np.sqrt(np.sum(box**2)))


def _surroundings(
    seen: _Seen,
    lane: Lane,
    profile: LaneProfile,
    members: tuple[float, ...],
    known: tuple[float, float, float],
) -> Surroundings:
    """Return what makes a band's volume uncertain; `known`: noise of pixels, of empty places, background."""
    rows = profile.window.rows
    height = profile.window.last - profile.window.first + 1
    replaced = seen.strip.removed[rows, lane.x0 : lane.x1]
    return Surroundings(
        members=members,
        pixels=known[0],
        blank=known[1],
        bend=abs(float(profile.fit.bend[rows].sum())) * profile.columns,
        slope=float(np.ptp(profile.shared)) * height * profile.columns,
        background=known[2],
        borders=border_light(seen.strip, lane, profile),
        speckles=float(np.sqrt(np.sum(replaced**2))),
        neighbours=float(profile.fit.neighbours[rows].sum()) * profile.columns,
    )


def _off_row(seen: _Seen, index: int) -> float:
    """Return how far a lane's band lies below the line of its row, in sigmas of the row.

    0 where the next lanes' bands lie off the line too: it runs between them, as on a gel of two products.
    """
    off = [(one.fit.middle - seen.strip.centre) / seen.row.trace.sigma for one in seen.profiles]
    beside = off[max(index - 1, 0) : index] + off[index + 1 : index + 2]
    return off[index] if all(abs(one) < ON_LINE for one in beside) else 0.0


def _saturated(raw: AnyImage, ceiling: float | None) -> float:
    own = saturation_ceiling(raw)
    known = [value for value in (ceiling, own) if value is not None]
    return ceiling_fraction(raw, min(known)) if known else 0.0


def _box(seen: _Seen, lane: Lane, window: Window) -> Box:
    line = seen.row.trace.y[lane.x0 : lane.x1]
    y0 = int(np.floor(line.min() + window.first - seen.strip.centre))
    y1 = int(np.ceil(line.max() + window.last - seen.strip.centre)) + 1
    return lane.x0, max(y0, 0), lane.x1, min(y1, len(seen.image))
