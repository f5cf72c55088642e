"""From a series to the table that Prism analyses: Column, Grouped or XY, with its notes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from exoraw.store.export.cells import number_text
from exoraw.store.export.prism.series import (
    MATCHES,
    NOT_GIVEN,
    Grouping,
    Series,
    Value,
    numeric_factor,
    shown,
)
from exoraw.store.export.prism.sheet import (
    MISSING,
    MOST_COLUMNS,
    MOST_REPLICATES,
    Cell,
    Column,
    Sheet,
)

_BETWEEN = " | "  # of factors that share a title
_ALL = "all samples"


def sheets_of(series: Series, grouping: Grouping) -> list[Sheet]:
    """Return the table of a series; several where it has more columns than Prism takes.

    One factor that varies makes a Column table, two or more a Grouped one (rows: the first factor, columns:
    the others together); time or dose makes an XY table.
    """
    varying = grouping.varying(series.values)
    x = numeric_factor(varying, series.values)
    others = [name for name in varying if name not in {x, *(("dose_unit",) if x == "dose" else ())}]
    if x:
        sheet = _xy(series, x, others, grouping)
    elif len(varying) > 1:
        sheet = _grouped(series, varying, grouping)
    else:
        sheet = _column(series, varying, grouping)
    return _split(sheet)


def _column(series: Series, factors: Sequence[str], grouping: Grouping) -> Sheet:
    groups = _groups(series.values, factors, grouping)
    match = _match(groups.values())
    if match:
        keys = list(dict.fromkeys(shown(value.sheet[match]) for value in series.values))
        columns = [(title, _by_key(values, match, keys)) for title, values in groups.items()]
        titles = tuple(f"{match} {key}" for key in keys)
    else:
        columns = [(title, tuple(map(_cell, values))) for title, values in groups.items()]
        titles = ()
    notes = [f"Column table: one column per group ({', '.join(factors) or 'no factor varies'})."]
    notes += _notes(series, match, "in a row")
    columns_ = tuple(Column(title, (cells,)) for title, cells in columns)
    return Sheet(series.title, "OneWay", columns_, titles, None, tuple(notes))


def _grouped(series: Series, factors: Sequence[str], grouping: Grouping) -> Sheet:
    rows = _groups(series.values, factors[:1], grouping)
    groups = _groups(series.values, factors[1:], grouping)
    row_of = {id(value): title for title, values in rows.items() for value in values}
    match, columns, titles = _side_by_side(groups, rows, lambda value: row_of[id(value)])
    notes = [f"Grouped table: rows are {factors[0]}, columns are {', '.join(factors[1:])}."]
    notes += _notes(series, match, "in the same subcolumn")
    return Sheet(series.title, "TwoWay", columns, titles, None, tuple(notes))


def _xy(series: Series, x: str, others: Sequence[str], grouping: Grouping) -> Sheet:
    doses = sorted({value.sheet[x] for value in series.values if value.sheet[x] is not None})
    rows = {shown(dose): dose for dose in doses}
    if any(value.sheet[x] is None for value in series.values):
        rows[NOT_GIVEN] = None
    groups = _groups(series.values, others, grouping)
    match, columns, titles = _side_by_side(groups, rows, lambda value: shown(value.sheet[x]))
    unit = next((v.sheet["dose_unit"] for v in series.values if x == "dose" and v.sheet.get("dose_unit")), "")
    title = f"dose ({unit})" if unit else {"time_h": "time (h)"}.get(x, x)
    axis = Column(title, (tuple(Cell(rows[title]) for title in titles),))
    notes = [
        f"XY table: X is {title}, one column per group ({', '.join(others) or 'no other factor varies'})."
    ]
    if NOT_GIVEN in rows:
        notes.append(f'The row "{NOT_GIVEN}" has no X: the sheet gives none.')
    notes += _notes(series, match, "in the same subcolumn")
    return Sheet(series.title, "XY", columns, titles, axis, tuple(notes))


def _groups(
    values: Sequence[Value], factors: Sequence[str], grouping: Grouping
) -> dict[str, tuple[Value, ...]]:
    """Return title -> values, in the order of the sheet; without factors there is one group."""
    found: dict[tuple[tuple[str, str], ...], list[Value]] = {}
    for value in values:
        levels = tuple((shown(value.sheet.get(name)), _unit(value, name)) for name in factors)
        found.setdefault(levels, []).append(value)

    def place(levels: tuple[tuple[str, str], ...]) -> list[tuple[int, str, str]]:
        pairs = zip(factors, levels, strict=True)
        return [(*grouping.order(name, level), unit) for name, (level, unit) in pairs]

    titled: dict[str, tuple[Value, ...]] = {}
    for levels in sorted(found, key=place):
        words = [f"{level} {unit}" if unit else level for level, unit in levels]
        title = name = _BETWEEN.join(words) if words else _ALL
        number = 2
        while title in titled:  # "a | b" with "c", and "a" with "b | c"
            title, number = f"{name} #{number}", number + 1
        titled[title] = tuple(found[levels])
    return titled


def _unit(value: Value, factor: str) -> str:
    """Return the unit that stands behind a level: that of a dose."""
    return (
        (value.sheet.get("dose_unit") or "") if factor == "dose" and value.sheet["dose"] is not None else ""
    )


def _side_by_side(
    groups: Mapping[str, Sequence[Value]], rows: Mapping[str, object], row_of: Callable[[Value], str]
) -> tuple[str, tuple[Column, ...], tuple[str, ...]]:
    """Return (what values are matched by, columns, row titles).

    Replicates stand in subcolumns; where there are more than Prism takes, the row is repeated.
    """
    cells: dict[str, dict[str, list[Value]]] = {title: {row: [] for row in rows} for title in groups}
    for title, values in groups.items():
        for value in values:
            cells[title][row_of(value)].append(value)
    match = _match(found for by_row in cells.values() for found in by_row.values() if found)
    everything = [value for values in groups.values() for value in values]
    keys = list(dict.fromkeys(shown(value.sheet[match]) for value in everything)) if match else []
    filled = {
        title: {
            row: _by_key(found, match, keys) if match else tuple(map(_cell, found))
            for row, found in by.items()
        }
        for title, by in cells.items()
    }
    most = max((len(found) for by_row in filled.values() for found in by_row.values()), default=1)
    wide = max(1, min(most, MOST_REPLICATES))
    times = {row: max(1, *(math.ceil(len(by[row]) / wide) for by in filled.values())) for row in rows}
    columns = tuple(Column(title, _subcolumns(by_row, times, wide)) for title, by_row in filled.items())
    repeated = tuple(row for row in rows for _ in range(times[row]))
    return match, columns, repeated


def _subcolumns(
    by_row: Mapping[str, tuple[Cell, ...]], times: Mapping[str, int], wide: int
) -> tuple[tuple[Cell, ...], ...]:
    lines = []
    for row, found in by_row.items():
        padded = found + (MISSING,) * (times[row] * wide - len(found))
        lines += [padded[start : start + wide] for start in range(0, len(padded), wide)]
    return tuple(zip(*lines, strict=True))


def _match(groups: Iterable[Sequence[Value]]) -> str:
    """Return the sheet column by which values of the groups belong together; empty where none does.

    It is filled for every value, names each only once in a group, and at least two groups share one.
    """
    listed = list(groups)
    for name in MATCHES:
        keys = [[value.sheet.get(name) for value in values] for values in listed]
        if any(key is None or key == "" for found in keys for key in found):
            continue
        once = all(len(set(map(shown, found))) == len(found) for found in keys)
        if once and len({shown(key) for found in keys for key in found}) < sum(map(len, keys)):
            return name
    return ""


def _by_key(values: Sequence[Value], match: str, keys: Sequence[str]) -> tuple[Cell, ...]:
    cells = {shown(value.sheet[match]): _cell(value) for value in values}
    return tuple(cells.get(key, MISSING) for key in keys)


def _cell(value: Value) -> Cell:
    number = value.value if value.value is not None and math.isfinite(value.value) else None
    return Cell(number, value.excluded and number is not None)


def _notes(series: Series, match: str, where: str) -> list[str]:
    """Return what one value is, how values are matched, and which numbers Prism cannot hold."""
    notes = []
    if any(value.sheet.get("technical_replicate") not in {None, ""} for value in series.values):
        notes.append(
            "One value is one row of the sample sheet, technical replicates included: average them before a "
            "test, or n counts measurements and not repeats."
        )
    else:
        notes.append("One value is one sample (one row of the sample sheet).")
    if any(value.sheet.get("members") for value in series.values):
        notes.append("A number of several samples (a curve, a batch) is one value.")
    if match:
        notes.append(f"Values {where} belong to the same {match}.")
    notes += [
        f"{value.sample}: {number_text(value.value)} cannot stand in Prism; the cell is empty."
        for value in series.values
        if value.value is not None and math.isinf(value.value)
    ]
    return notes


def _split(sheet: Sheet) -> list[Sheet]:
    if len(sheet.columns) <= MOST_COLUMNS:
        return [sheet]
    starts = range(0, len(sheet.columns), MOST_COLUMNS)
    said = (
        *sheet.notes,
        f"{len(sheet.columns)} groups stand in {len(starts)} tables: Prism takes {MOST_COLUMNS}.",
    )
    return [
        Sheet(
            sheet.title if number == 1 else f"{sheet.title} ({number})",
            sheet.kind,
            sheet.columns[start : start + MOST_COLUMNS],
            sheet.row_titles,
            sheet.x,
            said,
        )
        for number, start in enumerate(starts, 1)
    ]
