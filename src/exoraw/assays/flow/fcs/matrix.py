"""The spillover matrix that a file carries: $SPILLOVER, SPILL or the old $DFCnTOm, with their oddities."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs.findings import listed, remark
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.text import Text, parse_integer, parse_real
from exoraw.assays.flow.spillover import Spillover, SpilloverError

KEYWORDS = ("$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL")  # in order of trust
MAX_DYES = 256  # spectral cytometers have up to 186 detectors
_DFC = re.compile(r"\$DFC(\d{1,2})TO(\d{1,2})")
_FLUORESCENCE = re.compile(r"FL ?(\d{1,2})(?!\d)", re.IGNORECASE)
_SCATTER_OR_TIME = re.compile(r"^(FSC?|SSC?|FALS|SALS|TIME|EVENT|WIDTH)\b|^(FS|SS)[ -]", re.IGNORECASE)


def read_spillover(text: Text, parameters: Sequence[Parameter], notes: list[Finding]) -> Spillover | None:
    """The file's matrix, by channel name; None where there is none, the identity, or nothing usable.

    `parameters` are all channels of the file, also where only some of them are read.
    """
    found: list[tuple[str, Spillover]] = []
    identities = 0
    for key in KEYWORDS:
        value = text.get(key)
        matrix = None if value is None else _parse(key, value, parameters, notes)
        if matrix is None:
            continue
        if matrix.is_identity:
            identities += 1
            notes.append(
                remark("spillover_identity", f"{key} of {len(matrix.channels)} channels is the identity.")
            )
        else:
            found.append((key, matrix))
    if found:
        _say_if_different(found, notes)
        return found[0][1]
    return None if identities else _from_dfc(text, parameters, notes)


def _say_if_different(found: list[tuple[str, Spillover]], notes: list[Finding]) -> None:
    first_key, first = found[0]
    for key, other in found[1:]:
        if other.channels != first.channels or not np.array_equal(other.matrix, first.matrix):
            notes.append(remark("spillover_several", f"{first_key} and {key} differ; {first_key} was used."))


def _parse(key: str, value: str, parameters: Sequence[Parameter], notes: list[Finding]) -> Spillover | None:
    """n, n names, n x n numbers."""
    parts = [part.strip() for part in value.split(",")]
    n = parse_integer(parts[0]) if parts else None
    if n == 0:
        return None
    problem = ""
    if n is None or not 0 < n <= MAX_DYES:
        problem = f"does not start with a number of channels but with {parts[0][:30]!r}"
    elif len(parts) < 1 + n + n * n:
        problem = (
            f"announces {n} channels, which needs {n * n} numbers, but holds {max(len(parts) - 1 - n, 0)}"
        )
    elif len([part for part in parts[1 + n + n * n :] if part]) > 0:
        problem = f"holds more than the {n * n} numbers of {n} channels"
    if problem or n is None:
        notes.append(remark("spillover_unusable", f"{key} {problem}."))
        return None
    names = _channel_names(key, parts[1 : 1 + n], parameters, notes)
    numbers = [parse_real(part) for part in parts[1 + n : 1 + n + n * n]]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        bad = parts[1 + n + numbers.index(None)]
        notes.append(remark("spillover_unusable", f"{key} holds {bad[:30]!r} where a number belongs."))
        return None
    return None if names is None else _build(key, names, np.array(known).reshape(n, n), notes)


def _channel_names(
    key: str, written: list[str], parameters: Sequence[Parameter], notes: list[Finding]
) -> list[str] | None:
    """The file's own channel names for the names in a matrix: $PnN, $PnS, or parameter numbers."""
    by_label = {p.label: p.name for p in reversed(parameters)}
    by_marker = {p.marker: p.name for p in reversed(parameters) if p.marker}
    names = [by_label.get(name) or by_marker.get(name) for name in written]
    if not any(names) and all(name.isascii() and name.isdigit() for name in written):
        by_number = {str(p.number): p.name for p in parameters}
        names = [by_number.get(name.lstrip("0")) for name in written]
        if all(names):
            notes.append(remark("spillover_numbers", f"{key} names channels by number: {listed(written)}."))
    absent = [name for name, known in zip(written, names, strict=True) if known is None]
    if absent:
        message = f"{key}: {len(absent)} of {len(written)} names are no channel here: {listed(absent)}."
        notes.append(remark("spillover_unusable", message))
        return None
    return [name for name in names if name is not None]


def _build(key: str, names: list[str], matrix: FloatArray, notes: list[Finding]) -> Spillover | None:
    try:
        with np.errstate(all="ignore"):  # absurd numbers end as "not finite" or "cannot be told apart"
            return Spillover(tuple(names), matrix, key)
    except (SpilloverError, np.linalg.LinAlgError, FloatingPointError) as error:
        notes.append(remark("spillover_unusable", f"{key}: {error}"))
        return None


def _from_dfc(text: Text, parameters: Sequence[Parameter], notes: list[Finding]) -> Spillover | None:
    """FCS 2.0: $DFCnTOm = per cent of FLn that is subtracted from FLm; n and m count fluorescences."""
    shares: dict[tuple[int, int], float] = {}
    for key, value in text.folded_keys().items():
        match = _DFC.fullmatch(key)
        number = parse_real(value) if match else None
        if match and number is None and value:
            notes.append(remark("spillover_unusable", f"{key} = {value[:30]!r} is not a number."))
        if match and number:
            shares[int(match[1]), int(match[2])] = number / 100.0
    shares = {pair: share for pair, share in shares.items() if pair[0] != pair[1]}
    if not shares:
        return None
    numbers = sorted({number for pair in shares for number in pair})
    fluorescences = _fluorescences(parameters)
    names = {number: fluorescences.get(number) for number in numbers}
    absent = [f"FL{number}" for number, name in names.items() if name is None]
    if absent:
        notes.append(
            remark("spillover_unusable", f"$DFC percentages name {listed(absent)}, which the file lacks.")
        )
        return None
    matrix = np.eye(len(numbers))
    for (source, target), share in shares.items():
        matrix[numbers.index(source), numbers.index(target)] = share
    built = _build("$DFCnTOm", [names[number] or "" for number in numbers], matrix, notes)
    if built is not None:
        notes.append(
            remark("spillover_dfc", f"Matrix of {listed(list(built.channels))} from $DFC percentages.")
        )
    return built


def _fluorescences(parameters: Sequence[Parameter]) -> dict[int, str]:
    """Number -> channel called FLn; where none is, the n-th channel that is neither scatter nor time.

    Where a signal is stored both ways, the log channel is what was compensated on the screen.
    """
    called: dict[int, Parameter] = {}
    for parameter in parameters:
        match = _FLUORESCENCE.match(parameter.label) or _FLUORESCENCE.match(parameter.marker)
        if match:
            first = called.setdefault(int(match[1]), parameter)
            if parameter.decades > 0.0 and first.decades == 0.0:
                called[int(match[1])] = parameter
    if called:
        return {number: parameter.name for number, parameter in called.items()}
    colours = [p for p in parameters if not p.is_time and not _SCATTER_OR_TIME.search(p.label)]
    return {number: parameter.name for number, parameter in enumerate(colours, 1)}
