"""Pictures of one membrane show the same lanes: a row that does not was read wrongly, and is not used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

from exoraw.assays.blot.steps.measured import Volume, volumes_of
from exoraw.assays.contract import Earlier, Finding

TOLERANCE = 0.12  # of the distance between lanes; a turned or shifted membrane keeps it within 2 %
LEAST_AGREEING = 2


@dataclass(frozen=True)
class Spacing:
    """How far apart the lanes of one row are.

    Parameters
    ----------
    target, file : whose row, in which picture
    size : rows and columns of the picture; other sizes are other scales
    pitch : pixels from lane to lane
    by_points : whether first and last band were given
    """

    target: str
    file: str
    size: tuple[int, int]
    pitch: float
    by_points: bool


def trusted_volumes(
    pictures: Iterable[Earlier],
) -> tuple[dict[tuple[str, str], Volume], tuple[Finding, ...]]:
    """Return the volumes of a membrane without those of rows whose lanes contradict its other pictures.

    The usual distance is that of rows read between given points; without any, the median of all rows, where
    at least two agree with it. Pictures of different pixel sizes are not compared.

    Returns
    -------
    (sample, protein) -> volume, and an error for each row that is left out
    """
    every = tuple(pictures)
    wrong = {row.target: _finding(row, usual) for row, usual in _contradicting(list(_spacings(every)))}
    volumes = {key: volume for key, volume in volumes_of(every).items() if key[1] not in wrong}
    return volumes, tuple(wrong.values())


def _spacings(pictures: Iterable[Earlier]) -> Iterable[Spacing]:
    for one in pictures:
        for row in one.data["picture"]["lanes"] if one.ok else ():
            rows, columns = one.data["picture"]["size"]
            yield Spacing(
                row["target"], one.data["picture"]["file"], (rows, columns), row["pitch"], row["by_points"]
            )


def _contradicting(spacings: list[Spacing]) -> Iterable[tuple[Spacing, float]]:
    by_size: dict[tuple[int, int], list[Spacing]] = {}
    for row in spacings:
        by_size.setdefault(row.size, []).append(row)
    for group in by_size.values():
        usual = _usual(group)
        for row in group:
            if usual is not None and not row.by_points and abs(row.pitch / usual - 1) > TOLERANCE:
                yield row, usual


def _usual(group: list[Spacing]) -> float | None:
    given = [row.pitch for row in group if row.by_points]
    if given:
        return float(median(given))
    middle = float(median(row.pitch for row in group))
    agreeing = sum(abs(row.pitch / middle - 1) <= TOLERANCE for row in group)
    return middle if len(group) > LEAST_AGREEING and agreeing >= LEAST_AGREEING else None


def _finding(row: Spacing, usual: float) -> Finding:
    message = (
        f"{row.target}: the lanes in {row.file} were found {row.pitch:.0f} pixels apart, those of the "
        "membrane's "
        f"other pictures are {usual:.0f}: the row was read wrongly and is not used. Click its first and "
        "last band."
    )
    return Finding("lanes_disagree", "error", message, "", f"band:{row.target}", row.pitch, usual)


def by_target(findings: Iterable[Finding]) -> Mapping[str, Finding]:
    """Return protein -> its remark."""
    return {finding.entity.removeprefix("band:"): finding for finding in findings}
