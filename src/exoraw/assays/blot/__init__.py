"""Western blots and gels: the imager's picture in; bands, volumes and folds out. Names load on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exoraw.assays.blot.reading import (
        BlotImage,
        ExposureChoice,
        channel_pairs,
        longest_unsaturated,
        read_image,
        saturation_ceiling,
    )

_HOME = {
    "BlotImage": "reading",
    "ExposureChoice": "reading",
    "channel_pairs": "reading",
    "longest_unsaturated": "reading",
    "read_image": "reading",
    "saturation_ceiling": "reading",
}

__all__ = [
    "BlotImage",
    "ExposureChoice",
    "channel_pairs",
    "longest_unsaturated",
    "read_image",
    "saturation_ceiling",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
