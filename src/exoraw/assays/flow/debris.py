"""The debris gate: loose, because apoptotic cells lose forward scatter and must stay in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray

DebrisState = Literal["valley", "no debris population", "too few events"]


@dataclass(frozen=True)
class DebrisGate:
    """Where debris ends on forward scatter.

    Parameters
    ----------
    threshold : events at or above it are kept (linear FSC); None gates nothing away
    state : "valley", "no debris population" or "too few events"
    removed_share : share of the events it was found on that it removes, 0 to 1
    debris_mode, cell_mode : the two peaks on linear FSC, None where not found
    valley_depth : 1 - density in the valley / density at the lower of the two peaks, 0 to 1
    n : events it was found on
    findings : codes "debris_gate", "debris_gate_removes_much"
    """

    threshold: float | None
    state: DebrisState
    removed_share: float
    debris_mode: float | None
    cell_mode: float | None
    valley_depth: float | None
    n: int
    findings: tuple[Finding, ...] = ()

    def keeps(self, fsc: FloatArray) -> BoolArray:
        """Mask of the events that are kept; call it for every tube of the batch. NaN is not kept."""
        values = np.asarray(fsc)
        return np.isfinite(values) if self.threshold is None else values >= self.threshold


def debris_gate(fsc: FloatArray) -> DebrisGate:
    """Find the valley between debris and cells on log forward scatter.

    Parameters
    ----------
    fsc : (n,) FSC-A (or FSC-H), linear; pool the controls of a batch to get one gate for all of it
    """
    raise NotImplementedError
