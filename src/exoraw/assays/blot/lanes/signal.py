"""The image as the search for lanes sees it: smaller where it is large, without its slow background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray

LARGEST_SIDE = 1_400  # pixels: the search needs no more; volumes are always taken from the full image
BACKGROUND_SHARE = 0.09  # of the shorter side: larger than a band is high
SMALLEST_OPENING = 61  # pixels: a thick band (25 px) must not become background
OPENING_STEP = 4


@dataclass(frozen=True)
class SearchImage:
    """An image for the search: its pixels, and how many pixels of the raw image one of them stands for."""

    pixels: FloatArray
    scale: int


def search_image(image: AnyImage) -> SearchImage:
    """Return the image without slow background and speckles, made smaller where it is large.

    Parameters
    ----------
    image : (rows, columns), arbitrary intensity units, signal bright

    Returns
    -------
    SearchImage with float32 pixels; about 0 where there is no band
    """
    import cv2

    scale = max(1, int(np.ceil(max(image.shape) / LARGEST_SIDE)))
    pixels = np.ascontiguousarray(image, np.float32)
    if scale > 1:
        rows, columns = image.shape[0] // scale, image.shape[1] // scale
        cut = pixels[: rows * scale, : columns * scale]
        pixels = cut.reshape(rows, scale, columns, scale).mean(axis=(1, 3))
    pixels = cv2.medianBlur(pixels, 3)
    return SearchImage(pixels - slow_background(pixels), scale)


def slow_background(pixels: FloatArray) -> FloatArray:
    """Return what varies over distances larger than a band: a grey opening of the image, smoothed.

    Source: top-hat transform (Serra 1982), on every fourth pixel. For finding bands, never for measuring.
    """
    import cv2

    size = max(SMALLEST_OPENING, int(BACKGROUND_SHARE * min(pixels.shape))) // OPENING_STEP | 1
    blurred = cv2.GaussianBlur(pixels, (0, 0), OPENING_STEP / 2, borderType=cv2.BORDER_REPLICATE)
    height, width = pixels.shape
    small_shape = (max(1, width // OPENING_STEP), max(1, height // OPENING_STEP))
    small = cv2.resize(blurred, small_shape, interpolation=cv2.INTER_AREA)
    opened = cv2.morphologyEx(
        small, cv2.MORPH_OPEN, np.ones((size, size), np.uint8), borderType=cv2.BORDER_REPLICATE
    )
    smooth = cv2.GaussianBlur(opened, (0, 0), size / 2, borderType=cv2.BORDER_REPLICATE)
    back: FloatArray = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return back
