"""Band volumes of a blot or gel: from an image with bright bands to one record for every band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.background.methods import BACKGROUNDS, Background
from exoraw.assays.blot.bands.image_findings import image_findings
from exoraw.assays.blot.bands.measure import Asked, measure_row
from exoraw.assays.blot.bands.molecular_weight import MwCalibration
from exoraw.assays.blot.bands.record import Quantified
from exoraw.assays.blot.lanes.arrays import AnyImage
from exoraw.assays.blot.lanes.choose import choose_rows
from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.lanes.signal import search_image
from exoraw.assays.blot.reading.saturation import saturation_ceiling

SMALLEST_SIDE = 24  # pixels
MOST_LANES, MOST_ROWS = 60, 30


class QuantifyError(ValueError):
    """The image, or what was asked of it, cannot be worked with; the message says what to change."""


def quantify(
    image: npt.NDArray[Any],
    lanes: int | None = 9,
    rows: int = 1,
    points: Sequence[PointPair | None] | None = None,
    background: Background = "consensus",
    ladder: MwCalibration | None = None,
) -> Quantified:
    """Find the rows and lanes of a blot and return the volume of every band.

    Rows are found by the light along straight lines, followed through smile and tilt, divided into lanes at
    the valleys between bands, and straightened. A lane's profile loses the background that all lanes share
    and its neighbouring bands; then each method of background gives a volume. `adjusted` is the median of
    four (valley, arpls, snip, multi_gauss), or the one method that is named.

    Parameters
    ----------
    image : (rows, columns) raw signal, bands bright, any integer or float type, finite
    lanes : number of lanes in every row, empty ones included; None to count them (only without points)
    rows : number of rows of bands (two where target and loading protein stand on one image)
    points : one pair ((x, y), (x, y)) a row: the middle of its first and of its last band, pixels of the
        image; None instead of a pair where that row is to be found
    background : "consensus", "valley", "arpls", "snip", "multi_gauss", "rolling_ball" (radius 50 after a 3x3
        mean, as ImageJ), "between_lanes" (agarose), "box_border" (median of a frame of 3 pixels) or "none"
    ladder : `calibrate_mw`, for molecular weights

    Returns
    -------
    Quantified, a sequence of Band. Its state is "needs_points" where a row can be read in more than one way:
    that row has no bands then, `rows` holds the candidates, and a finding gives the reason

    Raises
    ------
    QuantifyError
        image not two-dimensional, empty, too small or not finite; impossible lanes, rows, points, background
    """
    pixels = _checked_image(image)
    _check_question(pixels, lanes, rows, points, background)
    readings = choose_rows(search_image(pixels), lanes, len(points) if points is not None else rows, points)
    asked = Asked(background, saturation_ceiling(pixels), ladder)
    bands = tuple(
        band
        for reading in readings
        if reading.state == "ok" and reading.found is not None
        for band in measure_row(pixels, reading.number, reading.found, asked)
    )
    findings = (*image_findings(pixels, readings), *(finding for band in bands for finding in band.findings))
    return Quantified(bands, readings, findings, background)


def _checked_image(image: npt.NDArray[Any]) -> AnyImage:
    pixels = np.asarray(image)
    if pixels.ndim != 2:
        raise QuantifyError(
            f"the image has the shape {pixels.shape}; one grey picture (rows, columns) is needed"
        )
    if min(pixels.shape) < SMALLEST_SIDE:
        raise QuantifyError(
            f"the image has {pixels.shape[0]} x {pixels.shape[1]} pixels; lanes need {SMALLEST_SIDE} at least"
        )
    if pixels.dtype.kind not in "uif":
        raise QuantifyError(f"the image holds {pixels.dtype} values; numbers are needed")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise QuantifyError("the image holds values that are no numbers (NaN or infinity); read it again")
    if pixels.min() == pixels.max():
        raise QuantifyError(f"every pixel of the image is {pixels.flat[0]:g}; there is nothing to measure")
    return pixels


def _check_question(
    pixels: AnyImage,
    lanes: int | None,
    rows: int,
    points: Sequence[PointPair | None] | None,
    background: Background,
) -> None:
    if background not in BACKGROUNDS:
        raise QuantifyError(f'background is "{background}"; it is one of {", ".join(BACKGROUNDS)}')
    if lanes is not None and not 1 <= lanes <= MOST_LANES:
        raise QuantifyError(f"lanes is {lanes}; it lies between 1 and {MOST_LANES}")
    if not 1 <= rows <= MOST_ROWS:
        raise QuantifyError(f"rows is {rows}; it lies between 1 and {MOST_ROWS}")
    if points is None:
        return
    if lanes is None:
        raise QuantifyError("points need the number of lanes from the first to the last band")
    if not points:
        raise QuantifyError("points is empty; give one pair of points for each row, or leave points out")
    for number, pair in enumerate(points, start=1):
        if pair is not None:
            _check_pair(pixels, lanes, number, pair)


def _check_pair(pixels: AnyImage, lanes: int, number: int, pair: PointPair) -> None:
    height, width = pixels.shape
    for x, y in pair:
        if not (0 <= x < width and 0 <= y < height):
            raise QuantifyError(
                f"a point of row {number} is ({x:g}, {y:g}), outside the image of {width} x {height} pixels"
            )
    distance = abs(pair[1][0] - pair[0][0])
    if lanes > 1 and distance < 4 * (lanes - 1):
        raise QuantifyError(
            f"the points of row {number} are {distance:g} pixels apart, too few for {lanes} lanes; click the "
            "middle of the first and of the last band"
        )
