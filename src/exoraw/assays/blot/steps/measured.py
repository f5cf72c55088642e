"""What one picture gave: a volume for every lane and protein, as later steps read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exoraw.assays.contract import Earlier, Finding


@dataclass(frozen=True)
class Volume:
    """One band of one sample.

    Parameters
    ----------
    sample, target, role : whose it is, which protein, what it is for
    value, low, high : adjusted volume with its 95 % interval
    limit : detection limit
    saturated : share of pixels on the ceiling, 0 to 1
    peak : brightest pixel as a share of the detector's range; None where the range is not known
    by_hand : whether a person showed where its row is
    findings : remarks about this band, and about its picture
    """

    sample: str
    target: str
    role: str
    value: float
    low: float
    high: float
    limit: float
    saturated: float
    peak: float | None
    by_hand: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def detected(self) -> bool:
        """Whether it lies above its detection limit."""
        return self.value > self.limit

    def plain(self) -> dict[str, Any]:
        """Return it as JSON; findings travel by themselves."""
        return {name: value for name, value in vars(self).items() if name != "findings"}


def volumes_of(earlier: Iterable[Earlier]) -> dict[tuple[str, str], Volume]:
    """Return (sample, target) -> volume of every picture that was measured, each with its findings."""
    found: dict[tuple[str, str], Volume] = {}
    for one in earlier:
        for band in one.data.get("bands", ()) if one.ok else ():
            touching = tuple(
                finding
                for finding in one.findings
                if finding.sample in ("", band["sample"]) and finding.entity in ("", f"band:{band['target']}")
            )
            found[(band["sample"], band["target"])] = Volume(**band, findings=touching)
    return found


def rows_by_hand(volumes: Mapping[tuple[str, str], Volume]) -> frozenset[str]:
    """Return the proteins whose row a person showed: every number made from them is marked."""
    return frozenset(target for (_, target), volume in volumes.items() if volume.by_hand)


def pictures_of(earlier: Iterable[Earlier]) -> list[Mapping[str, Any]]:
    """Return what is known of every picture that was read."""
    return [one.data["picture"] for one in earlier if one.ok and "picture" in one.data]
