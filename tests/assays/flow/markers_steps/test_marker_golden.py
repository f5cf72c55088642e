"""Numbers of the marker steps, held per step and version: they may change only when the version does.

After a deliberate change: bump the step's `version`, then
`EXORAW_WRITE_GOLDEN=1 python -m pytest -n 0 tests/assays/flow/markers_steps/test_marker_golden.py`.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from exoraw.assays.flow.assay import ASSAY

GOLDEN = Path(__file__).with_name("golden_markers.json")
HELD = ("controls", "markers")
CHOSEN = {
    "cd44_cd24": ("CSC salinomycin 1", "CSC isotype 1", "CSC FMO CD24"),
    "aldefluor": ("ALDH control 1", "ALDH control 1 DEAB"),
    "surface_mfi": ("MFI control 1", "MFI isotype 1"),
    "uptake_flow": ("PKH 4 h 1", "PKH dye only 1", "PKH no exosomes 1"),
}


def _annexin_golden() -> Any:
    place = Path(__file__).parents[1] / "assay" / "test_flow_golden.py"
    spec = importlib.util.spec_from_file_location("flow_golden", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


golden = _annexin_golden()


@pytest.fixture(scope="module")
def digests(studies: Callable[..., Any]) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {
        f"{step.name} {step.version}": {} for step in ASSAY.steps if step.name in HELD
    }
    for kind, samples in CHOSEN.items():
        done = studies(kind).only(*samples).run(("compensate", *HELD), drawn=True)
        assert done.ran.errors == {}
        for step in ASSAY.steps:
            if step.name in HELD:
                for key, outcome in done.ran.of(step.name).items():
                    found[f"{step.name} {step.version}"][f"{kind} {key}"] = golden.digest(outcome)
    return found


def test_numbers_of_the_marker_steps_change_only_with_the_version_of_their_step(
    digests: Mapping[str, Mapping[str, str]],
) -> None:
    if os.environ.get("EXORAW_WRITE_GOLDEN"):
        GOLDEN.write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    held = json.loads(GOLDEN.read_text(encoding="utf-8"))
    changed = list(_differences(held, digests))
    assert changed == [], "numbers changed: bump the version of these steps, then write the digests again"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    found: Iterator[str] = golden.differences(before, after)
    return found


def test_every_strategy_is_held(digests: Mapping[str, Mapping[str, str]]) -> None:
    for step in digests.values():
        assert {name.split(" ")[0] for name in step} == set(CHOSEN)
