"""`exoraw schema`: the JSON Schema of study.yaml, for editors that complete and check while typing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    to: Annotated[Path | None, typer.Option("--to", help="File to write. Default: the screen.")] = None,
) -> None:
    """Print the JSON Schema of study.yaml."""
    import json

    from exoraw.assays import registry
    from exoraw.study.presets import presets
    from exoraw.study.schema import study_schema

    assays = {name: registry.load(name).settings.model_json_schema() for name in registry.registered()}
    settings = assays | {preset.name: assays[preset.assay] for preset in presets() if preset.assay in assays}
    text = json.dumps(study_schema(settings), indent=2, ensure_ascii=False)
    if to is None:
        typer.echo(text)
    else:
        to.write_text(text + "\n", encoding="utf-8")
