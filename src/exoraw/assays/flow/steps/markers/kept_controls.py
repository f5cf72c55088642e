"""Controls that were gated just now: every tube of a batch asks for the same few, each as dear as itself."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from exoraw.assays.contract import ReadyFile
from exoraw.assays.flow.steps.markers.live_cells import LiveCells, live_cells
from exoraw.assays.flow.steps.tube import TubeParams
from exoraw.assays.flow.strategies import Beads

MOST_BYTES = 64 * 2**20  # of a worker; four controls of 200,000 events and ten channels


class _Kept(threading.local):
    """The controls of a thread, the last used at the end."""

    def __init__(self) -> None:
        self.controls: OrderedDict[tuple[object, ...], LiveCells] = OrderedDict()


_KEPT = _Kept()


def control_cells(
    file: ReadyFile,
    params: TubeParams,
    decision: Mapping[str, Any],
    ground: Mapping[str, Any],
    beads: Beads | None,
) -> LiveCells:
    """`live_cells` of a control, kept for the next tube that it serves.

    What is kept is known by the file's content and everything that gates it, so it is what reading the file
    again would give; arrays are not to be written to.
    """
    key = (
        file.file_id,
        file.dataset,
        file.relative,
        params.model_dump_json(),
        json.dumps([decision, ground], sort_keys=True),
        beads,
    )
    kept = _KEPT.controls
    found = kept.pop(key, None) or live_cells(file, params, decision, ground, beads)
    kept[key] = found
    while kept and sum(map(_bytes, kept.values())) > MOST_BYTES:
        kept.popitem(last=False)
    return found


def _bytes(cells: LiveCells) -> int:
    return cells.tube.data.events.nbytes + cells.signal.nbytes
