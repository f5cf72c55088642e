"""Checks of the design: factors, levels that differ by spelling, replicates, parents, exclusions, filters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from exoraw.study.checked import Checked, in_row
from exoraw.study.exclusions import FILE as EXCLUSIONS_FILE
from exoraw.study.exclusions import Exclusion
from exoraw.study.sheet import SheetRow
from exoraw.study.spec import Problem
from exoraw.study.views import touches
from exoraw.study.wells import normal_well
from exoraw.study.words import did_you_mean, listed, shown

LEVEL_COLUMNS = ("treatment", "cell_line", "batch", "subject", "preparation", "plate")
REPLICATE_COLUMNS = ("biological_replicate", "subject", "preparation", "parent_sample")


def check_design(study: Checked) -> Iterator[Problem]:
    """Yield what is wrong with the design of the study."""
    yield from _named_columns(study)
    yield from _sheets(study)
    yield from _filters(study)
    yield from _level_variants(study)
    yield from _replicates(study)
    yield from _parents(study)
    yield from _exclusions(study)


# ------------------------------------------------------------------ what study.yaml names


def _named_columns(study: Checked) -> Iterator[Problem]:
    columns = study.loaded.sheet.columns
    declared = {
        "factors": study.loaded.study.factors,
        "redact": study.loaded.study.redact,
        "where": tuple(column for source in study.loaded.pipelines for column in source.where),
    }
    for key, names in declared.items():
        for name in dict.fromkeys(names):
            if name not in columns:
                hint = did_you_mean(name, columns)
                message = f"{key}: {shown(name)} is no column of {study.loaded.sheet.source}.{hint}"
                yield Problem("error", f"{message} Columns: {listed(columns, 30)}.", study.study_file)
    for name in study.loaded.study.factors:
        if name in columns and not any(row.cells.get(name) for row in study.rows):
            message = f"is a factor of {study.study_file}, and empty in every row"
            yield Problem("warning", message, study.loaded.sheet.source, None, name)


def _sheets(study: Checked) -> Iterator[Problem]:
    read = tuple(study.loaded.sheet.digests)
    for source in study.loaded.pipelines:
        name = source.sheet.replace("\\", "/").rsplit("/", 1)[-1]
        if name and read and name not in read:
            message = (
                f"pipelines: {source.name} is limited to the sheet {shown(name)}, which is not in `samples`."
            )
            yield Problem("error", message + did_you_mean(name, read), study.study_file)


def _filters(study: Checked) -> Iterator[Problem]:
    for source in study.loaded.pipelines:
        for column, words in source.where.items():
            if column not in study.loaded.sheet.columns:
                continue
            levels = {row.cells.get(column, "") for row in study.rows} - {""}
            for word in words:
                if word and word not in levels:
                    hint = did_you_mean(word, levels)
                    message = (
                        f"where of {source.name}: no row has {shown(word)} in the column {column}.{hint}"
                    )
                    yield Problem("warning", message, study.study_file)
        if study.rows and next(study.owned_rows(source.name), None) is None:
            yield Problem(
                "error", f"pipelines: no row of the sheet belongs to {source.name}", study.study_file
            )


# ------------------------------------------------------------------ levels


def _level_variants(study: Checked) -> Iterator[Problem]:
    """Levels that a reader takes for one and a computer for two: Dox / DOX, MDA-MB-231 / MDA MB 231."""
    columns = dict.fromkeys((*study.loaded.study.factors, *LEVEL_COLUMNS))
    for column in columns:
        first: dict[str, tuple[str, SheetRow]] = {}
        said: set[str] = set()
        for row in study.rows:
            cell = row.cells.get(column, "")
            if not cell:
                continue
            level, other = first.setdefault(_level_key(cell), (cell, row))
            if level != cell and cell not in said:
                said.add(cell)
                message = (
                    f"{shown(cell)} and {shown(level)} of row {other.row} count as two "
                    "groups; spell them alike"
                )
                yield in_row(row, "warning", message, column)


def _level_key(level: str) -> str:
    """Return a level without case, and without blanks, - and _ unless they stand between two digits."""
    folded = level.casefold()
    return re.sub(r"(?<!\d)[\s_\-]+|[\s_\-]+(?!\d)", "", folded)


def _replicates(study: Checked) -> Iterator[Problem]:
    factors = [name for name in study.loaded.study.factors if name in study.loaded.sheet.columns]
    counted = {
        role.name for spec in study.specs.values() for role in spec.control_roles if role.counts_as_sample
    }
    samples = [row for row in study.rows if row.cells.get("control_role", "") in {"", *counted}]
    if not factors or not samples:
        return
    sheet = study.loaded.sheet.source
    used = [name for name in REPLICATE_COLUMNS if any(row.cells.get(name) for row in samples)]
    if not used:
        message = (
            "no column says what an independent repeat is (biological_replicate, subject or preparation); "
            "every row counts as one, and n may be too high"
        )
        yield Problem("info", message, sheet)
        return
    empty = [row for row in samples if not any(row.cells.get(name) for name in used)]
    if empty:
        rows = listed((str(row.row) for row in empty), 8)
        yield Problem("info", f"rows {rows} say of no independent repeat ({listed(used)})", sheet)
    repeats: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for row in samples:
        group = tuple(row.cells.get(name, "") for name in factors)
        repeats[group].add(tuple(row.cells.get(name, "") for name in used))
    few = [" / ".join(filter(None, group)) or "(empty)" for group, found in repeats.items() if len(found) < 3]
    if few:
        message = f"fewer than 3 independent repeats in {len(few)} of {len(repeats)} groups: {listed(few, 6)}"
        yield Problem("info", message, sheet)


# ------------------------------------------------------------------ parents


def _parents(study: Checked) -> Iterator[Problem]:
    parent_of: dict[str, str] = {}
    rows: dict[str, SheetRow] = {}
    for row in study.rows:
        rows.setdefault(row.sample, row)
        parent = row.cells.get("parent_sample", "")
        if parent:
            parent_of.setdefault(row.sample, parent)
    for row in study.rows:
        parent = row.cells.get("parent_sample", "")
        if parent and parent not in rows:
            message = f"{shown(parent)} is the name of no row.{did_you_mean(parent, rows)}"
            yield in_row(row, "error", message, "parent_sample")
    for circle in _circles(parent_of):
        message = f"the parents form a circle: {' -> '.join((*circle, circle[0]))}"
        yield in_row(rows[circle[0]], "error", message, "parent_sample")


def _circles(parent_of: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield every circle of the child -> parent map once, in linear time."""
    done: set[str] = set()
    for start in parent_of:
        path: dict[str, None] = {}
        name = start
        while name in parent_of and name not in done and name not in path:
            path[name] = None
            name = parent_of[name]
        if name in path:
            steps = list(path)
            yield tuple(steps[steps.index(name) :])
        done.update(path)


# ------------------------------------------------------------------ exclusions


def _exclusions(study: Checked) -> Iterator[Problem]:
    plates = {row.cells.get("plate", "") for row in study.rows} - {""}
    for exclusion in study.loaded.exclusions:
        plate, well = exclusion.plate_and_well
        if exclusion.kind == "well" and not plate and len(plates) > 1:
            message = f"{shown(well)} may be a well of {listed(sorted(plates))}; write plate:well"
            yield Problem("error", message, EXCLUSIONS_FILE, exclusion.row, "target")
        elif not any(touches(exclusion, row, only_plate=len(plates) <= 1) for row in study.rows):
            message = f"there is no {exclusion.kind} {shown(exclusion.target)}.{_hint(study, exclusion)}"
            yield Problem("error", message, EXCLUSIONS_FILE, exclusion.row, "target")


def _hint(study: Checked, exclusion: Exclusion) -> str:
    candidates: Iterable[str]
    if exclusion.kind == "sample":
        candidates = (row.sample for row in study.rows)
    elif exclusion.kind == "file":
        candidates = (path for row in study.rows for path in row.files)
    else:
        candidates = (
            f"{row.cells.get('plate', '')}:{normal_well(row.cells.get('well', ''))}" for row in study.rows
        )
    return did_you_mean(exclusion.target, candidates)
