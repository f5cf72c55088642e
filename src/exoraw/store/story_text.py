"""An explanation as plain lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from exoraw.store.export.tables import unit_words
from exoraw.store.story import Explanation, NumberStory, TaskStory

_STEP = "  "
_SHORT = 12  # characters of a digest that are shown


def lines(explanation: Explanation) -> list[str]:
    """Return an explanation as lines, indented by what builds on what."""
    text = [explanation.title]
    text += [f"{_STEP}{name}: {value}" for name, value in explanation.facts]
    shown: set[str] = set()
    told: set[str] = set()
    for number in explanation.numbers:
        text += _number_lines(number, told)
    for task in explanation.tasks:
        text += _task_lines(task, 1, shown)
    return text


def _number_lines(number: NumberStory, told: set[str]) -> Iterator[str]:
    """Yield a number; a formula that stood above is not told again."""
    value = "no number" if number.value is None or number.value != number.value else f"{number.value:.6g}"
    yield f"{_STEP}{number.label} = {value} {unit_words(number.unit)}".rstrip() + _interval(number)
    if number.fraction is not None:
        yield f"{_STEP * 3}{number.fraction[0]:,.10g} of {number.fraction[1]:,.10g}"
    elif number.n is not None:
        yield f"{_STEP * 3}n = {number.n:,}"
    if number.formula and number.formula not in told:
        told.add(number.formula)
        yield f"{_STEP * 3}{number.formula}"
    yield f"{_STEP * 3}quality: {number.qc or 'ok'}; number {number.measurement_id[:_SHORT]}"


def _interval(number: NumberStory) -> str:
    if number.interval is None:
        return ""
    return f" (95 % interval {number.interval[0]:.6g} to {number.interval[1]:.6g})"


def _task_lines(task: TaskStory, depth: int, shown: set[str]) -> Iterator[str]:
    """Yield a task and the earlier ones; a task that stands there already is only named."""
    margin = _STEP * depth
    version = "" if task.step_version is None else f" version {task.step_version}"
    yield f"{margin}from task {task.unit} ({task.status}; step {task.step}{version}; {task.task_id[:_SHORT]})"
    if task.task_id in shown:
        yield f"{margin}{_STEP}(see above)"
        return
    shown.add(task.task_id)
    for line in _detail_lines(task):
        yield f"{margin}{_STEP}{line}"
    for earlier in task.earlier:
        yield from _task_lines(earlier, depth + 1, shown)


def _detail_lines(task: TaskStory) -> Iterator[str]:
    if task.error:
        yield f"error: {task.error}"
    if task.reason:
        yield f"computed because: {task.reason}"
    yield from _input_lines(task)
    if task.params:
        yield "settings: " + ", ".join(f"{name} = {value}" for name, value in task.params.items())
    if task.seed is not None:
        yield f"random seed: {task.seed}"
    for remark in task.findings:
        yield f"remark: {remark}"
    for picture in task.pictures:
        yield f"evidence: {picture}"
    if task.versions:
        yield "versions: " + ", ".join(f"{name} {version}" for name, version in sorted(task.versions.items()))


def _input_lines(task: TaskStory) -> Iterator[str]:
    for item in task.inputs:
        if item.kind == "absent":
            yield f"{item.role}: none was there"
        elif item.kind in {"file", "correction"}:
            yield f"{item.role}: {item.kind} {item.name} sha256 {item.digest}"
    cells = dict.fromkeys(item.name for item in task.inputs if item.kind == "cell")
    if cells:
        yield f"sheet columns it depends on: {', '.join(cells)}"
