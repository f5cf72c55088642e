"""What a person may write in study.yaml, with the descriptions that editors show."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from exoraw.study.compare_entries import AnyComparison
from exoraw.study.strict import Strict, Word, Words


class Limits(Strict):
    """What one task may use before it is stopped and labelled."""

    timeout_s: float = Field(3600.0, gt=0, description="Seconds that one task may take.")
    memory_gb: float = Field(8.0, gt=0, description="Memory that one task may take, in GB.")


class PlateEntry(Strict):
    """A multi-well plate whose wells are described by grids, one grid per sheet column."""

    name: Word | Words = Field(
        description="Name of the plate; a list where several plates share one layout. Stands in column plate."
    )
    map: str = Field(description="CSV or .xlsx with one grid per column, beside study.yaml.")
    file: str | None = Field(
        None,
        description="Raw file that holds all wells of the plate (a reader's export); {plate} is its name.",
    )
    files: str | None = Field(
        None,
        description='Raw files with one well each ("day1/*.fcs"); the well is taken from the file name; '
        "{plate} is the plate's name.",
    )
    wells: Literal[6, 12, 24, 48, 96, 384, 1536] | None = Field(
        None, description="Wells of the plate; taken from the grid where it is left out."
    )
    every_well: dict[str, Word] = Field(
        default_factory=dict, description="Cells that are the same in every well ({batch: day1})."
    )

    @model_validator(mode="after")
    def _one_way_to_find_files(self) -> Self:
        if self.file is not None and self.files is not None:
            raise ValueError("give either file (one file for all wells) or files (one file a well), not both")
        return self

    @property
    def names(self) -> Words:
        """Names of the plates that share this layout."""
        return (self.name,) if isinstance(self.name, str) else self.name


class ReferenceEntry(Strict):
    """A file that analyses compare with: a miRNA database, a standard curve, an annotation."""

    name: Word = Field(min_length=1, description="Name by which settings and methods call it.")
    file: str = Field(min_length=1, description="The file, relative to this one; outside the raw folder.")
    version: Word = Field("", description='Release or date, for the methods text ("miRBase 22.1").')


class PipelineEntry(Strict):
    """One analysis of the study: a preset or an assay, its settings and the rows it is about."""

    name: Word = Field("", description="Name in tables and report; the preset's or assay's where left out.")
    preset: str | None = Field(None, description="Name of a shipped preset, or path of a preset file.")
    assay: str | None = Field(None, description="Assay with its default settings, where no preset is used.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings that differ from the preset's (merged key by key)."
    )
    where: dict[str, Word | Words] = Field(
        default_factory=dict,
        description="Rows of the sheet that belong here: column -> word or words ({assay: flow}).",
    )
    sheet: str | None = Field(None, description="The sheet this analysis is about, where there are several.")

    @model_validator(mode="after")
    def _preset_or_assay(self) -> Self:
        if (self.preset is None) == (self.assay is None):
            raise ValueError("give either preset or assay")
        return self

    @property
    def title(self) -> str:
        """Name as it will stand in the tables."""
        return self.name or (self.preset or self.assay or "").replace("\\", "/").rsplit("/", 1)[
            -1
        ].removesuffix(".yaml")


class Study(Strict):
    """A study: where the raw files are, what they are, and what is asked of them."""

    exoraw: Literal[1] = Field(1, description="Version of this file's form.")
    title: Word = Field(min_length=1, description="Title of the study, as it stands on the report.")
    raw: str = Field(
        min_length=1, description="Folder of raw instrument files, relative to this file. Only read."
    )
    samples: str | tuple[str, ...] = Field(
        "samples.csv", description="Sample sheet (.csv or .xlsx), or several; [] where plate maps say it all."
    )
    results: str = Field(
        "results", min_length=1, description="Folder that a run fills, outside the raw folder."
    )
    factors: Words = Field((), description="Sheet columns that make the groups, in the order of the figures.")
    plates: tuple[PlateEntry, ...] = Field((), description="Plate maps: one grid per sheet column.")
    pipelines: tuple[PipelineEntry, ...] = Field(min_length=1, description="The analyses of this study.")
    references: tuple[ReferenceEntry, ...] = Field(
        (), description="Files that analyses compare with: databases, standards. Only read."
    )
    compare: tuple[AnyComparison, ...] = Field(
        (), description="Comparisons: which measure across which factor, on which unit of replication."
    )
    limits: Limits = Field(default_factory=Limits, description="Time and memory that one task may use.")
    redact: Words = Field((), description="Sheet columns that --redact takes out (patient names).")

    @property
    def sheets(self) -> tuple[str, ...]:
        """Sample sheets as typed."""
        return (self.samples,) if isinstance(self.samples, str) else self.samples
