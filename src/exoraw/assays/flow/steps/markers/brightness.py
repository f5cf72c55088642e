"""Fluorescence of markers as measurements: median, means, ratio and difference to the control, robust CV."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exoraw.assays.contract import Finding, Measurement
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.markers.fluorescence import Estimate, Fluorescence, fluorescence, staining_index
from exoraw.assays.flow.markers.positivity import PositiveGate
from exoraw.assays.flow.markers.resampling import counts_above, resampled_percent
from exoraw.assays.flow.markers.shares import GatedShare, gated_share
from exoraw.assays.flow.steps.markers.counted import Controls, Numbers, finite


def brightness(
    cells: FloatArray,
    at_end: BoolArray,
    controls: Controls,
    dye: Dye,
    column: int,
    numbers: Numbers,
    seed: int,
) -> tuple[list[Measurement], tuple[Finding, ...]]:
    """Every intensity of one marker of a tube.

    Parameters
    ----------
    cells : (n, markers) compensated linear signal of live single cells
    at_end : (n, markers) which of them lay at the end of the detector's scale
    column : of the marker
    """
    signal = cells[:, column]
    control = None if controls.main is None else controls.main[:, column]
    found = fluorescence(
        signal, control, marker=dye.target, called=controls.called, saturated=at_end[:, column],
        seed=seed + column,
    )  # fmt: skip
    index, remarks = index_of(signal, controls, dye, column, numbers, seed)
    return [*intensities(found, dye, numbers), *index], (*found.findings, *remarks)


def index_of(
    signal: FloatArray, controls: Controls, dye: Dye, column: int, numbers: Numbers, seed: int
) -> tuple[list[Measurement], tuple[Finding, ...]]:
    """The staining index against the control; nothing where either tube has no cells."""
    control = None if controls.main is None else controls.main[:, column]
    if control is None or not len(control) or not len(signal):
        return [], ()
    index, remarks = staining_index(signal, control, marker=dye.target, seed=seed + column)
    return [_number(numbers, "staining_index", index, dye, "median", len(signal))], remarks


def intensities(found: Fluorescence, dye: Dye, numbers: Numbers) -> Iterator[Measurement]:
    """Median, means, robust CV, ratio and difference of one marker as rows of the table."""
    n = found.n
    yield _number(numbers, "median_fluorescence", found.median, dye, "median", n)
    yield _number(numbers, "mean_fluorescence", found.arithmetic_mean, dye, "arithmetic mean", n)
    yield _number(numbers, "mean_fluorescence", found.geometric_mean, dye, "geometric mean", n)
    yield _number(numbers, "robust_cv", found.robust_cv, dye, "percentiles", n)
    contrast = found.against_control("median")
    ratio = None if contrast is None else contrast.ratio
    difference = None if contrast is None else contrast.difference
    yield _number(numbers, "median_fluorescence_ratio", ratio, dye, "median", n, numbers.reference)
    yield _number(numbers, "median_fluorescence_difference", difference, dye, "median", n, numbers.reference)


def _number(
    numbers: Numbers,
    measure: str,
    estimate: Estimate | None,
    dye: Dye,
    statistic: str,
    n: int,
    reference: str = "",
) -> Measurement:
    value = float("nan") if estimate is None else estimate.value
    return numbers.value(
        measure, value, f"marker:{dye.target}", target=dye.target, statistic=statistic, n=n,
        ci_low=None if estimate is None else finite(estimate.ci_low),
        ci_high=None if estimate is None else finite(estimate.ci_high),
        reference=reference,
    )  # fmt: skip


def share_above(signal: FloatArray, gate: PositiveGate, name: str, seed: int) -> GatedShare | None:
    """Share of the cells above a gate, with the gate's doubt in its interval; None without a gate.

    Parameters
    ----------
    signal : (n,) compensated linear; events without a number are not counted
    """
    if gate.threshold is None:
        return None
    ordered = np.sort(signal[np.isfinite(signal)])
    n = len(ordered)
    count = int(counts_above(ordered, np.array([gate.threshold]))[0])
    if not n:
        return gated_share(name, 0, 0, np.empty(0))
    draws = resampled_percent(counts_above(ordered, gate.resampled), n, np.random.default_rng([seed, 2]))
    return gated_share(name, count, n, draws)
