"""What is to be written as one dataset of an FCS file: `FcsDataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy.typing as npt

from exoraw.assays.flow.spillover import Spillover

Version = Literal["2.0", "3.0", "3.1", "3.2"]
DataTypeName = Literal["I", "F", "D", "A"]


@dataclass(frozen=True, eq=False)
class FcsDataset:
    """One dataset to write. Events are stored values: a gain or log scale is declared, not applied.

    Parameters
    ----------
    events : (events, channels) values as they shall lie in the file; whole numbers for I and A
    channels : $PnN of the columns
    version : of the standard
    datatype : I integers, F float32, D float64, A digits as text
    byteorder : "little", "big", or the significance of each byte as stored, (3, 4, 1, 2)
    bits : width of the values, one for all or one per channel (I and A; characters for A, 0 = with
        separators); None = 32
    ranges : $PnR per channel; None = what the width holds, or 262,144
    markers : $PnS per channel, "" for none
    datatypes : channel -> I, F or D where it differs (FCS 3.2)
    amplification : channel -> (decades, lowest) of a log amplifier ($PnE)
    gains : channel -> $PnG
    timestep : seconds per tick of the channel called Time
    keywords : any others
    supplemental : keywords that go into a supplemental TEXT (FCS 3.x)
    spillover : written as $SPILLOVER (3.1 and later) or SPILL
    delimiter : one ASCII character
    packed : bits that are no multiple of 8 lie in one stream; False = each in a word of 8, 16, 32, 64
    header_offsets : False leaves the place of the data to the keywords, as files over 99,999,999 bytes must
    """

    events: npt.NDArray[Any]
    channels: Sequence[str]
    version: Version = "3.1"
    datatype: DataTypeName = "F"
    byteorder: str | tuple[int, ...] = "little"
    bits: int | Sequence[int] | None = None
    ranges: Sequence[float] | None = None
    markers: Sequence[str] | None = None
    datatypes: Mapping[str, DataTypeName] = field(default_factory=dict)
    amplification: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    gains: Mapping[str, float] = field(default_factory=dict)
    timestep: float | None = None
    keywords: Mapping[str, str] = field(default_factory=dict)
    supplemental: Mapping[str, str] = field(default_factory=dict)
    spillover: Spillover | None = None
    delimiter: str = "/"
    packed: bool = False
    header_offsets: bool = True
