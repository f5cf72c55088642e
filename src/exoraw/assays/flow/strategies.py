"""The gating strategies a person may choose, told apart by `kind`; every value has a working default."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from exoraw.assays.contract import Params
from exoraw.assays.flow.dyes import Dye, Names

# A nominal 0.5 % gate has a true false-positive share of 0.75 +- 0.37 % at 500 control events and of
# 0.51 +- 0.08 % at 10,000: below 500 the control is weak, below 5,000 `check` advises to record more.
ADVISED_CONTROL_EVENTS = 5_000
MINIMUM_CONTROL_EVENTS = 500
DEAD_CELL_DYES = ("PI", "Propidium Iodide", "7-AAD", "DAPI", "Zombie", "Live/Dead", "Viability")

ControlEvents = Annotated[int, Field(ge=50, description="fewer: a weak control")]
Percentile = Annotated[float, Field(gt=50, lt=100)]
Border = Annotated[float | None, Field(description="fixed border on the compensated linear scale")]


# ----------------------------------------------------------------- Annexin V / PI


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
    minimum_control_events: ControlEvents = MINIMUM_CONTROL_EVENTS
    bootstraps: int = Field(100, ge=0, le=1000, description="resamplings for the borders' 95 % intervals")
    annexin: Border = None
    dead: Border = None


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

    @property
    def weak_below(self) -> int:
        """Events that a control should have at least."""
        return self.thresholds.minimum_control_events

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """Annexin V and the dead-cell dye."""
        return (
            Dye(key="annexin", title="Annexin V", names=self.annexin, setting="strategy.annexin"),
            Dye(
                key="dead", title="dead-cell dye", names=self.dead, setting="strategy.dead",
                detectors=("PE",), seen="PI",
            ),
        )  # fmt: skip


# ----------------------------------------------------------------- markers against matched controls


class Viability(Params):
    """The dead-cell dye of a marker panel; without `names` no dead cells are taken out, which is said."""

    names: Names | None = Field(
        None, description="channel or marker names of the dead-cell dye; none: the panel has none"
    )
    border: Border = None


class ControlGate(Params):
    """How the border of a marker is found on its matched control (isotype, FMO, DEAB)."""

    percentile: Percentile = Field(99.5, description="of the control's events below the border")
    beside: tuple[Percentile, ...] = Field((99.0, 99.5, 99.9), description="borders reported side by side")
    minimum_control_events: ControlEvents = MINIMUM_CONTROL_EVENTS
    bootstraps: int = Field(200, ge=0, le=2000, description="resamplings for 95 % intervals")


Amount = Annotated[float | None, Field(gt=0)]


class Beads(Params):
    """Counting beads: two channels in which they outshine the cells, and the lot as pipetted.

    The sheet's columns bead_concentration, bead_volume_ul and sample_volume_ul come before these numbers.
    """

    channels: tuple[Names, Names] = Field(description="two channels, best those no cell was stained for")
    concentration: Amount = Field(None, description="beads per uL, from the vial's label")
    volume_ul: Amount = Field(None, description="uL of beads added to a tube")
    sample_volume_ul: Amount = Field(None, description="uL of sample they were added to, without the beads")

    @property
    def in_every_tube(self) -> bool:
        """Whether the numbers here are enough for a tube whose row names none."""
        return None not in (self.concentration, self.volume_ul, self.sample_volume_ul)


class _OnMarkers(Params):
    """What the strategies with matched controls share."""

    viability: Viability = Viability()
    gate: ControlGate = ControlGate()
    beads: Beads | None = Field(None, description="counting beads; none: cells per uL are not counted")

    @property
    def weak_below(self) -> int:
        """Events that a control should have at least."""
        return self.gate.minimum_control_events

    @property
    def _dead(self) -> tuple[Dye, ...]:
        if self.viability.names is None:
            return ()
        return (
            Dye(
                key="viability", title="dead-cell dye", names=self.viability.names,
                setting="strategy.viability.names",
                absent="If this panel has no dead-cell dye, set strategy.viability.names to null.",
            ),
        )  # fmt: skip


class CD44CD24(_OnMarkers):
    """CD44+/CD24- (or low) cells, against matched isotypes and an FMO where there is one."""

    kind: Literal["cd44_cd24"] = "cd44_cd24"
    cd44: Names = ("CD44", "APC", "FITC")
    cd24: Names = ("CD24", "PE")
    cd24_low: Literal["negative", "multiple", "percentile", "border", "valley"] = Field(
        "negative",
        description="what counts as CD24 negative or low. negative: at or below the isotype's border; "
        "multiple, percentile, border: at or below cd24_low_value times that border, that percentile of the "
        "isotype, that linear signal. valley: below the valley between two CD24 populations of the batch",
    )
    cd24_low_value: float | None = Field(None, description="for cd24_low: multiple, percentile or border")
    cd44_border: Border = None
    cd24_border: Border = None

    @model_validator(mode="after")
    def _cd24_low_is_defined(self) -> Self:
        value = self.cd24_low_value
        if (self.cd24_low in ("negative", "valley")) != (value is None):
            raise ValueError(
                "cd24_low: multiple, percentile and border need a cd24_low_value; "
                "negative and valley take none"
            )
        if self.cd24_low == "multiple" and value is not None and value < 1:
            raise ValueError("cd24_low: multiple needs a cd24_low_value of 1 or more")
        if self.cd24_low == "percentile" and value not in (self.gate.percentile, *self.gate.beside):
            raise ValueError("cd24_low: percentile needs a cd24_low_value that stands in gate.beside")
        return self

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """CD44, CD24 and the dead-cell dye where the panel has one."""
        return (
            Dye(
                key="cd44", title="CD44", names=self.cd44, setting="strategy.cd44",
                detectors=("APC", "FITC"), seen="it",
            ),
            Dye(
                key="cd24", title="CD24", names=self.cd24, setting="strategy.cd24",
                detectors=("PE",), seen="it",
            ),
            *self._dead,
        )  # fmt: skip

    @property
    def borders(self) -> dict[str, float | None]:
        """Fixed borders by dye."""
        return {"cd44": self.cd44_border, "cd24": self.cd24_border}


class Aldefluor(_OnMarkers):
    """ALDH-high cells, against the same sample's DEAB tube."""

    kind: Literal["aldefluor"] = "aldefluor"
    aldh: Names = ("ALDEFLUOR", "ALDH", "BAA", "FITC", "BL1", "FL1")
    aldh_border: Border = None

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """ALDEFLUOR and the dead-cell dye where the panel has one."""
        return (
            Dye(
                key="aldh", title="ALDEFLUOR", names=self.aldh, setting="strategy.aldh",
                detectors=("FITC", "BL1", "FL1"), seen="it",
            ),
            *self._dead,
        )  # fmt: skip

    @property
    def borders(self) -> dict[str, float | None]:
        """Fixed borders by dye."""
        return {"aldh": self.aldh_border}


class Marker(Params):
    """A surface marker and the channel it is read in."""

    name: str = Field(min_length=1, max_length=60, description="as it stands in the table: CD44")
    channels: Names = Field(description="channel or marker names; the first that answers is taken")
    border: Border = None

    @property
    def key(self) -> str:
        """How corrections name its border, wherever it stands in the list."""
        return f"marker:{self.name.strip().casefold()}"


class SurfaceMFI(_OnMarkers):
    """Fluorescence of any markers: mean, median, geometric mean; ratio and difference to the isotype."""

    kind: Literal["surface_mfi"] = "surface_mfi"
    markers: tuple[Marker, ...] = Field(min_length=1, max_length=40)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [marker.name.strip().casefold() for marker in self.markers]
        if len(set(names)) < len(names):
            raise ValueError("markers: two of them have one name")
        if any("/" in name for name in names):
            raise ValueError('markers: no name may contain "/"')
        return self

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """Every marker and the dead-cell dye where the panel has one."""
        return (
            *(
                Dye(
                    key=marker.key, title=marker.name, setting=f"strategy.markers[{place}].channels",
                    names=(marker.name, *(one for one in marker.channels if one != marker.name)),
                )
                for place, marker in enumerate(self.markers)
            ),
            *self._dead,
        )  # fmt: skip

    @property
    def borders(self) -> dict[str, float | None]:
        """Fixed borders by dye; the others follow from the isotype."""
        return {marker.key: marker.border for marker in self.markers if marker.border is not None}


class UptakeFlow(_OnMarkers):
    """Cells that took up dye-labelled exosomes, against cells without exosomes or with the dye alone."""

    kind: Literal["uptake_flow"] = "uptake_flow"
    dye: Names = ("PKH67", "PKH26", "DiO", "DiD", "CFSE", "FITC", "PE")
    dye_border: Border = None

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """The exosomes' dye and the dead-cell dye where the panel has one."""
        return (
            Dye(
                key="dye", title="exosome dye", names=self.dye, setting="strategy.dye",
                detectors=("FITC", "PE"), seen="it",
            ),
            *self._dead,
        )  # fmt: skip

    @property
    def borders(self) -> dict[str, float | None]:
        """Fixed borders by dye."""
        return {"dye": self.dye_border}


class LabGates(Params):
    """A lab's own gates, drawn elsewhere, laid on every tube: YAML, GatingML 2.0 or a FlowJo 10 workspace."""

    kind: Literal["gates"] = "gates"
    file: str = Field(
        min_length=1,
        description="file of the gates inside the raw folder, relative to it: .yaml, .xml (GatingML 2.0) or "
        ".wsp (FlowJo 10)",
    )
    template: str = Field(
        "", description="tube of the workspace whose gates hold for tubes that it lacks; empty: none"
    )
    populations: tuple[str, ...] = Field(
        (), description="populations that become numbers and figures; empty: all of them"
    )
    medians: tuple[str, ...] = Field(
        (), description="channels or markers whose median is measured in each of these populations"
    )
    export: tuple[str, ...] = Field(
        (), description="populations whose events are written as FCS files beside the tables"
    )

    @property
    def weak_below(self) -> int:
        """Events that a control should have at least; no gate is found on one here."""
        return 0

    @property
    def dyes(self) -> tuple[Dye, ...]:
        """None: the file of the gates names its channels."""
        return ()


MarkerStrategy = CD44CD24 | Aldefluor | SurfaceMFI | UptakeFlow
MARKER_STRATEGIES = (CD44CD24, Aldefluor, SurfaceMFI, UptakeFlow)
Strategy = Annotated[
    AnnexinPI | CD44CD24 | Aldefluor | SurfaceMFI | UptakeFlow | LabGates, Field(discriminator="kind")
]
