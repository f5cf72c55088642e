"""Parts of different versions and types become one table without losing a value."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.io.errors import StoreError
from exoraw.store.schemas import FINDINGS, OBJECTS
from exoraw.store.unify import conformed, plain_type, promoted, united_schema

TYPES = [
    pa.null(), pa.bool_(), pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.string(),
    pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.timestamp("s"), pa.timestamp("ns", "UTC"),
    pa.list_(pa.string()), pa.list_(pa.null()), pa.date32(), pa.binary(),
]  # fmt: skip
types = st.sampled_from(TYPES)
COLUMNS = st.one_of(
    st.lists(st.none() | st.integers(-(2**53), 2**53), min_size=1),
    st.lists(st.none() | st.floats(allow_nan=False), min_size=1),
    st.lists(st.none() | st.text(alphabet=st.characters(codec="utf-8")), min_size=1),
    st.lists(st.none() | st.booleans(), min_size=1),
)


@given(types, types, types)
def test_promotion_does_not_depend_on_order_or_grouping(one, two, three):
    assert promoted(one, two) == promoted(two, one)
    assert promoted(one, promoted(two, three)) == promoted(promoted(one, two), three)


@given(types)
def test_promotion_with_itself_or_nothing_is_the_plain_type(kind):
    assert promoted(kind, kind) == plain_type(kind)
    assert promoted(kind, pa.null()) == plain_type(kind)
    assert plain_type(plain_type(kind)) == plain_type(kind)


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_every_type_can_be_cast_to_what_it_is_promoted_to(kind):
    for other in TYPES:
        schema = pa.schema([pa.field("x", promoted(kind, other))])
        found = conformed(pa.table({"x": pa.nulls(2, kind)}), schema, "part")
        assert found["x"].to_pylist() == [None, None]


@given(st.lists(COLUMNS, min_size=1, max_size=4))
def test_united_parts_hold_every_value_of_every_part(columns):
    keys = [pa.array(["k"] * len(values)) for values in columns]
    parts = [
        pa.table({"object_id": key, "sample": key, "x": values})
        for key, values in zip(keys, columns, strict=True)
    ]
    schema = united_schema(OBJECTS, (part.schema for part in parts))
    found = [value for part in parts for value in conformed(part, schema, "part")["x"].to_pylist()]
    expected = [value for values in columns for value in values]
    assert len(found) == len(expected)
    for one, two in zip(found, expected, strict=True):
        assert _equal(one, two)


def _equal(found: object, expected: object) -> bool:
    """The same value, or the same value as text where the column became text."""
    if found is None or expected is None:
        return found is expected
    if isinstance(found, str) and not isinstance(expected, str):
        if isinstance(expected, bool):
            return found == str(expected).lower()
        return math.isclose(float(found), float(expected), rel_tol=1e-15)
    return found == expected


def test_declared_columns_come_first_and_keep_their_types():
    words = {name: ["x"] for name in ("finding_id", "code", "severity", "message")}
    part = pa.table({"zeta": [1], **words, "value": [3]})
    schema = united_schema(FINDINGS, [part.schema])
    assert schema.names == [*FINDINGS.schema.names, "zeta"]
    assert schema.field("value").type == pa.float64()
    assert conformed(part, schema, "part")["value"].to_pylist() == [3.0]


def test_value_that_does_not_fit_is_named_with_task_and_column():
    words = {name: ["x"] for name in ("finding_id", "code", "severity", "message")}
    part = pa.table({"value": ["many"], **words})
    schema = united_schema(FINDINGS, [part.schema])
    with pytest.raises(StoreError, match='task annexin/gate/A1: column "value" holds string'):
        conformed(part, schema, "task annexin/gate/A1")


@pytest.mark.parametrize("part", [{"object_id": ["a", "b"], "sample": ["s", None]}, {"object_id": ["a"]}])
def test_row_without_a_required_cell_is_named_with_its_task(part):
    table = pa.table(part)
    schema = united_schema(OBJECTS, [table.schema])
    with pytest.raises(StoreError, match='task u: column "sample" is empty in 1 rows'):
        conformed(table, schema, "task u")
