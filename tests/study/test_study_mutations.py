"""Studies and sheets with random damage: a study or a StudyError in words, never anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory, RawFile
from exoraw.study.check import check
from exoraw.study.load import load_study
from exoraw.study.model import Study
from exoraw.study.problems import StudyProblems
from exoraw.study.schema import study_schema
from exoraw.study.spec import Column, ControlRole, SheetSpec
from exoraw.study.table import samples_table
from exoraw.study.tree import parse_tree
from exoraw.study.validation import validated
from exoraw.study.views import views

KEYS = sorted(
    {
        *study_schema()["properties"],
        *study_schema()["$defs"]["PipelineEntry"]["properties"],
        "nmae",
        "map",
        "wells",
    }
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 400)
    | st.floats(allow_nan=False)
    | st.sampled_from(["raw", "flow", "", "a/b"])
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), TREES, max_size=6))
def test_any_settings_are_a_study_or_a_message_with_lines(content):
    said = ""
    try:
        study = validated(Study, parse_tree(json.dumps(content, indent=1), "study.yaml"))
    except StudyProblems as error:
        said = str(error)
        assert all(problem.message.startswith("line ") for problem in error.problems)  # noqa: PT017
    else:
        assert study.pipelines
    assert said == "" or "study.yaml: line" in said


SHEET = (
    "sample,file,control_role,treatment,dose,dose_unit,time_h,batch,plate,well,parent_sample,dataset,stain\n"
    'A,a.fcs,unstained,"DOX, high","0,5",nM,24,day1,P1,A1,,0,FITC\n'
    "B,b.fcs;a.fcs,,DOX,1,nM,24,day1,P1,B01,A,1,\n"
    "C,,,PTX,,,,day2,P2,C3,B,,PI\n"
)
EXCLUSIONS = "kind,target,reason,who,when\nsample,A,clot,AB,2026\nwell,P1:B1,edge,AB,2026\n"
STUDY = """title: T
raw: raw
factors: [treatment, dose]
plates:
  - {name: P1, map: map.csv, every_well: {cell_line: MDA}}
pipelines:
  - {name: one, assay: flow, where: {batch: [day1, day2]}}
  - {name: two, assay: flow, settings: {gate: {x: 1}}}
"""
MAP = "load_ug,1,2\nA,1,2\nB,3,4\n"
SPEC = SheetSpec(
    columns=(Column("stain", "", words=("FITC", "PI")), Column("load_ug", "", kind="number", required=True)),
    control_roles=(ControlRole("unstained", ""),),
)
FILES = {"study.yaml": STUDY, "samples.csv": SHEET, "exclusions.csv": EXCLUSIONS, "map.csv": MAP}


@st.composite
def damaged(draw):
    """Return the files of a study, one of them with a few bytes changed, taken out, doubled or cut."""
    name = draw(st.sampled_from(sorted(FILES)))
    content = bytearray(FILES[name].encode())
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        kind = draw(st.sampled_from(["change", "insert", "delete", "double", "cut"]))
        if kind == "change" and content:
            content[place] = draw(st.integers(0, 255))
        elif kind == "insert":
            content[place:place] = draw(
                st.sampled_from(
                    [b"\n", b",", b";", b'"', b"\t", b" ", b"\xff", b":", b"- ", b"&a ", b"\xef\xbb\xbf"]
                )
            )
        elif kind == "delete":
            del content[place : place + draw(st.integers(1, 10))]
        elif kind == "double":
            content[place:place] = content[place : place + 40]
        else:
            del content[max(place, 10) :]
    return name, bytes(content)


def everything(folder) -> str:
    """Load, view, check and tabulate; return what a StudyError said, "" where there was none."""
    files = ("a.fcs", "b.fcs", "c.fcs")
    inventory = Inventory({name: RawFile(name, name, 1, 1, "fcs") for name in files})
    specs = {"one": SPEC, "two": SPEC}
    try:
        loaded = load_study(folder)
    except StudyError as error:
        return str(error)
    seen = views(loaded, {}, {}, specs)
    assert all(
        str(problem) for problem in check(loaded, inventory, specs, views=seen, formats={"one": ["fcs"]})
    )
    assert samples_table(loaded, seen).num_rows == sum(len(view.rows) for view in seen)
    return ""


def write_all(folder):
    (folder / "raw").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_the_undamaged_study_is_sound(tmp_path):
    write_all(tmp_path)
    assert everything(tmp_path) == ""


def one_damaged(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("study")
    write_all(folder)
    name, content = files
    (folder / name).write_bytes(content)
    said = everything(folder)
    assert said == "" or any(known in said for known in FILES)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_a_damaged_study_is_loaded_or_refused_in_words(tmp_path_factory, files):
    one_damaged(tmp_path_factory, files)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_five_thousand_damaged_studies_are_loaded_or_refused_in_words(tmp_path_factory, files):
    one_damaged(tmp_path_factory, files)
