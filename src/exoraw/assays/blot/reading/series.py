"""Pictures that belong together: exposures of one membrane, and the two channels of a LI-COR scan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exoraw.assays.blot.reading.image import BlotImage
from exoraw.assays.blot.reading.saturation import ceiling_fraction

_CHANNEL = re.compile(r"^(?P<stem>.*?)(?P<gap>[_\- .]?)(?P<channel>700|800)(?P<nm>[_\- ]?nm)?$")
LICOR_CHANNELS = ("700", "800")


@dataclass(frozen=True)
class ExposureChoice:
    """The exposure to measure.

    Parameters
    ----------
    index : position in the sequence that was given
    image : the chosen picture
    reason : why, in words that stand in the report
    saturated : whether even the chosen one has clipped pixels
    """

    index: int
    image: BlotImage
    reason: str
    saturated: bool


def longest_unsaturated(images: Sequence[BlotImage]) -> ExposureChoice:
    """Choose the longest exposure of which no pixel is clipped.

    Where an exposure time is missing in any of them, the order is that of the brightest pixels (the 99.99th
    percentile), which grows with the exposure; the reason says so. Where all are clipped, the shortest is
    taken and the reason says that its bright bands are too low.

    Parameters
    ----------
    images : exposures of one membrane, in any order, at least one

    Raises
    ------
    ValueError : no picture
    """
    if not images:
        raise ValueError("an exposure series needs at least one picture")
    timed = all(image.exposure_s is not None for image in images)
    order = sorted(range(len(images)), key=lambda index: _length(images[index], timed=timed))
    free = [index for index in order if images[index].ceiling is None]
    chosen = free[-1] if free else order[0]
    skipped = [index for index in order if order.index(index) > order.index(chosen)]
    reason = _reason(images, chosen, skipped, timed=timed, any_free=bool(free))
    return ExposureChoice(chosen, images[chosen], reason, not free)


def _length(image: BlotImage, *, timed: bool) -> float:
    if timed and image.exposure_s is not None:
        return image.exposure_s
    return float(np.percentile(image.pixels, 99.99))


def _reason(
    images: Sequence[BlotImage], chosen: int, skipped: Sequence[int], *, timed: bool, any_free: bool
) -> str:
    name = _named(images[chosen])
    how = "" if timed else " Exposure times are missing; the pictures were ordered by their brightness."
    if not any_free:
        share = ceiling_fraction(images[chosen].pixels, images[chosen].ceiling)
        return (
            f"All {len(images)} exposures have clipped pixels; the shortest, {name}, was taken "
            f"({share:.2%} clipped): its strongest bands are too low.{how}"
        )
    if not skipped:
        return f"The longest of {len(images)} exposures, {name}, has no clipped pixel.{how}"
    longer = ", ".join(
        f"{_named(image)} ({ceiling_fraction(image.pixels, image.ceiling):.2%} clipped)"
        for image in (images[index] for index in skipped)
    )
    return f"{name} is the longest exposure without a clipped pixel; longer ones were left: {longer}.{how}"


def _named(image: BlotImage) -> str:
    time = "" if image.exposure_s is None else f" of {image.exposure_s:g} s"
    page = f", page {image.page + 1}" if image.pages > 1 else ""
    return f"{image.path.name}{page}{time}"


@dataclass(frozen=True)
class ChannelPair:
    """The two files of a LI-COR scan, by the name they share."""

    name: str
    red_700: Path
    green_800: Path


def channel_pairs(paths: Iterable[Path]) -> tuple[ChannelPair, ...]:
    """Group files that differ only in 700 or 800 at the end of their name, as LI-COR scanners write them.

    Parameters
    ----------
    paths : files of any kind; those without a partner are left out

    Returns
    -------
    pairs, in the order of their names
    """
    found: dict[tuple[Path, str, str], dict[str, Path]] = {}
    for path in paths:
        match = _CHANNEL.match(path.stem)
        if match:
            key = (path.parent, match["stem"] + match["gap"] + (match["nm"] or ""), path.suffix.lower())
            found.setdefault(key, {})[match["channel"]] = path
    return tuple(
        ChannelPair(key[1].rstrip("_- ."), pair["700"], pair["800"])
        for key, pair in sorted(found.items(), key=lambda item: str(item[0]))
        if len(pair) == len(LICOR_CHANNELS)
    )
