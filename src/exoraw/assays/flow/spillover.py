"""The spillover matrix: how much of each dye's light every detector sees."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.io.errors import ExorawError

MAX_CONDITION = 1e6  # above it the smallest rounding of the file decides the compensated value


class SpilloverError(ExorawError, ValueError):
    """A spillover matrix that cannot be used, or that does not fit the channels of a file."""


@dataclass(frozen=True, eq=False)
class Spillover:
    """A spillover matrix in the convention of FCS 3.1 ($SPILLOVER).

    Every row is divided by its diagonal element, so that a matrix in percent (diagonal 100) or one
    that was never normalised means the same as its normalised form. The matrix is read-only.

    Parameters
    ----------
    channels : detector names ($PnN), the order of rows and of columns
    matrix : (channels, channels), row i = signal of dye i in every channel; diagonal 1
    source : where it comes from, in words: "$SPILLOVER", "spillover.csv", "single stains"

    Raises
    ------
    SpilloverError : not square, not finite, a dye without signal in its own channel, a channel named
        twice, or so close to singular (condition number over `MAX_CONDITION`) that dyes are not separable
    """

    channels: tuple[str, ...]
    matrix: FloatArray
    source: str
    condition: float = field(init=False)

    def __post_init__(self) -> None:
        channels = tuple(self.channels)
        matrix = _normalised(channels, np.array(self.matrix, dtype=np.float64), self.source)
        condition = float(np.linalg.cond(matrix))
        if not condition <= MAX_CONDITION:
            raise SpilloverError(
                f"spillover matrix from {self.source}: two dyes have nearly the same row (condition number "
                f"{condition:.3g}, at most {MAX_CONDITION:.0e} is usable), so they cannot be told apart. "
                "Look for one single stain that was used for two channels."
            )
        matrix.setflags(write=False)
        object.__setattr__(self, "channels", channels)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "condition", condition)

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing: instruments write the identity where no matrix was ever made."""
        return bool(np.array_equal(self.matrix, np.eye(len(self.channels))))

    def coefficient(self, dye: str, detector: str) -> float:
        """Share of `dye`'s signal that `detector` sees, relative to the dye's own channel."""
        return float(self.matrix[self.channels.index(dye), self.channels.index(detector)])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spillover):
            return NotImplemented
        same = self.channels == other.channels and self.source == other.source
        return same and bool(np.array_equal(self.matrix, other.matrix))

    def __hash__(self) -> int:
        return hash((self.channels, self.source, self.matrix.tobytes()))


def _normalised(channels: tuple[str, ...], matrix: FloatArray, source: str) -> FloatArray:
    """Check shape, names and numbers; divide every row by its diagonal."""
    where = f"spillover matrix from {source}"
    n = len(channels)
    if n == 0 or matrix.shape != (n, n):
        shape = " x ".join(str(side) for side in matrix.shape)
        raise SpilloverError(f"{where}: {n} channel names but {shape} numbers; it must be {n} x {n}.")
    twice = sorted({name for name in channels if channels.count(name) > 1})
    if twice:
        raise SpilloverError(f"{where}: named more than once: {', '.join(twice)}.")
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise SpilloverError(
            f"{where}: the value for {channels[row]} in {channels[column]} is {matrix[row, column]}."
        )
    diagonal = matrix.diagonal()
    if not (diagonal > 0).all():
        name = channels[int(np.argmin(diagonal))]
        raise SpilloverError(
            f"{where}: {name} has {diagonal.min():g} in its own channel; it must be above 0 (1 or 100 %)."
        )
    return np.asarray(matrix / diagonal[:, np.newaxis])
