"""Numbers, states and remarks of three small studies that a person has read, beside what they are today.

The table is readable on purpose: one line a number. After a deliberate change bump the `version` of the step,
read what changed (`git diff`), then

    EXORAW_WRITE_GOLDEN=1 python -m pytest tests/assays/blot/steps/test_blot_golden.py

Values may differ by 0.5 %, limits of intervals by half of their width: linear algebra differs from one
machine to the next, and how often intervals hold the truth is measured in tests/bench/accuracy_blot_folds.py.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from exoraw.assays.blot.assay import ASSAY

GOLDEN = Path(__file__).with_name("golden_blots.json")
VALUE, LIMIT = 5e-3, 0.5


def plain(done: Any) -> dict[str, Any]:
    """Numbers, remarks, states and versions, as they are kept."""
    numbers, remarks, states = {}, {}, {}
    for key, outcome in done.outcomes.items():
        for one in outcome.measurements:
            limits = [one.ci_low, one.ci_high]
            numbers[f"{one.measure} | {one.sample} | {one.entity}"] = [
                rounded(one.value),
                *map(rounded, limits),
            ]
        remarks[key] = sorted({f"{f.severity} {f.code}" for f in outcome.findings})
        for target in outcome.data.get("picture", {}).get("targets", ()):
            states[f"{key} | {target['name']}"] = target["state"]
    return {"numbers": numbers, "remarks": remarks, "states": states}


def on_lines(kept: Mapping[str, Any]) -> str:
    """The table with one line a number, for a person to read."""
    text = json.dumps(kept, indent=1, sort_keys=True)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda hit: f"[{' '.join(hit[1].split())}]", text) + "\n"


def rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(f"{value:.6g}")


@pytest.fixture(scope="module")
def kept() -> Mapping[str, Any]:
    return json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}


def test_three_small_studies_say_what_a_person_has_read(
    tmp_path: Path,
    study: Any,
    ev_study: Callable[..., Any],
    chip_study: Callable[..., Any],
    kept: Mapping[str, Any],
) -> None:
    now = {
        "western_blot": plain(study.run()),
        "ev_markers": plain(ev_study(tmp_path / "ev").run()),
        "chip_pcr_gel": plain(chip_study(tmp_path / "chip").run()),
        "versions": {step.name: step.version for step in ASSAY.steps},
    }
    if os.environ.get("EXORAW_WRITE_GOLDEN"):
        GOLDEN.write_text(on_lines(now), encoding="utf-8")
        kept = now
    assert now["versions"] == kept["versions"]
    for preset in ("western_blot", "ev_markers", "chip_pcr_gel"):
        assert now[preset]["states"] == kept[preset]["states"]
        assert now[preset]["remarks"] == kept[preset]["remarks"]
        assert now[preset]["numbers"].keys() == kept[preset]["numbers"].keys()
        off = [
            (name, kept[preset]["numbers"][name], found)
            for name, found in now[preset]["numbers"].items()
            if not alike(found, kept[preset]["numbers"][name])
        ]
        assert off == []


def alike(found: list[float | None], kept: list[float | None]) -> bool:
    """Whether a number and its interval are those that were read."""
    value, low, high = kept
    if value is None or found[0] is None:
        return found == kept
    width = (high - low) if low is not None and high is not None else 0.0
    close = abs(found[0] - value) <= max(VALUE * abs(value), width / 4)
    if low is None or high is None or found[1] is None or found[2] is None:
        return close and found[1:] == kept[1:]
    return close and abs(found[1] - low) <= LIMIT * width and abs(found[2] - high) <= LIMIT * width


def test_a_changed_number_is_seen() -> None:
    assert alike([1.0, 0.9, 1.1], [1.001, 0.9, 1.1])
    assert not alike([1.0, 0.9, 1.1], [1.05, 0.9, 1.1])
    assert not alike([1.0, 0.7, 1.3], [1.0, 0.9, 1.1])
    assert not alike([1.0, None, None], [1.0, 0.9, 1.1])
    assert not alike([None, None, None], [1.0, 0.9, 1.1])
