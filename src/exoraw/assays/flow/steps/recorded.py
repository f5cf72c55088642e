"""A pair of thresholds on its way between the steps: plain JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from exoraw.assays.flow.review.applied import BESIDE, BY_HAND
from exoraw.assays.flow.threshold_pair import AnnexinThresholds, Axis, AxisThreshold

FIXED = "fixed in the settings"
_KEPT_OF_A_CANDIDATE = ("source", "threshold", "why_not", "n")


def as_data(found: AnnexinThresholds) -> dict[str, Any]:
    """Plain JSON of a pair; a threshold with the source "none" was set by a person."""
    return {"annexin": _axis_data(found.annexin), "dead": _axis_data(found.dna)}


def thresholds_of(data: Mapping[str, Any]) -> AnnexinThresholds:
    """Read back what `as_data` wrote, without the rivals and the remarks: those stay with the batch."""
    return AnnexinThresholds(_axis("annexin", data["annexin"]), _axis("dna", data["dead"]), ())


def _axis_data(axis: AxisThreshold) -> dict[str, Any]:
    data = asdict(axis)
    data["source"] = FIXED if axis.source == "none" and axis.threshold is not None else axis.source
    data["candidates"] = [
        {name: getattr(candidate, name) for name in _KEPT_OF_A_CANDIDATE} for candidate in axis.candidates
    ]
    return data


def _axis(name: Axis, data: Mapping[str, Any]) -> AxisThreshold:
    source = "none" if data["source"] in (FIXED, BY_HAND) else data["source"]
    found = {key: value for key, value in data.items() if key not in BESIDE}
    return AxisThreshold(**{**found, "axis": name, "source": source, "candidates": ()})
