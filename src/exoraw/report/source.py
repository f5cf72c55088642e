"""Reading a results folder for the report, with the names of persons taken out where that is asked for."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from exoraw.report.tables import WANTED, Tables, frame_of
from exoraw.store.redaction import pseudonyms_of, redact
from exoraw.store.results import Results
from exoraw.store.schemas import TABLES


def load(results: Path) -> tuple[Tables, frozenset[str]]:
    """Read every table of a results folder; no evidence is hidden.

    Raises
    ------
    StoreError : it is no results folder, of another schema major, or a table is damaged
    """
    opened = Results(results)
    return _tables(opened, {name: opened.arrow(name) for name in WANTED}), frozenset()


def load_redacted(results: Path) -> tuple[Tables, frozenset[str]]:
    """Read every table without the names of persons.

    Returns
    -------
    the tables, and the paths of evidence that must not be shown: a name stands in the sample, the file
    name or the caption that the picture was made from, so it may stand in the picture too
    """
    opened = Results(results)
    who = pseudonyms_of(opened)
    plain = {name: opened.arrow(name) for name in WANTED}
    clean = {name: redact(table, who) for name, table in plain.items()}
    return _tables(opened, clean), _named_evidence(plain, clean)


def _tables(opened: Results, content: dict[str, pa.Table]) -> Tables:
    frames = {name: frame_of(table, TABLES[name]) for name, table in content.items()}
    absent = tuple(name for name in WANTED if name not in opened.names)
    return Tables(folder=opened.path, absent=absent, **frames)


def _named_evidence(plain: dict[str, pa.Table], clean: dict[str, pa.Table]) -> frozenset[str]:
    changed = _changed_samples(plain["samples"], clean["samples"])
    columns = ["path", "caption", "sample"]
    before, after = plain["artefacts"].select(columns), clean["artefacts"].select(columns)
    pairs = zip(before.to_pylist(), after.to_pylist(), strict=True)
    named = [(old, new) for old, new in pairs if old != new or old["sample"] in changed]
    return frozenset(path for old, new in named for path in (old["path"], new["path"]))


def _changed_samples(before: pa.Table, after: pa.Table) -> set[str]:
    columns = ["sample", "files"]
    pairs = zip(before.select(columns).to_pylist(), after.select(columns).to_pylist(), strict=True)
    return {old["sample"] for old, new in pairs if old != new}
