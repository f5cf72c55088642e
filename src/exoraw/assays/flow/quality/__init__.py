"""Quality of a tube: time, and the ledger of everything that the cleaning took out."""

from exoraw.assays.flow.quality.channels import judged_channels
from exoraw.assays.flow.quality.findings import FINDING_KINDS
from exoraw.assays.flow.quality.summary import Ledger, cleaning_ledger
from exoraw.assays.flow.quality.time import Drift, Removal, TimeBins, TimeQuality, time_quality

__all__ = [
    "FINDING_KINDS",
    "Drift",
    "Ledger",
    "Removal",
    "TimeBins",
    "TimeQuality",
    "cleaning_ledger",
    "judged_channels",
    "time_quality",
]
