"""What a person may write in study.yaml, with the descriptions that editors show."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

# An editor that checks against the JSON Schema must accept 007 or NO as a word; loading keeps its spelling.
Word = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Words = tuple[Word, ...]


class Strict(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class StarsEntry(Strict):
    """Which p earns how many stars."""

    limits: tuple[float, ...] = Field((0.05, 0.01, 0.001), description="Falling limits, one star more each.")
    or_equal: bool = Field(False, description="Whether p equal to a limit earns its star (<= instead of <).")
    none: str = Field("", description='What stands where no limit is passed: nothing, or "ns".')

    @model_validator(mode="after")
    def _falling(self) -> Self:
        falling = all(wide > narrow for wide, narrow in pairwise(self.limits))
        if not self.limits or not falling or not all(0 < limit < 1 for limit in self.limits):
            raise ValueError("the limits must fall and lie between 0 and 1, as in [0.05, 0.01, 0.001]")
        return self


class ReferenceLevel(Strict):
    """A group that the others are compared with, and the symbol of its comparisons."""

    level: Word = Field(description="Word of the factor's column.")
    symbol: str = Field("*", min_length=1, description='Symbol in the figure: "*", or "#" for a second one.')


GroupTest = Literal[
    "student", "welch", "student or welch after levene", "mann-whitney", "paired t", "wilcoxon",
    "one-way anova", "welch anova", "kruskal-wallis", "tukey", "dunnett",
    "two-way anova", "repeated measures anova", "mixed model", "pearson", "spearman",
]  # fmt: skip


class CompareEntry(Strict):
    """One measure compared across one factor: what is tested, on which unit of replication, and how."""

    name: Word = Field("", description="Name of the comparison; measure and factor where left out.")
    pipeline: Word = Field("", description="Analysis that measures it; may be left out where there is one.")
    measure: Word = Field(min_length=1, description="Measure of the vocabulary (apoptotic_share).")
    entity: str = Field("", description='Part of the sample, where there are several ("population:live").')
    target: str = Field("", description="Protein, gene, marker or channel, where there are several.")
    second_measure: Word = Field("", description="The other measure of a correlation.")
    second_entity: str = Field("", description="Its entity.")
    second_target: str = Field("", description="Its target.")
    factor: Word = Field("", description="Sheet column that is compared across; not for a correlation.")
    second_factor: Word = Field("", description="Second column of a two-way ANOVA or a mixed model.")
    unit: Word | Words = Field(
        description="Column or columns that name one independent repeat (biological_replicate, subject). "
        "Everything measured on one unit is averaged before a test; nothing is assumed."
    )
    test: GroupTest = Field("welch", description="Test.")
    reference: Word = Field("", description="Level that the others are compared with; left out: all pairs.")
    references: tuple[ReferenceLevel, ...] = Field((), description="Several, each with a symbol of its own.")
    levels: Words = Field((), description="Levels in the figure's order; left out: as the sheet has them.")
    pair_by: Word | Words = Field((), description="Columns that pair groups: subject, membrane.")
    random: tuple[Words, ...] = Field((), description="Groupings of a mixed model: [[cage], [cage, animal]].")
    where: dict[str, Word | Words] = Field(
        default_factory=dict, description="Rows that count: column -> word or words ({cell_line: MCF-7})."
    )
    adjustment: Literal["holm", "benjamini-hochberg", "bonferroni", "none"] = Field(
        "holm", description="For several comparisons with one reference. Tukey and Dunnett have their own."
    )
    stars: StarsEntry = Field(default_factory=StarsEntry, description="Star map of the journal or paper.")
    error_bars: Literal["sd", "sem"] = Field("sd", description="Error bars of the figure.")
    plot: Literal["bars", "box", "paired"] = Field("bars", description="Kind of figure.")
    least_n: int = Field(
        3, ge=2, description="Units a group needs for a test; 2 asks for one that a reviewer will doubt."
    )
    exclusions: Literal["applied", "ignored", "both"] = Field(
        "applied", description="Whether excluded samples are left out, kept, or both are shown side by side."
    )

    @property
    def title(self) -> str:
        """Name as it stands in tables and report."""
        return self.name or " ".join(
            part
            for part in (self.measure, self.entity, self.target, "by", self.factor or self.second_measure)
            if part
        )

    @property
    def key(self) -> str:
        """Name as it stands in the key of its task: no "/", one spelling of every letter."""
        return unicodedata.normalize("NFC", self.title.replace("/", " per ")).strip()

    @property
    def reference_levels(self) -> tuple[tuple[str, str], ...]:
        """Levels that the others are compared with, each with its symbol."""
        first = ((self.reference, "*"),) if self.reference else ()
        return (*first, *((one.level, one.symbol) for one in self.references))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Refuse what is missing, and every key that the test would not look at."""
        needed, allowed = KEYS_OF_TEST[self.test]
        for key, what in needed.items():
            if not any(getattr(self, name) for name in key.split(" or ")):
                raise ValueError(f"{self.test} needs {key}: {what}")
        known = {name for key in needed for name in key.split(" or ")} | set(allowed)
        unused = [name for name in OPTIONAL_KEYS if getattr(self, name) and name not in known]
        if unused:
            raise ValueError(
                f"{self.test} does not use {' and '.join(unused)}; leave it out, or ask for another test"
            )
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        """Refuse a level, a reference or a column that is named twice."""
        pair_by = (self.pair_by,) if isinstance(self.pair_by, str) else self.pair_by
        lists = {
            "levels": self.levels,
            "references": tuple(level for level, _ in self.reference_levels),
            "factor, second_factor and pair_by": tuple(
                filter(None, (self.factor, self.second_factor, *pair_by))
            ),
        }
        for key, words in lists.items():
            twice = next((word for word in words if words.count(word) > 1), "")
            if twice:
                raise ValueError(f'{key}: "{twice}" is named twice')
        if self.plot == "paired" and not self.pair_by:
            raise ValueError("plot: paired draws pairs; name what pairs them with pair_by")
        return self


_PAIRS = {
    "factor": "the sheet column that is compared across",
    "pair_by": "the columns that say what belongs together (subject)",
}
_GROUPS = {"factor": "the sheet column that is compared across"}
_BOTH = {"second_measure": "the other measure"}
# test -> what it needs (with what that is), and what else of OPTIONAL_KEYS it looks at
KEYS_OF_TEST: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    **dict.fromkeys(
        ("student", "welch", "student or welch after levene", "mann-whitney"),
        (_GROUPS, ("reference", "references", "levels")),
    ),
    **dict.fromkeys(("paired t", "wilcoxon"), (_PAIRS, ("reference", "references", "levels"))),
    **dict.fromkeys(("one-way anova", "welch anova", "kruskal-wallis", "tukey"), (_GROUPS, ("levels",))),
    "dunnett": (
        {**_GROUPS, "reference or references": "the group that all others are compared with"},
        ("levels",),
    ),
    "two-way anova": ({**_GROUPS, "second_factor": "the second sheet column"}, ("levels",)),
    "repeated measures anova": (_PAIRS, ("levels",)),
    "mixed model": (
        {**_GROUPS, "random": "what groups the measurements ([[cage]])"},
        ("second_factor", "reference", "levels"),
    ),
    **dict.fromkeys(("pearson", "spearman"), (_BOTH, ("second_entity", "second_target"))),
}
OPTIONAL_KEYS = (
    "factor", "second_factor", "second_measure", "second_entity", "second_target", "reference",
    "references", "levels", "pair_by", "random",
)  # fmt: skip


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
    compare: tuple[CompareEntry, ...] = Field(
        (), description="Comparisons: which measure across which factor, on which unit of replication."
    )
    limits: Limits = Field(default_factory=Limits, description="Time and memory that one task may use.")
    redact: Words = Field((), description="Sheet columns that --redact takes out (patient names).")

    @property
    def sheets(self) -> tuple[str, ...]:
        """Sample sheets as typed."""
        return (self.samples,) if isinstance(self.samples, str) else self.samples
