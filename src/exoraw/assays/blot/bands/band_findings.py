"""What is wrong with a single band, in words the lab can act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exoraw.assays.blot.background.methods import LaneProfile
from exoraw.assays.blot.bands.borders import border_light
from exoraw.assays.blot.bands.molecular_weight import MwCalibration
from exoraw.assays.blot.bands.record import Band
from exoraw.assays.blot.lanes.geometry import Lane
from exoraw.assays.blot.lanes.strip import Strip
from exoraw.assays.contract import Finding

SATURATED = 0.0005  # of the band's pixels: three of a band of 80 x 60 pixels
TOUCHING = 0.3  # of the band's own mean light, on the column where two lanes meet
OFF_ROW = 2.0  # sigmas of the row from its line; bands of one protein lie within 0.5
NEIGHBOUR = 0.05  # of the band's volume, inside its window
DISAGREE = 0.15  # spread of the consensus' members, relative to the volume
SPECKLE = 0.01  # of the band's volume
EDGE_SHARE = 0.002  # of the image's width: a lane that ends so near its edge is cut off there
EDGE_SIGMAS = 4.0  # of a band: what must be seen above and below its middle


@dataclass(frozen=True)
class BandView:
    """A band, and what its remarks are made from."""

    band: Band
    strip: Strip
    lane: Lane
    profile: LaneProfile
    shape: tuple[int, ...]
    ladder: MwCalibration | None
    off_row: float

    @property
    def name(self) -> str:
        """The band in words."""
        return f"the band of lane {self.band.lane}, row {self.band.row}"

    @property
    def entity(self) -> str:
        """The band as a path below the sample."""
        return f"lane:{self.band.lane}/band:{self.band.row}"


def band_findings(view: BandView) -> tuple[Finding, ...]:
    """Return every remark about a band."""
    found = [check(view) for check in _CHECKS]
    return tuple(finding for finding in found if finding is not None)


def _saturated(view: BandView) -> Finding | None:
    share = view.band.saturated_fraction
    if share <= SATURATED:
        return None
    message = f"{share:.1%} of {view.name} sit on the detector's ceiling; its volume is too low."
    return Finding("saturated_band", "warning", message, entity=view.entity, value=share, limit=SATURATED)


def _at_edge(view: BandView) -> Finding | None:
    x0, y0, x1, y1 = view.band.box
    height, width = view.shape[:2]
    above = view.profile.fit.middle / max(view.profile.fit.above, 1e-9)
    below = (len(view.strip.pixels) - 1 - view.profile.fit.middle) / max(view.profile.fit.below, 1e-9)
    near = 1 + EDGE_SHARE * width
    inside = x0 > near and x1 < width - near and y0 > 0 and y1 < height
    if inside and min(above, below) >= EDGE_SIGMAS:
        return None
    message = f"{view.name.capitalize()} or the background beside it is cut off by the edge of the image."
    return Finding("band_at_edge", "warning", message, entity=view.entity)


def _touching(view: BandView) -> Finding | None:
    if not view.band.detected:
        return None
    own = view.band.adjusted / view.lane.width
    share = max(border_light(view.strip, view.lane, view.profile), default=0.0) / own
    if share < TOUCHING:
        return None
    message = (
        f"{view.name.capitalize()} runs into the next lane: the border is {share:.0%} as dark as its inside."
    )
    return Finding("touching_bands", "info", message, entity=view.entity, value=share, limit=TOUCHING)


def _neighbour(view: BandView) -> Finding | None:
    if not view.band.detected:
        return None
    near = float(view.profile.fit.neighbours[view.profile.window.rows].sum()) * view.profile.columns
    share = near / view.band.adjusted
    if share < NEIGHBOUR:
        return None
    message = f"Another band lies close to {view.name}; {share:.0%} of its volume had to be told apart."
    return Finding("neighbouring_band", "info", message, entity=view.entity, value=share, limit=NEIGHBOUR)


def _off_row(view: BandView) -> Finding | None:
    pixels, off = view.profile.fit.middle - view.strip.centre, abs(view.off_row)
    if not view.band.detected or off < OFF_ROW:
        return None
    side = "below" if pixels > 0 else "above"
    message = f"{view.name.capitalize()} lies {abs(pixels):.0f} pixels {side} the line of its row."
    return Finding("off_row", "warning", message, entity=view.entity, value=off, limit=OFF_ROW)


def _faint(view: BandView) -> Finding | None:
    band = view.band
    if band.detected:
        return None
    message = (
        f"{view.name.capitalize()} is not above its detection limit ({band.adjusted:.4g}; limit "
        f"{band.detection_limit:.4g}): it counts as absent."
    )
    return Finding(
        "below_detection_limit", "info", message, "", view.entity, band.adjusted, band.detection_limit
    )


def _disagree(view: BandView) -> Finding | None:
    spread = view.band.method_spread
    if not view.band.detected or spread < DISAGREE:
        return None
    message = f"The methods of background differ by {spread:.0%} of the volume of {view.name}."
    return Finding("methods_disagree", "warning", message, entity=view.entity, value=spread, limit=DISAGREE)


def _speckle(view: BandView) -> Finding | None:
    light = float(view.strip.removed[view.profile.window.rows, view.lane.x0 : view.lane.x1].sum())
    share = abs(light) / max(abs(view.band.adjusted), 1e-9)
    if share < SPECKLE:
        return None
    message = f"Speckles on {view.name} ({share:.1%} of its volume) were replaced by their surroundings."
    return Finding("speckle_replaced", "info", message, entity=view.entity, value=share, limit=SPECKLE)


def _extrapolated(view: BandView) -> Finding | None:
    if view.ladder is None or not view.ladder.extrapolates(view.band.centre[1]):
        return None
    message = f"{view.name.capitalize()} lies beyond the ladder; {view.band.mw:.3g} is extrapolated."
    return Finding("mw_extrapolated", "info", message, entity=view.entity, value=view.band.mw)


_CHECKS: tuple[Callable[[BandView], Finding | None], ...] = (
    _saturated,
    _at_edge,
    _touching,
    _neighbour,
    _off_row,
    _faint,
    _disagree,
    _speckle,
    _extrapolated,
)
