"""Western blots and gels: the imager's picture in; bands, volumes and folds out. Names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exoraw.assays.blot.bands.molecular_weight import MwCalibration, calibrate_mw
    from exoraw.assays.blot.bands.record import Band, Quantified
    from exoraw.assays.blot.bands.whole_lane import LaneBand, lane_bands
    from exoraw.assays.blot.binding import Lane, is_bound, percent_input
    from exoraw.assays.blot.ladder_match import Pairing, pair_with_masses
    from exoraw.assays.blot.lane_totals import lane_totals
    from exoraw.assays.blot.normalise import Estimate, fold, fold_by_bridge, mean, ratio
    from exoraw.assays.blot.presence import Seen, Verdict, unproven, verdict
    from exoraw.assays.blot.quantification import QuantifyError, quantify
    from exoraw.assays.blot.reading import (
        BlotImage,
        ExposureChoice,
        channel_pairs,
        longest_unsaturated,
        read_image,
        saturation_ceiling,
    )

_HOME = {
    "Band": "bands.record",
    "BlotImage": "reading",
    "Estimate": "normalise",
    "ExposureChoice": "reading",
    "Lane": "binding",
    "LaneBand": "bands.whole_lane",
    "MwCalibration": "bands.molecular_weight",
    "Pairing": "ladder_match",
    "Quantified": "bands.record",
    "QuantifyError": "quantification",
    "Seen": "presence",
    "Verdict": "presence",
    "calibrate_mw": "bands.molecular_weight",
    "channel_pairs": "reading",
    "fold": "normalise",
    "fold_by_bridge": "normalise",
    "is_bound": "binding",
    "lane_bands": "bands.whole_lane",
    "lane_totals": "lane_totals",
    "longest_unsaturated": "reading",
    "mean": "normalise",
    "pair_with_masses": "ladder_match",
    "percent_input": "binding",
    "quantify": "quantification",
    "ratio": "normalise",
    "read_image": "reading",
    "saturation_ceiling": "reading",
    "unproven": "presence",
    "verdict": "presence",
}

__all__ = [
    "Band",
    "BlotImage",
    "Estimate",
    "ExposureChoice",
    "Lane",
    "LaneBand",
    "MwCalibration",
    "Pairing",
    "Quantified",
    "QuantifyError",
    "Seen",
    "Verdict",
    "calibrate_mw",
    "channel_pairs",
    "fold",
    "fold_by_bridge",
    "is_bound",
    "lane_bands",
    "lane_totals",
    "longest_unsaturated",
    "mean",
    "pair_with_masses",
    "percent_input",
    "quantify",
    "ratio",
    "read_image",
    "saturation_ceiling",
    "unproven",
    "verdict",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
