"""Fitting a matrix to a file whose channels are called otherwise: markers, other capitals, numbers."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from exoraw.assays.contract import Finding
from exoraw.assays.flow.panel import same_dye
from exoraw.assays.flow.spillover import Spillover, SpilloverError


def fit_to_channels(
    spillover: Spillover, channels: Sequence[str], markers: Sequence[str]
) -> tuple[Spillover, tuple[Finding, ...]]:
    """Give a matrix the channel names of a file.

    Tried in this order, each for all names: the file's $PnN; its $PnS; the same without regard to case,
    blanks and "-A"; parameter numbers (some instruments name a matrix 3, 4, 5). A name that several channels
    answer to is not guessed.

    Parameters
    ----------
    spillover : matrix of any origin
    channels, markers : $PnN and $PnS of the file, "" where there is none

    Returns
    -------
    the matrix in the file's names, and a finding where they were not the file's own

    Raises
    ------
    SpilloverError : names that no channel answers to, or several; all are listed with the nearest
    """
    if all(name in channels for name in spillover.channels):
        return spillover, ()
    numbers = all(name.isascii() and name.isdigit() for name in spillover.channels)
    if numbers:
        found = [_numbered(name, channels) for name in spillover.channels]
    else:
        found = [_answer(name, channels, markers) for name in spillover.channels]
    lost = [name for name, hit in zip(spillover.channels, found, strict=True) if hit is None]
    names = tuple(hit for hit in found if hit is not None)
    if lost or len(set(names)) < len(names):
        raise SpilloverError(_lost(spillover, lost, names, channels, markers))
    pairs = ", ".join(
        f"{old} = {new}" for old, new in zip(spillover.channels, names, strict=True) if old != new
    )
    how = "numbers its channels" if numbers else "names its channels otherwise than the file"
    message = f"The matrix from {spillover.source} {how}; taken as {pairs}."
    fitted = Spillover(names, spillover.matrix, spillover.source)
    return fitted, (Finding("matrix_names_resolved", "warning" if numbers else "info", message),)


def _numbered(name: str, channels: Sequence[str]) -> str | None:
    number = int(name)
    return channels[number - 1] if 1 <= number <= len(channels) and channels[number - 1] else None


def _answer(name: str, channels: Sequence[str], markers: Sequence[str]) -> str | None:
    """The one channel that a name means in the strictest way that has an answer."""
    ways: tuple[Callable[[int], bool], ...] = (
        lambda i: channels[i] == name,
        lambda i: bool(markers[i]) and markers[i] == name,
        lambda i: channels[i].strip().casefold() == name.strip().casefold(),
        lambda i: bool(channels[i]) and same_dye(channels[i], name),
        lambda i: bool(markers[i]) and same_dye(markers[i], name),
    )
    for way in ways:
        hits = [channels[i] for i in range(len(channels)) if way(i)]
        if hits:
            return hits[0] if len(hits) == 1 else None
    return None


def _lost(
    spillover: Spillover,
    lost: Sequence[str],
    names: Sequence[str],
    channels: Sequence[str],
    markers: Sequence[str],
) -> str:
    known = [name for name in (*channels, *markers) if name]
    if not lost:
        twice = sorted({name for name in names if list(names).count(name) > 1})
        return (
            f"spillover matrix from {spillover.source}: two of its names mean {', '.join(twice)}. Write the "
            "file's own $PnN names into the matrix."
        )
    hints = []
    for name in lost:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        hints.append(f'"{name}"' + (f' (nearest: "{near[0]}")' if near else ""))
    return (
        f"spillover matrix from {spillover.source}: no channel of the file, or more than one, answers to "
        f"{', '.join(hints)}. Its channels are {', '.join(channels)}. Write their names into the matrix."
    )
