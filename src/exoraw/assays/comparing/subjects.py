"""One row per unit of replication: what tubes of one subject say together, and where they disagree."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from exoraw.io.errors import StudyError

LABEL = "_unit"


def one_row_per_unit(
    frame: pd.DataFrame, unit: Sequence[str], facts: Sequence[str], numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Return one row per unit: its facts, which must agree, and the mean of its numbers.

    Parameters
    ----------
    frame : one row per sample
    unit : columns that name one unit
    facts : columns in which every row of a unit says the same, or nothing
    numbers : columns that are averaged over the rows that have one

    Returns
    -------
    table with the unit columns, `_unit` (its name), facts and numbers, in the order of the frame

    Raises
    ------
    StudyError : rows of one unit disagree
    """
    keys = list(unit)
    rows = []
    for _, part in frame.groupby(keys, sort=False):
        found = {name: part[name].iloc[0] for name in keys}
        found[LABEL] = " / ".join(str(part[name].iloc[0]) for name in keys)
        found |= {name: _agreed(part, name, keys, found[LABEL]) for name in facts}
        found |= {name: part[name].mean() for name in numbers}
        rows.append(found)
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*keys, LABEL, *facts, *numbers])))


def _agreed(part: pd.DataFrame, column: str, unit: Sequence[str], name: str) -> object:
    cells = part[column]
    said = list(dict.fromkeys(cells[cells.notna() & (cells != "")]))
    if len(said) > 1:
        listed = " and ".join(str(cell) for cell in said[:3])
        rows = ", ".join(map(str, part.index[:4]))
        raise StudyError(
            f'{" x ".join(unit)} "{name}" has several values ({listed}, in {rows}); '
            "one unit has one. Correct the sheet, or name more columns under `unit`."
        )
    return said[0] if said else (cells.iloc[0] if len(cells) else None)
