"""Why a task runs, in the words of the lab: what is different from the last time this unit was computed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from exoraw.engine.keys import PLAN_ROLE, SHEET_ROLE, Identity
from exoraw.store.rows import TaskRow

_MOST_NAMED = 3  # differences spelled out; more of them are counted

_Items = list[dict[str, Any]]


def why(identity: Identity, version: int, before: TaskRow | None) -> str:
    """Say why a unit with this identity is computed, given its newest earlier row."""
    if before is None:
        return "new"
    found = list(_differences(identity, version, before))
    if not found:
        return "not computed with these inputs before"
    rest = f"; and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return "; ".join(found[:_MOST_NAMED]) + rest


def _differences(identity: Identity, version: int, before: TaskRow) -> Iterator[str]:
    if before.step_version is not None and before.step_version != version:
        yield f"the step {before.step} is now version {version}, was {before.step_version}"
    now, then = json.loads(identity.inputs), json.loads(before.inputs)
    yield from _settings(json.loads(identity.params), json.loads(before.params))
    for role in dict.fromkeys([*now, *then]):
        if role not in (SHEET_ROLE, PLAN_ROLE):
            yield from _role(role, now.get(role, []), then.get(role, []))
    yield from _cells(now.get(SHEET_ROLE, []), then.get(SHEET_ROLE, []))
    changed = _changed_names(now.get(PLAN_ROLE, []), then.get(PLAN_ROLE, []))
    if changed:
        yield f"planned differently: {', '.join(changed)}"


def _settings(now: Mapping[str, Any], then: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name in dict.fromkeys([*now, *then]):
        if name not in then:
            yield f"settings changed: {prefix}{name} is new"
        elif name not in now:
            yield f"settings changed: {prefix}{name} is gone"
        elif isinstance(now[name], dict) and isinstance(then[name], dict):
            yield from _settings(now[name], then[name], f"{prefix}{name}.")
        elif now[name] != then[name]:
            yield f"settings changed: {prefix}{name} {_shown(then[name])} -> {_shown(now[name])}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _role(role: str, now: _Items, then: _Items) -> Iterator[str]:
    """Compare one role's inputs by name; a new order alone is told as such."""
    old = {_name(item): item for item in then}
    names = [_name(item) for item in now]
    for item in now:
        before = old.get(_name(item))
        if before is None:
            yield f"{role}: {_name(item)} is a new input"
        elif item["kind"] == "task":
            if (item["task_id"], item["status"]) != (before.get("task_id"), before.get("status")):
                yield f"earlier step ran again: {item['name']}"
        elif item.get("digest") != before.get("digest"):
            yield f"input {item['name']} changed"
    for name in old:
        if name not in names:
            yield f"{role}: {name} is no longer an input"
    if sorted(names) == sorted(old) and names != list(old):
        yield f"{role}: the order of its inputs changed"


def _name(item: Mapping[str, Any]) -> str:
    dataset = item.get("dataset", 0)
    return f"{item['name']} (dataset {dataset})" if dataset else str(item["name"])


def _cells(now: _Items, then: _Items) -> Iterator[str]:
    old = {(item["sample"], item["name"]): item["digest"] for item in then}
    new = {(item["sample"], item["name"]): item["digest"] for item in now}
    samples, before = ({sample for sample, _column in cells} for cells in (new, old))
    for sample, column in dict.fromkeys([*new, *old]):
        both = sample in samples and sample in before
        if both and new.get((sample, column)) != old.get((sample, column)):
            yield f"cell {column} of {sample} changed"
    yield from (f"sample {sample} is new in it" for sample in sorted(samples - before))
    yield from (f"sample {sample} is no longer in it" for sample in sorted(before - samples))


def _changed_names(now: _Items, then: _Items) -> list[str]:
    old, new = ({item["name"]: item["digest"] for item in items} for items in (then, now))
    names: Iterable[str] = dict.fromkeys([*new, *old])
    return [name for name in names if new.get(name) != old.get(name)]
