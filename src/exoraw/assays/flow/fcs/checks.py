"""Do the numbers look like a cytometer's? Wrong type, place or byte order betray themselves in the values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs.decode import Tally
from exoraw.assays.flow.fcs.findings import listed, remark
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.stored import Stored, Values

SAMPLED_EVENTS = 4_096
SAMPLED_VALUES = 1_000_000
HUGE, TINY = 1e18, 1e-18  # no detector signal lies outside; a shifted or swapped float32 does half the time
ABSURD_SHARE = 0.005  # of the sampled values; real files: none seen
SWAPPED_BITS = 1.0  # top minus lowest bytes, over all channels: real files -8 to -178, swapped the reverse
LEAST_PATTERNS = 20  # fewer integers may look like floats by chance
LEAST_EVENTS = 200  # fewer do not show which byte varies more
EXACT_INTEGERS = 2.0**53


def check_values(
    stored: Stored, wanted: Sequence[Parameter], tallies: Sequence[Tally], notes: list[Finding]
) -> None:
    """Add a finding for everything odd in the values of the channels that were read."""
    _say_counts(
        "bits_masked", "Bits above the range were set to 0", [t.masked for t in tallies], wanted, notes
    )
    _say_counts("above_range", "Values above the range, kept", [t.above for t in tallies], wanted, notes)
    _say_counts("not_finite", "Not a number or infinite", [t.not_finite for t in tallies], wanted, notes)
    rounded = [
        p.name for p, t in zip(wanted, tallies, strict=True) if p.bits > 53 and t.high > EXACT_INTEGERS
    ]
    if rounded and any(p.datatype == "I" for p in wanted if p.name in rounded):
        notes.append(remark("precision_lost", f"Very large integers in {listed(rounded)}."))
    for parameter, tally in zip(wanted, tallies, strict=True):
        if tally.backward:
            message = f"Times that {parameter.name} runs backwards: {tally.backward:,}."
            notes.append(remark("time_not_monotonic", message, value=float(tally.backward)))
    if stored.count and stored.packing.kind == "bytes":
        _check_decimals(stored, wanted, notes)
        _check_integers(stored, wanted, notes)


def _say_counts(
    code: str, what: str, counts: Sequence[int], wanted: Sequence[Parameter], notes: list[Finding]
) -> None:
    touched = [
        f"{p.name} {n:,}" + (f" (of {p.mask.bit_length()} bits)" if p.mask is not None else "")
        for p, n in zip(wanted, counts, strict=True)
        if n
    ]
    if touched:
        message = f"{what} (number of events per channel): {listed(touched)}."
        notes.append(remark(code, message, value=float(sum(counts))))


def _sample(stored: Stored) -> slice:
    """First events of the dataset, at most `SAMPLED_EVENTS`."""
    events = max(SAMPLED_VALUES // len(stored.parameters), 1)
    return slice(0, min(SAMPLED_EVENTS, events, stored.count))


def _absurd(values: FloatArray) -> float:
    """Share of values no detector gives."""
    size = np.abs(values)
    with np.errstate(invalid="ignore"):
        fine = (size <= HUGE) & ((size >= TINY) | (size == 0.0))
    return 1.0 - float(np.count_nonzero(fine)) / max(values.size, 1)


def _check_decimals(stored: Stored, wanted: Sequence[Parameter], notes: list[Finding]) -> None:
    """Decimal numbers with impossible exponents; whether the other byte order would be better."""
    decimals = [p for p in wanted if p.datatype in ("F", "D")]
    if not decimals:
        return
    rows = _sample(stored)
    columns = [stored.block(p, rows) for p in decimals]
    with np.errstate(invalid="ignore", over="ignore"):
        declared = _absurd(np.concatenate([c.astype(np.float64) for c in columns]))
        swapped = _absurd(np.concatenate([c.byteswap().astype(np.float64) for c in columns]))
    if declared <= ABSURD_SHARE:
        return
    share = f"{100 * declared:.1f} % of the sampled values are impossibly large, small or no numbers"
    notes.append(remark("implausible_values", f"{share}.", value=declared, limit=ABSURD_SHARE))
    if swapped < declared / 4:
        notes.append(
            remark(
                "byte_order_doubtful",
                f"{share}; in the opposite byte order {100 * swapped:.1f} %. The declared order was used.",
                value=declared,
                limit=swapped,
            )
        )


def _check_integers(stored: Stored, wanted: Sequence[Parameter], notes: list[Finding]) -> None:
    """Integers that are floats in disguise, or whose top byte varies more than their lowest one."""
    integers = [p for p in wanted if p.datatype == "I"]
    rows = _sample(stored)
    wide = [stored.block(p, rows) for p in integers if stored.packing.widths[p.number - 1] == 32]
    if wide and stored.count >= LEAST_PATTERNS and _look_like_float(np.concatenate(wide)):
        message = "The 32-bit integers look like decimal numbers; the file declares the wrong type."
        notes.append(remark("implausible_values", message))
    if stored.count < LEAST_EVENTS:
        return
    top = lowest = 0.0
    for p in integers:
        width = stored.packing.widths[p.number - 1] // 8
        if width > 1 and not p.is_time:
            planes = _used_bytes(stored.block(p, rows), width)
            lowest += _entropy(planes[:, 0])
            top += _entropy(planes[:, -1])
    if top > lowest + SWAPPED_BITS:
        notes.append(
            remark(
                "byte_order_doubtful",
                f"The most significant bytes vary more than the least significant ones "
                f"({top:.1f} against {lowest:.1f} bits over all channels). The declared order was used.",
                value=top,
                limit=lowest,
            )
        )


def _used_bytes(values: Values, width: int) -> npt.NDArray[np.uint8]:
    """(events, width) bytes of integers, lowest first, without low bits that are never set."""
    used = int(np.bitwise_or.reduce(values))
    unused = (used & -used).bit_length() - 1
    if 0 < unused < 8:  # 12 bits kept in the upper part of 16; a whole empty byte is no such habit
        values = values >> values.dtype.type(unused)
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<")))
    return little.view(np.uint8).reshape(len(values), -1)[:, :width]


def _look_like_float(values: Values) -> bool:
    """32-bit patterns that are all 0 or floats between 2^-20 and 2^40, and most not small integers."""
    pattern = values.astype(np.uint32)
    exponent = (pattern >> np.uint32(23)) & np.uint32(0xFF)
    as_float = (exponent > 107) & (exponent < 167)
    full = pattern > np.uint32(1 << 28)
    others = np.count_nonzero(~as_float & (pattern != 0))
    return bool(np.count_nonzero(as_float & full) > 0.5 * len(pattern) and others <= 0.01 * len(pattern))


def _entropy(plane: npt.NDArray[np.uint8]) -> float:
    """Shannon entropy of bytes, in bits."""
    share = np.bincount(plane, minlength=256) / len(plane)
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())
