"""Documentation and datapackage.json say what the schemas say."""

from __future__ import annotations

import json

import pyarrow.parquet as pq

from exoraw.store.package import documentation, main
from exoraw.store.schemas import TABLES


def test_documentation_page_of_the_tables_is_current(project):
    page = (project / "docs" / "tables.md").read_text("utf-8")
    assert page == documentation(), "run: python -m exoraw.store.package docs/tables.md"


def test_documentation_page_names_every_column_with_its_meaning(tmp_path):
    main(tmp_path / "tables.md")
    page = (tmp_path / "tables.md").read_text("utf-8")
    for table in TABLES.values():
        assert f"\n## {table.name}\n" in page
        for field in table.fields:
            assert f"| `{field.name}` |" in page
            assert field.description in page


def test_every_column_has_a_description_and_every_key_exists():
    for table in TABLES.values():
        names = [field.name for field in table.fields]
        assert len(set(names)) == len(names)
        assert set(table.key) <= set(names)
        assert all(field.description for field in table.fields)


def test_datapackage_describes_the_files_that_are_there(filled):
    package = json.loads((filled.results / "datapackage.json").read_text())
    for resource in package["resources"]:
        file = pq.ParquetFile(filled.results / resource["path"])
        assert resource["rows"] == file.metadata.num_rows
        assert [field["name"] for field in resource["schema"]["fields"]] == file.schema_arrow.names
        assert set(resource["schema"]["primaryKey"]) <= set(file.schema_arrow.names)
        file.close()
    names = {resource["name"] for resource in package["resources"]}
    assert names == {path.stem for path in filled.results.glob("*.parquet")}
    (numbers,) = (item for item in package["resources"] if item["name"] == "measurements")
    value = next(field for field in numbers["schema"]["fields"] if field["name"] == "value")
    assert value == {"name": "value", "type": "number", "description": "the number, in `unit`"}


def test_columns_carry_description_and_unit_into_the_parquet_file(filled):
    schema = pq.read_schema(filled.results / "tasks.parquet")
    assert schema.field("seconds").metadata == {b"description": b"elapsed time", b"unit": b"s"}
