"""All that the rest of the house may know of an assay: the steps, their units and their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from exoraw.assays.outcomes import (
    Artefact,
    Comparison,
    Figure,
    Finding,
    Measurement,
    Method,
    Outcome,
)
from exoraw.assays.reviewing import Decision, Made, Proposal, ReviewDesk, ReviewItem, ReviewPage
from exoraw.io.inventory import Header, Inventory
from exoraw.study.spec import SheetSpec
from exoraw.study.view import Correction, StudyView

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Artefact",
    "Assay",
    "ColumnsFromSettings",
    "Comparison",
    "CorrectionInput",
    "Decision",
    "Earlier",
    "Figure",
    "FileInput",
    "Finding",
    "FindingKind",
    "Format",
    "Input",
    "Inputs",
    "Made",
    "Magic",
    "Measure",
    "Measurement",
    "Method",
    "Needs",
    "Outcome",
    "Params",
    "Probe",
    "Proposal",
    "ReadyFile",
    "ReadyReference",
    "ReferenceInput",
    "ReviewDesk",
    "ReviewItem",
    "ReviewPage",
    "RoleNeeds",
    "Simulated",
    "Step",
    "TaskInput",
    "Unit",
]

Needs = Literal["all", "any"]
RoleNeeds = Literal["all", "any", "optional"]


class Params(BaseModel):
    """Base of every settings model: frozen, and an unknown key is an error with a message."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ----------------------------------------------------------------- what a raw file looks like


@dataclass(frozen=True)
class Magic:
    """Bytes that stand at an offset of every file of a format; b"" for text, which begins with anything."""

    value: bytes
    offset: int = 0


@dataclass(frozen=True)
class Format:
    """How a kind of raw file is recognised, as data; the probe is named, not imported.

    Parameters
    ----------
    name : "fcs"
    title : "Flow Cytometry Standard list-mode file"
    magics : any of these makes it a candidate; of several candidates the longest magic comes first, and the
        first whose probe does not raise FormatError is the format of a file
    suffixes : lower case, with the dot; only for the message when content and name disagree
    probe : "package.module:function", called as probe(path) -> Header; raises FormatError
    """

    name: str
    title: str
    magics: tuple[Magic, ...]
    suffixes: tuple[str, ...]
    probe: str


# ----------------------------------------------------------------- what goes into a unit


@dataclass(frozen=True)
class FileInput:
    """A raw file of the inventory, by relative path, and the dataset in it."""

    path: str
    dataset: int = 0


@dataclass(frozen=True)
class CorrectionInput:
    """A correction beside the study."""

    correction: Correction


@dataclass(frozen=True)
class TaskInput:
    """The outcome of an earlier unit, by its full key."""

    key: str


@dataclass(frozen=True)
class ReferenceInput:
    """A reference file of the study: its name, and the digest that `StudyView.references` gives for it."""

    name: str
    sha256: str


Input = FileInput | CorrectionInput | TaskInput | ReferenceInput


@dataclass(frozen=True)
class Unit:
    """The smallest piece of work that can be computed alone, as planned.

    Parameters
    ----------
    key : readable and unique in the study: "annexin_pi/gate/MDA_DOX_1"
    samples : sheet rows it is about; their declared cells enter the cache key
    inputs : role -> inputs in order; a role that is looked for and absent stands here with ()
    params : frozen settings this unit's numbers depend on, nothing else
    needs : whether all earlier units must have succeeded, or any one of them; or said by role, where
        "optional" ones may all be missing and a role that is not named needs all of its own. Where nothing
        of a role succeeded its outcomes stand there with `ok` false
    columns : those of the step's columns whose cells enter the cache key; None = all of them. A unit that
        reads one column runs again when that one changes, not for the others
    payload : plain JSON-able facts from `units` ({"batch": "day1"}); part of the cache key
    """

    key: str
    samples: tuple[str, ...]
    inputs: Mapping[str, tuple[Input, ...]]
    params: Params
    needs: Needs | Mapping[str, RoleNeeds] = "all"
    payload: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None


# ----------------------------------------------------------------- what a worker is handed


@dataclass(frozen=True)
class ReadyFile:
    """A raw file on this machine."""

    path: Path
    relative: str
    file_id: str
    dataset: int


@dataclass(frozen=True)
class ReadyReference:
    """A reference file on this machine, held against its digest."""

    path: Path
    name: str
    version: str
    sha256: str


def _nothing(_name: str) -> pa.Table | None:
    return None


@dataclass(frozen=True)
class Earlier:
    """The outcome of an earlier unit.

    `data` is that outcome's `data`; `matrices` name -> path of its stored evidence; `findings` its findings;
    `table(name)` what it wrote into a table.
    """

    key: str
    task_id: str
    ok: bool
    data: Mapping[str, Any]
    findings: tuple[Finding, ...]
    samples: tuple[str, ...]
    matrices: Mapping[str, Path] = field(default_factory=dict)
    read: Callable[[str], pa.Table | None] = field(default=_nothing, repr=False, compare=False)

    def table(self, name: str) -> pa.Table | None:
        """Return its rows of a table ("measurements", "objects", "comparisons"), None where it has none.

        They are read when asked for, and held against the digest of its commit: StoreError where the file
        is damaged.
        """
        return self.read(name)


@dataclass(frozen=True)
class Inputs:
    """A unit's inputs, resolved on the worker, by role. An absent role is an empty tuple."""

    files: Mapping[str, tuple[ReadyFile, ...]] = field(default_factory=dict)
    earlier: Mapping[str, tuple[Earlier, ...]] = field(default_factory=dict)
    corrections: Mapping[str, tuple[Correction, ...]] = field(default_factory=dict)
    references: Mapping[str, tuple[ReadyReference, ...]] = field(default_factory=dict)

    def file(self, role: str) -> ReadyFile:
        """Return the one file of a role; KeyError where it is absent."""
        found = self.files.get(role, ())
        if not found:
            raise KeyError(f"this unit has no file in the role {role!r}")
        return found[0]

    def one_earlier(self, role: str) -> Earlier | None:
        """Return the first earlier outcome of a role, or None."""
        found = self.earlier.get(role, ())
        return found[0] if found else None


# ----------------------------------------------------------------- the assay itself


class Step(Protocol):
    """One step of an assay: plans its units from sheet and headers, computes one at a time.

    A step whose columns depend on the settings ("group by these columns") has, beside `columns`, a method
    `columns_for(settings) -> tuple[str, ...]`; where it stands it is asked instead (`ColumnsFromSettings`).
    """

    @property
    def name(self) -> str:
        """Short verb: "gate", "count", "normalise"."""

    @property
    def version(self) -> int:
        """Bumped by hand when its numbers can change."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Sheet columns it may look at; any other column raises."""

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """Plan from the sheet and the headers, never from results."""

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Compute one unit. Pure: no globals, no writing outside the outcome."""


@runtime_checkable
class ColumnsFromSettings(Protocol):
    """What a step has besides when its columns depend on the settings of the analysis."""

    def columns_for(self, settings: Any) -> tuple[str, ...]:
        """Return the sheet columns that the step may look at under these settings."""


@dataclass(frozen=True)
class Measure:
    """A word of the vocabulary."""

    name: str
    definition: str
    unit: str  # UCUM: "%", "{events}", "um", "1"
    low: float | None = None
    high: float | None = None
    term: str = ""  # ontology term, where one exists


@dataclass(frozen=True)
class FindingKind:
    """A finding an assay can make: what it means and what the lab can do."""

    code: str
    meaning: str
    advice: str


@dataclass(frozen=True)
class Simulated:
    """A study whose raw files an assay's simulator wrote; one for each preset that it can show.

    Parameters
    ----------
    preset : name of the preset that analyses it ("annexin_pi")
    settings : overrides of the preset's settings
    rows : sample-sheet rows (column -> text), file paths relative to the raw folder
    factors : columns that make the groups
    truth : (sample, measure, entity) -> true value
    compare : entries of the study's `compare:`, as they would be typed
    """

    preset: str
    rows: tuple[Mapping[str, str], ...]
    factors: tuple[str, ...]
    truth: Mapping[tuple[str, str, str], float]
    settings: Mapping[str, Any] = field(default_factory=dict)
    compare: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Assay:
    """One frozen value that says everything the house may know of an assay.

    `review_page` names what a person corrects it on, "package.module:object"; the object is a `ReviewPage`.
    """

    name: str
    title: str
    formats: tuple[Format, ...]
    sheet: SheetSpec
    settings: type[Params]
    steps: tuple[Step, ...]
    vocabulary: tuple[Measure, ...]
    findings: tuple[FindingKind, ...]
    methods_text: str
    review_page: str | None = None
    simulate: Callable[[Path, int], tuple[Simulated, ...]] | None = None


Probe = Callable[[Path], Header]
