"""What a person may set of the blot assay: which picture holds which protein of which membrane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from exoraw.assays.blot.background.methods import Background
from exoraw.assays.blot.lanes.geometry import Point, PointPair
from exoraw.assays.contract import Params
from exoraw.study.strict import Word, Words

Kind = Literal["western_blot", "ev_markers", "chip_pcr_gel"]
Role = Literal["target", "loading", "total_protein", "marker", "negative_control", "product"]
LOADING_ROLES: tuple[Role, ...] = ("loading", "total_protein")
MOST_ROWS = 30
Mass = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ROLES_OF: Mapping[Kind, tuple[Role, ...]] = {
    "western_blot": ("target", "loading", "total_protein"),
    "ev_markers": ("marker", "negative_control"),
    "chip_pcr_gel": ("product",),
}


def _several(names: object) -> object:
    return (names,) if isinstance(names, str) else names


class Band(Params):
    """One protein (or PCR product) of a membrane: the picture it stands in, and what it is there for."""

    image: Annotated[Words, BeforeValidator(_several)] = Field(
        min_length=1,
        description="Picture in the raw folder, by its path or the end of it; several are an exposure "
        "series, of which the longest unsaturated one is measured.",
    )
    role: Role = Field("target", description="What the band is for.")
    total: Word = Field("", description="Of a phospho-protein: the name of its total form.")
    page: int = Field(1, ge=1, description="Picture in a file of several, from 1.")
    row: int = Field(1, ge=1, description="Row of bands in the picture, counted from the top.")
    rows: int = Field(0, ge=0, le=MOST_ROWS, description="Rows in the picture; 0 = as many as are named.")
    first: Point | None = Field(None, description="Middle of the first sample's band, [x, y] in pixels.")
    last: Point | None = Field(None, description="Middle of the last sample's band, [x, y] in pixels.")
    ladder_image: Word = Field(
        "", description="Picture of the coloured ladder, taken with the membrane in the same place."
    )
    marks: tuple[tuple[Mass, float], ...] = Field(
        (), description="Heights of the ladder's bands in this picture, where typed: [[mass, y], ...]."
    )

    @model_validator(mode="after")
    def _both_points_or_none(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise ValueError("give both `first` and `last`, or neither: two points tell where a row runs")
        return self

    @property
    def points(self) -> PointPair | None:
        """Its two points, None where the row is to be found."""
        return None if self.first is None or self.last is None else (self.first, self.last)


class Blot(Params):
    """One membrane or gel, with all its pictures.

    `replicate` is another word for `membrane`. Lanes and control may be left out where the sheet says them
    (columns membrane, lane, control_role).
    """

    membrane: Word = Field(description="Name of the membrane, as in the sheet's column membrane.")
    lanes: Words = Field(
        (), description="Names of the lanes from left to right: samples of the sheet, or any word else."
    )
    control: Word = Field("", description="Sample that folds refer to; else the rows with the role vehicle.")
    bands: dict[Word, Band] = Field(min_length=1, description="Protein or product -> its picture.")
    ladder: tuple[Mass, ...] = Field(
        (),
        description="Masses of the bands (kDa; ChIP: base pairs) of the lane that is called ladder.",
    )
    ladder_lane: int = Field(
        0, ge=0, description="Number of the ladder's lane, where the sheet numbers lanes; 0 = by its name."
    )
    input_share: float = Field(
        0.01, gt=0, le=1, description="ChIP: share of the chromatin that was kept as input."
    )

    @model_validator(mode="before")
    @classmethod
    def _replicate_is_a_membrane(cls, typed: Any) -> Any:
        if isinstance(typed, Mapping) and "replicate" in typed and "membrane" not in typed:
            kept = {key: value for key, value in typed.items() if key != "replicate"}
            return {"membrane": str(typed["replicate"]), **kept}
        return typed

    @model_validator(mode="after")
    def _total_forms_are_there(self) -> Self:
        for name, band in self.bands.items():
            if "/" in name:
                raise ValueError(f'"{name}": a protein\'s name must not contain "/"')
            if band.total and band.total not in self.bands:
                raise ValueError(
                    f'"{name}" names "{band.total}" as its total form, which is no band of membrane '
                    f'"{self.membrane}": {", ".join(self.bands)}'
                )
            if band.total == name:
                raise ValueError(f'"{name}" is named as its own total form')
        return self


class Chip(Params):
    """When a ChIP-PCR product counts as bound."""

    over_igg: float = Field(
        3.0, gt=1, description="Bound where the band is this many times that of IgG, and above its limit."
    )


class BlotSettings(Params):
    """All settings of the blot assay."""

    kind: Kind = Field("western_blot", description="What is asked: folds, presence of markers, or ChIP.")
    blots: tuple[Blot, ...] = Field((), description="The membranes, with their pictures.")
    background: Background = Field("consensus", description="Method of background.")
    group_by: Annotated[Words, BeforeValidator(_several)] = Field(
        ("treatment",),
        min_length=1,
        description="Columns that make the groups: the loading is tested on them.",
    )
    chip: Chip = Chip()

    @model_validator(mode="after")
    def _roles_fit_the_question(self) -> Self:
        allowed = ROLES_OF[self.kind]
        for blot in self.blots:
            for name, band in blot.bands.items():
                if band.role not in allowed:
                    raise ValueError(
                        f'membrane "{blot.membrane}", "{name}": the role {band.role} has no place in '
                        f"{self.kind}; it takes {', '.join(allowed)}"
                    )
        return self

    @model_validator(mode="after")
    def _membranes_differ(self) -> Self:
        names = [blot.membrane for blot in self.blots]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise ValueError(f'membrane "{twice}" is described twice; give each its own name')
        return self
