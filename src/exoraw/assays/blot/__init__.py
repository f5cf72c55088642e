"""Western blots and gels: the imager's picture in; bands, volumes and folds out. Names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exoraw.assays.blot.bands.molecular_weight import MwCalibration, calibrate_mw
    from exoraw.assays.blot.bands.record import Band, Quantified
    from exoraw.assays.blot.bands.whole_lane import LaneBand, lane_bands
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
    "ExposureChoice": "reading",
    "LaneBand": "bands.whole_lane",
    "MwCalibration": "bands.molecular_weight",
    "Quantified": "bands.record",
    "QuantifyError": "quantification",
    "calibrate_mw": "bands.molecular_weight",
    "channel_pairs": "reading",
    "lane_bands": "bands.whole_lane",
    "longest_unsaturated": "reading",
    "quantify": "quantification",
    "read_image": "reading",
    "saturation_ceiling": "reading",
}

__all__ = [
    "Band",
    "BlotImage",
    "ExposureChoice",
    "LaneBand",
    "MwCalibration",
    "Quantified",
    "QuantifyError",
    "calibrate_mw",
    "channel_pairs",
    "lane_bands",
    "longest_unsaturated",
    "quantify",
    "read_image",
    "saturation_ceiling",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
