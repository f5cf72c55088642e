"""Cleaning a tube where a person drew the outline of its cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.debris import DebrisGate
from exoraw.assays.flow.gates.in_polygon import in_polygon
from exoraw.assays.flow.review.applied import UNUSED
from exoraw.assays.flow.steps.tube import Cleaned, Tube, clean

OUTLINE = "outline"  # in the plain data of a batch: corners that a person drew


def outline_findings(tube: Tube, outline: FloatArray | None) -> Iterator[Finding]:
    """Say that an outline could not be used because the tube lacks one of the signals it is drawn on."""
    if outline is not None and not can_be_outlined(tube):
        yield Finding(
            UNUSED,
            "warning",
            "A person outlined the cells on forward and side scatter, but this file lacks the area of one of "
            "them: the cells were gated without the outline.",
        )


def corners_of(data: Sequence[Sequence[float]] | None) -> FloatArray | None:
    """Return an outline from plain data: (k, 2) corners, None where there is none."""
    return None if data is None else np.array(data, dtype=np.float64)


def can_be_outlined(tube: Tube) -> bool:
    """Whether the tube has the forward and side scatter on which cells are outlined."""
    return tube.scatter.area is not None and tube.scatter.side is not None


def clean_with_outline(
    tube: Tube, debris: DebrisGate | None, outline: FloatArray | None, *, singlets: bool
) -> Cleaned:
    """Take out debris by the outline that a person drew, else with the batch's gate; doublets as ever.

    Parameters
    ----------
    debris : gate of the batch; None where it is switched off
    outline : (k, 2) corners on forward and side scatter area, linear; events on its line are cells. None
        where nobody drew one; without effect on a tube that lacks one of the two signals
    singlets : whether doublets are taken out
    """
    area, side = tube.scatter.area, tube.scatter.side
    if outline is None or area is None or side is None:
        return clean(tube, debris, singlets=singlets)
    inside = tube.in_range & in_polygon(area, side, outline)
    cleaned = clean(replace(tube, in_range=inside), None, singlets=singlets)
    return replace(cleaned, in_range=tube.in_range)
