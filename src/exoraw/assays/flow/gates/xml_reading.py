"""XML that others wrote, read without being harmed by it: no entities, no outside files, limits on size.

Python's expat parser is driven directly, for two reasons: every element keeps its line and byte, so that a
message can say where a gate stands; and an entity declaration is refused when it is met, before it can grow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np

from exoraw.io.errors import FormatError
from exoraw.io.guard import open_regular
from exoraw.study.words import listed, shown

LARGEST_FILE = 512 << 20  # bytes; a workspace of 500 tubes with 50 gates each takes 150 MB
DEEPEST = 400  # levels; a population takes three, and no tree has a hundred generations
MOST_ELEMENTS = 3_000_000  # that are kept
LONGEST_TEXT = 100_000  # characters inside one element
_BLOCK = 1 << 18
_BETWEEN = "\x01"  # between namespace and name; no XML text can hold it
_ADVICE = "Save the file again in the program that wrote it."


@dataclass(slots=True)
class Element:
    """An element with its place in the file.

    Parameters
    ----------
    name : without namespace
    space : the namespace, "" where it has none
    attributes : by name without namespace; where two differ in it only, the one with a namespace wins
    line, position : from 1, and byte offset
    """

    name: str
    space: str
    attributes: dict[str, str]
    line: int
    position: int
    file: Path
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> Iterator[Element]:
        """Children of this name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> Element | None:
        """First child of this name, or None."""
        return next(self.all(name), None)

    def need(self, name: str) -> Element:
        """First child of this name; FormatError where there is none."""
        found = self.first(name)
        if found is None:
            raise self.wrong(f"an element {name} inside {self.name}", "none")
        return found

    def get(self, name: str) -> str:
        """Attribute of this name; FormatError where it is missing."""
        if name not in self.attributes:
            raise self.wrong(f"an attribute {name} of {self.name}", f"only {listed(self.attributes)}")
        return self.attributes[name]

    def number(self, name: str) -> float:
        """Attribute of this name as a finite number; FormatError where it is missing or something else."""
        return self.as_number(self.get(name), f"{self.name}, {name}")

    def optional_number(self, name: str) -> float | None:
        """As `number`; None where the attribute is missing."""
        return self.number(name) if name in self.attributes else None

    def as_number(self, text: str, what: str) -> float:
        """Return text as a finite number; FormatError that says what it stands for."""
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise self.wrong(f"a finite number ({what})", shown(text))
        return value

    def wrong(self, expected: str, found: str, advice: str = _ADVICE) -> FormatError:
        """Return the error that says what is wrong with this element, with its line."""
        return FormatError(self.file, self.position, expected, f"{found} (line {self.line})", advice)


def read_xml(
    path: Path,
    *,
    skip: Collection[str] = (),
    part: str = "",
    use: Callable[[Element], object] | None = None,
) -> Element:
    """Read an XML file into elements.

    Parameters
    ----------
    skip : names of elements that are left out with all that is in them
    part, use : elements of this name are handed to `use` when they end, and then forgotten, so that a
        workspace of hundreds of tubes never lies in memory as a whole

    Returns
    -------
    the outermost element

    Raises
    ------
    FormatError : no well-formed XML, an entity declaration, or beyond the limits; nothing else
    """
    builder = _Builder(path, frozenset(skip), part if use is not None else "")
    read = 0
    with open_regular(path) as file:
        while True:
            block = file.read(_BLOCK)
            read += len(block)
            if read > LARGEST_FILE:
                raise FormatError(path, read, f"at most {LARGEST_FILE >> 20} MB of XML", "more")
            for each in builder.feed(block, final=not block):
                if use is not None:
                    use(each)
            if not block:
                return builder.root()


class _Builder:
    """Turns expat's events into elements."""

    def __init__(self, path: Path, skip: frozenset[str], part: str) -> None:
        self._path = path
        self._skip = skip
        self._part = part
        self._parts: list[Element] = []
        self._skipping = 0
        self._open: list[Element] = []
        self._root: Element | None = None
        self._kept = 0
        self._parser = parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        parser.UnparsedEntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = self._entity

    def feed(self, block: bytes, *, final: bool) -> list[Element]:
        """Parse a block and return the parts that ended in it."""
        try:
            self._parser.Parse(block, final)
        except (expat.ExpatError, UnicodeError, ValueError, LookupError) as error:
            line = getattr(error, "lineno", self._parser.CurrentLineNumber)
            found = f"{error} (line {line})" if "line" not in str(error) else str(error)
            raise FormatError(self._path, self._position(), "well-formed XML", found, _ADVICE) from error
        ended, self._parts = self._parts, []
        return ended

    def root(self) -> Element:
        if self._root is None:
            raise FormatError(self._path, 0, "an XML document", "none", _ADVICE)
        return self._root

    def _position(self) -> int:
        return max(int(self._parser.CurrentByteIndex), 0)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(_BETWEEN)
        if self._skipping or name in self._skip:
            self._skipping += 1
            self._check(self._skipping + len(self._open) <= DEEPEST, f"at most {DEEPEST} levels")
            return
        self._kept += 1
        self._check(len(self._open) < DEEPEST, f"at most {DEEPEST} levels of nesting")
        self._check(self._kept <= MOST_ELEMENTS, f"at most {MOST_ELEMENTS:,} elements")
        plain: dict[str, str] = {}
        for key, value in attributes.items():
            _, spaced, short = key.rpartition(_BETWEEN)
            if spaced or short not in plain:
                plain[short] = value
        line = int(self._parser.CurrentLineNumber)
        element = Element(name, space, plain, line, self._position(), self._path)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        if self._skipping:
            self._skipping -= 1
        else:
            element = self._open.pop()
            if element.name == self._part and self._open:
                self._open[-1].children.pop()
                self._parts.append(element)

    def _characters(self, text: str) -> None:
        if self._skipping or not text.strip():
            return
        element = self._open[-1]
        self._check(len(element.text) + len(text) <= LONGEST_TEXT, "short text inside an element")
        element.text += text

    def _entity(self, *_: object) -> int:
        raise FormatError(
            self._path,
            self._position(),
            "XML without entity declarations",
            f"one (line {self._parser.CurrentLineNumber})",
            "No cytometry program writes them; they can be made to fill the memory. The file was not read.",
        )

    def _check(self, sound: bool, expected: str) -> None:
        if not sound:
            found = f"more (line {self._parser.CurrentLineNumber})"
            raise FormatError(self._path, self._position(), expected, found, "The file was not read.")
