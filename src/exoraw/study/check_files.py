"""Checks of the sheet against the raw folder: missing, doubled, unnamed, unreadable and foreign files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from exoraw.io.inventory import RawFile
from exoraw.study.checked import Checked, in_row
from exoraw.study.sheet import SEPARATOR, SheetRow
from exoraw.study.spec import Problem
from exoraw.study.words import listed, nearest, shown

MOST_GUESSES = 25  # missing files whose nearest name is looked for; the others are only counted as missing
NAMES_SHOWN = 5


def check_files(study: Checked) -> Iterator[Problem]:
    """Yield what does not fit between sheet and raw folder."""
    yield from _missing(study)
    yield from _troubled(study)
    yield from _datasets(study)
    yield from _formats(study)
    yield from _named_twice(study)
    yield from _not_named(study)


def _named(study: Checked) -> dict[str, list[SheetRow]]:
    """Return path -> rows that name it."""
    found: dict[str, list[SheetRow]] = defaultdict(list)
    for row in study.rows:
        for path in row.files:
            found[path].append(row)
    return found


# ------------------------------------------------------------------ files that are not there


def _missing(study: Checked) -> Iterator[Problem]:
    guesses = _Guesses(study)
    for row in study.rows:
        cell = row.cells.get("file", "")
        for path in row.files:
            if study.inventory.get(path) is None:
                message = f"{shown(path)} is not in the raw folder.{guesses.hint(path, cell)}"
                yield in_row(row, "error", message, "file", confined=True)


class _Guesses:
    """Finds the file that was most likely meant, for a bounded number of missing ones."""

    def __init__(self, study: Checked) -> None:
        self.paths = tuple(study.inventory.files)
        self.by_name: dict[str, list[str]] = defaultdict(list)
        self.by_stem: dict[str, list[str]] = defaultdict(list)
        for path in self.paths:
            name = path.rsplit("/", 1)[-1].casefold()
            self.by_name[name].append(path)
            self.by_stem[name.rsplit(".", 1)[0]].append(path)
        self.left = MOST_GUESSES

    def hint(self, path: str, cell: str) -> str:
        if not self.paths:
            return " The raw folder holds no files."
        name = path.rsplit("/", 1)[-1].casefold()
        same = self.by_name.get(name) or self.by_stem.get(name) or self.by_stem.get(name.rsplit(".", 1)[0])
        if same:
            return f" Did you mean {listed(same, 3)}?"
        if SEPARATOR not in cell and any(mark in cell for mark in ("|", ", ")):
            return f' Several files in one cell are separated by "{SEPARATOR}".'
        if self.left <= 0:
            return ""
        self.left -= 1
        found = nearest(path, self.paths)
        return f" Did you mean {found}?" if found else ""


# ------------------------------------------------------------------ files that are there


def _troubled(study: Checked) -> Iterator[Problem]:
    for path, rows in _named(study).items():
        file = study.inventory.get(path)
        if file is not None and file.problem:
            yield in_row(rows[0], "warning", f"{shown(path)} cannot be used: {file.problem}", "file")


def _datasets(study: Checked) -> Iterator[Problem]:
    for row in study.rows:
        for path in row.files:
            file = study.inventory.get(path)
            held = file.header.datasets if file is not None else ()
            if not held:
                continue
            if row.dataset >= len(held):
                last = f"0 to {len(held) - 1}" if len(held) > 1 else "0 (or an empty cell)"
                yield in_row(
                    row, "error", f"{shown(path)} has no dataset {row.dataset}; it has {last}", "dataset"
                )
            elif (twin := held[row.dataset].duplicate_of) is not None:
                message = (
                    f"dataset {row.dataset} of {shown(path)} holds the same measurements as dataset {twin}"
                )
                yield in_row(row, "warning", message, "dataset")


def _formats(study: Checked) -> Iterator[Problem]:
    for pipeline, formats in study.formats.items():
        for row in study.owned_rows(pipeline):
            for path in row.files:
                file = study.inventory.get(path)
                if file is None or file.problem or file.format in formats:
                    continue
                found = f"is a {file.format} file" if file.format else "is of no format that exoraw knows"
                advice = "Name the row's analysis in the column pipeline, or use `where` in study.yaml."
                message = f"{shown(path)} {found}, but {pipeline} reads {listed(sorted(formats))}. {advice}"
                yield in_row(row, "error", message, "file", confined=True)


def _named_twice(study: Checked) -> Iterator[Problem]:
    for pipeline in study.specs:
        if not study.spec(pipeline).one_file_per_sample:
            continue
        first: dict[tuple[str, int], SheetRow] = {}
        for row in study.owned_rows(pipeline):
            if len(row.files) > 1:
                message = f"names {len(row.files)} files, but {pipeline} takes one for each sample"
                yield in_row(row, "error", message, "file")
            for path in row.files:
                other = first.setdefault((path, row.dataset), row)
                if other is not row:
                    where = f"{other.source} row {other.row} ({shown(other.sample)})"
                    message = f"{shown(path)} is named by {where} too; one measurement is one sample"
                    yield in_row(row, "error", message, "file")


def _not_named(study: Checked) -> Iterator[Problem]:
    named = _named(study)
    wanted = {name for formats in study.formats.values() for name in formats}
    left = [file for file in study.inventory if file.path not in named and _matters(file, wanted)]
    broken = [file for file in left if file.problem]
    sound = [file.path for file in left if not file.problem]
    sheet = study.loaded.sheet.source
    if sound:
        message = (
            f"{_count(sound)} of the raw folder stand in no row: {listed(sound, NAMES_SHOWN)}. "
            "`exoraw init` adds rows for them."
        )
        yield Problem("info", message, sheet)
    for reason, paths in _by_reason(broken).items():
        message = f"{_count(paths)} of the raw folder cannot be used, {reason}: {listed(paths, NAMES_SHOWN)}"
        yield Problem("info", message, sheet)
    yield from _same_content(study, named)


def _by_reason(files: list[RawFile]) -> dict[str, list[str]]:
    """Return reason -> paths; what a reason says of one file alone (after a semicolon) is left out."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        found[file.problem.split(";")[0].rstrip(". ")].append(file.path)
    return found


def _matters(file: RawFile, wanted: set[str]) -> bool:
    return bool(file.problem) or (file.format in wanted if wanted else bool(file.format))


def _count(files: list[str]) -> str:
    return "1 file" if len(files) == 1 else f"{len(files)} files"


def _same_content(study: Checked, named: Mapping[str, list[SheetRow]]) -> Iterator[Problem]:
    """Two samples whose files are the same byte for byte: a copy under another name."""
    by_digest: dict[str, list[RawFile]] = defaultdict(list)
    for path in named:
        file = study.inventory.get(path)
        if file is not None and file.sha256 and file.size > 0:
            by_digest[file.sha256].append(file)
    for files in by_digest.values():
        if len(files) > 1:
            row = named[files[1].path][0]
            names = listed((file.path for file in files), NAMES_SHOWN)
            message = (
                f"the same file stands in the raw folder under several names: {names}; n is counted too high"
            )
            yield in_row(row, "warning", message, "file")
