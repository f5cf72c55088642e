"""From columns of a table to a design matrix: factors, numbers and their interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from exoraw.statistics.outcome import FloatArray, StatisticsError
from exoraw.statistics.replication import need_column

Coding = Literal["treatment", "sum"]


@dataclass(frozen=True)
class Design:
    """A model matrix.

    matrix : (n, p), the intercept first
    names : of the columns
    term_of : for every column the index of its term; -1 for the intercept
    """

    matrix: FloatArray
    names: tuple[str, ...]
    term_of: tuple[int, ...]
    terms: tuple[str, ...]

    def columns(self, *terms: int) -> list[int]:
        """Return the columns of the intercept and of these terms."""
        return [i for i, term in enumerate(self.term_of) if term == -1 or term in terms]


def design(frame: pd.DataFrame, terms: Sequence[str], coding: Coding = "treatment") -> Design:
    """Build the model matrix of terms such as "treatment", "day" and "treatment:day".

    Columns of text, categories and truth values are factors (first level met = reference); numbers enter
    as they are.
    """
    parts: list[FloatArray] = [np.ones((len(frame), 1))]
    names, term_of = ["(Intercept)"], [-1]
    for index, term in enumerate(terms):
        pieces = [_main(frame, column, coding) for column in term.split(":")]
        block, labels = reduce(_product, pieces)
        parts.append(block)
        names += labels
        term_of += [index] * block.shape[1]
    return Design(np.hstack(parts), tuple(names), tuple(term_of), tuple(terms))


def _main(frame: pd.DataFrame, column: str, coding: Coding) -> tuple[FloatArray, list[str]]:
    need_column(frame, column)
    values = frame[column]
    if is_numeric_dtype(values) and not is_bool_dtype(values):
        return values.to_numpy(dtype=np.float64)[:, None], [column]
    levels = list(dict.fromkeys(values.tolist()))
    if len(levels) < 2:
        raise StatisticsError(f"{column} has one level only ({levels[0] if levels else 'none'})")
    block = np.zeros((len(frame), len(levels) - 1))
    labels = values.to_numpy(dtype=object)
    for i, level in enumerate(levels[1:] if coding == "treatment" else levels[:-1]):
        block[labels == level, i] = 1.0
    if coding == "sum":
        block[labels == levels[-1], :] = -1.0
    shown = levels[1:] if coding == "treatment" else levels[:-1]
    return block, [f"{column}={level}" for level in shown]


def _product(
    left: tuple[FloatArray, list[str]], right: tuple[FloatArray, list[str]]
) -> tuple[FloatArray, list[str]]:
    block = left[0][:, :, None] * right[0][:, None, :]
    names = [f"{a}:{b}" for a in left[1] for b in right[1]]
    return block.reshape(block.shape[0], -1), names


def residual_squares(matrix: FloatArray, y: FloatArray) -> tuple[float, int]:
    """Return the residual sum of squares of a least-squares fit and the rank of the matrix."""
    scale = np.linalg.norm(matrix, axis=0)
    q, r = np.linalg.qr(matrix / np.where(scale > 0, scale, 1.0))
    keep = np.abs(np.diag(r)) > 1e-10
    basis = q[:, keep] if keep.all() else _orthonormal(matrix)
    centred = y - y[0]
    gap = centred - basis @ (basis.T @ centred)
    gap = gap - basis @ (basis.T @ gap)
    return float(gap @ gap), int(basis.shape[1])


def _orthonormal(matrix: FloatArray) -> FloatArray:
    u, s, _ = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(u[:, s > 1e-10 * s[0]])
