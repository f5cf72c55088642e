"""JSON Schema of study.yaml, generated from the model, so that editors complete and check while typing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exoraw.study.model import Study
from exoraw.study.presets import preset_names

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def study_schema(settings: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of study.yaml.

    Parameters
    ----------
    settings : preset or assay name -> JSON Schema of its settings, where the caller knows the assays

    Returns
    -------
    a JSON Schema (draft 2020-12); preset names stand as examples
    """
    schema = Study.model_json_schema()
    entry = schema["$defs"]["PipelineEntry"]
    entry["oneOf"] = [{"required": ["preset"]}, {"required": ["assay"]}]
    entry["properties"]["preset"]["examples"] = list(preset_names())
    if settings:
        entry["allOf"] = [_settings_of(name, part) for name, part in sorted(settings.items())]
    return {"$schema": DIALECT, **schema, "title": "exoraw study"}


def _settings_of(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    named = [{"required": [key], "properties": {key: {"const": name}}} for key in ("preset", "assay")]
    return {"if": {"anyOf": named}, "then": {"properties": {"settings": _inlined(settings)}}}


def _inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema whose references stay inside itself once it stands within another."""
    return (
        {**schema, "$id": f"exoraw:settings/{schema.get('title', 'assay')}"}
        if "$defs" in schema
        else {**schema}
    )
