"""`exoraw diff A B`: which numbers of two views differ, and which remarks, settings and versions do."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exoraw.store.export.tables import heading, unit_words
from exoraw.store.results import Results

_SHOWN = 20  # changes of one kind that are listed; the rest is counted

Row = Mapping[str, Any]
_Words = Callable[[Row], dict[str, str]]


@dataclass(frozen=True)
class NumberChange:
    """A number that differs; None where a view does not have it, NaN where it could not be computed."""

    measurement_id: str
    name: str
    unit: str
    old: float | None
    new: float | None


@dataclass(frozen=True)
class WordChange:
    """A setting or version that differs; "" where a view does not have it. `tasks` tasks are concerned."""

    name: str
    old: str
    new: str
    tasks: int


@dataclass(frozen=True)
class Difference:
    """What changed from one view to another; false where nothing did."""

    added: tuple[NumberChange, ...] = ()
    removed: tuple[NumberChange, ...] = ()
    changed: tuple[NumberChange, ...] = ()
    findings_added: tuple[str, ...] = ()
    findings_removed: tuple[str, ...] = ()
    settings: tuple[WordChange, ...] = ()
    versions: tuple[WordChange, ...] = ()

    def __bool__(self) -> bool:
        numbers = self.added or self.removed or self.changed
        remarks = self.findings_added or self.findings_removed
        return bool(numbers or remarks or self.settings or self.versions)

    def lines(self) -> list[str]:
        """Return the difference in words."""
        if not self:
            return ["No difference: the same numbers, remarks, settings and versions."]
        text = [
            f"Numbers: {len(self.changed):,} changed, {len(self.added):,} added, "
            f"{len(self.removed):,} removed. "
            f"Remarks: {len(self.findings_added):,} new, {len(self.findings_removed):,} gone."
        ]
        text += _listed("changed", [_change_line(item) for item in _largest_first(self.changed)])
        text += _listed("added", [f"{item.name} = {_shown(item.new)} {item.unit}" for item in self.added])
        text += _listed("removed", [f"{item.name} = {_shown(item.old)} {item.unit}" for item in self.removed])
        text += _listed("new remark", self.findings_added)
        text += _listed("remark gone", self.findings_removed)
        text += _listed("setting", [_word_line(item) for item in self.settings])
        text += _listed("version", [_word_line(item) for item in self.versions])
        return text


def diff(a: Path, b: Path) -> Difference:
    """Compare two results folders or frozen views, exactly: a changed last digit is a change.

    Raises StoreError where one of them is no results folder.
    """
    before, after = Results(a), Results(b)
    old, new = _numbers(before), _numbers(after)
    findings_old, findings_new = _findings(before), _findings(after)
    tasks_old, tasks_new = _tasks(before), _tasks(after)
    return Difference(
        added=tuple(_change(None, new[key]) for key in new if key not in old),
        removed=tuple(_change(old[key], None) for key in old if key not in new),
        changed=tuple(
            _change(old[key], new[key]) for key in old if key in new and not _same(old[key], new[key])
        ),
        findings_added=tuple((findings_new - findings_old).elements()),
        findings_removed=tuple((findings_old - findings_new).elements()),
        settings=_word_changes(tasks_old, tasks_new, _settings),
        versions=_word_changes(tasks_old, tasks_new, _versions),
    )


def _numbers(results: Results) -> dict[str, Row]:
    words = ["sample", "measure", "entity", "target", "statistic"]
    rows = results.arrow("measurements").select(["measurement_id", *words, "value", "unit"]).to_pylist()
    return {row["measurement_id"]: row for row in rows}


def _change(old: Row | None, new: Row | None) -> NumberChange:
    row = new or old or {}
    words = (row["sample"], row["measure"], row["entity"], row["target"], row["statistic"])
    return NumberChange(
        measurement_id=row["measurement_id"],
        name=heading(word or "" for word in words),
        unit=unit_words(row["unit"] or ""),
        old=None if old is None else old["value"],
        new=None if new is None else new["value"],
    )


def _same(old: Row, new: Row) -> bool:
    one, two = old["value"], new["value"]
    both_missing = _is_missing(one) and _is_missing(two)
    return (one == two or both_missing) and (old["unit"] or "") == (new["unit"] or "")


def _is_missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _findings(results: Results) -> Counter[str]:
    """Count remarks by what they say; the task that said it does not matter."""
    rows = results.arrow("findings").to_pylist()
    words = ("severity", "code", "sample", "entity")
    return Counter(f"{heading(row[word] or '' for word in words)}: {row['message']}" for row in rows)


def _tasks(results: Results) -> dict[str, Row]:
    columns = ["unit", "pipeline", "step", "step_version", "params", "versions"]
    return {row["unit"]: row for row in results.arrow("tasks").select(columns).to_pylist()}


def _settings(row: Row) -> dict[str, str]:
    settings = json.loads(row["params"] or "{}")
    step = _step(row)
    return {f"{step}: {name}": json.dumps(value, ensure_ascii=False) for name, value in settings.items()}


def _versions(row: Row) -> dict[str, str]:
    packages = {str(name): str(version) for name, version in json.loads(row["versions"] or "{}").items()}
    version = "" if row["step_version"] is None else str(row["step_version"])
    return {f"step {_step(row)}": version, **packages}


def _step(row: Row) -> str:
    return f"{row['pipeline'] or ''}/{row['step'] or ''}"


def _word_changes(
    old: Mapping[str, Row], new: Mapping[str, Row], words_of: Callable[[Row], dict[str, str]]
) -> tuple[WordChange, ...]:
    """Count, over the tasks that both views have, every word that went from one value to another."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for unit in old:
        if unit in new:
            before, after = words_of(old[unit]), words_of(new[unit])
            names = dict.fromkeys([*before, *after])
            pairs = ((name, before.get(name, ""), after.get(name, "")) for name in names)
            seen.update(pair for pair in pairs if pair[1] != pair[2])
    return tuple(WordChange(name, one, two, count) for (name, one, two), count in sorted(seen.items()))


def _largest_first(changes: Iterable[NumberChange]) -> list[NumberChange]:
    return sorted(changes, key=_relative, reverse=True)


def _relative(change: NumberChange) -> float:
    if change.old is None or change.new is None or not change.old:
        return math.inf
    size = abs(change.new - change.old) / abs(change.old)
    return math.inf if math.isnan(size) else size


def _change_line(change: NumberChange) -> str:
    relative = _relative(change)
    tail = f" ({(change.new or 0) / (change.old or 1) - 1:+.2%})" if math.isfinite(relative) else ""
    return f"{change.name}: {_shown(change.old)} -> {_shown(change.new)} {change.unit}{tail}"


def _word_line(change: WordChange) -> str:
    tasks = "1 task" if change.tasks == 1 else f"{change.tasks:,} tasks"
    return f"{change.name}: {change.old or 'none'} -> {change.new or 'none'} ({tasks})"


def _shown(value: float | None) -> str:
    return "no number" if value is None or math.isnan(value) else f"{value:.9g}"


def _listed(kind: str, items: Iterable[str]) -> list[str]:
    entries = list(items)
    text = [f"{kind}: {item}".rstrip() for item in entries[:_SHOWN]]
    if len(entries) > _SHOWN:
        text.append(f"{kind}: and {len(entries) - _SHOWN:,} more")
    return text
