"""What the cleaning of a tube took out: its ledger, a share without it, and the tube over time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exoraw.assays.contract import Artefact
from exoraw.assays.flow.arrays import BoolArray
from exoraw.assays.flow.quadrants import Share, share_of
from exoraw.assays.flow.quality.channels import judged_channels
from exoraw.assays.flow.quality.summary import cleaning_ledger
from exoraw.assays.flow.steps.tube import Cleaned, Tube, over_time

NOTABLE_REMOVAL = 0.001  # of the events: less does not earn a picture over time


def ledger_words(
    tube: Tube, cleaned: Cleaned, live: BoolArray | None = None, beads: BoolArray | None = None
) -> str:
    """Every step of the cleaning with its share of the tube, in one line."""
    steps = [] if beads is None else [("counting beads", ~beads)]
    steps.append(("margins", tube.on_scale))
    if tube.quality is not None:
        steps.append(("time", tube.quality.keep))
    steps += [("debris", cleaned.cells), ("doublets", cleaned.singlets)]
    if live is not None:
        steps.append(("dead cells", live))
    return cleaning_ledger(len(tube), steps).words


def uncleaned_share(positive: BoolArray) -> Share:
    """The same border on all events of the tube: beside the share it shows what the cleaning does.

    Parameters
    ----------
    positive : (n,) events of the tube above the border, cleaned or not
    """
    return share_of("", int(np.count_nonzero(positive)), len(positive))


def time_evidence(tube: Tube, sample: str) -> Iterator[Artefact]:
    """Draw the tube over time where something was taken out or a signal drifts."""
    seen = tube.quality
    if seen is None or (seen.removed_share < NOTABLE_REMOVAL and not seen.drifts):
        return
    quality = over_time(tube.data, tube.on_scale)
    if quality.bins is None:
        return
    from exoraw.assays.flow.quality.time_picture import time_picture

    data = tube.data
    judged = list(judged_channels(data.channels))
    names = [data.channels[place] for place in judged]
    unit = "events" if data.time_ticks is None else "ticks" if data.timestep is None else "s"
    content = time_picture(quality, data.events[:, judged], names, title=sample, unit=unit)
    share = 100 * quality.removed_share
    caption = f"{sample} over time: {share:.1f} % of the events were taken out (shaded)."
    yield Artefact("picture", "time.png", content, caption, sample)
