"""What can be said about a blot study from its sheet, its settings and the headers of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from exoraw.assays.blot.settings import Band, Blot, BlotSettings
from exoraw.assays.blot.steps.membranes import Membrane, donors_of, membranes_of, paths_like
from exoraw.io.inventory import Inventory
from exoraw.study.spec import Problem
from exoraw.study.view import SampleRow, StudyView
from exoraw.study.words import did_you_mean, listed, nearest, shown

STUDY_FILE = "study.yaml"
FORMATS = frozenset(("typhoon_gel", "blot_tiff", "blot_png", "blot_jpeg", "biorad_1sc", "biorad_scn"))
NOT_SAMPLES = ("ladder", "marker", "empty", "blank", "-", "")  # words for lanes that hold no sample
DRAFT_MEMBRANE = "1"


def check_blot_sheet(study: StudyView, files: Inventory) -> Iterable[Problem]:
    """All remarks on a sheet whose rows and files are sound as such."""
    settings: BlotSettings = study.settings
    if not settings.blots:
        yield Problem("error", _no_blots(study.rows, files), STUDY_FILE)
        return
    names = tuple(blot.membrane for blot in settings.blots)
    yield from _rows_have_membranes(study.rows, settings.blots, names)
    membranes = membranes_of(study.rows, settings, files)
    for membrane in membranes:
        yield from _lanes(membrane, study.rows)
        yield from _pictures(membrane, files)
        yield from _controls(membrane, settings)
        yield from _lonely_bridge(membrane, membranes, settings)
        yield from _ladder(membrane)
    yield from _shared_rows(membranes)


def _no_blots(rows: Iterable[SampleRow], files: Inventory) -> str:
    """The message holds a table to start from, made of the pictures that are there."""
    images = [file.path for file in files if file.format in FORMATS]
    names = [row.sample for row in rows][:6]
    bands = ", ".join(f"{_stem(path)}: {{image: {path}}}" for path in images[:3]) or "STAT3: {image: a.tif}"
    return (
        "No membrane is described: the settings need a table `blots` that says which picture holds which "
        f"protein. To start from: settings: {{blots: [{{membrane: {DRAFT_MEMBRANE}, lanes: [ladder, "
        f"{', '.join(names)}], bands: {{{bands}}}}}]}}; give the loading protein `role: loading`."
    )


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[0]


# ----------------------------------------------------------------- rows


def _rows_have_membranes(
    rows: Iterable[SampleRow], blots: tuple[Blot, ...], names: tuple[str, ...]
) -> Iterator[Problem]:
    named = {lane for blot in blots for lane in blot.lanes}
    for row in rows:
        membrane = row["membrane"]
        if membrane and membrane not in names:
            hint = did_you_mean(membrane, names)
            yield Problem(
                "error",
                f"{shown(membrane)} is no membrane of the settings: {listed(names)}.{hint}",
                row.source, row.row, "membrane",
            )  # fmt: skip
        elif not membrane and row.sample not in named:
            yield Problem(
                "error",
                f'"{row.sample}" lies on no membrane. Write its membrane ({listed(names)}) and its lane, or '
                "name it among the lanes of the settings.",
                row.source, row.row, "membrane",
            )  # fmt: skip


def _lanes(membrane: Membrane, rows: tuple[SampleRow, ...]) -> Iterator[Problem]:
    where = f'membrane "{membrane.name}"'
    if not membrane.samples:
        yield Problem("error", f"{where} has no lane with a sample of the sheet.", STUDY_FILE)
        return
    if membrane.blot.lanes:
        yield from _listed_lanes(membrane, rows, where)
        return
    yield from _numbered_lanes(membrane, rows)


def _listed_lanes(membrane: Membrane, rows: tuple[SampleRow, ...], where: str) -> Iterator[Problem]:
    samples = [row.sample for row in rows]
    twice = [name for name, count in Counter(membrane.blot.lanes).items() if count > 1 and name in samples]
    for name in twice:
        yield Problem(
            "error",
            f'{where}: the lane "{name}" is named twice. Give each lane its own row of the sheet; repeats of '
            "the same material are told by the column technical_replicate.",
            STUDY_FILE,
        )
    for slot in membrane.slots:
        near = (
            nearest(slot.name, samples) if slot.row is None and slot.name.lower() not in NOT_SAMPLES else ""
        )
        if near:
            yield Problem(
                "warning",
                f'{where}: the lane "{slot.name}" is no sample of the sheet and is left out. Did you '
                f"mean {near}?",
                STUDY_FILE,
            )
        typed = slot.row["lane"] if slot.row is not None else ""
        if slot.row is not None and typed and typed != str(slot.number):
            yield Problem(
                "error",
                f'is lane {typed} here, but lane {slot.number} in the settings of {where} (lanes: '
                f'{listed(membrane.blot.lanes)}).',
                slot.row.source, slot.row.row, "lane",
            )  # fmt: skip


def _numbered_lanes(membrane: Membrane, rows: tuple[SampleRow, ...]) -> Iterator[Problem]:
    first: dict[str, SampleRow] = {}
    for row in rows:
        if row["membrane"] != membrane.name:
            continue
        number = row["lane"]
        if not number.isdigit() or int(number) == 0:
            yield Problem(
                "error",
                f"{shown(number)} is no number of a lane; write 1 for the leftmost (the ladder counts), "
                "or list "
                "the lanes in the settings.",
                row.source, row.row, "lane",
            )  # fmt: skip
            continue
        other = first.setdefault(number, row)
        if other is not row:
            yield Problem(
                "error",
                f'lane {number} of membrane "{membrane.name}" is that of "{other.sample}" (row '
                f'{other.row}) too.',
                row.source, row.row, "lane",
            )  # fmt: skip


# ----------------------------------------------------------------- pictures


def _pictures(membrane: Membrane, files: Inventory) -> Iterator[Problem]:
    for target, band in membrane.blot.bands.items():
        where = f'membrane "{membrane.name}", {target}'
        for name in band.image:
            yield from _picture(where, name, band, files)
        for name in dict.fromkeys(one for one in band.image if band.image.count(one) > 1):
            yield Problem("error", f"{where}: {shown(name)} is named twice among its exposures.", STUDY_FILE)
        if band.ladder_image:
            beside = band.model_copy(update={"page": 1, "first": None, "last": None})
            yield from _picture(f"{where}, ladder", band.ladder_image, beside, files)
    for picture in membrane.pictures:
        for number, count in Counter(one.band.row for one in picture.wanted).items():
            if count > 1:
                both = listed(one.target for one in picture.wanted if one.band.row == number)
                yield Problem(
                    "error",
                    f'membrane "{membrane.name}": {both} are to be the same row {number} of '
                    f"{picture.paths[0]}. "
                    "Count the rows of bands from the top: row: 1, row: 2.",
                    STUDY_FILE,
                )


def _shared_rows(membranes: Iterable[Membrane]) -> Iterator[Problem]:
    """The same row of bands cannot belong to two membranes; points, or another row, tell them apart."""
    first: dict[tuple[tuple[str, ...], int, int], str] = {}
    for membrane in membranes:
        for picture in membrane.pictures:
            for one in picture.wanted:
                if one.points is not None:
                    continue
                where = f'membrane "{membrane.name}", {one.target}'
                other = first.setdefault((picture.paths, picture.page, one.band.row), where)
                if other != where and not other.startswith(f'membrane "{membrane.name}"'):
                    yield Problem(
                        "error",
                        f"{where}: {picture.paths[0]} row {one.band.row} is that of {other} too. Name "
                        "another picture, or the row from the top (row: 2), or click points.",
                        STUDY_FILE,
                    )


def _ladder(membrane: Membrane) -> Iterator[Problem]:
    blot = membrane.blot
    typed = all(picture.marks for picture in membrane.pictures)
    if blot.ladder and membrane.ladder_lane is None and not typed:
        yield Problem(
            "warning",
            f'membrane "{membrane.name}" has masses of a ladder but no lane called ladder: its bands get no '
            "molecular weight. Name its lane (lanes: [ladder, ...], or ladder_lane: 1), or write "
            "marks: [[mass, y], ...].",
            STUDY_FILE,
        )


def _picture(where: str, name: str, band: Band, files: Inventory) -> Iterator[Problem]:
    found = paths_like(name, files)
    if len(found) != 1:
        meant = nearest(name, files.files)
        why = (
            f"is meant in {len(found)} ways ({listed(found, 4)}): write more of its path"
            if found
            else f"is not in the raw folder.{f' Did you mean {meant}?' if meant else ''}"
        )
        yield Problem("error", f"{where}: {shown(name)} {why}", STUDY_FILE, confined=True)
        return
    raw = files.get(found[0])
    if raw is None or raw.problem:
        return  # the house says so of every file that cannot be used
    if raw.format not in FORMATS:
        yield Problem(
            "error", f"{where}: {found[0]} is no picture of a blot ({raw.format or 'unknown format'}).",
            STUDY_FILE, confined=True,
        )  # fmt: skip
        return
    pages = raw.header.datasets
    if band.page > len(pages):
        yield Problem(
            "error",
            f"{where}: {found[0]} has {len(pages)} picture{'s' if len(pages) != 1 else ''}, no page "
            f"{band.page}.",
            STUDY_FILE, confined=True,
        )  # fmt: skip
        return
    yield from _points_inside(where, found[0], band, pages[band.page - 1].fields)


def _points_inside(where: str, path: str, band: Band, fields: object) -> Iterator[Problem]:
    sizes = dict(fields) if isinstance(fields, dict) else {}
    if band.points is None or not {"rows", "columns"} <= sizes.keys():
        return
    width, height = int(sizes["columns"]), int(sizes["rows"])
    for word, (x, y) in zip(("first", "last"), band.points, strict=True):
        if not (0 <= x < width and 0 <= y < height):
            yield Problem(
                "error",
                f"{where}: {word} is [{x:g}, {y:g}], outside {path} of {width} x {height} pixels. Points "
                "are [x, y] "
                "from the upper left corner.",
                STUDY_FILE,
            )


# ----------------------------------------------------------------- controls


def _lonely_bridge(
    membrane: Membrane, membranes: tuple[Membrane, ...], settings: BlotSettings
) -> Iterator[Problem]:
    alone = membrane.bridges and not membrane.controls and not donors_of(membrane, membranes)
    if settings.kind == "western_blot" and alone:
        yield Problem(
            "warning",
            f'membrane "{membrane.name}" has a bridge sample but no control, and no other membrane has both: '
            "it gets folds of the bridge sample only. Run the bridge sample beside the control too.",
            STUDY_FILE,
        )


def _controls(membrane: Membrane, settings: BlotSettings) -> Iterator[Problem]:
    named = membrane.blot.control
    if named and named not in membrane.samples:
        hint = did_you_mean(named, membrane.samples)
        yield Problem(
            "error",
            f'membrane "{membrane.name}": the control {shown(named)} is none of its samples: '
            f"{listed(membrane.samples)}.{hint}",
            STUDY_FILE,
        )
    elif settings.kind == "western_blot" and not membrane.controls and not membrane.bridges:
        yield Problem(
            "warning",
            f'membrane "{membrane.name}" has neither a control nor a bridge sample: it gets ratios, no '
            "folds. "
            'Name one (blots: control), or write "vehicle" into control_role.',
            STUDY_FILE,
        )
    roles = {band.role for band in membrane.blot.bands.values()}
    if (
        settings.kind == "western_blot"
        and not roles & {"loading", "total_protein"}
        and not any(band.total for band in membrane.blot.bands.values())
    ):
        yield Problem(
            "warning",
            f'membrane "{membrane.name}" has nothing to normalise to: it gets volumes, no ratios. Give '
            "the loading "
            "protein `role: loading`, or a stain `role: total_protein`.",
            STUDY_FILE,
        )
