"""A study is loaded whole, or every reason why not is said at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from exoraw.io.errors import StudyError
from exoraw.study.load import load_study, settings_of
from exoraw.study.problems import StudyProblems
from exoraw.study.schema import study_schema


def said_by(folder: Path) -> str:
    with pytest.raises(StudyError) as caught:
        load_study(folder)
    return str(caught.value)


def with_pipelines(text: str) -> str:
    return f"title: T\nraw: raw\npipelines:\n{text}"


def test_a_sound_study_is_loaded_with_absolute_folders(make_study):
    folder = make_study()
    loaded = load_study(folder)
    assert loaded.raw == (folder / "raw").resolve()
    assert loaded.results == (folder / "results").resolve()
    assert [row.sample for row in loaded.sheet.rows] == ["A", "B"]
    assert [row.row for row in loaded.sheet.rows] == [2, 3]
    assert loaded.pipelines[0].name == "flow"
    assert loaded.pipelines[0].assay == "flow"


def test_every_problem_of_the_study_file_is_said_at_once_with_its_line(make_study):
    said = said_by(
        make_study(
            "titel: T\nraw: raw\nfactors: treatment\npipelines:\n  - "
            "{preset: p, setings: {}}\nlimits: {timeout_s: -1}\n"
        )
    )
    assert 'line 1: unknown key "titel". Did you mean title?' in said
    assert 'the key "title" is missing' in said
    assert 'line 3: factors: found "treatment"' in said
    assert 'line 5: unknown key "setings" in pipelines[1]. Did you mean settings?' in said
    assert 'line 6: limits.timeout_s: found "-1"' in said


def test_text_fields_hold_what_was_typed(make_study):
    study = """title: 007
raw: raw
factors: [NO, 12:30]
pipelines:
  - name: 1e3
    assay: flow
    where: {batch: 01, treatment: [NO, 2.50, true]}
"""
    loaded = load_study(make_study(study, "sample,NO,12:30,batch,treatment\nA,1,2,01,NO\n"))
    assert loaded.study.title == "007"
    assert loaded.study.factors == ("NO", "12:30")
    assert loaded.pipelines[0].name == "1e3"
    assert loaded.pipelines[0].where == {"batch": ("01",), "treatment": ("NO", "2.50", "true")}


class Gate(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = ""
    percent: float = 99.5


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    mode: Literal["fast", "exact"] = "exact"
    batch: str = ""
    names: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    gate: Gate = Gate()


def test_settings_keep_the_spelling_of_numbers_where_text_is_wanted(make_study):
    entry = (
        "  - assay: flow\n    settings: "
        "{batch: 007, names: [1, NO, 2.50], labels: {a: 1e3}, gate: {percent: 1e1}}\n"
    )
    loaded = load_study(make_study(with_pipelines(entry)))
    settings = settings_of(loaded.pipelines[0], Settings)
    assert settings.batch == "007"
    assert settings.names == ("1", "NO", "2.50")
    assert settings.labels == {"a": "1e3"}
    assert settings.gate.percent == 10.0


def test_wrong_settings_are_named_with_line_value_and_nearest_key(make_study):
    entry = (
        "  - assay: flow\n    settings:\n      mode: exakt\n      gate:\n        percnt: 5\n      names: 3\n"
    )
    loaded = load_study(make_study(with_pipelines(entry)))
    with pytest.raises(StudyProblems) as caught:
        settings_of(loaded.pipelines[0], Settings)
    said = str(caught.value)
    assert 'study.yaml: line 6: mode: found "exakt"' in said
    assert "Did you mean exact?" in said
    assert 'line 8: unknown key "percnt" in gate. Did you mean percent?' in said
    assert "line 9: names" in said


PRESET = "title: Mine\nassay: flow\nsettings:\n  mode: fast\n  gate: {name: live, percent: 99}\n"


def test_settings_of_the_study_are_laid_on_those_of_the_preset(make_study):
    entry = "  - preset: mine.yaml\n    settings: {gate: {percent: 95}}\n"
    loaded = load_study(make_study(with_pipelines(entry), mine__yaml=PRESET))
    source = loaded.pipelines[0]
    assert source.name == "mine"
    assert source.assay == "flow"
    assert source.title == "Mine"
    assert source.settings == {"mode": "fast", "gate": {"name": "live", "percent": 95}}


def test_a_wrong_setting_of_a_preset_names_the_preset_file(make_study):
    broken = PRESET.replace("mode: fast", "mood: fast")
    loaded = load_study(make_study(with_pipelines("  - preset: mine.yaml\n"), mine__yaml=broken))
    with pytest.raises(StudyProblems, match=r"mine.yaml: line 4: unknown key \"mood\". Did you mean mode\?"):
        settings_of(loaded.pipelines[0], Settings)


def test_an_unknown_preset_names_the_nearest(make_study):
    said = said_by(make_study(with_pipelines("  - preset: anexin_pi\n")))
    assert 'line 4: preset: There is no preset "anexin_pi". Did you mean annexin_pi?' in said


def test_preset_and_assay_together_or_neither_are_refused(make_study):
    assert "give either preset or assay" in said_by(make_study(with_pipelines("  - {preset: a, assay: b}\n")))
    assert "give either preset or assay" in said_by(make_study(with_pipelines("  - {name: a}\n")))


def test_two_analyses_of_one_name_are_refused(make_study):
    said = said_by(make_study(with_pipelines("  - {assay: flow}\n  - {assay: flow}\n")))
    assert 'line 5: pipelines: "flow" is the name of two analyses' in said


def test_a_missing_raw_folder_names_the_nearest_one(make_study):
    folder = make_study("title: T\nraw: rav\npipelines: [{assay: flow}]\n")
    said = said_by(folder)
    assert 'line 2: raw: the folder "rav" does not exist' in said
    assert "Did you mean raw?" in said


@pytest.mark.parametrize(
    ("raw", "results", "word"),
    [
        ("raw", "raw/results", "lies inside the raw folder"),
        ("raw", "raw", "lies inside the raw folder"),
        ("raw", "raw/../raw/x", "lies inside the raw folder"),
        ("raw", "..", "holds the raw folder"),
        (".", "../results", "study.yaml lies inside the raw folder"),
    ],
)
def test_nothing_may_be_written_into_the_raw_folder(make_study, raw: str, results: str, word: str):
    study = f"title: T\nraw: {raw}\nresults: {results}\npipelines: [{{assay: flow}}]\n"
    assert word in said_by(make_study(study))


def test_results_behind_a_link_into_the_raw_folder_are_refused(make_study):
    folder = make_study("title: T\nraw: raw\nresults: link\npipelines: [{assay: flow}]\n")
    (folder / "link").symlink_to(folder / "raw", target_is_directory=True)
    assert "lies inside the raw folder" in said_by(folder)


def test_a_missing_sheet_names_the_nearest_file(make_study):
    folder = make_study("title: T\nraw: raw\nsamples: sample.csv\npipelines: [{assay: flow}]\n")
    assert "Did you mean samples.csv?" in said_by(folder)


def test_problems_of_study_sheet_and_exclusions_come_together(make_study):
    said = said_by(
        make_study(
            "title: T\nraw: nowhere\npipelines: [{preset: nope}]\n",
            "name,file\nA,a.fcs\n",
            exclusions__csv="kind,target,reason,who,when\nsampel,A,,,\n",
        )
    )
    assert "raw: the folder" in said
    assert 'There is no preset "nope"' in said
    assert 'there is no column "sample"' in said
    assert (
        'exclusions.csv row 2, column "kind": "sampel" is not one of sample, file, well. Did you mean sample?'
        in said
    )


def test_several_sheets_are_one_and_rows_say_where_they_stand(make_study):
    study = (
        "title: T\nraw: raw\nsamples: [samples.csv, blots.csv]\npipelines: [{assay: flow}, "
        "{name: b, assay: flow, sheet: blots.csv}]\n"
    )
    loaded = load_study(make_study(study, blots__csv="sample;membrane\nL1;m1\n"))
    assert [(row.source, row.row, row.sample) for row in loaded.sheet.rows] == [
        ("samples.csv", 2, "A"), ("samples.csv", 3, "B"), ("blots.csv", 2, "L1"),
    ]  # fmt: skip
    assert loaded.sheet.columns[-1] == "membrane"


def test_the_digest_changes_with_study_sheet_and_exclusions_and_with_nothing_else(make_study):
    folder = make_study()
    first = load_study(folder).digest
    (folder / "notes.txt").write_text("x")
    assert load_study(folder).digest == first
    (folder / "samples.csv").write_text("sample,file,treatment\nA,a.fcs,x\n")
    second = load_study(folder).digest
    (folder / "exclusions.csv").write_text("kind,target,reason,who,when\nsample,A,clot,AB,2026-01-01\n")
    assert len({first, second, load_study(folder).digest}) == 3


def test_a_folder_without_a_study_says_how_to_get_one(tmp_path):
    with pytest.raises(StudyError, match="exoraw init"):
        load_study(tmp_path)


def test_file_names_are_spelled_as_on_disk(make_study):
    composed, decomposed = "M\u00fcller.fcs", "Mu\u0308ller.fcs"
    folder = make_study(
        sheet=f"sample,file\nA,{composed}\nB,a;b.fcs\nC,one.fcs;two.fcs\n", raw=[decomposed, "a;b.fcs"]
    )
    files = [row.files for row in load_study(folder).sheet.rows]
    assert files == [(decomposed,), ("a;b.fcs",), ("one.fcs", "two.fcs")]


def test_the_schema_describes_every_key_and_accepts_a_sound_study():
    schema = study_schema({"flow": {"title": "FlowSettings", "type": "object", "properties": {}}})
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["required"]) == {"title", "raw", "pipelines"}
    assert all("description" in part for part in schema["properties"].values())
    entry = schema["$defs"]["PipelineEntry"]
    assert all("description" in part for part in entry["properties"].values())
    assert "annexin_pi" in entry["properties"]["preset"]["examples"]
    assert entry["allOf"][0]["if"]["anyOf"][0]["properties"]["preset"]["const"] == "flow"
