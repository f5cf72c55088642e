"""The identity of a task: a digest of everything its numbers depend on, and that list in readable form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exoraw.assays.contract import CorrectionInput, FileInput, Input, ReferenceInput, TaskInput, Unit
from exoraw.io.inventory import Inventory
from exoraw.store.rows import EVIDENCE, TaskRow

ID_LENGTH = 32  # hex digits of the sha256 kept: 128 bits, short enough for paths on Windows
SHEET_ROLE = "@sheet"  # in `inputs`: the sheet cells that the step declares
PLAN_ROLE = "@plan"  # in `inputs`: the facts that planning added (payload)
_CONTENT_DIGITS = 16
_CELL_DIGITS = 12  # a cell is compared, never shown: it may hold a patient's name


@dataclass(frozen=True)
class Settled:
    """How an earlier unit ended, as far as later ones care; `content` is the digest of what it gave."""

    task_id: str
    status: str
    content: str = ""

    @property
    def ok(self) -> bool:
        """Whether its outcome can be used."""
        return self.status == "ok"


@dataclass(frozen=True)
class Identity:
    """A task's id, and the `inputs` column of its row (JSON) from which the next plan words its reasons."""

    task_id: str
    inputs: str
    params: str


def settled(row: TaskRow) -> Settled:
    """Return how a unit ended that has a row.

    The digest leaves out where its files lie: an attempt that gave the same as another is the same.
    """
    parts = sorted(
        [part.table, part.path.rpartition("/")[2] if part.table == EVIDENCE else "", part.sha256]
        for part in row.part_list()
        if part.table != "artefacts"
    )
    content = digest(canonical([parts, row.data]))[:_CONTENT_DIGITS] if row.status == "ok" else ""
    return Settled(row.task_id, row.status, content)


def canonical(value: Any) -> str:
    """Return the one JSON text of a value. Raises ValueError or TypeError where it is not plain JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """Return the sha256 of a text as hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def identify(
    unit: Unit,
    *,
    assay: str,
    step: str,
    version: int,
    cells: Mapping[str, Mapping[str, str]],
    inventory: Inventory,
    earlier: Mapping[str, Settled],
) -> Identity:
    """Return the identity of a unit whose earlier units are settled.

    Parameters
    ----------
    cells : sample -> the cells of the columns that the step declares
    earlier : unit key -> how it ended, for every earlier unit that is named

    Raises
    ------
    ValueError, TypeError : payload or settings are not plain JSON
    """
    params = unit.params.model_dump(mode="json")
    inputs = {
        role: [_describe(item, inventory, earlier) for item in items] for role, items in unit.inputs.items()
    }
    keyed = {role: [_keyed(item) for item in items] for role, items in inputs.items()}
    payload = dict(unit.payload)
    text = canonical(
        {
            "assay": assay,
            "step": step,
            "version": version,
            "params": params,
            "unit": unit.key,
            "payload": payload,
            "cells": [[sample, dict(cells[sample])] for sample in unit.samples],
            "inputs": keyed,
        }
    )
    shown: dict[str, list[dict[str, Any]]] = {**inputs, SHEET_ROLE: _cell_list(unit, cells)}
    shown[PLAN_ROLE] = [
        {"kind": "fact", "name": name, "digest": digest(canonical(value))[:_CELL_DIGITS]}
        for name, value in payload.items()
    ]
    return Identity(digest(text)[:ID_LENGTH], json.dumps(shown, ensure_ascii=False), canonical(params))


def _describe(item: Input, inventory: Inventory, earlier: Mapping[str, Settled]) -> dict[str, Any]:
    match item:
        case FileInput():
            raw = inventory.get(item.path)
            known = raw.sha256 if raw else ""
            return {"kind": "file", "name": item.path, "digest": known, "dataset": item.dataset}
        case CorrectionInput():
            correction = item.correction
            decided = canonical(
                [correction.kind, correction.target, correction.value]
            )  # not who, when and why
            return {"kind": "correction", "name": correction.path, "digest": digest(decided)}
        case ReferenceInput():
            return {"kind": "reference", "name": item.name, "digest": item.sha256}
        case TaskInput():
            ended = earlier[item.key]
            return {
                "kind": "task",
                "name": item.key,
                "task_id": ended.task_id,
                "status": ended.status,
                "content": ended.content,
            }


def _keyed(item: Mapping[str, Any]) -> list[Any]:
    """Return what of an input enters the digest: never a path, of an earlier unit its id.

    Of an earlier unit that did not succeed only that counts: how it failed gives no numbers.
    """
    match item["kind"]:
        case "file":
            return ["file", item["digest"], item["dataset"]]
        case "correction" | "reference" as kind:
            return [kind, item["digest"]]
        case _:
            return ["task", item["task_id"], "ok" if item["status"] == "ok" else "failed"]


def _cell_list(unit: Unit, cells: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    return [
        {"kind": "cell", "name": column, "sample": sample, "digest": digest(value)[:_CELL_DIGITS]}
        for sample in unit.samples
        for column, value in cells[sample].items()
    ]
