"""The axes of a batch's plots: found once on its controls, the same for every tube."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.settings import Scale
from exoraw.assays.flow.steps.control_tube import Control
from exoraw.assays.flow.transforms import Arcsinh, Hyperlog, Log, Logicle, estimate_logicle

LOW_PERCENTILE, HIGH_PERCENTILE = 0.2, 99.9  # of the pooled controls: what an axis must show
HEADROOM = 30.0  # times the brightest control, within the detector's range: treated cells may be brighter
LOGICLE_DECADES = 4.5
SCATTER_HEADROOM = 1.25
NARROWEST_HYPERLOG = 0.05  # decades of its linear region, which it cannot do without


@dataclass(frozen=True)
class AxisScale:
    """One axis: its transform's numbers and what it shows, linear units."""

    kind: str
    t: float
    w: float
    m: float
    cofactor: float
    low: float
    high: float

    def axis(self, label: str) -> PlotAxis:
        """The axis as the plots take it; arcsinh where the kernels of logicle and hyperlog are not installed.

        A log axis begins `m` decades below its end: events under it lie on its edge.
        """
        if self.kind == "linear":
            return PlotAxis(label, None, self.low, self.high)
        if self.kind == "log":
            return PlotAxis(label, Log(self.high, self.m), self.high / 10**self.m, self.high)
        transform: Arcsinh | Logicle | Hyperlog = Arcsinh(self.cofactor)
        if self.kind != "arcsinh" and logicle_is_installed():
            hyperlog = Hyperlog(self.t, max(self.w, NARROWEST_HYPERLOG), self.m)
            transform = hyperlog if self.kind == "hyperlog" else Logicle(self.t, self.w, self.m)
        return PlotAxis(label, transform, self.low, self.high)


@dataclass(frozen=True)
class BatchScales:
    """Both axes of a batch and the upper ends of its scatter axes (area, side, height)."""

    annexin: AxisScale
    dead: AxisScale
    scatter: tuple[float, float, float]

    def as_data(self) -> dict[str, Any]:
        """Plain JSON for the gate step."""
        return {
            "scales": {"annexin": vars(self.annexin), "dead": vars(self.dead)},
            "scatter": list(self.scatter),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> BatchScales:
        """Read back what `as_data` wrote."""
        scatter = data["scatter"]
        return cls(
            AxisScale(**data["scales"]["annexin"]),
            AxisScale(**data["scales"]["dead"]),
            (scatter[0], scatter[1], scatter[2]),
        )


def logicle_is_installed() -> bool:
    """Whether the kernels of the logicle scale (extra `flow`) can be imported."""
    try:
        from flowutils import logicle_c  # noqa: F401
    except ImportError:
        return False
    return True


def batch_scales(controls: Sequence[Control], pools: Mapping[str, FloatArray], scale: Scale) -> BatchScales:
    """Find the axes on the pooled controls of a batch; plain defaults where there are none.

    Parameters
    ----------
    controls : the batch's control tubes
    pools : role -> (n, 2) compensated linear signal of single cells
    scale : kind and cofactor that the settings ask for
    """
    signal = np.concatenate(list(pools.values())) if pools else np.empty((0, 2))
    tops = [control.tube.tops for control in controls]
    annexin = axis_scale(signal[:, 0], [top[0] for top in tops], scale)
    dead = axis_scale(signal[:, 1], [top[1] for top in tops], scale)
    return BatchScales(annexin, dead, scatter_ends(controls))


def axis_scale(signal: FloatArray, tops: Sequence[float | None], scale: Scale) -> AxisScale:
    """Find one axis on the pooled linear signal of a batch; plain defaults where there is none.

    Parameters
    ----------
    signal : (n,) compensated linear signal of single cells
    tops : $PnR of the channel in every tube, linear; None where unknown
    """
    finite = signal[np.isfinite(signal)]
    if not finite.size:
        return AxisScale(scale.kind, 262144.0, 0.5, LOGICLE_DECADES, scale.cofactor, -1000.0, 262144.0)
    low, high = (float(value) for value in np.percentile(finite, (LOW_PERCENTILE, HIGH_PERCENTILE)))
    known = [top for top in tops if top is not None and top > 0]
    room = max(high, 1.0) * HEADROOM
    end = min(room, max(known)) if known else room
    end = max(end, high * 1.5, 10.0)
    fitted = _fitted_logicle(finite, end)
    start = min(low * 1.5, -end * 1e-4) if low < 0 else -end * 1e-4
    return AxisScale(scale.kind, fitted.t, fitted.w, fitted.m, scale.cofactor, float(start), float(end))


def _fitted_logicle(signal: FloatArray, end: float) -> Logicle:
    if not logicle_is_installed():
        return Logicle(end, 0.5, LOGICLE_DECADES)
    return estimate_logicle(signal, end, LOGICLE_DECADES)


def scatter_ends(controls: Sequence[Control]) -> tuple[float, float, float]:
    """Upper ends of FSC area, SSC area and FSC height: what the controls reach, within the range."""
    ends = []
    for place, name in enumerate(("area", "side", "height")):
        values = [getattr(control.tube.scatter, name) for control in controls]
        reached = [float(np.percentile(v, HIGH_PERCENTILE)) for v in values if v is not None and len(v)]
        tops = [control.tube.scatter.tops[place] for control in controls]
        known = [top for top in tops if top is not None and top > 0]
        end = max(reached, default=262144.0) * SCATTER_HEADROOM
        ends.append(max(min(end, max(known)) if known else end, 1.0))
    return ends[0], ends[1], ends[2]
