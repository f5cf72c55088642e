"""The pair of thresholds of a batch, where each comes from, and the tubes it can be found on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exoraw.assays.contract import Finding
from exoraw.assays.flow.annexin_candidates import Candidate, ThresholdSource
from exoraw.io.errors import ExorawError

TubeRole = Literal["vehicle", "single_annexin", "single_pi", "unstained", "treated", "unstained_treated"]
ROLES: tuple[TubeRole, ...] = (
    "vehicle",
    "single_annexin",
    "single_pi",
    "unstained",
    "treated",
    "unstained_treated",
)
Axis = Literal["annexin", "dna"]
AXES: tuple[Axis, Axis] = ("annexin", "dna")
SINGLE_STAIN: Mapping[Axis, TubeRole] = {"annexin": "single_annexin", "dna": "single_pi"}


class ThresholdError(ExorawError):
    """No threshold could be found, so there are no quadrants."""


@dataclass(frozen=True)
class ThresholdSettings:
    """What a lab may set about the thresholds.

    Parameters
    ----------
    sigmas : how far over the negative mode the threshold lies; 2.81 is the 99.75th percentile of a
        normal distribution
    unstained_percentile : of the unstained tube, the last resort
    min_events : a control with fewer leaves the finding "weak_control"
    bootstraps : resamplings for the interval of the threshold; 0 for none
    """

    sigmas: float = 2.81
    unstained_percentile: float = 99.5
    min_events: int = 500
    bootstraps: int = 100


@dataclass(frozen=True)
class AxisThreshold:
    """The threshold of one axis, where it comes from and what the other methods say.

    Parameters
    ----------
    axis : "annexin" or "dna" (PI, 7-AAD)
    threshold : linear, compensated; None where no method could be trusted (source "none")
    source : the method that was used
    mode, sigma, cofactor : negative mode (linear), its width on the axis arcsinh(x / cofactor); None for
        "valley" and "unstained"
    n : events it was found on
    ci_low, ci_high : 95 % interval of the threshold from resampled events, linear
    shift : linear shift that was added for a fluorescent drug, else 0
    candidates : vehicle, single stain, valley, unstained; each with its threshold or why it has none
    """

    axis: Axis
    threshold: float | None
    source: ThresholdSource
    mode: float | None
    sigma: float | None
    cofactor: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    shift: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class AnnexinThresholds:
    """The pair of thresholds of a batch and cell line (and of a treatment, for a fluorescent drug).

    `findings` name the axis as their entity: "axis:annexin", "axis:dna".
    """

    annexin: AxisThreshold
    dna: AxisThreshold
    findings: tuple[Finding, ...]

    @property
    def pair(self) -> tuple[float, float]:
        """(annexin, DNA dye), linear; raises ThresholdError where one could not be found."""
        if self.annexin.threshold is None or self.dna.threshold is None:
            lacking = [axis.axis for axis in (self.annexin, self.dna) if axis.threshold is None]
            raise ThresholdError(
                f"No threshold could be found for: {', '.join(lacking)}. A vehicle tube with both dyes in "
                "the same batch gives the best one; a fixed threshold can be set in the study."
            )
        return self.annexin.threshold, self.dna.threshold
