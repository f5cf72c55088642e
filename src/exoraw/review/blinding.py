"""Blinded review: numbers instead of names, in an order that tells nothing, and the key on record.

The key lies beside the study (corrections/blinding.csv): who opens it during a session is not blinded any
more. Numbers once given stay, so that a session can be continued; tubes that came later get new numbers.
"""

from __future__ import annotations

import csv
import random
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory
from exoraw.io.text import read_text
from exoraw.study.corrections import FOLDER
from exoraw.study.view import SampleRow
from exoraw.study.writing import replace_file

KEY_FILE = f"{FOLDER}/blinding.csv"
COLUMNS = ("number", "analysis", "what", "name", "seed")
ITEM, GROUP = "item", "set"
BLOT = "▮▮▮"  # in the place of a name that slipped into a text
LARGEST = 20_000_000  # bytes
SHORTEST_NAME = 2  # letters; one letter is in every word
OPEN_COLUMNS = frozenset({"control_role", "stain", "dataset"})  # say nothing of a tube's group by their words

Named = tuple[str, str, str]  # analysis, "item" or "set", name


@dataclass(frozen=True)
class Key:
    """Which number stands for what: the key of a blinded study."""

    numbers: Mapping[Named, int]

    def item(self, analysis: str, key: str) -> int:
        """Return the number of an item."""
        return self.numbers[analysis, ITEM, key]

    def group(self, analysis: str, group: str) -> int:
        """Return the number of a group of items."""
        return self.numbers[analysis, GROUP, group]


def blinding_key(folder: Path, items: Iterable[Named]) -> Key:
    """Return the key of a study; what is new gets numbers in an order drawn from a recorded seed.

    Parameters
    ----------
    folder : folder of study.yaml
    items : everything that needs a number, in any order

    Raises
    ------
    StudyError : the key that is there cannot be read, or cannot be written
    """
    path = folder / KEY_FILE
    rows = _read(path)
    known: dict[Named, int] = {
        (row["analysis"], row["what"], row["name"]): int(row["number"]) for row in rows
    }
    new = sorted(set(items) - known.keys())
    if new:
        seed = secrets.randbits(32)
        random.Random(seed).shuffle(new)  # noqa: S311  the seed is on record; nobody guesses it beforehand
        for named in new:
            same = [number for other, number in known.items() if other[:2] == named[:2]]
            known[named] = max(same, default=0) + 1
            rows.append(dict(zip(COLUMNS, (str(known[named]), *named, str(seed)), strict=True)))
        path.parent.mkdir(exist_ok=True)
        replace_file(path, _written(rows))
    return Key(known)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    found = list(csv.DictReader(StringIO(read_text(path, LARGEST).text)))
    if any(set(row) != set(COLUMNS) or not str(row["number"]).isdigit() for row in found):
        raise StudyError(
            f"{KEY_FILE} is not the key that exoraw wrote: expected the columns {', '.join(COLUMNS)} with "
            "whole numbers. Restore it, or move it away to begin a new blinding."
        )
    return found


def _written(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


class Veil:
    """Takes names out of whatever goes to a blinded browser: the second line, behind not sending them."""

    def __init__(self, names: Iterable[str]) -> None:
        words = sorted({name for name in names if len(name) >= SHORTEST_NAME}, key=len, reverse=True)
        pattern = "|".join(map(re.escape, words))
        whole = rf"(?<![^\W_])(?:{pattern})(?![^\W_])"  # an underscore ends a name: MDA_DOX_3.fcs
        self._pattern = re.compile(whole, re.IGNORECASE) if words else None

    def over(self, value: Any) -> Any:
        """Return the same JSON with every name in its texts blotted out; keys are the program's own words."""
        if isinstance(value, str):
            return self._pattern.sub(BLOT, value) if self._pattern else value
        if isinstance(value, Mapping):
            return {key: self.over(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.over(item) for item in value]
        return value


def names_in(rows: Sequence[SampleRow], files: Inventory) -> set[str]:
    """Return every word that could tell a tube: samples, raw files, and cells of the sheet with letters."""
    found: set[str] = set()
    for path in (*(raw.path for raw in files), *(path for row in rows for path in row.files)):
        name = path.rpartition("/")[2]
        found |= {path, name, name.rpartition(".")[0]}
    for row in rows:
        found.add(row.sample)
        found |= {
            cell
            for column, cell in row.cells.items()
            if column not in OPEN_COLUMNS and any(letter.isalpha() for letter in cell)
        }
    return found
