"""Draw what a person sees of every real blot picture in ../shared/data/blots, to be looked at one by one.

    python tests/bench/overlays_blot.py FOLDER
    python tests/bench/overlays_blot.py FOLDER --only haley2015 imagequant800

Each picture is drawn by the code that draws the pictures of a study: with nothing given ("auto"), and where
the authors' boxes or the simulator's truth tell where the bands are, between two points a row ("points").
What was seen in them stands in docs/assays/western_blot.md.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exoraw.assays.blot.background.methods import Background
from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.reading import read_image
from exoraw.assays.blot.steps.evidence import pictures
from exoraw.assays.blot.steps.ladder import Asked as AskedLadder
from exoraw.assays.blot.steps.ladder import read_ladder, with_masses
from exoraw.assays.blot.steps.reading import Measured, Row, measure, unusable
from exoraw.assays.contract import ReadyFile

SHARED = Path(os.environ.get("EXORAW_SHARED", Path(__file__).resolve().parents[3] / "shared"))
BLOTS = SHARED / "data/blots"
NEB_1KB_PLUS = (
    10_000, 8_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_500, 1_200, 1_000,
    900, 800, 700, 600, 500, 400, 300, 200, 100,
)  # fmt: skip
DOTS = (((105.0, 230.0), (582.0, 230.0)), ((105.0, 310.0), (582.0, 310.0)))
LOWER_ROW = ((85.0, 355.0), (622.0, 382.0))
RUNGS = ((388.0, 272.0), (1071.0, 269.0))


@dataclass(frozen=True)
class Asked:
    """One picture as a person would ask for it: its lanes from left to right, its rows, their points."""

    path: Path
    how: str
    lanes: tuple[str, ...]
    targets: tuple[str, ...]
    points: tuple[PointPair | None, ...]
    background: Background = "consensus"
    ladder: tuple[float, ...] = ()


def asked() -> Iterator[Asked]:
    """Every picture that is there, as a person would ask for it."""
    yield from haley()
    yield from simulated()
    actin = BLOTS / "imagequant800/antiActin_20240710_131425_Ch_Chemi.tif"
    yield Asked(actin, "auto", numbered(8), ("actin",), (None,))
    for ending in (".1sc", "_imglab_analysis.tif"):
        dots = BLOTS / f"biorad1sc/test1{ending}"
        yield Asked(dots, "auto", numbered(7), ("upper dots", "lower dots"), (None, None))
        yield Asked(dots, "points", numbered(7), ("upper dots", "lower dots"), DOTS)
        blot = BLOTS / f"biorad1sc/test4{ending}"
        yield Asked(blot, "auto", numbered(16), ("lower row",), (None,))
        yield Asked(blot, "points", numbered(16), ("lower row",), (LOWER_ROW,))
    gel = BLOTS / "gelgenie/ladder_reference_gel.tif"
    yield Asked(gel, "auto", numbered(4), ("any row",), (None,), "between_lanes")
    yield Asked(gel, "points", numbered(4), ("3000 bp",), (RUNGS,), "between_lanes", NEB_1KB_PLUS)
    hot = BLOTS / "gelgenie/overheated_ref.tif"
    yield Asked(hot, "auto", numbered(2), ("any row",), (None,), "between_lanes")


def numbered(count: int) -> tuple[str, ...]:
    return tuple(f"lane {number}" for number in range(1, count + 1))


def haley() -> Iterator[Asked]:
    """The authors boxed nine lanes a row (AlphaEase template beside every picture)."""
    for template in sorted((BLOTS / "haley2015").rglob("*.stp")):
        rows = author_rows(template)
        path = template.with_suffix(".tif")
        if "top_GAPDHbottom" in path.stem:
            targets: tuple[str, ...] = ("B2AR", "GAPDH")
        else:
            protein = "GAPDH" if "_GAPDH" in path.stem else "B2AR"
            targets = (protein,) if len(rows) == 1 else (f"{protein}, 10 weeks", f"{protein}, 16 weeks")
        points = tuple((middle(row[0]), middle(row[-1])) for row in rows)
        yield Asked(path, "auto", numbered(9), targets, tuple(None for _ in rows))
        yield Asked(path, "points", numbered(9), targets, points)


def author_rows(template: Path) -> list[list[tuple[int, int, int, int]]]:
    items = re.findall(r"Item\d+=\(\d+,(\d+),(\d+),(\d+),(\d+)\)", template.read_text(errors="replace"))
    boxes = [(int(a), int(b), int(c), int(d)) for a, b, c, d in items]
    rows = [sorted(boxes[at : at + 9]) for at in range(0, len(boxes), 9)]
    return sorted(rows, key=lambda row: row[0][1])


def middle(box: tuple[int, int, int, int]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def simulated() -> Iterator[Asked]:
    """The pictures that ImageJ measured too."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader((BLOTS / "sim/truth.csv").open()):
        rows.setdefault(row["file"], []).append(row)
    for name, lanes in rows.items():
        ends = [(float(row["x_center"]), float(row["y_center"])) for row in (lanes[0], lanes[-1])]
        path = BLOTS / "sim" / name
        yield Asked(path, "auto", numbered(len(lanes)), ("band",), (None,))
        yield Asked(path, "points", numbered(len(lanes)), ("band",), ((ends[0], ends[1]),))


def draw(one: Asked, folder: Path) -> str:
    """Write the pictures of one picture; return what is said about it."""
    image = read_image(one.path)
    file = ReadyFile(one.path, one.path.relative_to(BLOTS).as_posix(), "", 0)
    both = zip(one.targets, one.points, strict=True)
    rows = [Row(name, "target", at, pair) for at, (name, pair) in enumerate(both, start=1)]
    reads = () if unusable(image) else measure(image, len(one.lanes), rows, len(rows), one.background)
    ladder = read_ladder(image.pixels, reads, AskedLadder(one.ladder, "bp", 0))
    reads = tuple(with_masses(read, ladder) for read in reads)
    measured = Measured(image, file, reads, image.findings, ladder)
    stem = f"{file.relative.replace('/', '__')}.{one.how}"
    for artefact in pictures("shared data", measured, one.lanes, one.background):
        (folder / f"{stem}.{artefact.name}").write_bytes(artefact.content)
    codes = [f.code for read in reads for f in read.findings] + [f.code for f in image.findings]
    states = ", ".join(f"{read.row.target} {read.reading.state}" for read in reads) or "not measured"
    return f"{stem}: {states}; {', '.join(sorted(set(codes))) or 'no remark'}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw all pictures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=())
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    for one in asked():
        if not given.only or any(word in one.path.as_posix() for word in given.only):
            print(draw(one, given.folder), flush=True)


if __name__ == "__main__":
    main()
