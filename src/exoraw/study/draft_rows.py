"""Draft the rows of a sample sheet from what the instruments wrote into file names and headers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exoraw.io.inventory import Inventory, RawFile
from exoraw.study import draft_names as names
from exoraw.study.sheet import COMMON_COLUMNS, SEPARATOR
from exoraw.study.spec import SheetSpec
from exoraw.study.words import listed

LEADING_COLUMNS = ("sample", "file", "dataset", "pipeline", "plate", "well", "control_role")
COLUMNS_TO_FILL = (
    "control_role", "treatment", "dose", "dose_unit", "time_h", "cell_line", "biological_replicate", "batch",
)  # fmt: skip
NAME_AT_INSTRUMENT = "instrument_name"
PLACEHOLDERS = frozenset({"", "na", "n/a", "nil", "none", "null", "unknown", "untitled", "default", "-"})
_FORMULA_START = "=+-@\t\r"  # a spreadsheet would compute a cell that begins so


@dataclass(frozen=True)
class DraftRow:
    """A row to be.

    Parameters
    ----------
    cells : column -> text, filled ones only
    sources : column -> where its cell comes from, in words
    guessed : columns that a person has to look at
    format : of the row's files
    """

    cells: Mapping[str, str]
    sources: Mapping[str, str]
    guessed: frozenset[str]
    format: str


@dataclass(frozen=True)
class Origin:
    """Where the cells of a column come from: the source, how many rows, and one of them."""

    column: str
    source: str
    rows: int
    example: str
    guessed: bool


@dataclass(frozen=True)
class Draft:
    """A drafted sheet.

    Parameters
    ----------
    columns : in the order of the sheet, with empty ones for a person to fill
    rows : one per sample
    origins : where every column comes from
    remarks : files that were left out, and why
    """

    columns: tuple[str, ...]
    rows: tuple[DraftRow, ...]
    origins: tuple[Origin, ...]
    remarks: tuple[str, ...] = ()

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats of the drafted files."""
        return tuple(sorted({row.format for row in self.rows}))


@dataclass
class _Making:
    """A row while it is made."""

    file: RawFile
    dataset: int
    cells: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)
    merge_key: tuple[str, ...] = ()

    def put(self, column: str, text: str, source: str, *, guess: bool = False) -> None:
        """Fill a cell that is still empty."""
        clean = _safe(text)
        if clean and column not in self.cells:
            self.cells[column] = clean
            self.sources[column] = source
            if guess:
                self.guessed.add(column)

    def done(self) -> DraftRow:
        """Return the row as it will be written."""
        return DraftRow(self.cells, self.sources, frozenset(self.guessed), self.file.format)


def draft(
    inventory: Inventory,
    specs: Mapping[str, SheetSpec],
    *,
    pipelines: Mapping[str, str] | None = None,
    known: Collection[tuple[str, int]] = (),
    taken: Collection[str] = (),
) -> Draft:
    """Draft a sheet.

    Parameters
    ----------
    inventory : the raw files
    specs : format -> what its assay understands of a sheet; files of other formats are left out
    pipelines : format -> analysis, written into the column pipeline; None where there is one analysis
    known : (path, dataset) that the sheet names already
    taken : sample names that the sheet holds already

    Returns
    -------
    Draft, rows in the order of the files
    """
    known_files, remarks = frozenset(known), _left_out(inventory, specs)
    making: list[_Making] = []
    for file in inventory:
        if _usable(file, specs):
            making.extend(_rows_of_file(file, specs[file.format], known_files))
    rows = _merged_rows(making)
    _add_batches(rows)
    for row in rows:
        if pipelines:
            row.put("pipeline", pipelines.get(row.file.format, ""), "the format of the file")
    _make_unique(rows, taken)
    done = tuple(row.done() for row in rows)
    columns = columns_of(done, specs)
    return Draft(columns, done, _origins(done, columns), tuple(remarks))


# ------------------------------------------------------------------ which files


def _usable(file: RawFile, specs: Mapping[str, SheetSpec]) -> bool:
    sound = file.format in specs and not file.problem and _encodes(file.path)
    return sound and not names.INDEX_READS.search(file.path)


def _encodes(path: str) -> bool:
    """Whether a sheet can hold this path: valid text, no blank at its ends, no backslash (a folder there)."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\\" not in path and path == path.strip()


def _left_out(inventory: Inventory, specs: Mapping[str, SheetSpec]) -> list[str]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for file in inventory:
        if file.problem:
            reasons[file.problem.split(";")[0].rstrip(". ")].append(file.path)
        elif file.format not in specs:
            reasons[f"{file.format} files" if file.format else "of no known format"].append(file.path)
        elif names.INDEX_READS.search(file.path):
            reasons["index reads (barcodes) of a sequencing run"].append(file.path)
        elif not _encodes(file.path):
            reasons[
                "a name that no sheet can hold (a blank at its ends, a backslash, no valid text); rename it"
            ].append(ascii(file.path))
    return [f"left out, {reason}: {listed(paths, 5)}" for reason, paths in sorted(reasons.items())]


# ------------------------------------------------------------------ one file


def _rows_of_file(file: RawFile, spec: SheetSpec, known: frozenset[tuple[str, int]]) -> Iterable[_Making]:
    headers = file.header.datasets
    numbers = [header.index for header in headers if header.duplicate_of is None] or [0]
    for number in numbers:
        if (file.path, number) in known:
            continue
        row = _Making(file, number)
        fields = next((header.fields for header in headers if header.index == number), {})
        _from_name(row, spec)
        _from_keywords(row, spec, fields)
        _from_words(row, spec)
        if len(numbers) > 1:
            row.put("dataset", str(number), "position in the file")
        yield row


def _from_name(row: _Making, spec: SheetSpec) -> None:
    path = row.file.path
    groups, source = names.matched(path, spec.name_patterns)
    general, general_source = names.matched(path, names.GENERAL_PATTERNS)
    for name, text in groups.items():
        row.put(name, text, source)
    for name, text in general.items():
        row.put(name, text, general_source)
    merging = {name for name in row.cells if name.startswith(names.MERGE)}
    if merging:
        kept = sorted((name, text) for name, text in row.cells.items() if name not in merging)
        folder = path.rpartition("/")[0]
        row.merge_key = (folder, row.file.format, *(f"{name}={text}" for name, text in kept))
        for name in merging:
            del row.cells[name], row.sources[name]


def _from_keywords(row: _Making, spec: SheetSpec, fields: Mapping[str, str]) -> None:
    by_name = {key.upper().strip(): value for key, value in fields.items()}
    name_column = NAME_AT_INSTRUMENT if "sample" in row.cells else "sample"
    for keyword, column in spec.keywords.items():
        value = " ".join(by_name.get(keyword.upper(), "").split())
        if value.casefold() in PLACEHOLDERS or not value.isprintable():
            continue
        source = f"keyword {keyword} of the file"
        if column != "sample":
            row.put(column, value, source)
        elif value not in row.file.path:  # a $FIL that repeats the file name says nothing new
            row.put(name_column, value, source)


def _from_words(row: _Making, spec: SheetSpec) -> None:
    stem = _stem(row.file.path)
    row.put("sample", stem, "file name without its ending")
    row.put("sample", "file", "the file's name holds nothing that names a sample")
    for column, (text, said) in names.guessed_cells(stem).items():
        row.put(column, text, said, guess=True)
    roles = [role.name for role in spec.control_roles]
    text = f"{row.cells['sample']} {stem}" if "sample" in row.cells else stem
    role, stain, word = names.guessed_role(text, roles)
    if role:
        said = f'guessed from the word "{word}" in the name'
        row.put("control_role", role, said, guess=True)
        if stain and any(column.name == "stain" for column in spec.columns):
            row.put("stain", stain, said, guess=True)


def _stem(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return re.sub(r"(?:\.ome)?\.\w{1,6}(?:\.gz)?\Z", "", name) or name


def _safe(text: str) -> str:
    """Return text that a spreadsheet takes for text: no control characters, no formula."""
    printable = "".join(letter if letter.isprintable() else "_" for letter in text)
    return printable.strip().lstrip(_FORMULA_START).strip()


# ------------------------------------------------------------------ all rows


def _merged_rows(making: Iterable[_Making]) -> list[_Making]:
    """Put the lanes and reads of one library into one row, and write the column file."""
    rows: list[_Making] = []
    files: dict[int, list[str]] = {}
    by_key: dict[tuple[str, ...], _Making] = {}
    for row in making:
        first = by_key.setdefault(row.merge_key, row) if row.merge_key else row
        if first is row:
            rows.append(row)
        files.setdefault(id(first), []).append(row.file.path)
    for row in rows:
        paths = files[id(row)]
        several = len(paths) > 1
        row.cells["file"] = SEPARATOR.join(sorted(paths)) if several else _file_cell(paths[0])
        row.sources["file"] = "raw folder; lanes and reads of one library" if several else "raw folder"
    return rows


def _file_cell(path: str) -> str:
    """Return a path that no spreadsheet takes for a formula; "./" is understood on reading."""
    return f"./{path}" if path[:1] in _FORMULA_START else path


def _add_batches(rows: list[_Making]) -> None:
    """Take the folder as the batch where files lie in several, else the day of acquisition."""
    folders = {row.file.path.rpartition("/")[0] for row in rows}
    days = {row.file.header.acquired_at[:10] for row in rows} - {""}
    last = Counter(folder.rsplit("/", 1)[-1] for folder in folders)
    for row in rows:
        folder = row.file.path.rpartition("/")[0]
        if len(folders) > 1 and folder:
            name = folder.rsplit("/", 1)[-1]
            row.put(
                "batch", name if last[name] == 1 else folder, "guessed from the folder's name", guess=True
            )
        elif len(folders) == 1 and len(days) > 1:
            day = row.file.header.acquired_at[:10]
            row.put("batch", day, "guessed from the day of acquisition in the file", guess=True)


def _make_unique(rows: list[_Making], taken: Collection[str]) -> None:
    """Give every row a sample name of its own; what had to be added is said."""
    used = {name.casefold() for name in taken}
    first = Counter(row.cells["sample"].casefold() for row in rows)
    for row in rows:
        name = row.cells["sample"]
        if first[name.casefold()] == 1 and name.casefold() not in used:
            used.add(name.casefold())
            continue
        unique, said = _longer_name(row, name, used)
        row.cells["sample"] = unique
        row.sources["sample"] = f"{row.sources['sample']}, {said} to make it unique"
        used.add(unique.casefold())


def _longer_name(row: _Making, name: str, used: Collection[str]) -> tuple[str, str]:
    folder = row.file.path.rpartition("/")[0]
    candidates = [
        (f"{_safe(folder.rsplit('/', 1)[-1])}_{name}", "with the folder's name") if folder else ("", ""),
        (f"{name}_dataset{row.dataset}", "with the number of the dataset")
        if row.cells.get("dataset")
        else ("", ""),
        (_safe(_stem(row.file.path)), "replaced by the file name"),
        (_safe(row.file.path.replace("/", "_")), "replaced by the path"),
    ]
    for candidate, said in candidates:
        if candidate and candidate.casefold() not in used and candidate != name:
            return candidate, said
    number = 2
    while f"{name}_{number}".casefold() in used:
        number += 1
    return f"{name}_{number}", "with a number"


def columns_of(rows: Iterable[DraftRow], specs: Mapping[str, SheetSpec]) -> tuple[str, ...]:
    """Return the columns of a drafted sheet in its order, with empty ones for a person to fill."""
    every = list(rows)
    filled = {column for row in every for column in row.cells}
    formats = {row.format for row in every}
    required = [
        column.name
        for name, spec in specs.items()
        for column in spec.columns
        if column.required and name in formats
    ]
    wanted = filled | {"sample", "file"} | set(COLUMNS_TO_FILL) | set(required)
    order = dict.fromkeys((*LEADING_COLUMNS, *COLUMNS_TO_FILL, *COMMON_COLUMNS, *required, *sorted(filled)))
    return tuple(column for column in order if column in wanted)


def _origins(rows: Iterable[DraftRow], columns: Sequence[str]) -> tuple[Origin, ...]:
    count: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], tuple[str, bool]] = {}
    for row in rows:
        for column, source in row.sources.items():
            count[column, source] += 1
            example.setdefault((column, source), (row.cells[column], column in row.guessed))
    origins = (Origin(*key, number, *example[key]) for key, number in count.items())
    return tuple(sorted(origins, key=lambda origin: columns.index(origin.column)))
