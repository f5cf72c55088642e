"""`exoraw explain`: where a number comes from: its bytes, settings, versions, remarks and pictures."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from exoraw.io.errors import UnknownNameError
from exoraw.store.export.tables import heading
from exoraw.store.results import Results
from exoraw.store.story import Explanation, InputStory, NumberStory, TaskStory
from exoraw.store.story_text import lines

_SHORTEST_ID = 6  # characters of a measurement_id or task_id that are worth looking for
_MOST_NEAR = 5  # names offered when a word is unknown or ambiguous

__all__ = ["Explanation", "InputStory", "NumberStory", "TaskStory", "explain", "lines"]

Row = Mapping[str, Any]


def explain(results: Results, what: str) -> Explanation:
    """Explain one thing of a results folder.

    Parameters
    ----------
    what : a sample, a raw file (path or its end, or file_id), the beginning of a measurement_id, of a
        task_id or of a comparison_id, the name of a comparison, or a unit key

    Raises
    ------
    UnknownNameError : nothing of that name, or several things; with the nearest names
    """
    tables = _Tables(results)
    for look in (_sample, _file, _unit, _number, _task, _comparison):
        found = look(tables, what)
        if found is not None:
            return found
    raise UnknownNameError(_unknown(tables, what))


class _Tables:
    """The tables an explanation needs, as rows; read once."""

    def __init__(self, results: Results) -> None:
        self.numbers = results.arrow("measurements")
        self.samples: list[Row] = results.arrow("samples").to_pylist()
        self.files: list[Row] = results.arrow("files").to_pylist()
        self.tasks: dict[str, Row] = {row["task_id"]: row for row in results.arrow("tasks").to_pylist()}
        self.findings: list[Row] = results.arrow("findings").to_pylist()
        self.artefacts: list[Row] = results.arrow("artefacts").to_pylist()
        self.comparisons: list[Row] = results.arrow("comparisons").to_pylist()
        self.formulas = {
            (row["assay"], row["measure"]): row["definition"] or ""
            for row in results.arrow("vocabulary").to_pylist()
        }

    def numbers_where(self, mask: pa.ChunkedArray) -> tuple[NumberStory, ...]:
        rows = self.numbers.filter(mask).to_pylist()
        return tuple(_number_story(row, self.formulas) for row in rows)

    def story(self, task_id: str, sample: str = "") -> TaskStory | None:
        """Return a task and, below it, the tasks it builds on."""
        row = self.tasks.get(task_id)
        if row is None:
            return None
        inputs = _inputs(row)
        earlier = (self.story(item.digest, sample) for item in inputs if item.kind == "task")
        concerns = _concerning(task_id, sample)
        return TaskStory(
            task_id=task_id,
            unit=row["unit"],
            step=row["step"] or "",
            step_version=row["step_version"],
            status=row["status"],
            error=row["error"] or "",
            reason=row["reason"] or "",
            params=_json(row["params"]),
            seed=row["seed"],
            versions=_json(row["versions"]),
            inputs=inputs,
            findings=tuple(_remark(item) for item in self.findings if concerns(item)),
            pictures=tuple(f"{item['path']}: {item['caption']}" for item in self.artefacts if concerns(item)),
            earlier=tuple(story for story in earlier if story is not None),
        )

    def stories(self, task_ids: Iterable[str], sample: str = "") -> tuple[TaskStory, ...]:
        """Return the stories of tasks, leaving out those that stand below another one."""
        wanted = [self.story(task_id, sample) for task_id in dict.fromkeys(task_ids)]
        found = [story for story in wanted if story is not None]
        below = {task_id for story in found for child in story.earlier for task_id in _ids(child)}
        return tuple(story for story in found if story.task_id not in below)


def _sample(tables: _Tables, what: str) -> Explanation | None:
    rows = [row for row in tables.samples if row["sample"] == what]
    if not rows:
        return None
    facts = [
        (f"{row['pipeline']}: {name}" if len(rows) > 1 else name, _words(value))
        for row in rows
        for name, value in row.items()
        if value not in (None, "", [], False) and name not in ("sample", "sheet_row")
    ]
    numbers = tables.numbers_where(pc.equal(tables.numbers["sample"], what))
    own = [row["task_id"] for row in tables.tasks.values() if _is_about(row, what)]
    compared = dict.fromkeys(
        row["name"] or row["measure"]
        for row in tables.comparisons
        if what in (tables.tasks.get(row["task_id"], {}).get("samples") or ())
    )
    facts += [("compared in", ", ".join(compared))] if compared else []
    files = {path for row in rows for path in row["files"] or ()}
    users = [task_id for row in tables.files if row["path"] in files for task_id in _readers(tables, row)]
    tasks = tables.stories([*(number.task_id for number in numbers), *own, *users], what)
    return Explanation(f"sample {what}", tuple(facts), numbers, tasks)


def _is_about(task: Row, sample: str) -> bool:
    """Whether a task is about this sample; one over many is named by its numbers, or because it failed."""
    samples = task["samples"] or ()
    return sample in samples and (len(samples) == 1 or task["status"] != "ok")


def _readers(tables: _Tables, file: Row) -> list[str]:
    """Return the tasks that read a raw file, as a sample or as a control."""
    return [
        task["task_id"]
        for task in tables.tasks.values()
        if any(item.kind == "file" and item.digest == file["sha256"] for item in _inputs(task))
    ]


def _file(tables: _Tables, what: str) -> Explanation | None:
    name = what.replace("\\", "/")
    found = [row for row in tables.files if row["path"] == name or row["file_id"] == what]
    found = found or [row for row in tables.files if row["path"].endswith(f"/{name}")]
    if not found:
        return None
    if len(found) > 1:
        raise UnknownNameError(_ambiguous(what, (row["path"] for row in found)))
    row = found[0]
    facts = tuple((name, _words(value)) for name, value in row.items() if value not in (None, "", []))
    numbers = tables.numbers_where(pc.equal(tables.numbers["file_id"], row["file_id"]))
    return Explanation(f"file {row['path']}", facts, numbers, tables.stories(_readers(tables, row)))


def _unit(tables: _Tables, what: str) -> Explanation | None:
    found = [task_id for task_id, row in tables.tasks.items() if row["unit"] == what]
    return _one_task(tables, found[0]) if found else None


def _task(tables: _Tables, what: str) -> Explanation | None:
    found = _beginning_with(tables.tasks, what)
    return _one_task(tables, found[0]) if found else None


def _one_task(tables: _Tables, task_id: str) -> Explanation:
    numbers = tables.numbers_where(pc.equal(tables.numbers["task_id"], task_id))
    return Explanation(f"task {tables.tasks[task_id]['unit']}", (), numbers, tables.stories([task_id]))


def _number(tables: _Tables, what: str) -> Explanation | None:
    found = _beginning_with(tables.numbers["measurement_id"].to_pylist(), what)
    if not found:
        return None
    (number,) = tables.numbers_where(pc.equal(tables.numbers["measurement_id"], found[0]))
    tasks = tables.stories([number.task_id], number.sample)
    return Explanation(f"{number.label} of {number.sample}", (), (number,), tasks)


def _comparison(tables: _Tables, what: str) -> Explanation | None:
    """Explain a comparison, or all of one name. The tasks that measured its samples are named, not told."""
    rows = [row for row in tables.comparisons if row["name"] == what]
    if not rows:
        found = _beginning_with((row["comparison_id"] for row in tables.comparisons), what)
        rows = [row for row in tables.comparisons if row["comparison_id"] in found]
    if not rows:
        return None
    facts = [
        (f"{row['group']} vs {row['reference']}: {name}" if len(rows) > 1 else name, _words(value))
        for row in rows
        for name, value in row.items()
        if value not in (None, "", []) and name not in ("task_id", "pipeline")
    ]
    stories = tables.stories(row["task_id"] for row in rows)
    short = tuple(replace(story, earlier=()) for story in stories)
    return Explanation(f"comparison {rows[0]['name'] or rows[0]['measure']}", tuple(facts), (), short)


def _beginning_with(ids: Iterable[str], what: str) -> list[str]:
    """Return the one id that begins so, or nothing. Raises UnknownNameError where several do."""
    if len(what) < _SHORTEST_ID:
        return []
    found = [item for item in ids if item.startswith(what)]
    if len(found) > 1 and what not in found:
        raise UnknownNameError(_ambiguous(what, found))
    return [what] if what in found else found


def _number_story(row: Row, formulas: Mapping[tuple[str, str], str]) -> NumberStory:
    names = ("measure", "entity", "target", "statistic")
    low, high = row["ci_low"], row["ci_high"]
    part, whole = row["numerator"], row["denominator"]
    return NumberStory(
        measurement_id=row["measurement_id"],
        sample=row["sample"],
        label=heading(row[name] or "" for name in names),
        value=row["value"],
        unit=row["unit"] or "",
        interval=None if low is None or high is None else (low, high),
        fraction=None if part is None or whole is None else (part, whole),
        n=row["n"],
        formula=formulas.get((row["assay"], row["measure"]), ""),
        qc=" ".join([row["qc"] or "", *(row["qc_codes"] or ())]).strip(),
        task_id=row["task_id"] or "",
    )


def _inputs(row: Row) -> tuple[InputStory, ...]:
    """Return what a task read; a role that was looked for and absent stands there too."""
    found = []
    for role, items in _json(row["inputs"]).items():
        if not items and not role.startswith("@"):
            found.append(InputStory(role, "absent", "", "", ""))
        for item in items:
            digest = str(item.get("digest") or item.get("task_id") or "")
            kind = str(item.get("kind") or ("task" if item.get("task_id") else "file"))
            name, status = str(item.get("name", "")), str(item.get("status") or "")
            found.append(InputStory(role, kind, name, digest, status))
    return tuple(found)


def _concerning(task_id: str, sample: str) -> Callable[[Row], bool]:
    """Return the test whether a remark or picture belongs to a task and, where one is meant, a sample."""
    return lambda item: item["task_id"] == task_id and (not sample or item["sample"] in (None, "", sample))


def _remark(item: Row) -> str:
    place = " ".join(word for word in (item["sample"], item["entity"]) if word)
    return f"{item['severity']} {item['code']}{f' ({place})' if place else ''}: {item['message']}"


def _ids(story: TaskStory) -> list[str]:
    return [story.task_id, *(task_id for child in story.earlier for task_id in _ids(child))]


def _json(text: str | None) -> dict[str, Any]:
    content = json.loads(text) if text else {}
    return content if isinstance(content, dict) else {}


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _ambiguous(what: str, names: Iterable[str]) -> str:
    found = sorted(names)
    shown = ", ".join(found[:_MOST_NEAR]) + (" ..." if len(found) > _MOST_NEAR else "")
    return f'"{what}" can mean {len(found)} things: {shown}. Type more of the one you mean.'


def _unknown(tables: _Tables, what: str) -> str:
    names = {row["sample"] for row in tables.samples} | {row["path"] for row in tables.files}
    names |= {row["unit"] for row in tables.tasks.values()}
    names |= {row["name"] for row in tables.comparisons if row["name"]}
    lower = {name.casefold(): name for name in sorted(names)}
    near = difflib.get_close_matches(what.casefold(), lower, n=_MOST_NEAR, cutoff=0.5)
    hint = f" Did you mean {', '.join(lower[name] for name in near)}?" if near else ""
    return (
        f'Nothing here is called "{what}". Give a sample, a raw file, or the beginning (from {_SHORTEST_ID} '
        f"characters) of a measurement_id, task_id or comparison_id.{hint}"
    )
