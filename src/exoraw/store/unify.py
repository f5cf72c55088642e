"""Bringing the parts of many tasks, also of older versions, to the columns and types of one table."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from exoraw.io.errors import StoreError
from exoraw.store.schemas import Table


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that a public table uses for values of this type.

    Whole numbers are int64, reals float64, text string, times UTC microseconds; a dictionary is its values.
    """
    types = pa.types
    if types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if types.is_integer(kind) and kind != pa.uint64():
        return pa.int64()
    if types.is_floating(kind) or types.is_decimal(kind) or kind == pa.uint64():
        return pa.float64()
    if types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_timestamp(kind):
        return pa.timestamp("us", tz=kind.tz)
    if types.is_list(kind) or types.is_large_list(kind):
        return pa.list_(plain_type(kind.value_type))
    return kind


def promoted(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    """Return the narrowest type that holds the values of both; text holds everything.

    The order of the two does not matter, nor does grouping: promoted(a, promoted(b, c)) is
    promoted(promoted(a, b), c).
    """
    one, two = plain_type(first), plain_type(second)
    if one == two or pa.types.is_null(two):
        return one
    if pa.types.is_null(one):
        return two
    if {one, two} == {pa.int64(), pa.float64()}:
        return pa.float64()
    if pa.types.is_list(one) and pa.types.is_list(two):
        return pa.list_(promoted(one.value_type, two.value_type))
    return pa.string()


def united_schema(table: Table, schemas: Iterable[pa.Schema]) -> pa.Schema:
    """Return the columns of a public table: the declared ones first, then what the parts add.

    A declared column keeps its declared type. Further columns stand in order of first appearance; in a
    closed table they come from a newer minor version and are kept too, so that nothing is lost.
    """
    declared = {field.name for field in table.fields}
    further: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            if field.name not in declared:
                further[field.name] = promoted(further.get(field.name, pa.null()), field.type)
    extra = [
        pa.field(name, pa.string() if pa.types.is_null(kind) else kind) for name, kind in further.items()
    ]
    return pa.schema([*table.schema, *extra])


def conformed(content: pa.Table, schema: pa.Schema, source: str) -> pa.Table:
    """Return the same rows with exactly these columns: missing ones empty, types promoted.

    Raises StoreError naming `source` where a value does not fit its column, or a required one is empty.
    """
    _refuse_empty(content, schema, source)
    if content.schema.equals(schema):
        return content
    rows = content.num_rows
    columns = []
    for field in schema:
        place = content.schema.get_field_index(field.name)
        if place < 0:
            columns.append(pa.nulls(rows, field.type))
        else:
            columns.append(_as_type(content.column(place), field, source))
    return pa.Table.from_arrays(columns, schema=schema)


def _refuse_empty(content: pa.Table, schema: pa.Schema, source: str) -> None:
    for field in schema:
        if not field.nullable:
            place = content.schema.get_field_index(field.name)
            empty = content.num_rows if place < 0 else content.column(place).null_count
            if empty:
                raise StoreError(
                    f'{source}: column "{field.name}" is empty in {empty:,} rows and must never be.'
                )


def _as_type(column: pa.ChunkedArray, field: pa.Field, source: str) -> pa.ChunkedArray:
    if column.type == field.type:
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        if field.type == pa.string() and not _casts_to_text(column.type):
            texts = [None if value is None else str(value) for value in column.to_pylist()]
            return pa.chunked_array([texts], pa.string())
        return pc.cast(column, field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise StoreError(
            f'{source}: column "{field.name}" holds {column.type} where the table has {field.type}: {error}'
        ) from error


def _casts_to_text(kind: pa.DataType) -> bool:
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
