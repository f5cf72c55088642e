"""What an assay understands of a sample sheet, declared as data: columns, control roles, file names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from exoraw.io.inventory import Inventory, RawFile
    from exoraw.study.view import StudyView

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Column:
    """A sample-sheet column: its name, what it means, how it is typed and which words it takes."""

    name: str
    meaning: str
    kind: Literal["text", "number", "integer", "boolean"] = "text"
    words: tuple[str, ...] = ()  # legal values; empty = any
    required: bool = False


@dataclass(frozen=True)
class ControlRole:
    """A word of the column control_role and what the assay does with such a row.

    `counts_as_sample`: such a row is a sample too (a stained tube of vehicle-treated cells). It has its n
    in the means, SDs and tests of its group; a row of any other role does not.
    """

    name: str
    meaning: str
    counts_as_sample: bool = False


@dataclass(frozen=True)
class NamePattern:
    """How an instrument names its files.

    `regex` is matched against the relative path (forward slashes) with `re.search`; its named groups
    are sheet columns. `source` is what `init` says: "FACSDiva Specimen_Tube file name". Groups that begin
    with `merge_` are no columns: files that differ in nothing else become one row (`merge_lane`,
    `merge_read` of a sequencing library). `time_days`, `time_hours` and `time_minutes` add up to time_h.
    """

    source: str
    regex: str


@dataclass(frozen=True)
class Problem:
    """One remark of `exoraw check`: where it stands, what is wrong, what to do.

    `confined` is an error of single rows (a missing file, a channel that one file lacks): a run goes on,
    the tasks of those rows fail with the same message and everything else is finished.
    """

    severity: Severity
    message: str
    file: str = ""  # "samples.csv", "study.yaml"
    row: int | None = None  # as the spreadsheet counts: the header line is row 1
    column: str = ""
    confined: bool = False

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f" row {self.row}"
        if self.column:
            place += f', column "{self.column}"'
        return f"{place}: {self.message}" if place else self.message


AssayCheck = Callable[["StudyView", "Inventory"], Iterable[Problem]]


@dataclass(frozen=True)
class Start:
    """What an assay drafts by itself, where a file is no sample: a picture holds many lanes.

    Parameters
    ----------
    rows : of the sheet, column -> cell
    sources : column -> where its cells come from, in words
    settings : lines of YAML below `settings:` of the analysis
    compare : lines of YAML that show a comparison, to be uncommented by a person
    remarks : in words, for the screen
    """

    rows: tuple[Mapping[str, str], ...]
    sources: Mapping[str, str]
    settings: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


AssayStart = Callable[["Path", "Sequence[RawFile]", str], Start]


def _no_problems(_study: StudyView, _files: Inventory) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True)
class SheetSpec:
    """Everything `init`, `check` and `review` need to know of an assay.

    Parameters
    ----------
    columns : columns the assay understands beside the common ones
    control_roles : words the column control_role takes for this assay
    name_patterns : how its instruments name files, most specific first
    keywords : header field -> sheet column, in order of trust ({"TUBE NAME": "sample"})
    one_file_per_sample : whether each row names exactly one file
    check : assay-specific remarks on a sheet that is sound as such
    start : draft of rows and settings from raw folder, readable files and preset; None = a row per file
    """

    columns: tuple[Column, ...] = ()
    control_roles: tuple[ControlRole, ...] = ()
    name_patterns: tuple[NamePattern, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)
    one_file_per_sample: bool = True
    check: AssayCheck = _no_problems
    start: AssayStart | None = None
