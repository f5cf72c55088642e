"""Writing FCS files: `write_fcs` for one dataset, `write_datasets` for several in one file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy.typing as npt

from exoraw.assays.flow.fcs.compose import Plan, compose
from exoraw.assays.flow.fcs.encode import encoded_blocks
from exoraw.assays.flow.fcs.plan import Column, FcsWriteError, plan_columns
from exoraw.assays.flow.spillover import Spillover

__all__ = ["FcsDataset", "FcsWriteError", "write_datasets", "write_fcs"]

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


def write_fcs(
    path: str | Path,
    events: npt.NDArray[Any],
    channels: Sequence[str],
    *,
    version: Version = "3.1",
    datatype: DataTypeName = "F",
    byteorder: str | tuple[int, ...] = "little",
    bits: int | Sequence[int] | None = None,
    ranges: Sequence[float] | None = None,
    markers: Sequence[str] | None = None,
    datatypes: Mapping[str, DataTypeName] | None = None,
    amplification: Mapping[str, tuple[float, float]] | None = None,
    gains: Mapping[str, float] | None = None,
    timestep: float | None = None,
    keywords: Mapping[str, str] | None = None,
    supplemental: Mapping[str, str] | None = None,
    spillover: Spillover | None = None,
    delimiter: str = "/",
    packed: bool = False,
    header_offsets: bool = True,
) -> Path:
    """Write one dataset as an FCS file; the arguments are explained at `FcsDataset`.

    The file appears whole or not at all.

    Raises
    ------
    FcsWriteError : values, names or options that the standard cannot express
    """
    dataset = FcsDataset(
        events,
        channels,
        version,
        datatype,
        byteorder,
        bits,
        ranges,
        markers,
        datatypes or {},
        amplification or {},
        gains or {},
        timestep,
        keywords or {},
        supplemental or {},
        spillover,
        delimiter,
        packed,
        header_offsets,
    )
    return write_datasets(path, [dataset])


def write_datasets(path: str | Path, datasets: Sequence[FcsDataset]) -> Path:
    """Write several datasets into one FCS file, linked by $NEXTDATA.

    Raises
    ------
    FcsWriteError : no dataset, or one that the standard cannot express
    """
    path = Path(path)
    if not datasets:
        raise FcsWriteError(f"{path}: there is no dataset to write.")
    plans = [_plan(dataset, number + 1 < len(datasets)) for number, dataset in enumerate(datasets)]
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for dataset, (plan, columns) in zip(datasets, plans, strict=True):
                _write_one(file, dataset, plan, columns)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _plan(dataset: FcsDataset, followed: bool) -> tuple[Plan, tuple[Column, ...]]:
    columns = plan_columns(dataset)
    return compose(dataset, columns, followed), columns


def _write_one(file: BinaryIO, dataset: FcsDataset, plan: Plan, columns: tuple[Column, ...]) -> None:
    file.write(plan.before)
    written = 0
    for block in encoded_blocks(dataset, columns):
        file.write(block)
        written += len(block)
    if written != plan.data_bytes:
        raise FcsWriteError(
            f"{file.name}: {written:,} bytes of data were written, {plan.data_bytes:,} planned."
        )
    file.write(plan.after)
