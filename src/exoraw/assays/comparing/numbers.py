"""The numbers that a comparison is about, one row per sample, with the cells of the sheet beside them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from exoraw.assays.contract import Earlier
from exoraw.io.errors import StudyError

COLUMNS = ("sample", "measure", "entity", "target", "statistic", "value", "unit", "qc")
MEASURES_SHOWN = 12


def measured(earlier: Iterable[Earlier]) -> pd.DataFrame:
    """Return every number of the earlier units that belongs to a sample, with the columns COLUMNS."""
    found: list[dict[str, Any]] = []
    for one in earlier:
        table = one.table("measurements") if one.ok else None
        if table is not None:
            found += table.select(list(COLUMNS)).to_pylist()
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    text = [name for name in COLUMNS if name != "value"]
    frame[text] = frame[text].fillna("").astype(str)
    return frame[frame["sample"] != ""].assign(value=frame["value"].astype(np.float64))


def series(numbers: pd.DataFrame, measure: str, entity: str, target: str) -> pd.DataFrame:
    """Return the one number per sample that a measure, with its part of the sample and target, means.

    Raises
    ------
    StudyError : nobody measured it (nearest name given), several parts answer, or several units
    """
    own = numbers[numbers["measure"] == measure]
    if own.empty:
        raise StudyError(_unknown(measure, sorted(set(numbers["measure"]))))
    for column, asked in (("entity", entity), ("target", target)):
        own = _narrowed(own, measure, column, asked)
    statistics = sorted(set(own["statistic"]))
    if len(statistics) > 1:
        raise StudyError(
            f"{measure} has several statistics ({', '.join(statistics)}); it cannot be compared yet."
        )
    units = sorted(set(own.loc[own["value"].notna(), "unit"]))
    if len(units) > 1:
        raise StudyError(
            f"{measure} stands in several units ({', '.join(units)}), which are never converted into each "
            "other. Compare the samples of one unit: name them under `where`."
        )
    return own.set_index("sample")[["value", "unit", "qc"]]


def _narrowed(own: pd.DataFrame, measure: str, column: str, asked: str) -> pd.DataFrame:
    there = list(dict.fromkeys(own[column]))
    if asked and asked not in there:
        near = difflib.get_close_matches(asked, there, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise StudyError(
            f'{measure} has no {column} "{asked}".{hint} There is: {", ".join(filter(None, there))}.'
        )
    if not asked and len(there) > 1:
        raise StudyError(
            f"{measure} is measured for several: {', '.join(filter(None, there))}. Name one of them with "
            f"`{column}:` in the comparison."
        )
    return own[own[column] == asked] if asked else own


def _unknown(measure: str, there: Sequence[str]) -> str:
    near = difflib.get_close_matches(measure, there, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    listed = ", ".join(there[:MEASURES_SHOWN]) or "nothing"
    return f'No sample of this comparison has a number called "{measure}".{hint} Measured was: {listed}.'


def joined(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], numbers: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Put the cells of the sheet beside the numbers.

    Parameters
    ----------
    rows : per sample its name, its cells and whether it is excluded
    columns : the cells that are needed
    numbers : name of the column ("value", "second") -> what `series` returned; {} where nothing is measured

    Returns
    -------
    one row per sample, in the order of the sheet: the columns, `excluded`, `qc`, and one column per number,
    NaN where the sample has none
    """
    index = [row["sample"] for row in rows]
    frame = pd.DataFrame({name: [row["cells"][name] for row in rows] for name in columns}, index=index)
    frame["excluded"] = [bool(row["excluded"]) for row in rows]
    for name, own in numbers.items():
        frame[name] = own["value"].reindex(index).to_numpy()
    first = next(iter(numbers.values()), None)
    frame["qc"] = "" if first is None else first["qc"].reindex(index).fillna("").to_numpy()
    return frame
