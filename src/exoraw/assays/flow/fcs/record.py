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
    width = sorted(set(stored.packing.widths))
    bits = "/".join(str(b) for b in width)
    types = "/".join(sorted({_TYPE_WORDS[p.datatype] for p in stored.parameters}))
    order = ",".join(str(place) for place in stored.order.order)
    parts = [
        f"{stored.count:,} events x {len(stored.parameters)} channels from byte {stored.start:,} ({source}), "
        f"{bits}-bit {types}" + (f", byte order {order}" if order else "")
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
