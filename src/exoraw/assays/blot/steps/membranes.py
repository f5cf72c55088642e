"""The membranes of a study: lanes from sheet and settings, pictures from the raw folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.settings import Band, Blot, BlotSettings
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow

VEHICLE, BRIDGE, POSITIVE = "vehicle", "bridge", "positive"
LADDER_WORDS = ("ladder", "marker", "mw", "m")


@dataclass(frozen=True)
class Slot:
    """One lane of a membrane: its number from 1, its name, and its row of the sheet where it has one."""

    number: int
    name: str
    row: SampleRow | None


@dataclass(frozen=True)
class Wanted:
    """A protein as it is looked for in a picture.

    Parameters
    ----------
    target : its name
    band : as typed
    rows : rows of bands in the picture
    """

    target: str
    band: Band
    rows: int

    @property
    def points(self) -> PointPair | None:
        """First and last band, where they were typed."""
        return self.band.points


@dataclass(frozen=True)
class Picture:
    """One picture (or an exposure series) of a membrane, and what is to be measured in it.

    Parameters
    ----------
    paths : relative paths in the raw folder, or the typed words where nothing fits
    page : from 0
    wanted : in the order of the settings
    ladder : path of the picture that shows the ladder beside it; "" where it is this one
    """

    paths: tuple[str, ...]
    page: int
    wanted: tuple[Wanted, ...]
    ladder: str = ""

    @property
    def marks(self) -> tuple[tuple[float, float], ...]:
        """Typed heights of the ladder's bands: (mass, y), of the first protein that has them."""
        return next((one.band.marks for one in self.wanted if one.band.marks), ())


@dataclass(frozen=True)
class Membrane:
    """One membrane with its lanes and pictures."""

    name: str
    blot: Blot
    slots: tuple[Slot, ...]
    pictures: tuple[Picture, ...]

    @property
    def sampled(self) -> tuple[Slot, ...]:
        """The lanes from the first to the last sample of the sheet; others may lie between."""
        numbers = [index for index, slot in enumerate(self.slots) if slot.row is not None]
        return self.slots[numbers[0] : numbers[-1] + 1] if numbers else ()

    @property
    def rows(self) -> tuple[SampleRow, ...]:
        """Rows of the sheet that lie on it, from left to right."""
        return tuple(slot.row for slot in self.slots if slot.row is not None)

    @property
    def samples(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(row.sample for row in self.rows)

    @property
    def controls(self) -> tuple[str, ...]:
        """Samples that folds refer to; excluded rows never."""
        kept = [row for row in self.rows if not row.excluded]
        if self.blot.control:
            return tuple(row.sample for row in kept if row.sample == self.blot.control)
        return tuple(row.sample for row in kept if row["control_role"] == VEHICLE)

    @property
    def ladder_lane(self) -> int | None:
        """Number of the ladder's lane minus that of the first lane that is measured; None without one."""
        if not self.sampled:
            return None
        first = self.sampled[0].number
        if self.blot.ladder_lane:
            return self.blot.ladder_lane - first
        named = [slot.number for slot in self.slots if slot.name.strip().lower() in LADDER_WORDS]
        return min((number - first for number in named), key=abs, default=None)

    @property
    def bridges(self) -> tuple[str, ...]:
        """Lanes of the bridge sample."""
        return tuple(row.sample for row in self.rows if row["control_role"] == BRIDGE and not row.excluded)


def membranes_of(rows: Sequence[SampleRow], settings: BlotSettings, files: Inventory) -> tuple[Membrane, ...]:
    """Return the membranes of the settings, in their order."""
    return tuple(_membrane(blot, rows, files) for blot in settings.blots)


def donors_of(membrane: Membrane, membranes: Iterable[Membrane]) -> tuple[Membrane, ...]:
    """Return the membranes that lend a control to one without: those with a control and the bridge sample."""
    if membrane.controls or not membrane.bridges:
        return ()
    return tuple(one for one in membranes if one.controls and one.bridges and one.name != membrane.name)


def rows_of(blot: Blot, rows: Iterable[SampleRow]) -> tuple[SampleRow, ...]:
    """Return the rows that lie on a membrane: by its lanes' names, else by the column membrane."""
    if blot.lanes:
        wanted = set(blot.lanes)
        return tuple(row for row in rows if row.sample in wanted and row["membrane"] in ("", blot.membrane))
    return tuple(row for row in rows if row["membrane"] == blot.membrane)


def slots_of(blot: Blot, rows: Iterable[SampleRow]) -> tuple[Slot, ...]:
    """Return the lanes of a membrane from the left; without a list of lanes by the sheet's numbers."""
    own = rows_of(blot, rows)
    if blot.lanes:
        by_name = {row.sample: row for row in own}
        return tuple(Slot(i, name, by_name.get(name)) for i, name in enumerate(blot.lanes, start=1))
    numbered: dict[int, SampleRow] = {}
    for row in own:
        if row["lane"].isdigit() and int(row["lane"]) > 0:
            numbered.setdefault(int(row["lane"]), row)
    last = max(numbered, default=0)
    return tuple(
        Slot(i, numbered[i].sample if i in numbered else f"lane {i}", numbered.get(i))
        for i in range(1, last + 1)
    )


def paths_like(name: str, files: Inventory) -> tuple[str, ...]:
    """Return the raw files that a typed picture means: its path, else every path that ends so."""
    wanted = name.replace("\\", "/").removeprefix("./")
    if files.get(wanted) is not None:
        return (wanted,)
    return tuple(path for path in files.files if path.endswith(f"/{wanted}"))


def _membrane(blot: Blot, rows: Sequence[SampleRow], files: Inventory) -> Membrane:
    found: dict[tuple[tuple[str, ...], int], list[tuple[str, Band]]] = {}
    for target, band in blot.bands.items():
        paths = tuple(_path(name, files) for name in band.image)
        found.setdefault((paths, band.page - 1), []).append((target, band))
    pictures = tuple(
        Picture(
            paths,
            page,
            tuple(Wanted(target, band, _rows(bands)) for target, band in bands),
            next((_path(band.ladder_image, files) for _, band in bands if band.ladder_image), ""),
        )
        for (paths, page), bands in found.items()
    )
    return Membrane(blot.membrane, blot, slots_of(blot, rows), pictures)


def _path(name: str, files: Inventory) -> str:
    """A picture that is missing, or meant in two ways, keeps its typed name: its task fails and says so."""
    found = paths_like(name, files)
    return found[0] if len(found) == 1 else name.replace("\\", "/")


def _rows(bands: Iterable[tuple[str, Band]]) -> int:
    return max(max(band.rows, band.row) for _, band in bands)
