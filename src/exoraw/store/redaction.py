"""Names of persons out of report and exports, by pseudonyms that are the same in every table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from exoraw.store.results import Results

PERSONAL = (  # sheet columns that name a person whatever the study says
    "subject", "patient", "patient_id", "patient_name", "name", "first_name", "last_name", "surname",
    "birth_date", "date_of_birth", "dob", "mrn", "operator", "operator_name", "investigator", "physician",
    "who",
)  # fmt: skip
_SHORTEST_NUMBER = 4  # a shorter run of digits is replaced in its own column only, not within texts
_SHORTEST_LOOSE = 3  # letters; a shorter name must match in capitals and small letters
_MOST_WORDS = 4  # a value of two to four words without digits is taken for first and last names
_GAP = r"[\s_.,-]*"
_SEPARATORS = re.compile(r"[\s_.,-]+")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_WRITTEN_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"}
_UMLAUTS = str.maketrans({**_WRITTEN_OUT, **{k.upper(): v for k, v in _WRITTEN_OUT.items() if k != "ß"}})
_NO_NAMES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Pseudonyms:
    """What stands for whom.

    Parameters
    ----------
    columns : sheet columns whose cells are replaced whole
    names : name as typed -> pseudonym ("Anna Meier" -> "subject_01")
    """

    columns: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=lambda: _NO_NAMES)

    def text(self, text: str) -> str:
        """Return a text (message, file name, JSON) with every known name replaced."""
        pattern, replacements = self._search
        if not replacements:
            return text
        readable = _ESCAPE.sub(_unescaped, unicodedata.normalize("NFC", text))
        return pattern.sub(lambda found: replacements[found.lastindex - 1], readable)  # type: ignore[operator]

    @cached_property
    def _search(self) -> tuple[re.Pattern[str], tuple[str, ...]]:
        return _compile(self.names)


def pseudonyms(samples: pa.Table, redact: Sequence[str] = (), names: Iterable[str] = ()) -> Pseudonyms:
    """Give every person of the sample sheet a pseudonym, numbered in the order of the sheet.

    Parameters
    ----------
    samples : the table samples
    redact : further columns, from the study's `redact`; PERSONAL are always in
    names : names that stand in no column (operators from file headers)

    Returns
    -------
    pseudonyms such as subject_01, operator_02; the same name in two columns is the same person
    """
    wanted = {name.lower() for name in (*PERSONAL, *redact)}
    columns = tuple(name for name in samples.column_names if name.lower() in wanted)
    given: dict[str, str] = {}
    for column in columns:
        values = dict.fromkeys(_key(v) for v in samples[column].to_pylist() if v not in {None, ""})
        _number(given, column, values)
    _number(given, "name", dict.fromkeys(_key(name) for name in names if name))
    return Pseudonyms(columns, MappingProxyType(given))


def pseudonyms_of(results: Results, names: Iterable[str] = ()) -> Pseudonyms:
    """Return the pseudonyms of a results folder, with the study's own `redact` list."""
    return pseudonyms(results.arrow("samples"), results.manifest.redact, names)


def redact(table: pa.Table, who: Pseudonyms) -> pa.Table:
    """Return a table without names: personal columns whole, every other text word by word.

    Numbers, digests and column order stay as they are; joins by sample survive, because a name within a
    sample's name is replaced the same way in every table.
    """
    for place, column in enumerate(table.schema):
        values = table.column(place)
        if column.name in who.columns:
            cells = [_cell(value, who) for value in values.to_pylist()]
            table = table.set_column(place, pa.field(column.name, pa.string()), pa.array(cells, pa.string()))
        elif pa.types.is_string(column.type):
            unique = {value: who.text(value) for value in values.unique().to_pylist() if value}
            cells = [unique.get(value, value) for value in values.to_pylist()]
            table = table.set_column(place, column, pa.array(cells, column.type))
        elif pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
            lists = [None if row is None else [who.text(v or "") for v in row] for row in values.to_pylist()]
            table = table.set_column(place, column, pa.array(lists, column.type))
    return table


def _number(given: dict[str, str], column: str, values: Mapping[str, None]) -> None:
    digits = max(2, len(str(len(values))))
    known = {_folded(name): pseudonym for name, pseudonym in given.items()}
    taken = 0
    for value in values:
        if _folded(value) not in known:
            taken += 1
            known[_folded(value)] = f"{column.lower()}_{taken:0{digits}d}"
        given[value] = known[_folded(value)]


def _key(value: object) -> str:
    return unicodedata.normalize("NFC", str(value))


def _folded(name: str) -> str:
    """Return what two ways of typing one name share: capitals do not tell persons apart."""
    return name.casefold()


def _cell(value: object, who: Pseudonyms) -> str | None:
    if value is None or value == "":
        return None if value is None else ""
    return who.names.get(_key(value), "redacted")


def _compile(names: Mapping[str, str]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return one pattern with a group per spelling, longest first, and what replaces each group.

    One pass over the text: a pseudonym is never searched for names again.
    """
    found = _single_words(names)
    found |= {name: pseudonym for name, pseudonym in names.items() if _is_searchable(name)}
    spelled = {spelling: found[name] for name in found for spelling in _spellings(name)} | found
    ordered = sorted(spelled, key=lambda name: (-len(name), name))
    pattern = re.compile("|".join(f"({_pattern(name)})" for name in ordered))
    return pattern, tuple(spelled[name] for name in ordered)


def _single_words(names: Mapping[str, str]) -> dict[str, str]:
    """Return first and last names by themselves; one that two persons share is nobody's."""
    owners: dict[str, set[str]] = {}
    for name, pseudonym in names.items():
        for word in _name_words(name):
            owners.setdefault(_folded(word), set()).add(pseudonym)
    alone = {word: min(persons) if len(persons) == 1 else "name" for word, persons in owners.items()}
    return {word: alone[_folded(word)] for name in names for word in _name_words(name)}


def _spellings(name: str) -> set[str]:
    """Return the name as typed, with umlauts written out and without accents: file names have all three."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return {name, name.translate(_UMLAUTS), bare}


def _pattern(name: str) -> str:
    """Match the name as a word of its own; underscores, dots and hyphens separate words."""
    words = [re.escape(word) for word in _SEPARATORS.split(name) if word]
    if len(name) < _SHORTEST_LOOSE:
        joined = _GAP.join(words)
        body = f"(?:{joined}|{joined.upper()}|{joined.capitalize()})"
    else:
        body = f"(?i:{_GAP.join(words)})"
    return rf"(?<![^\W_]){body}(?![^\W_])"


def _unescaped(found: re.Match[str]) -> str:
    """Write out a letter that JSON escaped (as in M-u-00fc-ller); anything else stays as it is."""
    letter = chr(int(found[1], 16))
    return letter if letter.isalpha() and not letter.isascii() else found[0]


def _is_searchable(name: str) -> bool:
    if name.isdigit():
        return len(name) >= _SHORTEST_NUMBER
    return len(re.sub(r"[\W_]", "", name)) > 1


def _name_words(name: str) -> list[str]:
    """Return first and last names of a value that looks like a person's name."""
    words = [word for word in _SEPARATORS.split(name) if word]
    if not 2 <= len(words) <= _MOST_WORDS or any(character.isdigit() for character in name):
        return []
    return [word for word in words if len(word) >= _SHORTEST_LOOSE]
