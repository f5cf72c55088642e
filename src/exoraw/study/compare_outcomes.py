"""Entries of `compare:` whose outcome stands in the sheet: time until an event, a category, a dose."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from exoraw.study.asked import Adjustment, Asked
from exoraw.study.strict import Strict, Word, Words

Cut = float | Literal["median", "youden"]
CurveTest = Literal[
    "welch", "student", "student or welch after levene", "paired t", "one-way anova", "tukey", "dunnett",
    "mann-whitney", "kruskal-wallis",
]  # fmt: skip
_NUMBER = "Measure of the vocabulary (median_intensity)."
_ENTITY = 'Part of the sample, where there are several ("population:live").'
_TARGET = "Protein, gene, marker or channel, where there are several."
_LEVELS = "Its levels in the figure's order; left out: as the sheet has them."
_REFERENCE = "Level that the others are compared with; left out: the first."


class MarkerEntry(Strict):
    """One marker of a signature: a measure with its cut."""

    measure: Word = Field(min_length=1, description=_NUMBER)
    entity: str = Field("", description=_ENTITY)
    target: str = Field("", description=_TARGET)
    cut: float = Field(description="Number at or above which the marker is high.")
    counts: Literal["high", "low"] = Field("high", description="Whether the marker counts when high or low.")


class SignatureEntry(Strict):
    """Several markers as one factor: how many of them count makes a subject high or low."""

    markers: tuple[MarkerEntry, ...] = Field(min_length=1, description="The markers, each with its cut.")
    low_up_to: int = Field(ge=0, description="Largest score that is low.")
    high_from: int = Field(ge=1, description="Smallest score that is high.")
    middle: Literal["leave out", "low", "high", "own group"] | None = Field(
        None, description="What the scores in between are; there is no default where there are any."
    )

    @model_validator(mode="after")
    def _limits(self) -> Self:
        count = len(self.markers)
        if not self.low_up_to < self.high_from <= count:
            raise ValueError(
                f"low_up_to {self.low_up_to} and high_from {self.high_from} do not fit {count} markers: "
                f"a score counts markers, 0 to {count}, and high begins above low"
            )
        between = ", ".join(map(str, range(self.low_up_to + 1, self.high_from)))
        if between and self.middle is None:
            raise ValueError(
                f"a score of {between} is neither low nor high; say with `middle` what it is: leave out, "
                "low, high or own group"
            )
        return self


class SurvivalEntry(Asked):
    """Time until an event: Kaplan-Meier, log-rank and Cox between groups, or Cox for a number."""

    COLUMN_KEYS = ("time", "event", "factor")

    kind: Literal["survival"] = Field(description="survival: time until death, relapse or a tumour's size.")
    time: Word = Field(min_length=1, description="Sheet column with the times, numbers in one unit.")
    time_unit: Word = Field("", description="Their unit, for axis and text (months).")
    event: Word = Field(min_length=1, description="Sheet column that says whether the event was seen.")
    seen: Word | Words = Field((), description="Words for seen; left out: 1, yes, true, dead, event ...")
    censored: Word | Words = Field((), description="Words for not seen; left out: 0, no, false, alive ...")
    label: str = Field("Survival", description='What the curve counts ("Overall survival").')
    factor: Word = Field("", description="Sheet column that makes the groups; with `cut`, one of numbers.")
    levels: Words = Field((), description=_LEVELS)
    reference: Word = Field("", description=_REFERENCE)
    measure: Word = Field("", description="A measure instead of a factor: its hazard ratio, or cut in two.")
    entity: str = Field("", description=_ENTITY)
    target: str = Field("", description=_TARGET)
    cut: Cut | None = Field(
        None,
        description="Where numbers are cut into low and high: median, youden, or a number (high from it).",
    )
    signature: SignatureEntry | None = Field(None, description="Several markers instead of one measure.")
    ties: Literal["efron", "breslow"] = Field(
        "efron", description="Tied times in Cox: efron (R), breslow (SPSS)."
    )
    adjustment: Adjustment = Field("holm", description="For the hazard ratios of three or more groups.")

    @property
    def named_after(self) -> tuple[str, ...]:
        """Words of the title where the entry has no name of its own."""
        by = self.factor or self.measure or "signature"
        return (self.time, "by", by, self.entity, self.target)

    @property
    def numbers(self) -> tuple[tuple[str, str, str], ...]:
        """Measure, entity and target of every number that is compared."""
        if self.signature is not None:
            return tuple((one.measure, one.entity, one.target) for one in self.signature.markers)
        return ((self.measure, self.entity, self.target),) if self.measure else ()

    @property
    def grouping(self) -> str:
        """The sheet column that makes the groups; "" where a number is cut."""
        return "" if self.cut is not None else self.factor

    @property
    def named_levels(self) -> Words:
        """Levels of `grouping` that the entry names beside its `levels`."""
        return (self.reference,) if self.reference else ()

    @property
    def chosen_levels(self) -> Words:
        """Levels of `grouping` that are compared; () = all that the sheet has."""
        return self.levels

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        chosen = [name for name in ("factor", "measure", "signature") if getattr(self, name)]
        if len(chosen) != 1:
            found = f"found {' and '.join(chosen)}" if chosen else "found none"
            raise ValueError(f"survival needs one of factor, measure or signature; {found}")
        if self.cut is not None and self.signature:
            raise ValueError("every marker of a signature has its own cut; leave `cut` out")
        unused = [name for name in ("entity", "target") if getattr(self, name) and not self.measure]
        if not self.grouping:
            unused += [name for name in ("levels", "reference") if getattr(self, name)]
        if unused:
            raise ValueError(f"survival by {chosen[0]} does not use {' and '.join(unused)}; leave it out")
        return self


class CategoriesEntry(Asked):
    """How often something is found in each group: chi-square or Fisher's exact test."""

    COLUMN_KEYS = ("factor", "outcome")

    kind: Literal["categories"] = Field(description="categories: counts of units, not means.")
    factor: Word = Field(min_length=1, description="Sheet column that makes the groups (treatment).")
    levels: Words = Field((), description=_LEVELS)
    reference: Word = Field("", description=_REFERENCE)
    outcome: Word = Field("", description="Sheet column that is counted (response).")
    outcome_levels: Words = Field((), description="Its words in order; the share of the first is compared.")
    measure: Word = Field("", description="A measure instead of an outcome: counted is who is high.")
    entity: str = Field("", description=_ENTITY)
    target: str = Field("", description=_TARGET)
    cut: float | Literal["median"] | None = Field(
        None, description="Where the measure is cut: median, or a number (high from it)."
    )
    test: Literal["chi-square or fisher", "chi-square", "fisher"] = Field(
        "chi-square or fisher", description="Fisher is for 2 x 2; taken where an expected count is below 5."
    )
    yates: bool = Field(True, description="Continuity correction of chi-square, for 2 x 2 only.")
    adjustment: Adjustment = Field("holm", description="For several groups against the reference.")

    @property
    def named_after(self) -> tuple[str, ...]:
        """Words of the title where the entry has no name of its own."""
        return (self.outcome or self.measure, self.entity, self.target, "by", self.factor)

    @property
    def numbers(self) -> tuple[tuple[str, str, str], ...]:
        """Measure, entity and target of every number that is compared."""
        return ((self.measure, self.entity, self.target),) if self.measure else ()

    @property
    def grouping(self) -> str:
        """The sheet column that makes the groups."""
        return self.factor

    @property
    def named_levels(self) -> Words:
        """Levels of `grouping` that the entry names beside its `levels`."""
        return (self.reference,) if self.reference else ()

    @property
    def chosen_levels(self) -> Words:
        """Levels of `grouping` that are compared; () = all that the sheet has."""
        return self.levels

    @model_validator(mode="after")
    def _one_outcome(self) -> Self:
        if bool(self.outcome) == bool(self.measure):
            raise ValueError("categories needs one of outcome (a sheet column) or measure with its cut")
        if bool(self.measure) != (self.cut is not None):
            raise ValueError("measure and cut go together: the cut says who is high")
        unused = [name for name in ("entity", "target") if getattr(self, name) and not self.measure]
        unused += ["outcome_levels"] if self.outcome_levels and self.measure else []
        if unused:
            raise ValueError(f"these categories do not use {' and '.join(unused)}; leave it out")
        if self.outcome == self.factor:
            raise ValueError(f'factor and outcome are both "{self.factor}"; name two columns')
        return self


class DoseResponseEntry(Asked):
    """Curves over doses, one per unit and group; their IC50s are compared, never pooled wells."""

    COLUMN_KEYS = ("dose", "dose_unit", "factor", "pair_by")

    kind: Literal["dose-response"] = Field(description="dose-response: four-parameter curves and their IC50.")
    measure: Word = Field(min_length=1, description="The response (viability).")
    entity: str = Field("", description=_ENTITY)
    target: str = Field("", description=_TARGET)
    dose: Word = Field("dose", description="Sheet column with the doses, 0 for untreated.")
    dose_unit: Word = Field(
        "dose_unit", description="Sheet column with their unit; or the unit itself where there is none (uM)."
    )
    factor: Word = Field("", description="Sheet column that tells the curves apart (drug, cell line).")
    levels: Words = Field((), description=_LEVELS)
    control: Word = Field("", description="Level of the factor whose samples are dose 0 of every curve.")
    reference: Word = Field("", description="Level that the others are compared with; left out: all pairs.")
    pair_by: Word | Words = Field((), description="Columns that pair curves, for paired t: culture, day.")
    test: CurveTest = Field("welch", description="Test of ln IC50 between the groups.")
    ic50: Literal["relative", "absolute"] = Field(
        "relative", description="IC50 that is tested and drawn; both are in the table."
    )
    absolute_at: float = Field(
        50.0,
        gt=0,
        description="Level of the absolute IC50: in % of the own untreated response, or as a value.",
    )
    absolute_in: Literal["% of untreated", "response"] = Field(
        "% of untreated", description="What `absolute_at` is."
    )
    quantity: str = Field("IC50", min_length=1, description="Its name: IC50, EC50, GI50.")
    zero_level: float | None = Field(None, description="Known response without drug, not fitted (100).")
    end_level: float | None = Field(None, description="Known response at a saturating dose, not fitted (0).")
    error_bars: Literal["sd", "sem"] = Field("sd", description="Error bars of the figure.")

    @property
    def named_after(self) -> tuple[str, ...]:
        """Words of the title where the entry has no name of its own."""
        across = ("by", self.factor) if self.factor else ()
        return (self.measure, self.entity, self.target, "over", self.dose, *across)

    @property
    def numbers(self) -> tuple[tuple[str, str, str], ...]:
        """Measure, entity and target of every number that is compared."""
        return ((self.measure, self.entity, self.target),)

    @property
    def grouping(self) -> str:
        """The sheet column that tells the curves apart; "" where there is one curve."""
        return self.factor

    @property
    def named_levels(self) -> Words:
        """Levels of `grouping` that the entry names beside its `levels`."""
        return tuple(filter(None, (self.reference, self.control)))

    @property
    def chosen_levels(self) -> Words:
        """Levels of `grouping` that are compared; () = all that the sheet has."""
        return self.levels

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.factor:
            unused = [name for name in ("levels", "control", "reference", "pair_by") if getattr(self, name)]
            if unused:
                raise ValueError(f"one curve without a factor does not use {' and '.join(unused)}")
        if self.test == "paired t" and not self.pair_by:
            raise ValueError("paired t needs pair_by: the columns that say which curves belong together")
        if self.pair_by and self.test != "paired t":
            raise ValueError(f"{self.test} does not use pair_by; leave it out, or ask for paired t")
        if self.test == "dunnett" and not self.reference:
            raise ValueError("dunnett needs reference: the group that all others are compared with")
        if self.reference and self.test in ("one-way anova", "tukey", "kruskal-wallis"):
            raise ValueError(f"{self.test} does not use reference; leave it out, or ask for another test")
        if self.control and self.control in (self.reference, *self.levels):
            raise ValueError(
                f'control: "{self.control}" has no curve of its own, so it is neither reference nor level'
            )
        return self
