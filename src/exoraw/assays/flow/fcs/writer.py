"""Writing FCS files: `write_fcs` for one dataset, `write_datasets` for several in one file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy.typing as npt

from exoraw.assays.flow.fcs.compose import Plan, compose
from exoraw.assays.flow.fcs.dataset import DataTypeName, FcsDataset, Version
from exoraw.assays.flow.fcs.encode import encoded_blocks
from exoraw.assays.flow.fcs.plan import Column, FcsWriteError, plan_columns
from exoraw.assays.flow.spillover import Spillover

__all__ = ["FcsDataset", "FcsWriteError", "write_datasets", "write_fcs"]


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
