"""The profile of every lane across a row with the background that was taken off, for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from exoraw.assays.blot.background.methods import Background, LaneProfile, lane_profiles
from exoraw.assays.blot.bands.record import Band
from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray
from exoraw.assays.blot.lanes.strip import row_strip
from exoraw.assays.blot.steps.reading import Read

if TYPE_CHECKING:
    from exoraw.assays.blot.plots import LaneCurve


def lane_curves(
    image: AnyImage, read: Read, names: Sequence[str], background: Background
) -> tuple[LaneCurve, ...]:
    """Return the profiles of a row's lanes, made as they were when the bands were measured.

    The background of the consensus is drawn as the median of its members' baselines; one of a method that
    has no line along the lane (between the lanes, box border) as its mean height across the band.
    """
    from exoraw.assays.blot.plots import LaneCurve

    row = read.reading.found
    assert row is not None
    found = lane_profiles(row_strip(image, row), row.lanes, row.trace.sigma)
    by_lane = {lane.number: profile for lane, profile in zip(row.lanes, found, strict=True)}
    curves = []
    for band in read.bands:
        profile = by_lane[band.lane]
        curves.append(
            LaneCurve(
                names[band.lane - 1],
                profile.shared + profile.profile,
                _baseline(profile, band, background),
                profile.window.first,
                profile.window.last,
                band.detected,
                band.saturated_fraction > 0,
            )
        )
    return tuple(curves)


def _baseline(profile: LaneProfile, band: Band, background: Background) -> FloatArray:
    """Height of the background along the lane, the light of neighbouring bands included."""
    below = profile.shared + (profile.profile - profile.clean)
    lines = dict(profile.baselines)
    if background in lines:
        return below + lines[background]
    if background in ("consensus", "multi_gauss"):
        middle: FloatArray = below + np.median(np.stack(list(lines.values())), axis=0)
        return middle
    level = band.background / max(band.area, 1)
    return np.full(len(below), level)
