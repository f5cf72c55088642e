"""Events of one tube that come from another program: numbers, channels, and what was done to them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class EventTable:
    """The events of a tube as another program holds them.

    Parameters
    ----------
    sample : name of the tube there
    events : (n, len(channels)) read-only
    channels : $PnN of the columns
    markers : $PnS of the columns, "" where none
    keywords : of the FCS file, as that program keeps them
    path : the FCS file, where known
    findings : what was done to the events there (a transform, a gate, a part drawn at random)
    """

    sample: str
    events: FloatArray = field(repr=False)
    channels: tuple[str, ...]
    markers: tuple[str, ...]
    keywords: Mapping[str, str] = field(repr=False)
    path: Path | None
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return int(self.events.shape[0])
