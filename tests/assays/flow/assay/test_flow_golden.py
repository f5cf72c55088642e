"""Numbers of the fixture, held per step and version: they may change only when the version does.

After a deliberate change: bump the step's `version`, then
`python -m pytest tests/assays/flow/assay/test_flow_golden.py --write-golden`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from exoraw.assays.contract import Outcome
from exoraw.assays.flow.assay import ASSAY

GOLDEN = Path(__file__).with_name("golden_annexin_pi.json")
ADDED_LATER = frozenset({"members", "unit", "options"})
DIGITS = 4  # significant digits: linear algebra libraries differ in the last ones


@pytest.fixture(scope="module")
def digests(
    small_study: tuple[Path, list[dict[str, str]]], run_flow: Callable[..., Any]
) -> Mapping[str, Mapping[str, str]]:
    raw, rows = small_study
    ran = run_flow(raw, rows)
    assert ran.errors == {}
    found: dict[str, dict[str, str]] = {}
    for step in ASSAY.steps:
        name = f"{step.name} {step.version}"
        found[name] = {key: digest(outcome) for key, outcome in ran.of(step.name).items()}
    return found


def digest(outcome: Outcome) -> str:
    """Digest of numbers, findings, figures and names of artefacts; no pixels, no file digests."""
    plain = {
        "measurements": [{**fields_of(one), "file_id": ""} for one in outcome.measurements],
        "objects": [{**one, "file_id": ""} for one in outcome.objects],
        "findings": [(one.code, one.severity, one.sample, one.entity) for one in outcome.findings],
        "artefacts": [(one.kind, one.name) for one in outcome.artefacts],
        "figures": [fields_of(one) for one in outcome.figures],
        "data": {key: value for key, value in outcome.data.items() if key not in ("scales", "conversion")},
        "seed": outcome.seed,
    }
    return hashlib.sha256(json.dumps(rounded(plain), sort_keys=True).encode()).hexdigest()[:16]


def fields_of(one: Any) -> dict[str, Any]:
    """Fields by name; those that the contract was given later count only where they are used."""
    return {name: value for name, value in asdict(one).items() if value or name not in ADDED_LATER}


def rounded(value: Any) -> Any:
    """The same structure with its decimal numbers cut to significant digits."""
    if isinstance(value, float):
        return str(value) if not math.isfinite(value) else float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [rounded(item) for item in value]
    return value


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for step in sorted(set(before) | set(after)):
        for unit in sorted(set(before.get(step, {})) | set(after.get(step, {}))):
            if before.get(step, {}).get(unit) != after.get(step, {}).get(unit):
                yield f"{step}: {unit}"


def test_numbers_of_the_fixture_change_only_with_the_version_of_their_step(
    digests: Mapping[str, Mapping[str, str]], pytestconfig: pytest.Config
) -> None:
    if pytestconfig.getoption("--write-golden", default=False):
        GOLDEN.write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    changed = list(differences(golden, digests))
    assert changed == [], "numbers changed: bump the version of these steps, then write the digests again"


def test_the_digest_sees_a_changed_number(run_flow: Callable[..., Any]) -> None:
    one, other = Outcome(data={"x": 1.0}), Outcome(data={"x": 1.001})
    assert digest(one) != digest(other)
    assert digest(one) == digest(Outcome(data={"x": 1.0 + 1e-9}))
