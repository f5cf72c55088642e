"""A results folder, opened: its tables as pandas or Arrow tables. What `exoraw.open(...)` returns."""

from __future__ import annotations

import difflib
import html
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import read_parquet
from exoraw.store.manifest import read_manifest
from exoraw.store.schemas import MEASUREMENTS, TABLES, table_named

if TYPE_CHECKING:
    import pandas as pd

Exclusions = Literal["mark", "drop", "only"]

_NOT_FACTORS = frozenset({"pipeline", "sample", "files", "dataset", "sheet_row"})
_MARKS = ("excluded", "exclusion_reason")  # joined even where no sample is excluded
_WORST_FIRST = ("failed", "crashed", "timeout", "skipped", "ok")
_SHOWN_FAILURES = 5


class Results:
    """The tables of a results folder.

    Reading never locks and never waits: during a run every table is the last one published, whole.

    Parameters
    ----------
    path : the folder that `exoraw run` filled, or a frozen view

    Raises
    ------
    StoreError : no results folder, or one of another schema major (with the command that recomputes)

    Examples
    --------
    >>> results = exoraw.open("results")  # doctest: +SKIP
    >>> results.measurements().groupby(["treatment", "measure"])["value"].mean()  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.manifest = read_manifest(self.path)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables that are there."""
        files = (file.stem for file in self.path.glob("*.parquet"))
        return tuple(sorted(name for name in files if name in TABLES or name.startswith("objects_")))

    def arrow(self, name: str) -> pa.Table:
        """Return a table as an Arrow table. Raises StoreError with the nearest name where it is unknown."""
        path = layout.public_path(self.path, name)
        try:
            return read_parquet(path)
        except FileNotFoundError:
            if name in TABLES and name != "objects":
                return table_named(name).schema.empty_table()
            raise StoreError(self._unknown(name)) from None
        except (pa.ArrowInvalid, OSError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}). Run `exoraw run` again: it writes the table anew."
            ) from error

    def table(self, name: str) -> pd.DataFrame:
        """Return a table as a pandas DataFrame.

        Whole numbers are `Int64` and yes/no `boolean`, so that an empty cell stays empty; real numbers are
        `float64` with NaN; text is what pandas uses for text; lists of texts are Python lists.
        """
        return to_pandas(self.arrow(name))

    def objects(self, assay: str) -> pd.DataFrame:
        """Return the objects of an assay: cells, spheres, bands. Raises StoreError where it has none."""
        return self.table(f"objects_{assay}")

    def findings(self, severity: str | None = None) -> pd.DataFrame:
        """Return the QC remarks, all of them or those of one severity (info, warning, error)."""
        table = self.arrow("findings")
        if severity is not None:
            table = table.filter(pc.equal(table["severity"], severity))
        return to_pandas(table)

    def measurements(self, with_samples: bool = True, *, excluded: Exclusions = "mark") -> pd.DataFrame:
        """Return the numbers, one a row.

        Parameters
        ----------
        with_samples : join the filled columns of the sample sheet by pipeline and sample; a sheet column
            that is called like a column of the numbers ("unit") becomes "sheet_unit"
        excluded : what becomes of numbers of excluded samples: "mark" keeps them, with `excluded` true;
            "drop" leaves them out; "only" returns nothing else
        """
        return to_pandas(self.joined(with_samples=with_samples, excluded=excluded))

    def joined(self, *, with_samples: bool = True, excluded: Exclusions = "mark") -> pa.Table:
        """Return the same as `measurements` as an Arrow table, in the order of the table."""
        joined = with_factors(self.arrow("measurements"), self.arrow("samples"))
        if excluded != "mark":
            flag = pc.fill_null(joined["excluded"], False)
            joined = joined.filter(flag if excluded == "only" else pc.invert(flag))
        return joined if with_samples else joined.select(self.arrow("measurements").column_names)

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.names, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        return f'{self.path} has no table "{name}". There are: {", ".join(self.names)}.{hint}'

    def __repr__(self) -> str:
        return f"Results({str(self.path)!r}): {'; '.join(self._summary())}"

    def _repr_html_(self) -> str:
        """Show counts and the first failures in a notebook; every text is escaped."""
        rows = "".join(f"<li>{html.escape(line)}</li>" for line in self._summary())
        failures = "".join(f"<li>{html.escape(line)}</li>" for line in self._failures())
        failed = f"<p><b>Not computed</b></p><ul>{failures}</ul>" if failures else ""
        return f"<div>{failed}<p><b>{html.escape(str(self.path))}</b></p><ul>{rows}</ul></div>"

    def _summary(self) -> list[str]:
        """Return counts in words, what went wrong first."""
        tasks = Counter(self.arrow("tasks")["status"].to_pylist())
        findings = Counter(self.arrow("findings")["severity"].to_pylist())
        words = [f"{tasks[status]:,} tasks {status}" for status in _WORST_FIRST if tasks[status]]
        words += [f"{findings[kind]:,} findings: {kind}" for kind in ("error", "warning") if findings[kind]]
        words += [f"{self.arrow(name).num_rows:,} {name}" for name in ("measurements", "samples", "files")]
        return words

    def _failures(self) -> list[str]:
        tasks = self.arrow("tasks").select(["unit", "status", "error"]).to_pylist()
        failed = [task for task in tasks if task["status"] != "ok"]
        lines = [
            f"{task['unit']} ({task['status']}): {task['error'] or ''}" for task in failed[:_SHOWN_FAILURES]
        ]
        if len(failed) > _SHOWN_FAILURES:
            lines.append(f"and {len(failed) - _SHOWN_FAILURES:,} more: see the table tasks")
        return lines


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a DataFrame with the types that `Results.table` promises."""
    import pandas as pd

    mapped: dict[pa.DataType, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=mapped.get)
    for field in table.schema:
        if pa.types.is_list(field.type):
            frame[field.name] = pd.Series(table[field.name].to_pylist(), index=frame.index, dtype=object)
    return frame


def with_factors(numbers: pa.Table, samples: pa.Table) -> pa.Table:
    """Join the filled columns of the sample sheet to the numbers, keeping the order of the numbers.

    A number that belongs to several samples gets the cells on which all of them agree.
    """
    factors = factor_columns(samples)
    keys = list(zip(samples["pipeline"].to_pylist(), samples["sample"].to_pylist(), strict=True))
    if len(set(keys)) != len(keys):
        raise StoreError("The table samples names a sample twice in one pipeline; run `exoraw check`.")
    place = {key: number for number, key in enumerate(keys)}
    wanted = zip(numbers["pipeline"].to_pylist(), numbers["sample"].to_pylist(), strict=True)
    rows = pa.array([place.get(key) for key in wanted], pa.int64())
    groups = _member_rows(numbers, place)
    for name in factors:
        taken = name in {field.name for field in MEASUREMENTS.fields}
        field = samples.schema.field(name).with_name(f"sheet_{name}" if taken else name)
        column = samples[name].take(rows)
        numbers = numbers.append_column(field, _with_agreed(column, samples[name], groups))
    return numbers


def _member_rows(
    numbers: pa.Table, place: Mapping[tuple[str, str], int]
) -> dict[int, tuple[tuple[int, ...], bool]]:
    """Return row of the numbers -> (rows of its members in `samples`, whether all stand there)."""
    if "members" not in numbers.column_names or numbers["members"].null_count == len(numbers):
        return {}
    found = {}
    listed = zip(numbers["pipeline"].to_pylist(), numbers["members"].to_pylist(), strict=True)
    for number, (pipeline, members) in enumerate(listed):
        if members:
            rows = tuple(place[key] for name in members if (key := (pipeline, name)) in place)
            found[number] = (rows, len(rows) == len(members))
    return found


def _with_agreed(
    column: pa.ChunkedArray, cells: pa.ChunkedArray, groups: Mapping[int, tuple[tuple[int, ...], bool]]
) -> pa.ChunkedArray:
    """Fill in, for every number of several samples, the cell that all of them have."""
    if not groups:
        return column
    values, known = column.to_pylist(), cells.to_pylist()
    for number, (rows, complete) in groups.items():
        agreed = complete and all(known[row] == known[rows[0]] for row in rows)
        values[number] = known[rows[0]] if agreed else None
    return pa.chunked_array([pa.array(values, column.type)])


def factor_columns(samples: pa.Table) -> list[str]:
    """Return the sheet columns worth joining: those with a value somewhere, and the exclusion marks."""
    return [
        name
        for name in samples.column_names
        if name not in _NOT_FACTORS and (name in _MARKS or _is_filled(samples[name]))
    ]


def _is_filled(column: pa.ChunkedArray) -> bool:
    filled = column.drop_null()
    if pa.types.is_string(column.type):
        return bool(pc.any(pc.not_equal(filled, "")).as_py())
    return len(filled) > 0
