"""The light of other dyes taken out of a tube, once, as its batch decided; whether it was out before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.compensation import compensate, overcompensated
from exoraw.assays.flow.fcs import FcsData, read_fcs
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.spillover_names import fit_to_channels
from exoraw.assays.flow.steps.tube import Tube

JUDGED_EVENTS = 20_000  # evenly spread over the tube: medians of bright cells are known well enough


def compensated(tube: Tube, decision: Mapping[str, Any]) -> tuple[FloatArray, str, tuple[Finding, ...]]:
    """Compensate a tube once, as the batch's compensation decided.

    Parameters
    ----------
    decision : `data` of the compensation: source ("single_stains", "csv", "keyword", "none"), and for the
        first two channels and matrix

    Returns
    -------
    (n, dyes) compensated linear signal; the source in words; findings
    """
    matrix = matrix_of(tube, decision)
    if matrix is not None:
        return _with_matrix(tube, matrix)
    if decision["source"] == "keyword":
        message = (
            "The file carries no usable spillover matrix and the batch has no single stains: the tube is not "
            f"compensated, and light of {tube.stains[0].label} is counted in the other channels. Add single "
            "stains or a CSV matrix."
        )
        return _as_measured(tube), "none", (Finding("not_compensated", "warning", message),)
    return _as_measured(tube), "none", ()


def compensated_twice(tube: Tube, signal: FloatArray, decision: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Whether the file was compensated before it was saved; looked at on the stained channels.

    It costs more than the compensation itself: ask once for a tube, where the answer is kept.

    Parameters
    ----------
    signal, decision : as `compensated` gave and took them
    """
    given = matrix_of(tube, decision)
    if given is None:
        return ()
    matrix, _ = fit_to_channels(given, tube.recorded, tube.labels)
    if any(name not in matrix.channels for name in tube.channels):
        return ()
    places = [matrix.channels.index(name) for name in tube.channels]
    part = Spillover(tube.channels, matrix.matrix[np.ix_(places, places)], matrix.source)
    rows = np.flatnonzero(tube.in_range)
    rows = rows[:: max(1, -(-len(rows) // JUDGED_EVENTS))]
    return overcompensated(signal[rows], tube.channels, part)


def matrix_of(tube: Tube, decision: Mapping[str, Any]) -> Spillover | None:
    """The matrix that the batch decided on for this tube, in its own names; None where there is none."""
    if decision["source"] == "single_stains":
        return Spillover(tube.channels, np.array(decision["matrix"]), "single stains of the batch")
    if decision["source"] == "csv":
        return Spillover(tuple(decision["channels"]), np.array(decision["matrix"]), decision["note"])
    return tube.data.spillover if decision["source"] == "keyword" else None


def _with_matrix(tube: Tube, matrix: Spillover) -> tuple[FloatArray, str, tuple[Finding, ...]]:
    """Compensate with a matrix over any channels of the file; only the stained ones come back."""
    matrix, resolved = fit_to_channels(matrix, tube.recorded, tube.labels)
    absent = [name for name in tube.channels if name not in matrix.channels]
    names = dict.fromkeys([*tube.channels, *matrix.channels])
    known = [name for name in names if name in tube.recorded]
    corrected = compensate(*_holding(tube.data, known), matrix, wanted=tube.channels)
    findings = resolved
    if absent:
        message = (
            f"The spillover matrix ({matrix.source}) does not name {' and '.join(absent)}: "
            "no light was taken out of or for that channel."
        )
        findings = (*findings, Finding("matrix_without_channel", "warning", message))
    return corrected, matrix.source, findings


def _as_measured(tube: Tube) -> FloatArray:
    return tube.data.events[:, tube.columns].astype(np.float64)


def _holding(data: FcsData, names: Sequence[str]) -> tuple[FloatArray, tuple[str, ...]]:
    """Events and channels with all these names; what the gates did not need is read now."""
    absent = [name for name in names if name not in data.channels]
    if not absent:
        return data.events, data.channels
    more = read_fcs(data.path, dataset=data.dataset, channels=absent).events
    held = [name for name in names if name in data.channels]
    ours = data.events[:, [data.channels.index(name) for name in held]]
    return np.concatenate([ours, more], axis=1), (*held, *absent)
