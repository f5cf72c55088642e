"""An explanation as plain lines for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from exoraw.store.export.tables import unit_words
from exoraw.store.story import Explanation, NumberStory, TaskStory

_STEP = "  "
_MOST_WHOLE = 1e15  # whole numbers above are no counts
_SHORT = 12  # characters of a digest that are shown


def lines(explanation: Explanation) -> list[str]:
    """Return an explanation as lines, indented by what builds on what."""
    text = [explanation.title]
    text += [f"{_STEP}{name}: {value}" for name, value in explanation.facts]
    told: set[str] = set()
    for number in explanation.numbers:
        text += _number_lines(number, told)
    for task in explanation.tasks:
        text += _task_lines(task, 1, told)
    versions = sorted({line for task in explanation.tasks for line in _versions(task)})
    text += [f"{_STEP}versions: {line}" for line in versions]
    return text


def _number_lines(number: NumberStory, told: set[str]) -> Iterator[str]:
    """Yield a number; a formula that stood above is not told again."""
    value = _figure(number.value)
    yield f"{_STEP}{number.label} = {value} {unit_words(number.unit)}".rstrip() + _interval(number)
    if number.fraction is not None:
        yield f"{_STEP * 3}{number.fraction[0]:,.10g} of {number.fraction[1]:,.10g}"
    elif number.n is not None and number.n != number.value:
        yield f"{_STEP * 3}n = {number.n:,}"
    if number.formula and number.formula not in told:
        told.add(number.formula)
        yield f"{_STEP * 3}{number.formula}"
    yield f"{_STEP * 3}quality: {number.qc or 'ok'}; number {number.measurement_id[:_SHORT]}"


def _figure(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "no number"
    return f"{value:,.0f}" if value.is_integer() and abs(value) < _MOST_WHOLE else f"{value:.6g}"


def _interval(number: NumberStory) -> str:
    if number.interval is None:
        return ""
    return f" (95 % interval {number.interval[0]:.6g} to {number.interval[1]:.6g})"


def _task_lines(task: TaskStory, depth: int, told: set[str]) -> Iterator[str]:
    """Yield a task and the earlier ones; a task that stands there already is only named."""
    margin = _STEP * depth
    version = "" if task.step_version is None else f" version {task.step_version}"
    yield f"{margin}from task {task.unit} ({task.status}; step {task.step}{version}; {task.task_id[:_SHORT]})"
    if task.task_id in told:
        yield f"{margin}{_STEP}(see above)"
        return
    told.add(task.task_id)
    for line in _detail_lines(task, told):
        yield f"{margin}{_STEP}{line}"
    for earlier in task.earlier:
        yield from _task_lines(earlier, depth + 1, told)


def _detail_lines(task: TaskStory, told: set[str]) -> Iterator[str]:
    if task.error:
        yield f"error: {task.error}"
    if task.reason:
        yield f"computed because: {task.reason}"
    yield from _input_lines(task)
    yield from _setting_lines(task, told)
    if task.seed is not None:
        yield f"random seed: {task.seed}"
    for remark in task.findings:
        yield f"remark: {remark}"
    for picture in task.pictures:
        yield f"evidence: {picture}"


def _setting_lines(task: TaskStory, told: set[str]) -> Iterator[str]:
    """Yield the settings, one group a line; a group that stood above is only named."""
    for name, value in task.params.items():
        line = f"{name}: {_setting_words(value)}"
        yield f"setting {f'{name}: as above' if line in told else line}"
        told.add(line)


def _setting_words(value: Any) -> str:
    """Write a setting as a person would: "cofactor = 150, kind = logicle", not as a program does."""
    if isinstance(value, Mapping):
        parts = (_named_setting(name, item) for name, item in value.items())
        return ", ".join(parts) or "none"
    if isinstance(value, list):
        return " / ".join(map(_setting_words, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


def _named_setting(name: str, value: Any) -> str:
    words = _setting_words(value)
    return f"{name} ({words})" if isinstance(value, Mapping) else f"{name} = {words}"


def _versions(task: TaskStory) -> Iterator[str]:
    if task.versions:
        yield ", ".join(f"{name} {version}" for name, version in sorted(task.versions.items()))
    for earlier in task.earlier:
        yield from _versions(earlier)


def _input_lines(task: TaskStory) -> Iterator[str]:
    for item in task.inputs:
        if item.kind == "absent":
            yield f"{item.role}: none was there"
        elif item.kind in {"file", "correction"}:
            yield f"{item.role}: {item.kind} {item.name} sha256 {item.digest}"
    cells = dict.fromkeys(item.name for item in task.inputs if item.kind == "cell")
    if cells:
        yield f"sheet columns it depends on: {', '.join(cells)}"
