"""The figures of a study as files."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image

from exoraw.report.published import _file_name, publish_figures

MM = 25.4


def comparison(study, **changes):
    groups = [
        {"label": "control", "second": "", "values": [1.0, 1.2, 0.9], "excluded": []},
        {"label": "DOX", "second": "", "values": [3.0, 3.3, 2.8], "excluded": []},
    ]
    options = {
        "plot": "bars", "unit": "%", "first": ["late_apoptotic", "", ""], "error_bars": "sd",
        "replication_unit": "culture", "test": "welch",
        "tests": [{"group": "DOX", "reference": "control", "p": 0.001, "state": "ok"}],
        "groups": groups, "stars": ["* p < 0.05"], "pairs": [],
        "marks": [{"group": "DOX", "reference": "control", "text": "**", "symbol": "*"}],
    } | changes  # fmt: skip
    study.add(
        "figures", assay="flow", pipeline="apoptosis", name="compare Rescue", title="Rescue: DOX/exo",
        kind="comparison", measures=["late_apoptotic"], entities=[], group_by=[], order=1000,
        options=json.dumps(options),
    )  # fmt: skip


def test_every_figure_is_written_in_three_formats_at_a_journals_width(study, tmp_path: Path) -> None:
    comparison(study)
    written, left_out = publish_figures(study.write(), tmp_path / "figures")
    assert left_out == []
    names = {path.name for path in written}
    assert {"apoptosis_Rescue_DOX_exo.svg", "apoptosis_Rescue_DOX_exo.png"} <= names
    assert len(names) % 3 == 0
    with Image.open(tmp_path / "figures/apoptosis_Rescue_DOX_exo.png") as picture:
        assert picture.size[0] / picture.info["dpi"][0] * MM == pytest.approx(85, abs=1)
    drawn = ET.parse(tmp_path / "figures/apoptosis_Rescue_DOX_exo.svg")
    texts = {"".join(node.itertext()).strip() for node in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"**", "Test: welch.", "* p < 0.05."} <= texts
    assert any("control" in text for text in texts)


def test_a_figure_that_cannot_be_drawn_is_named_with_the_reason(study, tmp_path: Path) -> None:
    twice = [{"label": "control", "second": "", "values": [1.0], "excluded": []}] * 2
    comparison(study, groups=twice, marks=[])
    _written, left_out = publish_figures(study.write(), tmp_path)
    assert len(left_out) == 1
    assert left_out[0].startswith("Rescue: DOX/exo: ")


def test_file_names_are_plain_and_unique_on_every_system() -> None:
    used: set[str] = set()
    names = [_file_name(title, used) for title in ("p αβγ", "p ???", "P", "p/../x", "x" * 300)]
    assert len({name.casefold() for name in names}) == 5
    assert all(len(name) <= 90 and name.isascii() and "/" not in name for name in names)
