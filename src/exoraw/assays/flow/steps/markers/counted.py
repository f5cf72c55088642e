"""What a strategy says of a tube: its numbers, its populations, its borders and its remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from exoraw.assays.contract import Finding, Measurement
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.markers.shares import GatedShare
from exoraw.assays.flow.quadrants import Share

LIVE = "live single cells"


@dataclass(frozen=True)
class Border:
    """Where a marker is cut: linear signal (None without a gate), what it comes from, its 95 % interval."""

    threshold: float | None
    source: str
    n: int = 0
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True)
class Controls:
    """The control tubes of one stained tube, pooled.

    Parameters
    ----------
    role : "isotype", "deab", "no_exosome", "dye_only", "unstained"; "" without a control
    names : sheet names of the control tubes that were read
    main : (n, markers) live cells of the anchoring control; None without one
    fmo : marker key -> (n,) live cells of the tube without this dye, in the marker's channel
    tops : highest value of every marker's detector in the stained tube, linear
    cd24_valley : the batch's valley between its CD24 populations and its resamplings; None where the
        definition of CD24 low does not ask for one
    beside : role -> (n, markers) live cells of further controls, which show what the chosen one cannot
    """

    role: str
    names: tuple[str, ...]
    main: FloatArray | None
    fmo: dict[str, FloatArray] = field(default_factory=dict)
    tops: tuple[float | None, ...] = ()
    cd24_valley: tuple[float | None, FloatArray] | None = None
    beside: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """The control in words."""
        words = {
            "deab": "DEAB tube",
            "no_exosome": "tube without exosomes",
            "dye_only": "tube with the dye alone",
        }
        return words.get(
            self.role, f"{self.role} tube" if self.role == "unstained" else self.role or "control"
        )


@dataclass(frozen=True)
class Counted:
    """A tube, counted.

    Parameters
    ----------
    measurements : every number of the strategy, also those without a value
    populations : (name, events) of the populations inside the live single cells
    borders : by dye key
    note : one line for the picture and the methods ("CD24 negative: at or below the CD24 gate")
    findings : of this tube and of its controls
    """

    measurements: tuple[Measurement, ...]
    populations: tuple[tuple[str, int], ...]
    borders: dict[str, Border]
    note: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Numbers:
    """Writes the measurements of one tube."""

    sample: str
    file_id: str
    reference: str
    curated: bool = False

    def value(self, measure: str, value: float, entity: str = "", **fields: object) -> Measurement:
        """A number; NaN where there is none, which a finding explains."""
        kind = entity.partition(":")[0] or "sample"
        number = Measurement(
            self.sample, measure, value, entity_type=kind, entity=entity, file_id=self.file_id,
            curated=self.curated,
        )  # fmt: skip
        return replace(number, **fields)  # type: ignore[arg-type]

    def share(
        self, measure: str, share: GatedShare | None, entity: str = "", statistic: str = ""
    ) -> Measurement:
        """A share of the live single cells with numerator, denominator and interval."""
        if share is None:
            return self.value(measure, float("nan"), entity, statistic=statistic)
        return self.value(
            measure, share.percent, entity, statistic=statistic, numerator=float(share.numerator),
            denominator=float(share.denominator), n=share.denominator, ci_low=finite(share.ci_low),
            ci_high=finite(share.ci_high), reference=self.reference,
        )  # fmt: skip

    def plain_share(self, measure: str, share: Share, entity: str = "") -> Measurement:
        """A share that needs no control: of the events in the file, of the single cells."""
        return self.value(
            measure, share.percent, entity, numerator=float(share.numerator),
            denominator=float(share.denominator), n=share.denominator, ci_low=finite(share.ci_low),
            ci_high=finite(share.ci_high),
        )  # fmt: skip


def finite(value: float | None) -> float | None:
    """None in the place of NaN: a table knows no other absence."""
    return None if value is None or not np.isfinite(value) else float(value)


def unique(findings: Sequence[Finding]) -> list[Finding]:
    """Every remark once, in order."""
    return list({(one.code, one.message, one.entity): one for one in findings}.values())
