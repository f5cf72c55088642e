"""The sheet as the table `samples` of a results folder: one row per analysis and sample."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from exoraw.study.load import LoadedStudy
from exoraw.study.numbers import decimal_commas, normalised_number
from exoraw.study.spec import SheetSpec
from exoraw.study.view import SampleRow, StudyView

if TYPE_CHECKING:
    import pyarrow as pa

_LEADING_ZERO = re.compile(r"-?0[0-9]")  # 007 is a name, not a number


def samples_table(
    loaded: LoadedStudy, views: Sequence[StudyView], specs: Mapping[str, SheetSpec] | None = None
) -> pa.Table:
    """Return the sheet in the schema of the table `samples`.

    Parameters
    ----------
    loaded : the study; its factors stand in the table even where a view has no such column
    views : the analyses' rows
    specs : pipeline -> what its assay understands; says which controls count as samples. A control of a
        pipeline without one has an empty cell there

    Returns
    -------
    Arrow table: the columns of the schema, then every further column of the sheet. A further column holds
    numbers where each of its cells is one ("007" is a name), text elsewhere; empty cells are null
    """
    import pyarrow as pa

    from exoraw.store.schemas import SAMPLES

    rows = [(view.pipeline, row) for view in views for row in view]
    counts = [_counts_as_sample(row, (specs or {}).get(pipeline)) for pipeline, row in rows]
    fields = list(SAMPLES.schema)
    columns = {field.name: [_value(field.name, field.type, *row) for row in rows] for field in fields}
    columns["counts_as_sample"] = counts
    arrays = [pa.array(columns[field.name], field.type) for field in fields]
    known = {field.name for field in fields} | {"file"}
    every = (*(column for _, row in rows for column in row.cells), *loaded.study.factors)
    for column in dict.fromkeys(every):
        if column not in known:
            array = _own_column(pa, [row.cells.get(column, "") for _, row in rows])
            fields.append(
                pa.field(column, array.type, metadata={"description": "column of the sample sheet"})
            )
            arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _counts_as_sample(row: SampleRow, spec: SheetSpec | None) -> bool | None:
    """Return whether a row has its n in group results; None for a control of an unknown assay."""
    role = row.cells.get("control_role", "")
    if not role:
        return True
    if spec is None:
        return None
    return any(known.counts_as_sample for known in spec.control_roles if known.name == role)


def _value(column: str, kind: Any, pipeline: str, row: SampleRow) -> Any:
    import pyarrow as pa

    own: dict[str, Any] = {
        "pipeline": pipeline,
        "sample": row.sample,
        "files": list(row.files),
        "dataset": row.dataset,
        "excluded": bool(row.excluded),
        "exclusion_reason": row.excluded or None,
        "sheet_row": row.row,
    }
    if column in own:
        return own[column]
    cell = row.cells.get(column, "")
    if pa.types.is_floating(kind):
        plain = normalised_number(cell)
        return float(plain) if plain is not None else None
    return cell or None


def _own_column(pa: Any, cells: Sequence[str]) -> Any:
    """Return numbers where every filled cell is one, else the text."""
    filled = [cell for cell in cells if cell]
    comma = decimal_commas(filled)
    plain = [normalised_number(cell, comma_is_decimal=comma) for cell in filled]
    numbers = [text for text in plain if text is not None]
    if not filled or len(numbers) < len(filled) or any(map(_LEADING_ZERO.match, filled)):
        return pa.array([cell or None for cell in cells], pa.string())
    values = iter(numbers)
    return pa.array([float(next(values)) if cell else None for cell in cells], pa.float64())
