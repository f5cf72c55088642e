"""What is handed over for every band, and for an image as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from exoraw.assays.blot.lanes.reading import RowReading, State
from exoraw.assays.contract import Finding

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class MethodVolume:
    """The adjusted volume of a band with one method of background."""

    method: str
    adjusted: float


@dataclass(frozen=True)
class Band:
    """One band of one lane. Volumes are sums of raw signal over pixels, never scaled.

    Parameters
    ----------
    lane, row : numbers from 1; the lanes of a row as they were given (from right to left where its first
        point lies right of its last)
    box : (x0, y0, x1, y1) pixels of the raw image; `image[y0:y1, x0:x1]` is the band
    volume : sum of the signal over the band, background included
    background : what of it is background
    adjusted : volume - background; not clipped at zero
    interval : 95 % interval of `adjusted`; its coverage on simulated blots stands in
        docs/methods/blot_quantification.md
    noise : standard deviation of the volume of an empty place of the same size, so that 3 x noise is the
        detection limit
    snr : adjusted / noise
    area : pixels of the band
    saturated_fraction : share of them that sit on the detector's ceiling, 0 to 1
    methods : adjusted volume with each method that was computed, the members of the consensus always
    centre : (x, y) of the band's highest point, pixels of the raw image
    sigma : half height of the band as a Gaussian's standard deviation, pixels
    mw : molecular weight in the unit of the ladder; None without a ladder
    findings : remarks about this band
    """

    lane: int
    row: int
    box: Box
    volume: float
    background: float
    adjusted: float
    interval: tuple[float, float]
    noise: float
    snr: float
    area: int
    saturated_fraction: float
    methods: tuple[MethodVolume, ...]
    centre: tuple[float, float]
    sigma: float
    mw: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def detection_limit(self) -> float:
        """Adjusted volume below which a band counts as absent: 3 x noise (IUPAC 1976)."""
        return 3 * self.noise

    @property
    def detected(self) -> bool:
        """Whether the band lies above its detection limit."""
        return self.adjusted > self.detection_limit

    @property
    def method_spread(self) -> float:
        """Largest minus smallest volume of the consensus' members, relative to `adjusted`."""
        values = [method.adjusted for method in self.methods]
        return (max(values) - min(values)) / abs(self.adjusted) if self.adjusted and values else float("inf")


@dataclass(frozen=True)
class Quantified(Sequence[Band]):
    """The bands of an image, as a sequence, with what is known of the rows they came from.

    Parameters
    ----------
    bands : row by row, lane by lane; none of a row that needs points
    rows : how every row was read
    findings : remarks about the image and about its bands (entity "lane:3/band:2": row 2 of lane 3)
    background : name of the method behind `adjusted`
    """

    bands: tuple[Band, ...]
    rows: tuple[RowReading, ...]
    findings: tuple[Finding, ...]
    background: str = field(default="consensus")

    @property
    def state(self) -> State:
        """Whether every row could be read without help: "ok", or "needs_points"."""
        return "ok" if all(row.state == "ok" for row in self.rows) else "needs_points"

    @overload
    def __getitem__(self, index: int) -> Band: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Band, ...]: ...

    def __getitem__(self, index: int | slice) -> Band | tuple[Band, ...]:
        return self.bands[index]

    def __len__(self) -> int:
        return len(self.bands)

    def __iter__(self) -> Iterator[Band]:
        return iter(self.bands)
