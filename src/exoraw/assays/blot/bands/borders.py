"""The light on the columns where two lanes meet: of bands that touch, or are cut a little off."""

from __future__ import annotations

from exoraw.assays.blot.background.methods import LaneProfile
from exoraw.assays.blot.lanes.geometry import Lane
from exoraw.assays.blot.lanes.strip import Strip


def border_light(strip: Strip, lane: Lane, profile: LaneProfile) -> tuple[float, ...]:
    """Return the light above the background on each border of a lane, over the height of its band.

    Parameters
    ----------
    strip : straightened surroundings of the row
    lane : its borders in columns of the strip
    profile : the lane's profile with its band

    Returns
    -------
    one sum, signal times pixels of one column, for each border that lies inside the image
    """
    rows, size = profile.window.rows, strip.pixels.shape[1]
    line = profile.shared + profile.baselines[0][1]
    return tuple(
        float((strip.pixels[rows, at - 1 : at + 1].mean(axis=1) - line[rows]).sum())
        for at in (lane.x0, lane.x1)
        if 0 < at < size
    )
