"""All the protein of a lane, from a stained membrane: the whole lane instead of one band."""

from __future__ import annotations

import numpy as np

from exoraw.assays.blot.bands.interval import NORMAL_95
from exoraw.assays.blot.bands.record import Band, MethodVolume, Quantified
from exoraw.assays.blot.lanes.arrays import AnyImage
from exoraw.assays.blot.lanes.find import automatic_rows, row_from_points
from exoraw.assays.blot.lanes.geometry import Lane, PointPair, Row
from exoraw.assays.blot.lanes.reading import RowReading
from exoraw.assays.blot.lanes.signal import search_image
from exoraw.assays.blot.lanes.strip import Strip, cut_strip
from exoraw.assays.blot.reading.saturation import ceiling_fraction, saturation_ceiling
from exoraw.assays.blot.stain_background import StainBackground, stain_background
from exoraw.assays.contract import Finding

METHOD = "between_lanes"  # without what the lanes shed there
SATURATED = 0.0005  # of the lane's pixels
# Of a lane's total, and times what a curve across the lanes differs from straight lines: what the background
# may be off. Found on simulated stains (seeds 2500 to 2507); coverage is reported on other seeds.
OWN, BENDS = 0.006, 2.0


def lane_totals(image: AnyImage, lanes: int, points: PointPair | None = None) -> Quantified:
    """Return one record per lane: the signal of the whole lane above that between the lanes.

    The lanes are those of any row of bands that runs across them; the strip follows that row's smile and
    tilt. Nothing along a stained lane is background, so it is read off between the lanes, height by height,
    without the tails that the lanes shed there, and a smooth curve runs across all borders.

    Parameters
    ----------
    image : (rows, columns) raw signal, stained protein bright
    lanes : number of lanes
    points : middle of the first and of the last lane at one height, pixels; None to have them found

    Returns
    -------
    Quantified with one `Band` per lane, `box` being the lane; its state is "needs_points" where the lanes
    can be laid in more than one way

    Source
    ------
    total-protein normalisation: Aldridge et al. 2008, J Neurosci Methods 172:250
    """
    reading = _reading(image, lanes, points)
    if reading.state != "ok" or reading.found is None:
        message = (
            f"The lanes of the stain were not measured: {reading.reason}. Click the first and last lane."
        )
        return Quantified((), (reading,), (Finding("needs_points", "error", message, "", "row:1"),), METHOD)
    row = reading.found
    strip = cut_strip(image, row.trace.y, len(image), slice(row.x0, row.x1), row.pitch)
    ceiling = saturation_ceiling(image)
    ordered = sorted(row.lanes, key=lambda lane: lane.x0)
    below = stain_background(strip.pixels, [*(lane.x0 for lane in ordered), ordered[-1].x1])
    made = [_total(image, strip, row, lane, (below, at), ceiling) for at, lane in enumerate(ordered)]
    bands = tuple(sorted(made, key=lambda band: band.lane))
    return Quantified(bands, (reading,), tuple(f for band in bands for f in band.findings), METHOD)


def _reading(image: AnyImage, lanes: int, points: PointPair | None) -> RowReading:
    """Any row of bands shows where the lanes are: that several rows shine alike is no doubt here."""
    search = search_image(image)
    if points is not None:
        row = row_from_points(search, lanes, points)
        return RowReading(1, "ok", "", row, (row.ends,))
    lines = automatic_rows(search, lanes, 1)
    sure = [line[0] for line in lines if not line[0].doubts]
    if sure:
        best = max(sure, key=lambda row: row.score)
        return RowReading(1, "ok", "", best, (best.ends,))
    if not lines:
        return RowReading(1, "needs_points", "no lanes were found", None)
    likeliest = lines[0][0]
    return RowReading(1, "needs_points", "; ".join(likeliest.doubts), likeliest, (likeliest.ends,))


def _total(
    image: AnyImage, strip: Strip, row: Row, lane: Lane, below: tuple[StainBackground, int],
    ceiling: float | None,
) -> Band:  # fmt: skip
    inside = strip.pixels[:, lane.x0 : lane.x1]
    volume = float(inside.sum())
    found, at = below
    background = float(found.mean[:, at].sum()) * lane.width
    bend = float((found.mean[:, at] - found.straight[:, at]).sum()) * lane.width
    adjusted = volume - background
    noise = float(np.sqrt(np.sum(strip.noise[:, lane.x0 : lane.x1] ** 2)))
    parts = (noise, BENDS * bend, OWN * adjusted)
    half = NORMAL_95 * float(np.sqrt(sum(part**2 for part in parts)))
    line = row.trace.y[lane.x0 : lane.x1]
    top = max(int(line.min()) - strip.centre, 0)
    box = (lane.x0, top, lane.x1, min(top + len(strip.pixels), len(image)))
    saturated = ceiling_fraction(image[box[1] : box[3], box[0] : box[2]], ceiling)
    return Band(
        lane=lane.number, row=1, box=box, volume=volume, background=background, adjusted=adjusted,
        interval=(adjusted - half, adjusted + half), noise=noise, snr=adjusted / noise if noise else 0.0,
        area=inside.size, saturated_fraction=saturated, methods=(MethodVolume(METHOD, adjusted),),
        centre=(lane.centre, row.trace.at(lane.centre)), sigma=row.trace.sigma,
        findings=_saturated(lane, saturated),
    )  # fmt: skip


def _saturated(lane: Lane, share: float) -> tuple[Finding, ...]:
    if share <= SATURATED:
        return ()
    message = (
        f"{share:.1%} of lane {lane.number} of the stain sit on the detector's ceiling: its total is too low."
    )
    entity = f"lane:{lane.number}/band:1"
    return (Finding("saturated_band", "warning", message, "", entity, share, SATURATED),)
