"""How a flow cytometry file looks, as data: nothing here imports the reader."""

from __future__ import annotations

from exoraw.assays.contract import Format, Magic

FCS = Format(
    name="fcs",
    title="Flow Cytometry Standard list-mode file",
    # the versions of the standard first; "FCS" alone also catches files with a misspelt version,
    # which the probe then explains instead of leaving them "unknown"
    magics=(Magic(b"FCS2.0"), Magic(b"FCS3.0"), Magic(b"FCS3.1"), Magic(b"FCS3.2"), Magic(b"FCS")),
    suffixes=(".fcs", ".lmd"),
    probe="exoraw.assays.flow.fcs:header",
)

FORMATS = (FCS,)
