"""The numbers of a gated tube, every share with numerator, denominator, n and interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from exoraw.assays.contract import Measurement
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.quadrants import Quadrants, Share, share_of
from exoraw.assays.flow.steps.cleaned import uncleaned_share
from exoraw.assays.flow.steps.gated import Gated, GateParams
from exoraw.assays.flow.steps.populations import populations_of

Z_95 = 1.959963984540054  # normal quantile of 0.975
SINGLE_CELLS = "population:single cells"


@dataclass(frozen=True)
class Median:
    """A median with the 95 % interval of its rank (distribution-free); NaN and None without events."""

    value: float
    ci_low: float | None
    ci_high: float | None
    n: int


def median_of(signal: FloatArray) -> Median:
    """Median of the events that have a number, (n,) linear."""
    finite = np.sort(signal[np.isfinite(signal)])
    n = int(finite.size)
    if not n:
        return Median(float("nan"), None, None, 0)
    reach = Z_95 * np.sqrt(n) / 2
    low, high = max(int(np.floor(n / 2 - reach)), 0), min(int(np.ceil(n / 2 + reach)), n - 1)
    return Median(float(np.median(finite)), float(finite[low]), float(finite[high]), n)


def measurements(gated: Gated, params: GateParams) -> Iterator[Measurement]:
    """All numbers of a tube; shares without a gate are there without a value."""
    yield _number(gated, "events", float(len(gated.tube)), n=len(gated.tube))
    for population in populations_of(gated, params):
        yield _number(
            gated, "population_events", float(population.count), entity=f"population:{population.name}",
            n=population.count,
        )  # fmt: skip
    singles = int(np.count_nonzero(gated.cleaned.singlets))
    yield _share(gated, "gated_share", share_of("", singles, len(gated.tube)))
    if gated.counted is None:
        yield from _absent_shares(gated, params)
    else:
        yield from _shares(gated, gated.counted, params)
    if gated.pair is not None and len(gated.tube):
        share = uncleaned_share(gated.signal[:, 0] > gated.pair[0])
        yield replace(_share(gated, "share_without_cleaning", share), target=params.tube.dyes[0].target)
    for column, dye in enumerate(params.tube.dyes):
        yield _median(gated, gated.signal[gated.cleaned.singlets, column], dye.target)


def _shares(gated: Gated, counted: Quadrants, params: GateParams) -> Iterator[Measurement]:
    live, early, late, _ = counted.quadrants
    for share in counted.quadrants:
        yield _share(gated, "quadrant_share", share, entity=f"population:{share.name}")
    parts = [part for part, name in ((early, "early"), (late, "late")) if name in params.apoptotic]
    apoptotic = share_of("", sum(part.numerator for part in parts), counted.n)
    yield _share(gated, "apoptotic_share", apoptotic)
    yield _share(gated, "viable_share", live)


def _absent_shares(gated: Gated, params: GateParams) -> Iterator[Measurement]:
    """The rows exist, without a number: the finding `no_gate` says why."""
    for name in params.quadrants.names:
        yield _number(gated, "quadrant_share", float("nan"), entity=f"population:{name}")
    yield _number(gated, "apoptotic_share", float("nan"))
    yield _number(gated, "viable_share", float("nan"))


def _share(gated: Gated, measure: str, share: Share, entity: str = "") -> Measurement:
    number = _number(gated, measure, share.percent, entity=entity, n=share.denominator)
    return replace(
        number,
        numerator=float(share.numerator),
        denominator=float(share.denominator),
        ci_low=_finite(share.ci_low),
        ci_high=_finite(share.ci_high),
        reference="" if measure == "gated_share" else gated.reference,
    )


def _median(gated: Gated, signal: FloatArray, dye: str) -> Measurement:
    """Median of the single cells with the 95 % interval of its rank (distribution-free)."""
    found = median_of(signal)
    number = _number(gated, "median_fluorescence", found.value, entity=SINGLE_CELLS, n=found.n)
    return replace(number, target=dye, statistic="median", ci_low=found.ci_low, ci_high=found.ci_high)


def _number(
    gated: Gated, measure: str, value: float, *, entity: str = "", n: int | None = None
) -> Measurement:
    kind = "population" if entity else "sample"
    return Measurement(
        gated.sample, measure, value, entity_type=kind, entity=entity, n=n, file_id=gated.file_id
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
