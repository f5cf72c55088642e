"""The entries of `compare:`: one model for each kind of question, told apart by `kind`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from exoraw.study.asked import Adjustment, Asked, ReferenceLevel
from exoraw.study.compare_outcomes import CategoriesEntry, DoseResponseEntry, SurvivalEntry
from exoraw.study.strict import Word, Words

GroupTest = Literal[
    "student", "welch", "student or welch after levene", "mann-whitney", "paired t", "wilcoxon",
    "one-way anova", "welch anova", "kruskal-wallis", "tukey", "dunnett",
    "two-way anova", "repeated measures anova", "mixed model", "pearson", "spearman",
]  # fmt: skip


class CompareEntry(Asked):
    """One measure compared across one factor: what is tested, on which unit of replication, and how."""

    COLUMN_KEYS = ("factor", "second_factor", "pair_by")

    kind: Literal["groups"] = Field("groups", description="groups: a measure compared across groups.")
    measure: Word = Field(min_length=1, description="Measure of the vocabulary (apoptotic_share).")
    entity: str = Field("", description='Part of the sample, where there are several ("population:live").')
    target: str = Field("", description="Protein, gene, marker or channel, where there are several.")
    second_measure: Word = Field("", description="The other measure of a correlation.")
    second_entity: str = Field("", description="Its entity.")
    second_target: str = Field("", description="Its target.")
    factor: Word = Field("", description="Sheet column that is compared across; not for a correlation.")
    second_factor: Word = Field("", description="Second column of a two-way ANOVA or a mixed model.")
    test: GroupTest = Field("welch", description="Test.")
    reference: Word = Field("", description="Level that the others are compared with; left out: all pairs.")
    references: tuple[ReferenceLevel, ...] = Field((), description="Several, each with a symbol of its own.")
    levels: Words = Field((), description="Levels in the figure's order; left out: as the sheet has them.")
    pair_by: Word | Words = Field((), description="Columns that pair groups: subject, membrane.")
    random: tuple[Words, ...] = Field((), description="Groupings of a mixed model: [[cage], [cage, animal]].")
    adjustment: Adjustment = Field(
        "holm", description="For several comparisons with one reference. Tukey and Dunnett have their own."
    )
    error_bars: Literal["sd", "sem"] = Field("sd", description="Error bars of the figure.")
    plot: Literal["bars", "box", "paired"] = Field("bars", description="Kind of figure.")

    @property
    def named_after(self) -> tuple[str, ...]:
        """Words of the title where the entry has no name of its own."""
        return (self.measure, self.entity, self.target, "by", self.factor or self.second_measure)

    @property
    def numbers(self) -> tuple[tuple[str, str, str], ...]:
        """Measure, entity and target of every number that is compared."""
        first = (self.measure, self.entity, self.target)
        second = (self.second_measure, self.second_entity, self.second_target)
        return (first, second) if self.second_measure else (first,)

    @property
    def grouping(self) -> str:
        """The sheet column that makes the groups; "" where none does."""
        return self.factor

    @property
    def named_levels(self) -> Words:
        """Levels of `grouping` that the entry names beside its `levels`."""
        return tuple(level for level, _ in self.reference_levels)

    @property
    def chosen_levels(self) -> Words:
        """Levels of `grouping` that are compared; () = all that the sheet has."""
        return self.levels

    @property
    def named_columns(self) -> tuple[tuple[str, Words], ...]:
        """Every key that names columns of the sheet, with its columns."""
        groupings = tuple(dict.fromkeys(column for groups in self.random for column in groups))
        return (*super().named_columns, ("random", groupings))

    def with_columns(self, meant: Callable[[str], str]) -> Self:
        """Return the same entry with every column called as the sheet calls it."""
        random = tuple(tuple(map(meant, groups)) for groups in self.random)
        return super().with_columns(meant).model_copy(update={"random": random})

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


def _kind(entry: Any) -> Any:
    """Return which question an entry asks: groups where it does not say."""
    if isinstance(entry, BaseModel):
        return getattr(entry, "kind", None)
    return entry.get("kind", "groups") if isinstance(entry, dict) else "groups"


AnyComparison = Annotated[
    Annotated[CompareEntry, Tag("groups")]
    | Annotated[SurvivalEntry, Tag("survival")]
    | Annotated[CategoriesEntry, Tag("categories")]
    | Annotated[DoseResponseEntry, Tag("dose-response")],
    Discriminator(_kind),
]
