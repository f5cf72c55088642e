"""A control tube as the thresholds, the scales and the overlay of its batch see it."""

from __future__ import annotations

from dataclasses import dataclass

from exoraw.assays.contract import ReadyFile
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.steps.tube import Tube


@dataclass(frozen=True)
class Control:
    """A control tube, compensated, with the file it comes from."""

    file: ReadyFile
    tube: Tube
    signal: FloatArray
