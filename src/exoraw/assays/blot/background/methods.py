"""The adjusted volume of every lane of a row, by every method of background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from exoraw.assays.blot.background.baselines import arpls, snip
from exoraw.assays.blot.background.common import common_background
from exoraw.assays.blot.background.multi_gauss import HALO, GaussFit, fit_band
from exoraw.assays.blot.background.window import Window, find_apex, valley_window
from exoraw.assays.blot.lanes.arrays import FloatArray
from exoraw.assays.blot.lanes.geometry import Lane
from exoraw.assays.blot.lanes.strip import Strip

Background = Literal[
    "consensus",
    "valley",
    "arpls",
    "snip",
    "multi_gauss",
    "rolling_ball",
    "between_lanes",
    "none",
    "box_border",
]
BACKGROUNDS: tuple[Background, ...] = get_args(Background)
MEMBERS: tuple[Background, ...] = ("valley", "arpls", "snip", "multi_gauss")
END_ROWS = 2  # rows on either side of a valley whose median is its height
LEAST_HALO = 0.05  # of a band's top: with a halo the window is as much wider
TAIL = 4.0  # widths of the band on either side: more of a Gaussian than 99.99 %


@dataclass(frozen=True)
class LaneProfile:
    """A lane's profile across a row, with the band found on it.

    Parameters
    ----------
    profile : (rows,) mean signal, without `shared`
    clean : (rows,) the same without the neighbouring bands
    shared : (rows,) background that is known before any method is asked: what all lanes share, and how far
        the lane's own smear bends away from a straight line
    columns : pixels that the mean was taken over
    window : rows of the band
    fit : its Gaussians
    baselines : name -> (rows,) background of each member of the consensus under `clean`
    """

    profile: FloatArray
    clean: FloatArray
    shared: FloatArray
    columns: int
    window: Window
    fit: GaussFit
    baselines: tuple[tuple[Background, FloatArray], ...]

    def volumes(self) -> dict[Background, float]:
        """Return the adjusted volume of every member of the consensus."""
        found: dict[Background, float] = {}
        for name, baseline in self.baselines:
            rest = self.clean - baseline
            found[name] = float(rest[self.window.rows].sum()) * self.columns
        found["multi_gauss"] = self.fit.area * self.columns
        return found


def lane_profiles(strip: Strip, lanes: tuple[Lane, ...], sigma: float) -> tuple[LaneProfile, ...]:
    """Return the profiles of a row's lanes, the band of each, and the baselines of the consensus.

    Parameters
    ----------
    strip : straightened surroundings of the row
    lanes : their borders in columns of the strip
    sigma : half height of the row's bands, pixels
    """
    surface = common_background(strip, sigma, lanes)
    shared = _means(surface, lanes)
    profiles = _means(strip.pixels, lanes) - shared
    apexes = [find_apex(profile, strip.centre, sigma) for profile in profiles]
    fits = [fit_band(profile, apex, sigma) for profile, apex in zip(profiles, apexes, strict=True)]
    bends = np.stack([fit.bend for fit in fits])
    profiles, shared = profiles - bends, shared + bends
    clean = profiles - np.stack([fit.neighbours for fit in fits])
    snips, arplss = snip(clean, sigma), arpls(clean, sigma)
    found = []
    for i, lane in enumerate(lanes):
        window = _band_window(clean[i], apexes[i], sigma, fits[i])
        baselines: tuple[tuple[Background, FloatArray], ...] = (
            ("valley", valley_line(clean[i], window)),
            ("arpls", arplss[i]),
            ("snip", snips[i]),
        )
        found.append(LaneProfile(profiles[i], clean[i], shared[i], lane.width, window, fits[i], baselines))
    return tuple(found)


def _means(pixels: FloatArray, lanes: tuple[Lane, ...]) -> FloatArray:
    return np.stack([pixels[:, lane.x0 : lane.x1].mean(axis=1) for lane in lanes])


def valley_line(profile: FloatArray, window: Window) -> FloatArray:
    """Return the straight line between the two ends of a band, each the median of five rows."""
    ends = [
        float(np.median(profile[max(at - END_ROWS, 0) : at + END_ROWS + 1]))
        for at in (window.first, window.last)
    ]
    slope = (ends[1] - ends[0]) / max(window.last - window.first, 1)
    line: FloatArray = ends[0] + slope * (np.arange(len(profile)) - window.first)
    return line


def _band_window(clean: FloatArray, apex: int, sigma: float, fit: GaussFit) -> Window:
    window = valley_window(clean, apex, sigma)
    tail = TAIL * (HALO if fit.halo > LEAST_HALO else 1.0)
    first = max(window.first, int(np.floor(fit.middle - tail * fit.above)))
    last = min(window.last, int(np.ceil(fit.middle + tail * fit.below)))
    return Window(min(first, apex), apex, max(last, apex))
