"""From what a person typed in YAML to a checked pydantic model, with messages in words and line numbers."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from exoraw.study.problems import StudyProblems
from exoraw.study.spec import Problem
from exoraw.study.tree import Node, at_line
from exoraw.study.words import did_you_mean, listed, shown

M = TypeVar("M", bound=BaseModel)

_IN_WORDS = (  # pydantic's terms -> what a person writes
    ("a valid number, unable to parse string as a number", "a number"),
    ("a valid integer, unable to parse string as an integer", "a whole number"),
    ("a valid boolean, unable to interpret input", "true or false"),
    ("a valid boolean", "true or false"),
    ("a valid tuple", "a list, such as [a, b]"),
    ("a valid list", "a list, such as [a, b]"),
    ("a valid dictionary", "keys with values, such as {a: 1}"),
    ("a valid string", "text"),
)
_WANTS_TEXT = frozenset({"string_type", "literal_error", "enum"})


def validated(model: type[M], tree: Node) -> M:
    """Check a tree against a model.

    A number or true/false where the model wants text is taken as it was typed: batch 007 stays "007".

    Parameters
    ----------
    model : pydantic model class, unknown keys forbidden
    tree : a mapping

    Returns
    -------
    the model

    Raises
    ------
    StudyProblems
        Every problem with its line, the value found, what is expected, and the nearest valid key.
    """
    data = tree.plain()
    try:
        return model.model_validate(data)
    except ValidationError as error:
        respelled = sum(_respell(data, tree, detail) for detail in error.errors(include_url=False))
        if not respelled:
            raise StudyProblems(_explained(model, tree, error)) from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise StudyProblems(_explained(model, tree, error)) from error


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys that a person may write for this model."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _respell(data: Any, tree: Node, detail: ErrorDetails) -> bool:
    """Put the spelling in the place of a number where text is wanted; say whether that was done."""
    if detail["type"] not in _WANTS_TEXT:
        return False
    node, steps = _walk(tree, detail["loc"])
    scalar = node.entries is None and node.items is None
    if not steps or not scalar or isinstance(node.value, str) or node.value is None:
        return False
    holder = data
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = node.text
    return True


def _walk(tree: Node, loc: tuple[str | int, ...]) -> tuple[Node, list[str | int]]:
    """Follow an error's location; a step that names a branch of a union is not in the file: left out."""
    node, steps = tree, []
    for step in loc:
        child = node.child(step)
        if child is not None:
            node = child
            steps.append(step)
    return node, steps


def _explained(model: type[BaseModel], tree: Node, error: ValidationError) -> list[Problem]:
    problems: dict[tuple[Any, ...], Problem] = {}
    for detail in error.errors(include_url=False):
        node, steps = _walk(tree, detail["loc"])
        message = _message(model, node, steps, detail)
        # one typo under a union gives an error per branch; the first says it
        problems.setdefault(
            (node.file, tuple(steps), detail["type"] == "extra_forbidden"),
            at_line(node.line, message, node.file),
        )
    return sorted(problems.values(), key=lambda problem: (problem.file, _line(problem)))


def _line(problem: Problem) -> int:
    return int(problem.message.removeprefix("line ").split(":", 1)[0])


def _message(model: type[BaseModel], node: Node, steps: list[str | int], detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(model, steps, detail)
    if kind == "union_tag_invalid":
        return _unknown_kind(node, steps, detail)
    place = _dotted(steps)
    if kind == "missing":
        inside = f" of {place}" if place else ""
        return f"the key {shown(str(detail['loc'][-1]))}{inside} is missing{_meaning(model, detail)}"
    said = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    said = said[:1].lower() + said[1:]
    for python, words in _IN_WORDS:
        said = said.replace(python, words)
    if kind == "value_error" and node.entries is not None:  # what several keys together say
        return f"{place or 'the file'}: {said}"
    return f"{place or 'the file'}: found {_found(node)}, but it {_must(said)}{_meant(node, detail)}"


def _must(said: str) -> str:
    return said if said.startswith("should") else f"is wrong: {said}"


def _meant(node: Node, detail: ErrorDetails) -> str:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    words = [word.strip(" '\"") for word in expected.replace(" or ", ",").split(",")]
    return did_you_mean(node.text, words) if node.text and expected else ""


def _found(node: Node) -> str:
    if node.entries is not None:
        return f"a mapping with the keys {listed(node.entries, 5)}"
    if node.items is not None:
        return f"a list of {len(node.items)}"
    return "nothing" if node.value is None else shown(node.text)


def _unknown_kind(node: Node, steps: list[str | int], detail: ErrorDetails) -> str:
    """Say which kinds there are, for an entry that is none of them."""
    kind = node.child("kind")
    kinds = [word.strip(" '") for word in str(detail.get("ctx", {}).get("expected_tags", "")).split(",")]
    word = kind.text if kind is not None else ""
    found = shown(word) if word else "nothing"
    return (
        f"{_dotted([*steps, 'kind'])}: found {found}, but it should be {listed(kinds)}."
        f"{did_you_mean(word, kinds)}"
    )


def _unknown_key(model: type[BaseModel], steps: list[str | int], detail: ErrorDetails) -> str:
    told = next(_models_at(model, list(detail["loc"][:-1])), None)  # with the branch of a union
    owner = told or next(_models_at(model, steps[:-1]), None)
    known = keys_of(owner) if owner is not None else ()
    key = str(steps[-1])
    hint = did_you_mean(key, known)
    place = f" in {_dotted(steps[:-1])}" if len(steps) > 1 else ""
    return f"unknown key {shown(key)}{place}.{hint} Known: {listed(known, 30)}."


def _meaning(model: type[BaseModel], detail: ErrorDetails) -> str:
    *outer, name = detail["loc"]
    owner = next(_models_at(model, outer), None)
    field = owner.model_fields.get(str(name)) if owner is not None else None
    return f" ({field.description})" if field is not None and field.description else ""


def _models_at(model: type[BaseModel], steps: list[str | int]) -> Iterator[type[BaseModel]]:
    """Yield the models that may stand at a place of the file."""
    annotations: list[Any] = [model]
    for step in steps:
        annotations = [inner for annotation in annotations for inner in _inside(annotation, step)]
    for annotation in annotations:
        yield from (kind for kind in _alternatives(annotation) if _is_model(kind))


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    else:
        yield annotation


def _inside(annotation: Any, step: str | int) -> Iterator[Any]:
    for kind in _alternatives(annotation):
        if _is_model(kind):
            field = kind.model_fields.get(str(step))
            if field is not None:
                yield field.annotation
            elif step in _tags(kind):
                yield kind
        elif isinstance(step, int):
            yield from (part for part in get_args(kind)[:1])
        elif get_origin(kind) in (dict, Mapping):
            yield get_args(kind)[1]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    """Return the words of `kind` that choose this model among those of a union."""
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field is not None else ()


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _dotted(steps: list[str | int]) -> str:
    text = ""
    for step in steps:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
