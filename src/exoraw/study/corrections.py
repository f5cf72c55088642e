"""Corrections beside the study: one JSON file for each thing a person decided, with who, when and why."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from exoraw.io.errors import FormatError, StudyError
from exoraw.io.text import read_text
from exoraw.study.problems import StudyProblems
from exoraw.study.spec import Problem
from exoraw.study.view import Correction
from exoraw.study.words import listed, shown
from exoraw.study.writing import replace_file

FOLDER = "corrections"
EARLIER = "earlier"  # what a newer correction took the place of; kept for the record, never read
FORM = 1
LARGEST = 20_000_000  # bytes; outlines of 100,000 cells
_TEXTS = ("assay", "kind", "target", "who", "when", "why")
_KEYS = frozenset({"exoraw", "value", "pipeline", *_TEXTS})


def read_corrections(folder: Path) -> tuple[Correction, ...]:
    """Read every correction of a study.

    Parameters
    ----------
    folder : folder of study.yaml

    Returns
    -------
    corrections by file name; empty where there are none

    Raises
    ------
    StudyProblems
        Every file that cannot be used, at once.
    """
    place = folder / FOLDER
    if not place.is_dir():
        return ()
    found: list[Correction] = []
    problems: list[Problem] = []
    for path in sorted(place.glob("*.json")):
        if path.name.startswith("."):
            continue
        try:
            found.append(_read(path))
        except StudyError as error:
            problems.append(Problem("error", str(error), f"{FOLDER}/{path.name}"))
    problems.extend(_twice(found))
    if problems:
        raise StudyProblems(problems)
    return tuple(found)


def write_correction(
    folder: Path,
    *,
    assay: str,
    kind: str,
    target: str,
    value: Mapping[str, Any],
    who: str,
    when: str,
    why: str,
    pipeline: str = "",
) -> Correction:
    """Write a correction; an earlier one of the same thing in the same analysis moves to corrections/earlier.

    The same value as before changes nothing, so that nothing runs again.

    Parameters
    ----------
    folder : folder of study.yaml
    assay, kind, target : what it touches ("flow", "gate", "batch:day1/MDA-MB-231")
    value : plain JSON, finite numbers
    who, when, why : initials, ISO 8601 time, reason; none may be empty
    pipeline : the analysis it is about; "" for all analyses of the assay

    Returns
    -------
    the correction as it will be read

    Raises
    ------
    StudyError
        An empty word, a value that is no JSON, or a file that cannot be written.
    """
    words = {"assay": assay, "kind": kind, "target": target, "who": who, "when": when, "why": why}
    empty = [name for name in _TEXTS if not words[name].strip()]
    if empty:
        raise StudyError(f"A correction needs {listed(empty)}.")
    path = folder / FOLDER / _file_name(assay, kind, target, pipeline)
    before = _read(path) if path.is_file() else None
    try:
        plain = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise StudyError(
            f"The value of a correction must be plain JSON with finite numbers: {error}."
        ) from error
    if before is not None and dict(before.value) == plain:
        return before
    named = {"pipeline": pipeline} if pipeline else {}
    content = json.dumps(
        {"exoraw": FORM, **words, **named, "value": plain}, indent=1, ensure_ascii=False, sort_keys=True
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if before is not None:
        _keep_earlier(path)
    replace_file(path, content.encode("utf-8") + b"\n")
    return _read(path)


def withdraw_correction(folder: Path, correction: Correction, *, who: str, when: str, why: str) -> Path:
    """Take a correction back: it moves to corrections/earlier, with who took it back, when and why.

    Parameters
    ----------
    folder : folder of study.yaml
    correction : as `read_corrections` gave it
    who, when, why : initials, ISO 8601 time, reason; none may be empty

    Returns
    -------
    where it is kept for the record

    Raises
    ------
    StudyError
        An empty word, or a file that has changed or gone since it was read.
    """
    words = {"who": who, "when": when, "why": why}
    empty = [name for name, word in words.items() if not word.strip()]
    if empty:
        raise StudyError(f"Taking a correction back needs {listed(empty)}.")
    path = folder / correction.path
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != correction.sha256:
        raise StudyError(f"{correction.path} has changed since it was read. Look at it again.")
    content = {**json.loads(read_text(path, LARGEST).text), "withdrawn": words}
    kept = _free_place(path)
    replace_file(kept, json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n")
    path.unlink()
    return kept


def _keep_earlier(path: Path) -> None:
    replace_file(_free_place(path), path.read_bytes())


def _free_place(path: Path) -> Path:
    """Return where the next earlier form of a correction is kept."""
    earlier = path.parent / EARLIER
    earlier.mkdir(exist_ok=True)
    number = sum(1 for _ in earlier.glob(f"{path.stem}.*.json")) + 1
    while (kept := earlier / f"{path.stem}.{number}.json").exists():
        number += 1
    return kept


def _file_name(assay: str, kind: str, target: str, pipeline: str) -> str:
    """Return a readable name that is unique for what it touches on every file system."""
    words = [assay, kind, target, *([pipeline] if pipeline else [])]
    slug = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(words)).strip("-")[:80]
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]
    return f"{slug}-{digest}.json"


def _read(path: Path) -> Correction:
    try:
        text = read_text(path, LARGEST).text
        content = json.loads(text, parse_constant=_refuse_constant)
    except (FormatError, OSError) as error:
        raise StudyError(f"cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise StudyError(f"is no JSON: {error}. Remove the file or restore it from {EARLIER}/.") from error
    if not isinstance(content, dict):
        raise StudyError("expected a JSON object with assay, kind, target, value, who, when and why")
    wrong = [name for name in _TEXTS if not isinstance(content.get(name), str) or not content[name].strip()]
    if wrong or not isinstance(content.get("value"), dict):
        raise StudyError(f"misses or leaves empty: {listed([*wrong] or ['value'])}")
    pipeline = content.get("pipeline", "")
    if not isinstance(pipeline, str):
        raise StudyError("pipeline: expected the name of an analysis")
    unknown = sorted(set(content) - _KEYS)
    if unknown or content.get("exoraw", FORM) != FORM:
        what = listed(map(shown, unknown)) if unknown else f"form {content['exoraw']!r}"
        raise StudyError(f"holds {what}, which this version of exoraw does not know")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    words = {name: content[name] for name in _TEXTS}
    value = content["value"]
    return Correction(**words, value=value, path=f"{FOLDER}/{path.name}", sha256=digest, pipeline=pipeline)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that can be used")


def _twice(found: list[Correction]) -> list[Problem]:
    first: dict[tuple[str, str, str, str], str] = {}
    problems = []
    for correction in found:
        key = (correction.assay, correction.kind, correction.target, correction.pipeline)
        if key in first:
            message = (
                f"touches the same thing as {first[key]} ({correction.kind} of {correction.target}); keep one"
            )
            problems.append(Problem("error", message, correction.path))
        first.setdefault(key, correction.path)
    return problems
