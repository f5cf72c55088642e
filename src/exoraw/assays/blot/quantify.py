"""Band volumes of a blot or gel: from an image with bright bands to one record for every band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exoraw.assays.blot.background.methods import Background
from exoraw.assays.blot.bands.measure import measure_row
from exoraw.assays.blot.bands.record import Quantified
from exoraw.assays.blot.lanes.arrays import AnyImage
from exoraw.assays.blot.lanes.choose import choose_rows
from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.lanes.reading import RowReading
from exoraw.assays.blot.lanes.signal import search_image


def quantify(
    image: AnyImage,
    lanes: int = 9,
    rows: int = 1,
    points: Sequence[PointPair | None] | None = None,
    background: Background = "consensus",
) -> Quantified:
    """Find the rows and lanes of a blot and return the volume of every band.

    Parameters
    ----------
    image : (rows, columns) raw signal, bands bright
    lanes, rows : how many there are
    points : one pair ((x, y), (x, y)) a row: the middle of its first and its last band, pixels of the image
    background : method behind `adjusted`; "consensus" is the median of valley, arpls, snip and multi_gauss

    Returns
    -------
    Quantified: a sequence of Band. Its state is "needs_points" where the picture can be read in more than
    one way; the rows concerned have no bands then, and `rows` holds the candidates
    """
    search = search_image(image)
    readings: tuple[RowReading, ...] = choose_rows(search, lanes, rows, points)
    bands = [
        band
        for reading in readings
        if reading.state == "ok" and reading.found is not None
        for band in measure_row(np.asarray(image), reading.number, reading.found, background)
    ]
    return Quantified(tuple(bands), readings, tuple(f for band in bands for f in band.findings), background)
