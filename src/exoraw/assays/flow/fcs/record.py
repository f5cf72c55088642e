"""One line for the record: how the stored values of a file became numbers."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.fcs.findings import remark
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.stored import Stored
from exoraw.assays.flow.spillover import Spillover

_TYPE_WORDS = {"I": "integer", "F": "float", "D": "float", "A": "text"}


def conversion_record(
    stored: Stored,
    wanted: Sequence[Parameter],
    source: str,
    timestep: float | None,
    spillover: Spillover | None,
) -> Finding:
    """The finding `conversion`: everything that decides the numbers, in one message."""
    order = ",".join(str(place) for place in stored.order.order)
    parts = [
        f"{stored.count:,} events x {len(stored.parameters)} channels from byte {stored.start:,} ({source}), "
        f"{_types(stored)}" + (f", byte order {order}" if order else "")
    ]
    scales: dict[str, list[str]] = {}
    for parameter in wanted:
        scale = _scale(parameter)
        if scale:
            scales.setdefault(scale, []).append(parameter.name)
    parts += [f"{scale}: {', '.join(names)}" for scale, names in scales.items()]
    if timestep is not None:
        parts.append(f"time in steps of {timestep!r} s")
    if spillover is not None:
        parts.append(
            f"matrix of {len(spillover.channels)} channels from {spillover.source}, "
            f"fingerprint {fingerprint(spillover)}; not applied"
        )
    return remark("conversion", "; ".join(parts) + ".")


def _types(stored: Stored) -> str:
    """Type and width of the values; with the channel numbers where they differ."""
    groups: dict[str, list[int]] = {}
    for parameter, bits in zip(stored.parameters, stored.packing.widths, strict=True):
        name = f"{bits}-bit {_TYPE_WORDS[parameter.datatype]}"
        groups.setdefault(name, []).append(parameter.number)
    if len(groups) == 1:
        return next(iter(groups))
    return ", ".join(f"{name} ({_numbers(numbers)})" for name, numbers in groups.items())


def _numbers(numbers: list[int]) -> str:
    """1, 2, 3, 7 as "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def fingerprint(spillover: Spillover) -> str:
    """Eight digits that are the same for the same matrix of the same channels."""
    names = "\0".join(spillover.channels).encode()
    return f"{zlib.crc32(np.ascontiguousarray(spillover.matrix).tobytes(), zlib.crc32(names)):08x}"


def _scale(parameter: Parameter) -> str:
    if parameter.decades > 0.0:
        return f"{parameter.decades!r} decades from {parameter.lowest!r} over {parameter.range!r} steps"
    if parameter.gain != 1.0:
        return f"divided by gain {parameter.gain!r}"
    return ""
