"""What a person may set of the flow assay in study.yaml or a preset; every value has a working default."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from exoraw.assays.contract import Params
from exoraw.assays.flow.dyes import Names
from exoraw.assays.flow.strategies import AnnexinPI, Strategy

BatchColumn = Literal["batch", "cell_line", "subject", "plate"]
ScaleKind = Literal["logicle", "arcsinh", "hyperlog", "log", "linear"]


def _with_kind(strategy: object) -> object:
    """A strategy that is not named is Annexin V / PI."""
    return {"kind": "annexin_pi", **strategy} if isinstance(strategy, dict) else strategy


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
    time: bool = Field(True, description="events recorded while the flow was disturbed (clogs, air, steps)")
    debris: bool = Field(True, description="debris, by a loose gate: apoptotic cells lose forward scatter")
    singlets: bool = Field(True, description="doublets, by forward-scatter area against height")


class Scale(Params):
    """The axis of the plots; gates and statistics are linear numbers and do not depend on it."""

    kind: ScaleKind = "logicle"
    cofactor: float = Field(150.0, gt=0, description="of the arcsinh scale; 150 is usual for fluorescence")


class FlowSettings(Params):
    """All settings of the flow assay."""

    strategy: Annotated[Strategy, BeforeValidator(_with_kind)] = AnnexinPI()
    compensation: Compensation = Compensation()
    scatter: Scatter = Scatter()
    cleaning: Cleaning = Cleaning()
    scale: Scale = Scale()
    batch_by: tuple[BatchColumn, ...] = Field(
        ("batch", "cell_line"),
        min_length=1,
        description="tubes that agree in these columns share their controls and their gates",
    )
