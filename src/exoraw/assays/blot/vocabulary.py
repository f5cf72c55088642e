"""The measures of the blot assay: what each number is, in which unit."""

from __future__ import annotations

from exoraw.assays.contract import Measure

BAND_VOLUME = Measure(
    "band_volume",
    "sum of the raw signal over a band's pixels, background included; entity names the band (band:STAT3)",
    "1",
)
ADJUSTED_VOLUME = Measure(
    "adjusted_volume",
    "band_volume minus its background, with a 95 % interval; comparable within one picture only",
    "1",
)
LOADING_RATIO = Measure(
    "loading_ratio",
    "adjusted_volume of a protein over that of what it is normalised to, in the same lane of the same "
    "membrane; entity names both (protein:STAT3/GAPDH)",
    "1",
)
FOLD_OF_CONTROL = Measure(
    "fold_of_control",
    "loading_ratio over that of the control of the same membrane (mean of its control lanes); the interval "
    "holds the uncertainty of all four volumes, not the biology",
    "1",
)
FOLD_OF_BRIDGE = Measure(
    "fold_of_bridge",
    "loading_ratio over that of the bridge sample, the same material run on every membrane",
    "1",
)
BAND_PRESENT = Measure(
    "band_present", "1 where the band lies above its detection limit, 0 where it does not", "1", 0.0, 1.0
)
EV_MARKERS_FOUND = Measure(
    "ev_markers_found",
    "share of the expected markers of a preparation that are present",
    "%",
    0.0,
    100.0,
)
PERCENT_INPUT = Measure(
    "percent_input",
    "brightness of the immunoprecipitate's band in % of that of the whole input (the input lane divided by "
    "the share of chromatin that was kept); of an end-point PCR this is no amount of DNA",
    "%",
    0.0,
)
BOUND = Measure(
    "bound",
    "1 where the immunoprecipitate's band is above its detection limit and the stated multiple of IgG's, "
    "else 0",
    "1",
    0.0,
    1.0,
)

VOCABULARY = (
    BAND_VOLUME,
    ADJUSTED_VOLUME,
    LOADING_RATIO,
    FOLD_OF_CONTROL,
    FOLD_OF_BRIDGE,
    BAND_PRESENT,
    EV_MARKERS_FOUND,
    PERCENT_INPUT,
    BOUND,
)
