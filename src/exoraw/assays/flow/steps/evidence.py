"""The pictures of a gated tube: its quadrants, and what was taken out before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exoraw.assays.contract import Artefact
from exoraw.assays.flow.steps.backgating import backgating
from exoraw.assays.flow.steps.cleaned import ledger_words, time_evidence
from exoraw.assays.flow.steps.gated import Gated
from exoraw.assays.flow.steps.scales import BatchScales


def pictures(gated: Gated, data: Mapping[str, Any]) -> Iterator[Artefact]:
    """Draw the tube on the scales of its batch; `data` is that of the batch's thresholds."""
    if not len(gated.tube):
        return
    from exoraw.assays.flow.plots import Corner, quadrant_plot  # planning and checking need no matplotlib

    scales = BatchScales.from_data(data)
    singles = int(np.count_nonzero(gated.cleaned.singlets))
    if gated.pair is not None and gated.counted is not None:
        axes = (
            scales.annexin.axis(gated.tube.stains[0].label),
            scales.dead.axis(gated.tube.stains[1].label),
        )
        corners = tuple(Corner(share.name, share.percent) for share in gated.counted.quadrants)
        note = f"{singles:,} single cells of {len(gated.tube):,} events"
        content = quadrant_plot(
            gated.signal[gated.cleaned.singlets], axes, gated.pair,
            (corners[0], corners[1], corners[2], corners[3]), gated.sample, note,
        )  # fmt: skip
        caption = f"{gated.sample}: {note}; {gated.reference}; compensation: {gated.matrix}."
        yield Artefact("picture", "quadrants.png", content, caption, gated.sample)
        apoptotic = gated.cleaned.singlets & (gated.signal[:, 0] > gated.pair[0])
        yield from backgating(
            gated.tube, gated.cleaned.singlets, apoptotic, "Annexin V positive", scales.scatter, gated.sample
        )
    yield from _cleaning_picture(gated, scales, data)


def _cleaning_picture(gated: Gated, scales: BatchScales, data: Mapping[str, Any]) -> Iterator[Artefact]:
    scatter, cleaned = gated.tube.scatter, gated.cleaned
    if scatter.area is None or scatter.side is None:
        return
    from exoraw.assays.flow.plots import cleaning_plot

    total = len(gated.tube)
    debris = 100 * (1 - np.count_nonzero(cleaned.cells) / total)
    doublets = 100 * (np.count_nonzero(cleaned.cells) - np.count_nonzero(cleaned.singlets)) / total
    notes = f"debris, margins, time: {debris:.1f} % out", f"doublets: {doublets:.1f} % out"
    content = cleaning_plot(
        scatter.area, scatter.side, scatter.height, cleaned.cells, cleaned.singlets,
        scales.scatter, data["debris"], notes,
    )  # fmt: skip
    caption = (
        f"{gated.sample}: taken out in grey (doublets by {gated.cleaned.singlet_method}). "
        f"{ledger_words(gated.tube, cleaned)}."
    )
    yield Artefact("picture", "cleaning.png", content, caption, gated.sample)
    yield from time_evidence(gated.tube, gated.sample)
