"""The step `loading`: do the loading proteins differ between the groups that are to be compared?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from exoraw.assays.blot.settings import LOADING_ROLES, BlotSettings
from exoraw.assays.blot.steps.measured import Volume, volumes_of
from exoraw.assays.blot.steps.membranes import Membrane, membranes_of
from exoraw.assays.blot.steps.planning import loading_key, quantify_key
from exoraw.assays.contract import Finding, Inputs, Outcome, Params, TaskInput, Unit
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView

ALPHA = 0.05  # of the test for a difference; a doubt, not a proof
LEAST_MEMBRANES = 3


class LoadingParams(Params):
    """What the test depends on."""

    group_by: tuple[str, ...]


@dataclass(frozen=True)
class Loading:
    """Test every loading protein across the groups, membranes as blocks."""

    name: str = "loading"
    version: int = 1
    columns: tuple[str, ...] = ()

    def columns_for(self, settings: BlotSettings) -> tuple[str, ...]:
        """Return the columns that make the groups."""
        return ("membrane", "lane", *settings.group_by)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit for all membranes."""
        settings: BlotSettings = study.settings
        if settings.kind != "western_blot":
            return
        membranes = [one for one in membranes_of(study.rows, settings, files) if one.samples]
        pictures = loading_pictures(study.pipeline, membranes)
        if not pictures:
            return
        rows = {row.sample: row for one in membranes for row in one.rows}
        yield Unit(
            key=loading_key(study.pipeline),
            samples=tuple(rows),
            inputs={"pictures": tuple(map(TaskInput, pictures))},
            params=LoadingParams(group_by=settings.group_by),
            needs="any",
            payload={
                "groups": {name: _group(row, settings.group_by) for name, row in rows.items()},
                "membranes": {one.name: _kept(one) for one in membranes},
            },
        )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Test each loading protein by itself."""
        volumes = volumes_of(inputs.earlier.get("pictures", ()))
        targets = dict.fromkeys(v.target for v in volumes.values() if v.role in LOADING_ROLES)
        tests = [_tested(target, volumes, unit) for target in targets]
        return Outcome(
            findings=[finding for test in tests for finding in _remark(test)], data={"tests": tests}
        )


def loading_pictures(pipeline: str, membranes: Iterable[Membrane]) -> list[str]:
    """Return the keys of all pictures that show a loading protein."""
    return [
        quantify_key(pipeline, membrane, picture)
        for membrane in membranes
        for picture in membrane.pictures
        if any(one.band.role in LOADING_ROLES for one in picture.wanted)
    ]


def _kept(membrane: Membrane) -> list[str]:
    return [row.sample for row in membrane.rows if not row.excluded]


def _group(row: SampleRow, group_by: Sequence[str]) -> str:
    return " / ".join(row[column] for column in group_by if row[column])


def _tested(target: str, volumes: dict[tuple[str, str], Volume], unit: Unit) -> dict[str, Any]:
    """Test one protein on the logarithm of its volume relative to its membrane."""
    found = [
        (membrane, unit.payload["groups"][sample], value)
        for membrane, samples in unit.payload["membranes"].items()
        for sample, value in _centred(target, samples, volumes)
        if unit.payload["groups"][sample]
    ]
    groups: dict[str, list[float]] = {}
    for _, group, value in found:
        groups.setdefault(group, []).append(value)
    means = {group: math.exp(math.fsum(values) / len(values)) for group, values in groups.items()}
    return {
        "target": target,
        "means": means,
        "n": {group: len(values) for group, values in groups.items()},
        **_probability(found),
    }


def _centred(
    target: str, samples: Sequence[str], volumes: dict[tuple[str, str], Volume]
) -> Iterator[tuple[str, float]]:
    there = {name: volumes[name, target] for name in samples if (name, target) in volumes}
    logs = {name: math.log(one.value) for name, one in there.items() if one.detected and one.value > 0}
    middle = math.fsum(logs.values()) / len(logs) if logs else 0.0
    for name, value in logs.items():
        yield name, value - middle


def _probability(found: Sequence[tuple[str, str, float]]) -> dict[str, Any]:
    import pandas as pd

    from exoraw.statistics import average_technical_replicates, repeated_measures_anova

    if not found:
        return {"p": None, "why": "no membrane has a loading band above its detection limit"}
    frame = pd.DataFrame(found, columns=["membrane", "group", "value"])
    units = average_technical_replicates(frame, "value", ["membrane"], ["group"])
    answer = repeated_measures_anova(units, "group", "membrane", least_n=LEAST_MEMBRANES)
    raw = dict(answer.choices).get("p_uncorrected")
    return {"p": float(raw) if raw is not None else None, "why": answer.message}


def _remark(test: dict[str, Any]) -> Iterator[Finding]:
    """What the test says, in words; `normalise` says the same beside every fold."""
    found = loading_remark(test)
    if found is not None:
        yield found


def loading_remark(test: dict[str, Any], entity: str = "") -> Finding | None:
    """Return the remark on a loading protein that differs between groups, None where it does not."""
    if test["p"] is None or test["p"] >= ALPHA:
        return None
    means: dict[str, float] = test["means"]
    high, low = max(means, key=lambda group: means[group]), min(means, key=lambda group: means[group])
    message = (
        f"{test['target']} itself differs between the groups (randomised block ANOVA of the logarithm, "
        f"p = {test['p']:.3g}): {means[high] / means[low]:.2f}-fold between {high} and {low}. Either the "
        "lanes "
        "were loaded unequally, which the ratio corrects, or the treatment changes this protein, which makes "
        "every fold over it wrong. Compare with a total-protein stain."
    )
    return Finding("loading_differs", "warning", message, "", entity, test["p"], ALPHA)
