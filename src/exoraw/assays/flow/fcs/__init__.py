"""FCS files: our own reader and writer, numpy only. `read_fcs`, `write_fcs` and the probe `header`."""

from exoraw.assays.flow.fcs.data import FcsData
from exoraw.assays.flow.fcs.findings import FINDINGS
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.probe import header
from exoraw.assays.flow.fcs.reader import read_fcs
from exoraw.assays.flow.fcs.writer import FcsDataset, FcsWriteError, write_datasets, write_fcs

__all__ = [
    "FINDINGS",
    "FcsData",
    "FcsDataset",
    "FcsWriteError",
    "Parameter",
    "header",
    "read_fcs",
    "write_datasets",
    "write_fcs",
]
