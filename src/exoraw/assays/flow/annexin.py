"""Thresholds for Annexin V and PI: one pair per batch and cell line, from that batch's own controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray

TubeRole = Literal["vehicle", "single_annexin", "single_pi", "unstained", "treated", "unstained_treated"]
ThresholdSource = Literal["vehicle", "single stain", "valley", "unstained", "none"]
Axis = Literal["annexin", "dna"]


@dataclass(frozen=True)
class ThresholdSettings:
    """What a lab may set about the thresholds.

    Parameters
    ----------
    sigmas : how far over the negative mode the threshold lies, in left-side sigmas
    unstained_percentile : of the unstained tube, the last resort
    min_events : a control with fewer leaves the finding "weak_control"
    bootstraps : resamplings for the interval of the threshold; 0 for none
    """

    sigmas: float = 2.81
    unstained_percentile: float = 99.5
    min_events: int = 500
    bootstraps: int = 100


@dataclass(frozen=True)
class Candidate:
    """What one method would have chosen. `threshold` is linear; None with the reason in `why_not`."""

    source: ThresholdSource
    threshold: float | None
    why_not: str = ""
    mode: float | None = None
    sigma: float | None = None
    n: int = 0


@dataclass(frozen=True)
class AxisThreshold:
    """The threshold of one axis, where it comes from and what the other methods say.

    Parameters
    ----------
    axis : "annexin" or "dna" (PI, 7-AAD)
    threshold : linear, compensated; None where nothing could be trusted (source "none")
    source : the method that was used
    mode : negative mode, linear; sigma : its left-side width in arcsinh units; None for other sources
    cofactor : of the arcsinh axis on which mode and sigma were found
    n : events of the control it was found on
    ci_low, ci_high : 95 % bootstrap interval of the threshold, linear
    shift : linear shift added for a fluorescent drug (treatment-matched unstained tube), else 0
    candidates : every method, in order of preference, beside the one that was used
    """

    axis: Axis
    threshold: float | None
    source: ThresholdSource
    mode: float | None
    sigma: float | None
    cofactor: float
    n: int
    ci_low: float | None
    ci_high: float | None
    shift: float
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class AnnexinThresholds:
    """The pair of thresholds of a batch and cell line (and treatment, for a fluorescent drug)."""

    annexin: AxisThreshold
    dna: AxisThreshold
    findings: tuple[Finding, ...]

    @property
    def pair(self) -> tuple[float, float]:
        """(annexin, DNA dye), linear; raises ThresholdError where one could not be found."""
        raise NotImplementedError


def annexin_thresholds(
    tubes: Mapping[TubeRole, FloatArray],
    *,
    settings: ThresholdSettings | None = None,
    seed: int = 0,
) -> AnnexinThresholds:
    """Find the threshold pair of one batch and cell line.

    Parameters
    ----------
    tubes : role -> (n, 2) compensated linear events after debris and singlet gates, columns annexin
        and DNA dye. "vehicle": both dyes, untreated. "single_annexin", "single_pi": one dye.
        "unstained": no dye. "treated": both dyes, the treated tubes of the batch pooled.
        "unstained_treated": no dye, same treatment, for a drug that fluoresces.
    settings : see `ThresholdSettings`
    seed : of the bootstrap
    """
    raise NotImplementedError
