"""What a person may set of the flow assay in study.yaml or a preset; every value has a working default."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from exoraw.assays.contract import Params

BatchColumn = Literal["batch", "cell_line", "subject", "plate"]
ScaleKind = Literal["logicle", "arcsinh"]

# A nominal 0.5 % gate has a true false-positive share of 0.75 +- 0.37 % at 500 control events and of
# 0.51 +- 0.08 % at 10,000: below 500 the control is weak, below 5,000 `check` advises to record more.
ADVISED_CONTROL_EVENTS = 5_000
MINIMUM_CONTROL_EVENTS = 500


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_as_names),
    Field(min_length=1, description="channel ($PnN) or marker ($PnS) names, the first that answers is taken"),
]


class Compensation(Params):
    """Where the spillover matrix comes from.

    `auto` takes the batch's single stains where the sheet names one for every dye, else the matrix that
    each file carries, else none, with a warning.
    """

    source: Literal["auto", "single_stains", "keyword", "csv", "none"] = "auto"
    csv: str = Field("", description="matrix file inside the raw folder, relative to it; for source: csv")

    @model_validator(mode="after")
    def _csv_is_named(self) -> Self:
        if (self.source == "csv") != bool(self.csv):
            raise ValueError(
                "`csv` names the matrix file and `source: csv` says that it is used: write both or none"
            )
        return self


class Scatter(Params):
    """Names of the scatter signals, without the ending for area, height or width."""

    forward: Names = ("FSC", "FS", "FSCA", "488-FSC")
    side: Names = ("SSC", "SS", "SSC1", "SSCA", "488-SSC")


class Cleaning(Params):
    """Events taken out before the quadrants; each step can be switched off."""

    margins: bool = Field(True, description="events at the end of the scale of a scatter detector")
    debris: bool = Field(True, description="debris, by a loose gate: apoptotic cells lose forward scatter")
    singlets: bool = Field(True, description="doublets, by forward-scatter area against height")


class Scale(Params):
    """The axis of the plots; gates and statistics are linear numbers and do not depend on it."""

    kind: ScaleKind = "logicle"
    cofactor: float = Field(150.0, gt=0, description="of the arcsinh scale; 150 is usual for fluorescence")


class Quadrants(Params):
    """Names of the four quadrants, as they stand in the table and on the plots."""

    live: str = Field("live", description="Annexin V negative, dead-cell dye negative")
    early: str = Field("early apoptotic", description="Annexin V positive, dead-cell dye negative")
    late: str = Field("late apoptotic", description="Annexin V positive, dead-cell dye positive")
    necrotic: str = Field("necrotic", description="Annexin V negative, dead-cell dye positive")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({name.strip().casefold() for name in self.names}) < len(self.names):
            raise ValueError("quadrants: the four names must differ")
        if not all(name.strip() and "/" not in name for name in self.names):
            raise ValueError('quadrants: no name may be empty or contain "/"')
        return self

    @property
    def names(self) -> tuple[str, str, str, str]:
        """Live, early, late, necrotic."""
        return (self.live, self.early, self.late, self.necrotic)


class Thresholds(Params):
    """How the border between negative and positive is found, one pair per batch.

    The order of sources is fixed, by measured error: negative mode of the vehicle or single-stain tube,
    verified valley, unstained percentile (with a warning). A number in `annexin` or `dead` overrides it.
    """

    sigmas: float = Field(2.81, gt=0, le=10, description="left-side sigmas above the negative mode")
    unstained_percentile: float = Field(
        99.5, gt=50, lt=100, description="of the unstained tube, the last resort"
    )
    minimum_control_events: int = Field(MINIMUM_CONTROL_EVENTS, ge=50, description="fewer: a weak control")
    bootstraps: int = Field(100, ge=0, le=1000, description="resamplings for the borders' 95 % intervals")
    annexin: float | None = Field(None, description="fixed border on the compensated linear scale")
    dead: float | None = Field(None, description="fixed border on the compensated linear scale")


class AnnexinPI(Params):
    """Annexin V against a dead-cell dye (PI, 7-AAD): live, early and late apoptotic, necrotic cells."""

    kind: Literal["annexin_pi"] = "annexin_pi"
    annexin: Names = ("Annexin V", "Annexin", "AnxV", "FITC", "Alexa Fluor 488")
    dead: Names = ("PI", "Propidium Iodide", "7-AAD", "PE")
    quadrants: Quadrants = Quadrants()
    apoptotic: tuple[Literal["early", "late"], ...] = Field(
        ("early", "late"), min_length=1, description="quadrants that `apoptotic_share` adds up"
    )
    thresholds: Thresholds = Thresholds()


# Further strategies (CD44/CD24, ALDEFLUOR, marker MFI) join here, told apart by `kind`.
Strategy = AnnexinPI


class FlowSettings(Params):
    """All settings of the flow assay."""

    strategy: Strategy = AnnexinPI()
    compensation: Compensation = Compensation()
    scatter: Scatter = Scatter()
    cleaning: Cleaning = Cleaning()
    scale: Scale = Scale()
    batch_by: tuple[BatchColumn, ...] = Field(
        ("batch", "cell_line"),
        min_length=1,
        description="tubes that agree in these columns share their controls and their gates",
    )
