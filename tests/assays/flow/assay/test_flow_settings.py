"""What a person may write in study.yaml, and the preset."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from exoraw.assays.flow.settings import FlowSettings


def test_the_preset_says_exactly_what_the_defaults_are(project: Path) -> None:
    preset = YAML(typ="safe").load((project / "pipelines/annexin_pi.yaml").read_text(encoding="utf-8"))
    assert (preset["preset"], preset["assay"]) == ("annexin_pi", "flow")
    assert FlowSettings.model_validate(preset["settings"]) == FlowSettings()


def test_a_single_name_is_as_good_as_a_list() -> None:
    assert FlowSettings.model_validate({"strategy": {"annexin": "FITC"}}).strategy.annexin == ("FITC",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategy": {"anexin": "FITC"}}, "anexin"),
        ({"strategy": {"quadrants": {"live": "necrotic"}}}, "the four names must differ"),
        ({"strategy": {"quadrants": {"live": "a/b"}}}, 'contain "/"'),
        ({"compensation": {"source": "csv"}}, "write both or none"),
        ({"compensation": {"csv": "m.csv"}}, "write both or none"),
        ({"batch_by": ["colour"]}, "batch_by"),
        ({"batch_by": []}, "batch_by"),
        ({"strategy": {"kind": "cd44"}}, "annexin_pi"),
        ({"strategy": {"kind": "surface_mfi"}}, "markers"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FlowSettings.model_validate(settings)
