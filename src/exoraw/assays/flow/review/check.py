"""What `exoraw check` says of corrections of gates that can be used by nothing, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exoraw.assays.flow.controls import Batch
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.review.decided import KIND, read_gates, target_of
from exoraw.io.errors import StudyError
from exoraw.study.spec import Problem
from exoraw.study.view import StudyView

NAMES_SHOWN = 5


def check_corrections(study: StudyView, batches: Iterable[Batch], dyes: Iterable[Dye]) -> Iterator[Problem]:
    """Remark corrections whose tube, batch or dye is not there, and those that hold no gates."""
    found = list(batches)
    targets = {
        target_of(reach, sample=row.sample, batch=batch.name)
        for batch in found
        for row in batch.gated
        for reach in ("sample", "batch", "strategy")
    }
    known = [dye.key for dye in dyes]
    for one in study.corrections:
        if one.kind != KIND:
            message = (
                f'the correction "{one.kind}" of {one.target} is none that flow cytometry knows ("{KIND}")'
            )
            yield Problem("warning", f"{message}; it is not used.", one.path)
        elif one.target not in targets:
            yield Problem("warning", f"{_absent(one.target, found)} Nothing uses this correction.", one.path)
        else:
            yield from _value(one.path, one.value, known)


def _absent(target: str, batches: list[Batch]) -> str:
    what, _, name = target.partition(":")
    if what == "batch":
        names = [batch.name for batch in batches][:NAMES_SHOWN]
        return f'there is no batch "{name}" (there are: {", ".join(names)}).'
    if what == "sample":
        return f'there is no stained tube "{name}" in this analysis: renamed or taken out of the sheet?'
    return f'"{target}" is neither sample:NAME, batch:NAME nor strategy.'


def _value(path: str, value: object, known: list[str]) -> Iterator[Problem]:
    try:
        gates = read_gates(value) if isinstance(value, dict) else None
    except StudyError as error:
        yield Problem("error", f"{error} Correct the file or remove it.", path, confined=True)
        return
    unknown = sorted(set(gates.borders) - set(known)) if gates else []
    if unknown:
        yield Problem(
            "warning",
            f"it sets a border of {', '.join(unknown)}, but this analysis has {', '.join(known)}. Was the "
            "strategy changed?",
            path,
        )
