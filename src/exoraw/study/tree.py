"""A YAML file as a tree that remembers the line and the spelling of everything a person typed.

Only the part of YAML 1.2 that a settings file needs: mappings, lists and scalars. Anchors, aliases, tags
and merge keys are refused, as is a file that is large or deep. A plain NO, 12:30 or 2026-01-05 is text;
007 and 1e3 are numbers whose spelling is kept, so that a text field gets what was typed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from exoraw.io.errors import FormatError
from exoraw.io.text import decode, read_bytes
from exoraw.study.problems import StudyProblems
from exoraw.study.spec import Problem
from exoraw.study.words import shown

LARGEST_FILE = 256 * 1024  # bytes; a study of a hundred analyses takes 30 kB
DEEPEST = 24  # levels; the parser never recurses, the code that reads the tree does
MOST_NODES = 10_000  # a hostile list of 100,000 numbers takes the pure-Python scanner 8 s

Scalar = str | int | float | bool | None

# YAML 1.2 core schema, https://yaml.org/spec/1.2.2/#103-core-schema; octal 0o7 and 0x1F stay text
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}\Z")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_CONSTANTS: Mapping[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Node:
    """A value of the file and where it stands.

    Parameters
    ----------
    value : scalar, or None where `entries` or `items` holds the content
    text : a scalar as typed
    line : line in the file, from 1; that of the key where it has one
    file : name of the file as the user knows it
    entries : key -> node of a mapping, in order
    items : nodes of a list, in order
    """

    value: Scalar
    text: str
    line: int
    file: str
    entries: Mapping[str, Node] | None = None
    items: tuple[Node, ...] | None = None

    def plain(self) -> Any:
        """Return the tree as dict, list and scalars."""
        if self.entries is not None:
            return {key: node.plain() for key, node in self.entries.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.value

    def child(self, step: str | int) -> Node | None:
        """Return the entry or item of this name or position, or None."""
        if self.entries is not None and isinstance(step, str):
            return self.entries.get(step)
        if self.items is not None and isinstance(step, int) and 0 <= step < len(self.items):
            return self.items[step]
        return None


def empty_mapping(file: str, line: int = 1) -> Node:
    """Return a mapping without entries, for a part of the file that was left out."""
    return Node(None, "", line, file, entries={})


def merged(base: Node, over: Node) -> Node:
    """Return `base` with the entries of `over` laid on it: mappings key by key, anything else replaced."""
    if base.entries is None or over.entries is None:
        return over
    entries = dict(base.entries)
    for key, node in over.entries.items():
        entries[key] = merged(entries[key], node) if key in entries else node
    return Node(None, "", over.line, over.file, entries=entries)


def read_tree(path: Path) -> Node:
    """Read a YAML file; raises StudyProblems with the line, OSError where it cannot be opened."""
    try:
        decoded = decode(read_bytes(path, LARGEST_FILE), path)
    except FormatError as error:
        found = f"expected {error.expected}, found {error.found}. {error.advice}".rstrip()
        raise StudyProblems([Problem("error", f"cannot be read: {found}", path.name)]) from error
    return parse_tree(decoded.text, path.name)


def parse_tree(text: str, file: str) -> Node:
    """Parse YAML text whose top level is a mapping.

    Raises
    ------
    StudyProblems
        Broken YAML, or YAML beyond what a settings file needs; every duplicate key and the like at once.
    """
    if len(text) > LARGEST_FILE:
        raise StudyProblems([Problem("error", f"is larger than {LARGEST_FILE // 1024} kB", file)])
    builder = _Builder(file)
    try:
        root = builder.build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        raise StudyProblems([*builder.problems, _broken(error, file)]) from error
    except (YAMLError, ValueError) as error:
        message = f"is no YAML text: {str(error).splitlines()[0]}"
        raise StudyProblems([*builder.problems, Problem("error", message, file)]) from error
    if root is None or root.entries is None:
        empty = root is None or (root.value is None and root.items is None)
        found = "an empty file" if empty else "a list or a single value"
        message = f'expected lines such as "title: My study", found {found}'
        builder.problems.append(Problem("error", message, file))
    if builder.problems or root is None:
        raise StudyProblems(builder.problems)
    return root


def at_line(line: int, message: str, file: str) -> Problem:
    """Return an error of a YAML file, with its line."""
    return Problem("error", f"line {line}: {message}", file)


def _broken(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else 1
    what = str(error.problem or error.context or "cannot be read")
    advice = ""
    if "'\\t'" in what:
        advice = " Indent with spaces, not with the tab key."
    elif "cannot start any token" in what or "mapping values" in what or "expected <block end>" in what:
        advice = " Check the indentation, and put text that holds : # @ % or & in quotes."
    elif "unexpected end of stream" in what:
        advice = " A quote is opened and never closed."
    return at_line(line, f"the YAML is broken: {what}.{advice}", file)


@dataclass
class _Open:
    """A mapping or list that is still being read."""

    line: int
    entries: dict[str, Node] | None = None
    items: list[Node] | None = None
    key: str | None = None
    key_line: int = 0
    lines: dict[str, int] = field(default_factory=dict)


class _Builder:
    """Builds the tree from parser events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._nodes = 0
        self._documents = 0

    def build(self, events: Iterator[Event]) -> Node | None:
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            self._refuse_foreign(event, line)
            if isinstance(event, ScalarEvent):
                self._scalar(event, line)
            elif isinstance(event, MappingStartEvent):
                self._open(_Open(line, entries={}))
            elif isinstance(event, SequenceStartEvent):
                self._open(_Open(line, items=[]))
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._close()
        return self._root

    def _refuse_foreign(self, event: Event, line: int) -> None:
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(line, 'a second document begins here ("---"); one file holds one study')
        if isinstance(event, AliasEvent):
            self._stop(line, "aliases (*name) are not understood here; write the value out")
        if getattr(event, "anchor", None):
            self._stop(line, "anchors (&name) are not understood here; put text that begins with & in quotes")
        if getattr(event, "tag", None):
            self._stop(line, "tags (!name) are not understood here; put text that begins with ! in quotes")

    def _stop(self, line: int, message: str) -> None:
        raise StudyProblems([*self.problems, at_line(line, message, self.file)])

    def _count(self, line: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._stop(line, f"more than {MOST_NODES:,} values; this is no study file")

    def _scalar(self, event: ScalarEvent, line: int) -> None:
        self._count(line)
        top = self._stack[-1] if self._stack else None
        text = str(event.value)
        if top is not None and top.entries is not None and top.key is None:
            self._key(top, text, line)
            return
        value = plain_value(text) if event.implicit[0] and event.style is None else text
        self._place(Node(value, text, line, self.file))

    def _key(self, top: _Open, text: str, line: int) -> None:
        if text == "<<":
            self._stop(line, "merge keys (<<) are not understood here; write the values out")
        if text in top.lines:
            message = f"{shown(text)} stands here a second time (first in line {top.lines[text]}); keep one"
            self.problems.append(at_line(line, message, self.file))
        top.lines.setdefault(text, line)
        top.key, top.key_line = text, line

    def _open(self, part: _Open) -> None:
        self._count(part.line)
        if len(self._stack) >= DEEPEST:
            self._stop(part.line, f"more than {DEEPEST} levels of nesting")
        top = self._stack[-1] if self._stack else None
        if top is not None and top.entries is not None and top.key is None:
            self._stop(
                part.line, "a list or mapping cannot be a key; put text that begins with [ or { in quotes"
            )
        self._stack.append(part)

    def _close(self) -> None:
        part = self._stack.pop()
        if part.entries is not None:
            self._place(Node(None, "", part.line, self.file, entries=part.entries))
        else:
            self._place(Node(None, "", part.line, self.file, items=tuple(part.items or ())))

    def _place(self, node: Node) -> None:
        if not self._stack:
            self._root = node
            return
        top = self._stack[-1]
        if top.items is not None:
            top.items.append(node)
        elif top.entries is not None and top.key is not None:
            kept = Node(node.value, node.text, top.key_line, node.file, node.entries, node.items)
            top.entries[top.key] = kept
            top.key = None


def plain_value(text: str) -> Scalar:
    """Return what an unquoted scalar means in YAML 1.2; numbers that are not finite stay text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _WHOLE.match(text):
        return int(text)
    if _REAL.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
