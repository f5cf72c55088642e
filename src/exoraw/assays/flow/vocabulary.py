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
UNCLEANED_SHARE = Measure(
    "share_without_cleaning",
    "share of ALL events of the file above the border of a dye or marker (target), with nothing taken out; "
    "beside the share of the gated cells it shows what the cleaning does",
    "%",
    0.0,
    100.0,
)
SHARE_OF_PARENT = Measure(
    "share_of_parent", "share of a population in the population it was gated from", "%", 0.0, 100.0
)
SHARE_OF_TOTAL = Measure("share_of_total", "share of a population in all events of the file", "%", 0.0, 100.0)
DEAD_SHARE = Measure(
    "dead_share", "share of the single cells above the border of the dead-cell dye", "%", 0.0, 100.0
)
MARKER_SHARE = Measure(
    "marker_share",
    "share of the live single cells in a population that markers define; entity names it "
    "(population:CD44+CD24-, marker:CD44 for the cells above its control)",
    "%",
    0.0,
    100.0,
)
CD44_CD24_SHARE = Measure(
    "cd44_pos_cd24_low_share",
    "share of the live single cells that are CD44 positive and CD24 negative or low, by the definition of "
    "CD24 low that the methods text states",
    "%",
    0.0,
    100.0,
)
SHARE_AT_PERCENTILE = Measure(
    "share_at_percentile",
    "the same share with the border at another percentile of the control; statistic names it",
    "%",
    0.0,
    100.0,
)
ALDH_SHARE = Measure(
    "aldh_high_share",
    "share of the live single cells above the border that the sample's own DEAB tube gives (gross)",
    "%",
    0.0,
    100.0,
)
ALDH_NET = Measure(
    "aldh_high_net_share",
    "aldh_high_share minus the share of the DEAB tube's cells above the same border, in percentage points; "
    "negative where the sample has fewer",
    "%",
    -100.0,
    100.0,
)
DEAB_SHARE = Measure(
    "deab_share", "share of the DEAB tube's live single cells above the border", "%", 0.0, 100.0
)
UPTAKE_SHARE = Measure(
    "uptake_share",
    "share of the live single cells brighter than the border that the tube without exosomes (or with the "
    "dye alone) gives",
    "%",
    0.0,
    100.0,
)
MEAN_FLUORESCENCE = Measure(
    "mean_fluorescence",
    "mean fluorescence of a population on the compensated linear scale; statistic says arithmetic or "
    "geometric; target names the dye or marker",
    "1",
)
FLUORESCENCE_RATIO = Measure(
    "median_fluorescence_ratio",
    "median fluorescence divided by that of the tube's own control (isotype, cells without exosomes)",
    "1",
)
FLUORESCENCE_DIFFERENCE = Measure(
    "median_fluorescence_difference", "median fluorescence minus that of the tube's own control", "1"
)
ROBUST_CV = Measure(
    "robust_cv", "half the distance between the 15.87th and 84.13th percentile over the median", "%", 0.0
)
CELLS_PER_VOLUME = Measure(
    "cells_per_volume",
    "live single cells per microlitre of sample, from counting beads: cells (numerator) over beads "
    "(denominator) times the beads per microlitre of sample",
    "{cells}/uL",
    low=0.0,
)
STAINING_INDEX = Measure(
    "staining_index",
    "(median - median of the control) / (2 x robust SD of the control)",
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
    SHARE_OF_PARENT,
    SHARE_OF_TOTAL,
    DEAD_SHARE,
    UNCLEANED_SHARE,
    MARKER_SHARE,
    CD44_CD24_SHARE,
    SHARE_AT_PERCENTILE,
    ALDH_SHARE,
    ALDH_NET,
    DEAB_SHARE,
    UPTAKE_SHARE,
    MEAN_FLUORESCENCE,
    FLUORESCENCE_RATIO,
    FLUORESCENCE_DIFFERENCE,
    ROBUST_CV,
    STAINING_INDEX,
    CELLS_PER_VOLUME,
)
