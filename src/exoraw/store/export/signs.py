"""Characters that a file cannot hold, replaced by signs that a reader sees; and the list of what changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PICTURES = 0x2400  # U+2400 is the picture of NUL, U+2401 of the next control character, and so on
_LAST_CONTROL = 0x1F
_UNKNOWN = "\ufffd"

NUL = re.compile("\0")
CONTROLS = re.compile("[\x00-\x1f\ufffe\uffff]")  # with tab and line ends: for cells that are one line


def with_signs(text: str, pattern: re.Pattern[str]) -> str:
    """Return a text with every match of one character replaced: NUL by its picture, the rest alike.

    Control characters become their picture (U+2400 to U+241F), anything else U+FFFD.
    """
    return pattern.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(_PICTURES + code) if code <= _LAST_CONTROL else _UNKNOWN


@dataclass
class Remarks:
    """What a file says differently from the tables, in sentences, each once and in order."""

    lines: dict[str, None] = field(default_factory=dict)

    def add(self, sentence: str) -> None:
        """Note a change."""
        self.lines[sentence] = None

    def text(self, heading: str, none: str = "Nothing was changed.") -> str:
        """Return the page: the heading, then a line per remark."""
        rows = [f"- {line}" for line in self.lines] or [none]
        return "\n".join([heading, "", *rows, ""])
