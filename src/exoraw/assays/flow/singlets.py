"""The singlet gate: two cells stuck together have more area for their height (or a longer pulse)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray

SingletMethod = Literal["area/height ratio", "width", "regression", "none"]


@dataclass(frozen=True)
class SingletGate:
    """Which events are single cells.

    Parameters
    ----------
    method : what was used; "none" where neither height nor width was recorded
    keep : (n,) mask; all True with method "none"
    limit : ratio (or width) above which an event is a doublet; None with "none" and "regression"
    slope, intercept, half_width : the regression line of height on area and its band; None otherwise
    removed_share : 0 to 1
    findings : "no_singlet_channel", "singlet_gate_removes_much", "few_events_for_singlets"
    """

    method: SingletMethod
    keep: BoolArray
    limit: float | None
    slope: float | None
    intercept: float | None
    half_width: float | None
    removed_share: float
    findings: tuple[Finding, ...] = ()


def singlet_gate(
    area: FloatArray,
    height: FloatArray | None = None,
    width: FloatArray | None = None,
    *,
    method: Literal["ratio", "regression"] = "ratio",
) -> SingletGate:
    """Find single cells from the pulse shape of forward scatter.

    Parameters
    ----------
    area, height, width : (n,) FSC-A, FSC-H, FSC-W, linear; None where not recorded
    method : "ratio" is PeacoQC's area/height < median + 4 MAD (Emmaneel 2022); "regression" is the
        99 % prediction band of a robust line of height on area (openCyto, flowStats::singletGate)
    """
    raise NotImplementedError
