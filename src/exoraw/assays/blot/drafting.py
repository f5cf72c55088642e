"""What `exoraw init` writes for blots: which picture shows which protein, and a row for every lane."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median_low

from exoraw.assays.blot.picture_names import Named, named, role_of, total_form
from exoraw.assays.blot.settings import ROLES_OF, Kind
from exoraw.io.errors import ExorawError
from exoraw.io.inventory import RawFile
from exoraw.study.spec import Start
from exoraw.study.words import listed

UNNAMED = {"western_blot": "protein", "ev_markers": "marker", "chip_pcr_gel": "product"}
COMPARE = {
    "western_blot": (
        "- measure: fold_of_control",
        '  entity: "protein:STAT3/GAPDH"',
        "  factor: treatment",
        "  reference: control",
        "  test: paired t",
        "  unit: membrane",
        "  pair_by: membrane",
    )
}
NEXT: dict[Kind, str] = {
    "western_blot": "its sample, its treatment, and vehicle into control_role for the control",
    "ev_markers": "its sample and its preparation_kind (EV, lysate)",
    "chip_pcr_gel": "its sample, its chip_role (input, IgG, or the antibody) and its region",
}
SOURCES = {
    "sample": "number of the lane: write the sample's name instead",
    "file": "raw folder; pictures of one membrane",
    "membrane": "file and folder names",
    "lane": "counted in a picture from the leftmost band: please look at it",
    "biological_replicate": "number of the membrane: please look at it",
}


@dataclass(frozen=True)
class _Count:
    """Lanes that were counted, and in which picture; 0 and "" where they could not be."""

    lanes: int
    path: str


@dataclass
class _Membrane:
    """Pictures of one membrane while they are gathered: protein -> its exposures, and its ladder."""

    bands: dict[str, list[str]] = field(default_factory=dict)
    ladders: dict[str, str] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """Every picture."""
        return [*(path for paths in self.bands.values() for path in paths), *self.ladders.values()]


def draft_blots(raw: Path, files: Sequence[RawFile], preset: str) -> Start:
    """Draft the table of blots from names, and the rows of the sheet from the lanes that can be counted.

    Parameters
    ----------
    raw : raw folder
    files : readable pictures
    preset : the likeliest preset, or the one that was asked for

    Returns
    -------
    Start; a membrane whose lanes cannot be counted has one row, and a remark says so
    """
    kind: Kind = next((known for known in ROLES_OF if known == preset), "western_blot")
    pictures = named([file.path for file in files])
    membranes = _gathered(pictures, kind)
    remarks = [_headline(membranes, kind), *_left_out(files, pictures)]
    counts = {name: _counted(raw, membrane, kind) for name, membrane in membranes.items()}
    usual = median_low([count.lanes for count in counts.values() if count.lanes] or [0])
    rows: list[dict[str, str]] = []
    for name, membrane in membranes.items():
        rows += _rows(name, membrane, counts[name].lanes or usual, kind)
        remarks.append(_said(name, counts[name], usual))
    remarks.append(
        f"a row of the sheet is one lane: write {NEXT[kind]}; delete rows of lanes without a sample. Then "
        "look at the table blots in study.yaml."
    )
    settings = tuple(_settings(membranes, kind))
    return Start(tuple(rows), SOURCES, settings, COMPARE.get(kind, ()), tuple(remarks))


def _gathered(pictures: Sequence[Named], kind: Kind) -> dict[str, _Membrane]:
    found: dict[str, _Membrane] = {}
    for one in pictures:
        if not one.ladder:
            bands = found.setdefault(one.membrane, _Membrane()).bands
            bands.setdefault(one.protein or UNNAMED[kind], []).append(one.path)
    for one in pictures:
        if one.ladder and one.membrane in found and one.protein in found[one.membrane].bands:
            found[one.membrane].ladders[one.protein] = one.path
    return found


def _headline(membranes: Mapping[str, _Membrane], kind: Kind) -> str:
    proteins = dict.fromkeys(name for one in membranes.values() for name in one.bands)
    roles = [f"{name} ({role_of(name, kind).replace('_', ' ')})" for name in proteins]
    where = f"{len(membranes)} membranes or gels ({listed(membranes, 8)})"
    return f"by their names, {where} show {listed(roles, 12)}"


def _left_out(files: Sequence[RawFile], pictures: Sequence[Named]) -> Iterator[str]:
    used = {one.path for one in pictures}
    twice = [file.path for file in files if file.path not in used]
    if twice:
        yield f"left out, the same picture is there in another format: {listed(twice, 5)}"


def _counted(raw: Path, membrane: _Membrane, kind: Kind) -> _Count:
    """Lanes of the first picture in which they can be counted, a loading protein's before others."""
    first = {"loading": 0, "target": 1, "marker": 1, "product": 1}
    order = sorted(membrane.bands, key=lambda name: first.get(role_of(name, kind), 2))
    for path in (path for name in order for path in membrane.bands[name]):
        lanes = _lanes_in(raw / path)
        if lanes:
            return _Count(lanes, path)
    return _Count(0, "")


def _said(name: str, count: _Count, usual: int) -> str:
    if count.lanes:
        return (
            f"membrane {name}: {count.lanes} lanes were counted in {count.path}; empty lanes and the ladder "
            "are not seen"
        )
    taken = f"it has {usual} rows, as other membranes have lanes" if usual else "it has one row"
    return f"membrane {name}: its lanes could not be counted; {taken}: add or delete rows"


def _lanes_in(path: Path) -> int:
    from exoraw.assays.blot.quantification import QuantifyError, quantify
    from exoraw.assays.blot.reading import read_image
    from exoraw.assays.blot.steps.reading import unusable

    try:
        image = read_image(path)
        if unusable(image):
            return 0
        found = quantify(image.pixels, lanes=None, background="none")
    except (ExorawError, QuantifyError):
        return 0
    return len(found.bands) if found.state == "ok" else 0


def _rows(name: str, membrane: _Membrane, lanes: int, kind: Kind) -> Iterator[dict[str, str]]:
    for lane in range(1, max(lanes, 1) + 1):
        yield {
            "sample": f"membrane {name} lane {lane}",
            "file": "; ".join(membrane.paths()),
            "membrane": name,
            "lane": str(lane),
            "biological_replicate": name if name.isdigit() and kind != "chip_pcr_gel" else "",
        }


def _settings(membranes: Mapping[str, _Membrane], kind: Kind) -> Iterator[str]:
    yield "# One entry per membrane or gel: which picture shows which protein. The lanes stand in the sheet;"
    yield "# or name them here from left to right: lanes: [ladder, control 1, treated 1]"
    yield "blots:"
    for name, membrane in membranes.items():
        yield f"  - membrane: {_quoted(name)}"
        if membrane.ladders:
            yield "    # ladder: [250, 150, 100, 75, 50, 37, 25, 20, 15, 10]   # kDa"
        yield "    bands:"
        for protein, paths in membrane.bands.items():
            yield f"      {_quoted(protein)}: {{{', '.join(_band(protein, paths, membrane, kind))}}}"


def _band(protein: str, paths: Sequence[str], membrane: _Membrane, kind: Kind) -> Iterator[str]:
    yield f"image: {_quoted(paths[0]) if len(paths) == 1 else json.dumps(list(paths), ensure_ascii=False)}"
    role = role_of(protein, kind)
    if role != "target":
        yield f"role: {role}"
    total = total_form(protein, membrane.bands) if kind == "western_blot" else ""
    if total and total != protein:
        yield f"total: {_quoted(total)}"
    if protein in membrane.ladders:
        yield f"ladder_image: {_quoted(membrane.ladders[protein])}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
