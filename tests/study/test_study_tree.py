"""study.yaml as text: spelling kept, lines known, hostile YAML refused in bounded time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.study.problems import StudyProblems
from exoraw.study.tree import DEEPEST, merged, parse_tree, read_tree


def messages(text: str) -> str:
    with pytest.raises(StudyProblems) as caught:
        parse_tree(text, "study.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("12:30", "12:30"), ("2026-01-05", "2026-01-05"),
        ("0x1F", "0x1F"), ("1_000", "1_000"), (".inf", ".inf"), (".nan", ".nan"), ("1e999", "1e999"),
        ("=", "="), ("007", 7), ("1e3", 1000.0), ("-2.5", -2.5), ("true", True), ("False", False),
        ("null", None), ("~", None), ("'7'", "7"), ('"true"', "true"),
    ],
)  # fmt: skip
def test_plain_scalars_mean_what_yaml_1_2_says(typed: str, value: object):
    node = parse_tree(f"a: {typed}\n", "study.yaml").child("a")
    assert node is not None
    assert node.value == value
    assert type(node.value) is type(value)


def test_the_spelling_of_a_number_is_kept():
    node = parse_tree("batch: 007\n", "study.yaml").child("batch")
    assert node is not None
    assert node.text == "007"


def test_keys_are_text_as_typed():
    assert parse_tree("1: a\nNO: b\n1e3: c\n", "study.yaml").plain() == {"1": "a", "NO": "b", "1e3": "c"}


def test_lines_are_those_of_the_keys():
    tree = parse_tree("title: x\npipelines:\n  - preset: p\n    settings:\n      gate: 1\n", "study.yaml")
    entry = tree.child("pipelines").child(0)  # type: ignore[union-attr]
    assert tree.child("pipelines").line == 2  # type: ignore[union-attr]
    assert entry.line == 3  # type: ignore[union-attr]
    assert entry.child("settings").child("gate").line == 5  # type: ignore[union-attr]


def test_a_duplicate_key_is_named_with_both_lines():
    said = messages("a: 1\nb: 2\na: 3\n")
    assert "line 3" in said
    assert "first in line 1" in said


def test_two_duplicate_keys_are_both_named():
    assert messages("a: 1\na: 2\nb: 1\nb: 2\n").count("a second time") == 2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: &x 1\nb: *x\n", "anchors"),
        ("b: *x\n", "aliases"),
        ("a: !!python/object/apply:os.system ['true']\n", "tags"),
        ("a: !!str 1\n", "tags"),
        ("a: {<<: {b: 1}}\n", "merge keys"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("? [a]\n: b\n", "cannot be a key"),
        ("- a\n- b\n", "a list or a single value"),
        ("", "empty file"),
        ("just a word", "a list or a single value"),
        ("a:\n\tb: 1\n", "Indent with spaces"),
        ("a: 'open\n", "never closed"),
        ("a: @b\n", "in quotes"),
        ("a: b: c\n", "in quotes"),
        ("\x01", "no YAML text"),
    ],
)
def test_what_a_settings_file_does_not_need_is_refused_in_words(text: str, word: str):
    assert word in messages(text)


def test_billion_laughs_stop_at_the_first_anchor():
    laughs = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "line 1" in messages(laughs)


def test_deep_nesting_is_refused_without_recursion():
    assert "levels of nesting" in messages("a: " + "[" * 20_000)
    assert "levels of nesting" in messages("\n".join(" " * n + f"k{n}:" for n in range(200)))
    shallow = "a: " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert parse_tree(shallow, "study.yaml").child("a") is not None


def test_a_line_of_ten_megabytes_is_refused(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_bytes(b"title: " + b"x" * 10_000_000)
    with pytest.raises(StudyProblems, match="262,144 bytes"):
        read_tree(path)


def test_a_list_of_very_many_values_is_refused():
    assert "no study file" in messages("a: [" + "1," * 60_000 + "]")


def test_settings_are_merged_key_by_key_and_lists_replaced():
    base = parse_tree("gate: {low: 1, high: 2}\nnames: [a, b]\n", "preset.yaml")
    over = parse_tree("gate: {high: 3}\nnames: [c]\nnew: 4\n", "study.yaml")
    both = merged(base, over)
    assert both.plain() == {"gate": {"low": 1, "high": 3}, "names": ["c"], "new": 4}
    assert both.child("gate").child("low").file == "preset.yaml"  # type: ignore[union-attr]
    assert both.child("gate").child("high").file == "study.yaml"  # type: ignore[union-attr]


YAML_ISH = st.text(st.sampled_from(list("ab1:-[]{}'\"#&*!|>%@`?, \n\t.~<=0é\u2028\0\x85")), max_size=60)


@settings(max_examples=400, deadline=None)
@given(YAML_ISH)
def test_any_text_is_a_tree_or_a_message(text: str):
    said: object = ""
    try:
        said = parse_tree(text, "study.yaml").plain()
    except StudyProblems as error:
        said = str(error)
    assert isinstance(said, dict) or "study.yaml" in str(said)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_tree_or_a_message(tmp_path_factory, data: bytes):
    path = tmp_path_factory.mktemp("yaml") / "study.yaml"
    path.write_bytes(data)
    said: object = ""
    try:
        said = read_tree(path).plain()
    except StudyProblems as error:
        said = str(error)
    assert isinstance(said, dict) or "study.yaml" in str(said)
