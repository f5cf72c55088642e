"""Exclusions and corrections: what people decided, with who, when and why."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoraw.io.errors import StudyError
from exoraw.study.corrections import FOLDER, read_corrections, write_correction
from exoraw.study.exclusions import Exclusion, append_exclusion, read_exclusions
from exoraw.study.load import load_study
from exoraw.study.views import views

WHO = {"who": "AB", "when": "2026-01-31T10:00:00Z", "why": "gate sat on debris"}


def exclusions_of(folder):
    return read_exclusions(folder, [])[0]


def test_an_exclusion_is_appended_and_read_back(tmp_path):
    append_exclusion(tmp_path, Exclusion("sample", "MDA; DOX", 'a "clot", seen', "AB", "2026-01-31"))
    append_exclusion(tmp_path, Exclusion("well", "P1:b03", "edge", "AB", "2026-01-31"))
    first, second = exclusions_of(tmp_path)
    assert (first.target, first.reason, first.row) == ("MDA; DOX", 'a "clot", seen', 2)
    assert second.plate_and_well == ("P1", "B3")


def test_a_persons_exclusions_keep_every_byte(tmp_path):
    before = "when;who;reason;target;kind\r\n2026;AB;Fussel;Müller;sample".encode("cp1252")
    (tmp_path / "exclusions.csv").write_bytes(before)
    append_exclusion(tmp_path, Exclusion("file", "day1/a.fcs", "Luftblase", "CD", "2027"))
    after = (tmp_path / "exclusions.csv").read_bytes()
    assert after == before + "\r\n2027;CD;Luftblase;day1/a.fcs;file\r\n".encode("cp1252")
    assert [item.target for item in exclusions_of(tmp_path)] == ["Müller", "day1/a.fcs"]


def test_a_letter_that_the_file_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    before = "kind,target,reason,who,when\r\nsample,Müller,x,AB,2026\r\n".encode("cp1252")
    (tmp_path / "exclusions.csv").write_bytes(before)
    with pytest.raises(StudyError, match="CSV UTF-8"):
        append_exclusion(tmp_path, Exclusion("sample", "試料", "x", "AB", "2026"))
    assert (tmp_path / "exclusions.csv").read_bytes() == before


@pytest.mark.parametrize("missing", ["target", "reason", "who", "when"])
def test_an_exclusion_without_reason_person_or_date_is_refused(tmp_path, missing: str):
    cells = {"target": "A", "reason": "clot", "who": "AB", "when": "2026", missing: " "}
    with pytest.raises(StudyError, match=f'column "{missing}": is empty'):
        append_exclusion(tmp_path, Exclusion("sample", **cells))
    assert not (tmp_path / "exclusions.csv").exists()


def test_every_wrong_row_of_the_exclusions_is_named_at_once(tmp_path):
    (tmp_path / "exclusions.csv").write_text(
        "kind,target,reason,who,when\nsampel,A,x,AB,d\nwell,Z99Z,x,AB,d\nsample,B,,AB,d\n"
    )
    with pytest.raises(StudyError) as caught:
        exclusions_of(tmp_path)
    said = str(caught.value)
    assert 'row 2, column "kind": "sampel" is not one of sample, file, well' in said
    assert 'row 3, column "target": "Z99Z" is no well' in said
    assert 'row 4, column "reason": is empty' in said


def test_missing_columns_of_the_exclusions_are_named(tmp_path):
    (tmp_path / "exclusions.csv").write_text("kind,target\nsample,A\n")
    with pytest.raises(StudyError, match="misses the columns reason, who, when"):
        exclusions_of(tmp_path)


# ------------------------------------------------------------------ corrections


def write(folder, value, target="sample:A1", **words):
    return write_correction(folder, assay="flow", kind="gate", target=target, value=value, **{**WHO, **words})


def test_a_correction_is_written_and_read_back_with_the_digest_of_its_file(tmp_path):
    made = write(tmp_path, {"x": 1.5, "names": ["a", "b"]})
    (read,) = read_corrections(tmp_path)
    assert read == made
    assert read.value == {"x": 1.5, "names": ["a", "b"]}
    assert (read.who, read.why) == ("AB", "gate sat on debris")
    assert read.path.startswith(f"{FOLDER}/flow-gate-sample-A1-")
    assert len(read.sha256) == 64


def test_the_same_value_again_changes_nothing(tmp_path):
    first = write(tmp_path, {"x": 1})
    second = write(tmp_path, {"x": 1}, who="CD", when="later", why="again")
    assert second == first


def test_a_newer_correction_takes_the_place_and_the_earlier_one_is_kept(tmp_path):
    first = write(tmp_path, {"x": 1})
    second = write(tmp_path, {"x": 2})
    third = write(tmp_path, {"x": 3})
    assert [item.value for item in read_corrections(tmp_path)] == [{"x": 3}]
    assert len({first.sha256, second.sha256, third.sha256}) == 3
    kept = sorted((tmp_path / FOLDER / "earlier").glob("*.json"))
    assert [json.loads(path.read_text())["value"] for path in kept] == [{"x": 1}, {"x": 2}]


def test_targets_that_look_alike_have_files_of_their_own(tmp_path):
    write(tmp_path, {"x": 1}, target="batch:day1/MDA")
    write(tmp_path, {"x": 2}, target="batch:day1-MDA")
    write(tmp_path, {"x": 3}, target="../../escape")
    assert len(read_corrections(tmp_path)) == 3
    assert all(path.parent == tmp_path / FOLDER for path in tmp_path.rglob("*.json"))


@pytest.mark.parametrize("word", ["who", "when", "why"])
def test_a_correction_needs_person_time_and_reason(tmp_path, word: str):
    with pytest.raises(StudyError, match=f"needs {word}"):
        write(tmp_path, {"x": 1}, **{word: " "})


@pytest.mark.parametrize("value", [{"x": float("nan")}, {"x": object()}, {"x": {1, 2}}])
def test_a_value_that_is_no_plain_json_is_refused(tmp_path, value):
    with pytest.raises(StudyError, match="plain JSON"):
        write(tmp_path, value)


SOUND = {"exoraw": 1, "assay": "flow", "kind": "gate", "target": "t", "value": {}, **WHO}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "is no JSON"),
        ("[]", "expected a JSON object"),
        ("[" * 100_000, "is no JSON"),
        (json.dumps({**SOUND, "who": ""}), "misses or leaves empty: who"),
        (json.dumps({**SOUND, "value": 3}), "misses or leaves empty: value"),
        (json.dumps({**SOUND, "exoraw": 9}), "form 9"),
        (json.dumps({**SOUND, "wo": "x"}), '"wo", which this version'),
        (json.dumps({**SOUND, "value": {"x": float("nan")}}), "NaN is not a number"),
        ("\0", "cannot be read"),
    ],
)
def test_a_damaged_correction_is_named_and_nothing_runs(tmp_path, content: str, word: str):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "bad.json").write_text(content)
    with pytest.raises(StudyError) as caught:
        read_corrections(tmp_path)
    assert "corrections/bad.json" in str(caught.value)
    assert word in str(caught.value)


def test_two_files_about_one_thing_are_refused(tmp_path):
    (tmp_path / FOLDER).mkdir()
    for name in ("a", "b"):
        (tmp_path / FOLDER / f"{name}.json").write_text(json.dumps(SOUND))
    with pytest.raises(StudyError, match=r"touches the same thing as corrections/a\.json"):
        read_corrections(tmp_path)


def test_a_view_holds_the_corrections_of_its_assay(make_study):
    folder = make_study()
    write(folder, {"x": 1})
    write_correction(folder, assay="blot", kind="points", target="m1", value={"y": 1}, **WHO)
    (view,) = views(load_study(folder), {}, {"flow": "flow"})
    assert [item.kind for item in view.corrections] == ["gate"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), JSON, max_size=3),
    st.text(min_size=1, max_size=30),
)
def test_any_value_and_target_come_back_as_written(tmp_path_factory, value, target):
    folder = tmp_path_factory.mktemp("study")
    said = ""
    try:
        write_correction(folder, assay="flow", kind="gate", target=target, value=value, **WHO)
    except StudyError as error:
        said = str(error)
    found = read_corrections(folder)
    assert [(item.target, dict(item.value)) for item in found] == ([] if said else [(target, value)])
