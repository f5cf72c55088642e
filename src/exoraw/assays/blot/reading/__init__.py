"""Reading pictures of blots and gels: formats, polarity, ceiling, what an export did to the numbers."""

from exoraw.assays.blot.reading.findings import FINDING_KINDS
from exoraw.assays.blot.reading.image import BlotImage
from exoraw.assays.blot.reading.polarity import PolarityChoice, polarity_of
from exoraw.assays.blot.reading.probe import (
    probe_1sc,
    probe_gel,
    probe_jpeg,
    probe_png,
    probe_scn,
    probe_tiff,
)
from exoraw.assays.blot.reading.raster import Capture
from exoraw.assays.blot.reading.reader import read_image
from exoraw.assays.blot.reading.saturation import ceiling_fraction, saturation_ceiling
from exoraw.assays.blot.reading.series import (
    ChannelPair,
    ExposureChoice,
    channel_pairs,
    longest_unsaturated,
)

__all__ = [
    "FINDING_KINDS",
    "BlotImage",
    "Capture",
    "ChannelPair",
    "ExposureChoice",
    "PolarityChoice",
    "ceiling_fraction",
    "channel_pairs",
    "longest_unsaturated",
    "polarity_of",
    "probe_1sc",
    "probe_gel",
    "probe_jpeg",
    "probe_png",
    "probe_scn",
    "probe_tiff",
    "read_image",
    "saturation_ceiling",
]
