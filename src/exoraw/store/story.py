"""What an explanation is made of: a number, the task that computed it, what that task read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class InputStory:
    """Something a task read, by role; `digest` is the sha256 of a file or the id of an earlier task."""

    role: str
    kind: str
    name: str
    digest: str
    status: str


@dataclass(frozen=True)
class TaskStory:
    """A task: what it read, with which settings and versions, what it remarked, and the tasks before it."""

    task_id: str
    unit: str
    step: str
    step_version: int | None
    status: str
    error: str
    reason: str
    params: Mapping[str, Any]
    seed: int | None
    versions: Mapping[str, str]
    inputs: tuple[InputStory, ...]
    findings: tuple[str, ...]
    pictures: tuple[str, ...]
    earlier: tuple[TaskStory, ...]


@dataclass(frozen=True)
class NumberStory:
    """A number and what it means; `formula` is the vocabulary's definition."""

    measurement_id: str
    sample: str
    label: str
    value: float | None
    unit: str
    interval: tuple[float, float] | None
    fraction: tuple[float, float] | None
    n: int | None
    formula: str
    qc: str
    task_id: str


@dataclass(frozen=True)
class Explanation:
    """What is known of a sample, a file, a number or a task."""

    title: str
    facts: tuple[tuple[str, str], ...]
    numbers: tuple[NumberStory, ...]
    tasks: tuple[TaskStory, ...]
