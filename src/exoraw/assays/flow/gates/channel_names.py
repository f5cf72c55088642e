"""Gates meet a tube: which of its channels each gate means, also where a name was changed between days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from exoraw.assays.contract import Finding
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy, dimensions_of, with_dimensions
from exoraw.assays.flow.spillover import Spillover
from exoraw.study.words import did_you_mean, fold, listed, shown


@dataclass(frozen=True)
class Fitted:
    """A strategy in the channel names of one tube, and what was taken for what."""

    strategy: Strategy
    findings: tuple[Finding, ...]


def fit_to_channels(strategy: Strategy, channels: Sequence[str], markers: Sequence[str] = ()) -> Fitted:
    """Return the strategy with its channels called as the tube calls them.

    A name stands for the channel that is called so; else for the only one whose stain ($PnS) is called so;
    else for the only one whose name or stain differs in capitals, blanks or punctuation alone ("FITC-A",
    "fitc a"). Each such change is a finding. Nothing else is guessed: "PE" is never taken for "PE-Cy7".

    Parameters
    ----------
    channels, markers : $PnN and $PnS of the tube

    Raises
    ------
    GateError : a channel that the tube does not have, or that several could be, naming gate and nearest name
    """
    stains = tuple(markers) if markers else ("",) * len(channels)
    names: dict[str, str] = {}
    findings: list[Finding] = []
    for named in strategy.gates:
        for dimension in dimensions_of(named.gate):
            if dimension.channel in names:
                continue
            found = _meant(dimension.channel, channels, stains, f"gate {shown(named.name)}")
            names[dimension.channel] = found
            if found != dimension.channel:
                findings.append(_renamed(dimension.channel, found, stains[channels.index(found)], named))
    _check_one_to_one(names)
    gates = tuple(_called(named, names) for named in strategy.gates)
    matrices = {name: _matrix(matrix, names, channels, stains) for name, matrix in strategy.matrices.items()}
    return Fitted(Strategy(gates, matrices), tuple(findings))


def _meant(name: str, channels: Sequence[str], stains: Sequence[str], who: str) -> str:
    if name in channels:
        return name
    pairs = list(zip(channels, stains, strict=True))
    for fits in (
        [channel for channel, stain in pairs if stain == name],
        [channel for channel, stain in pairs if fold(name) and fold(name) in {fold(channel), fold(stain)}],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise GateError(
                f"{who}: {shown(name)} could be {listed(fits)} of this tube. Write the channel's own name "
                "into "
                "the gates."
            )
    every = [word for word in (*channels, *stains) if word]
    raise GateError(
        f"{who}: the tube has no channel {shown(name)} ({listed(channels, 30)}).{did_you_mean(name, every)} "
        "Was "
        "it recorded with another panel, or renamed? Correct the name in the gates."
    )


def _renamed(name: str, found: str, stain: str, named: NamedGate) -> Finding:
    label = f"{found} ({stain})" if stain else found
    message = (
        f"The gates call this channel {shown(name)}, the tube {shown(label)} (first in gate "
        f"{shown(named.name)}). They were taken for the same detector."
    )
    return Finding("channel_renamed", "warning", message, entity=f"channel:{found}")


def _check_one_to_one(names: Mapping[str, str]) -> None:
    places: dict[str, str] = {}
    for name, found in names.items():
        if found in places:
            raise GateError(
                f"the gates speak of {shown(places[found])} and of {shown(name)}, and the tube has only "
                f"{shown(found)} for both. Correct the names in the gates."
            )
        places[found] = name


def _called(named: NamedGate, names: Mapping[str, str]) -> NamedGate:
    exchange = {d: replace(d, channel=names[d.channel]) for d in dimensions_of(named.gate)}
    return replace(named, gate=with_dimensions(named.gate, exchange))


def _matrix(
    matrix: Spillover, names: Mapping[str, str], channels: Sequence[str], stains: Sequence[str]
) -> Spillover:
    """The matrix in the tube's names; a detector without any gate is looked for in the same way."""
    if all(name in channels for name in matrix.channels):
        return matrix
    who = f"the gates' spillover matrix ({matrix.source})"
    called = tuple(names.get(name) or _meant(name, channels, stains, who) for name in matrix.channels)
    return Spillover(called, matrix.matrix, matrix.source)
