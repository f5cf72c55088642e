"""What docs/study.md shows is what the code reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from exoraw.study.compare_entries import CompareEntry, GroupTest
from exoraw.study.compare_outcomes import CategoriesEntry, DoseResponseEntry, SurvivalEntry
from exoraw.study.exclusions import COLUMNS, read_exclusions
from exoraw.study.load import load_study
from exoraw.study.model import PlateEntry, Study
from exoraw.study.plate_maps import read_plate_map
from exoraw.study.sheet import COMMON_COLUMNS
from exoraw.study.tree import parse_tree
from exoraw.study.validation import keys_of, validated

COMPARED = [
    key
    for entry in (CompareEntry, SurvivalEntry, CategoriesEntry, DoseResponseEntry)
    for key in keys_of(entry)
]


@pytest.fixture
def page(project: Path) -> str:
    return (project / "docs" / "study.md").read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    every = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [text for found, text in every if found == kind]


def test_the_study_shown_loads(page: str, make_study):
    sheet = "sample,file,cell_line,treatment,assay,patient_name\nA,a.fcs,MDA,DOX,flow,X\n"
    loaded = load_study(make_study(blocks(page, "yaml")[0], sheet))
    assert loaded.pipelines[0].preset == "annexin_pi"
    assert loaded.pipelines[0].settings["cleaning"]["debris"] is False


def test_the_plates_shown_are_valid_entries(page: str):
    shown = next(text for text in blocks(page, "yaml") if text.startswith("plates:"))
    tree = parse_tree(shown, "study.yaml").child("plates")
    entries = [validated(PlateEntry, node) for node in tree.items]
    assert entries[0].names == ("P1", "P2")
    assert entries[1].wells == 96


def test_the_comparisons_shown_are_valid_entries_and_every_test_is_named(page: str):
    shown = next(text for text in blocks(page, "yaml") if text.startswith("compare:"))
    entries = [
        validated(CompareEntry, node) for node in parse_tree(shown, "study.yaml").child("compare").items
    ]
    assert [entry.test for entry in entries] == ["dunnett", "paired t"]
    assert entries[0].references[1].symbol == "#"
    for test in get_args(GroupTest):
        assert f"`{test}`" in page


@pytest.mark.parametrize("kind", ["survival", "categories", "dose-response"])
def test_every_other_kind_of_comparison_is_shown_and_valid(page: str, make_study, kind: str):
    shown = [text for text in blocks(page, "yaml") if text.startswith("compare:") and f"kind: {kind}" in text]
    columns = "subject,arm,drug,culture,os_months,death,response,dose,dose_unit"
    text = blocks(page, "yaml")[0].split("compare:")[0] + shown[0]
    loaded = load_study(make_study(text, f"sample,file,{columns}\nA,a.fcs,,,,,,,,,\n"))
    assert {entry.kind for entry in loaded.study.compare} == {kind}


def test_the_plate_map_and_the_exclusions_shown_are_read(page: str, tmp_path: Path):
    shown = blocks(page, "")
    plate_map = next(text for text in shown if text.startswith("treatment,1"))
    (tmp_path / "layout.csv").write_text(plate_map)
    assert [grid.column for grid in read_plate_map(tmp_path / "layout.csv")] == [
        "treatment",
        "dose",
        "control_role",
    ]
    excluded = next(text for text in shown if text.startswith(",".join(COLUMNS)))
    (tmp_path / "exclusions.csv").write_text(excluded)
    assert [item.kind for item in read_exclusions(tmp_path, [])[0]] == ["sample", "file", "well"]


def test_every_key_and_every_common_column_is_explained(page: str):
    for name in (*keys_of(Study), *keys_of(PlateEntry), *COMPARED, *COMMON_COLUMNS):
        assert re.search(rf"\b{name}\b", page), name
