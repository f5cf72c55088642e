"""The measures of the flow assay: what each number is, in which unit."""

from __future__ import annotations

from exoraw.assays.contract import Measure

EVENTS = Measure("events", "events in the file (whole events present in it)", "{events}", low=0.0)
POPULATION_EVENTS = Measure(
    "population_events", "events of a population; entity names it (population:live)", "{events}", low=0.0
)
QUADRANT_SHARE = Measure(
    "quadrant_share",
    "share of the gated single cells that fall into a quadrant; the four quadrants of a tube sum to 100 %",
    "%",
    low=0.0,
    high=100.0,
)
APOPTOTIC_SHARE = Measure(
    "apoptotic_share",
    "share of the gated single cells that are Annexin V positive in the quadrants the settings count as "
    "apoptotic (early and late by default)",
    "%",
    low=0.0,
    high=100.0,
    term="GO:0006915",
)
VIABLE_SHARE = Measure(
    "viable_share",
    "share of the gated single cells that are negative for Annexin V and for the dead-cell dye",
    "%",
    low=0.0,
    high=100.0,
)
GATED_SHARE = Measure(
    "gated_share",
    "share of a file's events that are left after margins, debris and doublets",
    "%",
    0.0,
    100.0,
)
MEDIAN_FLUORESCENCE = Measure(
    "median_fluorescence",
    "median fluorescence of a population, on the compensated linear scale of the instrument; "
    "target names the dye; comparable only between tubes recorded with the same voltages",
    "1",
)

VOCABULARY = (
    EVENTS,
    POPULATION_EVENTS,
    QUADRANT_SHARE,
    APOPTOTIC_SHARE,
    VIABLE_SHARE,
    GATED_SHARE,
    MEDIAN_FLUORESCENCE,
)
