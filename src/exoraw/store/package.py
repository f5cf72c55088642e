"""datapackage.json (Frictionless) and the documentation page of the tables, generated from the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exoraw.store import layout
from exoraw.store.disk import write_json
from exoraw.store.schemas import SCHEMA_MAJOR, SCHEMA_MINOR, TABLES, Table, table_named

_PROFILE = "tabular-data-resource"


def write_datapackage(results: Path, tables: Mapping[str, int]) -> None:
    """Write datapackage.json for the public tables that lie in a results folder.

    Parameters
    ----------
    tables : name -> rows
    """
    resources = [
        resource(name, pq.read_schema(layout.public_path(results, name), memory_map=False), rows)
        for name, rows in sorted(tables.items())
    ]
    write_json(
        results / layout.PACKAGE,
        {
            "profile": "data-package",
            "name": "exoraw-results",
            "description": "Tables computed by exoraw from raw instrument files.",
            "version": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}",
            "resources": resources,
        },
    )


def resource(name: str, schema: pa.Schema, rows: int) -> dict[str, Any]:
    """Describe one table in the words of Frictionless: columns, types, units, keys."""
    table = table_named(name)
    return {
        "profile": _PROFILE,
        "name": name,
        "path": f"{name}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": f"One row is one {table.grain}.",
        "rows": rows,
        "schema": {
            "fields": [_field(table, field) for field in schema],
            "primaryKey": list(table.key),
            "missingValues": [""],
        },
    }


def _field(table: Table, field: pa.Field) -> dict[str, Any]:
    declared = {item.name: item for item in table.fields}.get(field.name)
    described: dict[str, Any] = {"name": field.name, "type": frictionless_type(field.type)}
    if declared is None:
        return described
    described["description"] = declared.description
    if declared.unit:
        described["unit"] = declared.unit
    if declared.required:
        described["constraints"] = {"required": True}
    return described


def frictionless_type(kind: pa.DataType) -> str:
    """Return Frictionless' word for an Arrow type."""
    types = pa.types
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind):
        return "integer"
    if types.is_floating(kind):
        return "number"
    if types.is_timestamp(kind):
        return "datetime"
    if types.is_list(kind):
        return "array"
    return "string"


_WORDS = {
    "boolean": "yes/no",
    "integer": "whole number",
    "number": "number",
    "datetime": "time (UTC)",
    "array": "list of texts",
    "string": "text",
}

_INTRODUCTION = """# The tables of a results folder

Generated from `exoraw.store.schemas` by `python -m exoraw.store.package docs/tables.md`; do not edit by hand.
Version of the tables: {major}.{minor}. Within {major}.x columns are only added, and an added column may be
empty. How to open the files: [results.md](results.md).
"""


def documentation() -> str:
    """Return the documentation page of all tables as Markdown."""
    pages = [_INTRODUCTION.format(major=SCHEMA_MAJOR, minor=SCHEMA_MINOR)]
    pages += [_section(table) for table in TABLES.values()]
    return "\n".join(pages)


def _section(table: Table) -> str:
    file = "objects_<assay>" if table.name == "objects" else table.name
    key = ", ".join(f"`{column}`" for column in table.key)
    lines = [
        f"## {table.name}",
        "",
        f"One row: {table.grain}. File: `{file}.parquet`. Unique together: {key}.",
        "",
        "| column | type | unit | always filled | meaning |",
        "|---|---|---|---|---|",
    ]
    for field in table.fields:
        cells = [
            f"`{field.name}`",
            _WORDS[frictionless_type(field.type)],
            field.unit,
            "yes" if field.required else "",
            field.description,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    if table.open:
        lines += ["", "Further columns follow: those of the sheet (samples) or of the assay (objects)."]
    return "\n".join([*lines, ""])


def main(page: Path) -> None:
    """Write the documentation page."""
    page.write_text(documentation(), "utf-8", newline="\n")


if __name__ == "__main__":
    import sys

    main(Path(sys.argv[1]))
