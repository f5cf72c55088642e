"""How a row of the image was read, and what else it could be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exoraw.assays.blot.lanes.geometry import PointPair, Row

State = Literal["ok", "needs_points"]


@dataclass(frozen=True)
class RowReading:
    """One row of the image: how it was read, and whether that can be trusted.

    Parameters
    ----------
    number : from 1, from the top
    state : "needs_points" where another reading is about as good; the row has no bands then
    reason : why, in words; "" where it is ok
    found : the reading that was used, or that was thought likeliest; None where nothing was seen
    candidates : first and last band of every reading that is possible, likeliest first
    """

    number: int
    state: State
    reason: str
    found: Row | None
    candidates: tuple[PointPair, ...] = ()
