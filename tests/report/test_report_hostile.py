"""Names that attack a page, a spreadsheet or a reader stand in the report as harmless text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoraw.report import build_report, words

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u202c",
    "new\nline\r\n\ttab",
    "x" * 300,
    "&amp;lt; ]]> --> <!--",
    "$\\alpha$ $",
    "javascript:alert(1)",
    "細胞 عينة ✓ é",
    "\x00\x07\x1b[31m",
)
_OWN = """
html head meta link title style body a div nav p ol ul li main header h1 h2 h3 h4 span dl dt dd section
details summary table thead tbody tr th td code b bdi figure figcaption img footer
svg g path defs use text tspan clippath rect
"""
OWN_TAGS = frozenset(_OWN.split())


def hostile_study(folder, name: str) -> Path:
    """A study in which everything a user or a file can name is called `name`."""
    folder.add(
        "runs",
        run_id="r",
        started_at=datetime(2026, 11, 20, tzinfo=UTC),
        title=name,
        factors=["treatment", "medium"],
        outcome="complete",
        dependencies='{"numpy": "2"}',
    )
    for i in (1, 2):
        folder.sample(
            f"{name}{i}", treatment=f"{name} a", medium=name, biological_replicate=str(i), files=[name]
        )
        folder.number(f"{name}{i}", "share", 10.0 * i, entity=name, target=name, qc="error", qc_codes=[name])
    folder.sample("left out", treatment="b", medium="plain", excluded=True, exclusion_reason=name)
    folder.number("left out", "share", 3.0, entity=name, target=name)
    folder.add(
        "figures",
        pipeline="apoptosis",
        name="f",
        title=name,
        kind="group_points",
        measures=["share"],
        caption=name,
        entities=[],
        group_by=[],
    )
    folder.add(
        "figures",
        pipeline="apoptosis",
        name="g",
        title=name,
        kind="stacked_shares",
        measures=["share"],
        caption=name,
        entities=[],
        group_by=[],
        order=1,
    )
    folder.add(
        "findings",
        finding_id="1",
        code=name,
        severity="error",
        message=name,
        sample=f"{name}1",
        file=name,
        entity=name,
        meaning=name,
        advice=name,
        pipeline="apoptosis",
    )
    folder.add(
        "tasks",
        task_id="t",
        attempt=1,
        unit=name,
        status="failed",
        error=name,
        samples=[name],
        step=name,
        pipeline="apoptosis",
        params=f'{{"a": "{"b" * 3}"}}',
    )
    folder.add("methods", pipeline="apoptosis", title=name, text=name)
    folder.add("vocabulary", measure="share", assay="flow", definition=name, unit="%", term=name)
    folder.add("files", path=name, problem=name, used_by=[name], sha256="0" * 64, instrument_make=name)
    folder.add(
        "artefacts",
        task_id="t",
        pipeline="apoptosis",
        kind="picture",
        path=f"evidence/{name}",
        caption=name,
        sample=f"{name}1",
    )
    return folder.write()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_everywhere_stays_text(empty_folder, parsed, name):
    page = parsed(build_report(hostile_study(empty_folder, name)))
    assert {tag for tag, _ in page.elements} <= OWN_TAGS
    assert page.broken == []
    assert not [key for _, attrs in page.elements for key in attrs if key.startswith("on") or key == "style"]
    assert not [link for link in page.attribute("href") if re.match(r"\s*javascript:", link, re.IGNORECASE)]
    shown = " ".join(words.visible(name).split())
    assert shown in page.text()


def test_direction_marks_are_shown_by_their_code_and_never_reorder_a_line(empty_folder):
    html = build_report(hostile_study(empty_folder, "\u202egnp.exe\u202c")).read_text("utf-8")
    assert "⟨U+202E⟩gnp.exe⟨U+202C⟩" in html
    assert "\u202e" not in html


def test_page_holds_no_control_character(empty_folder):
    html = build_report(hostile_study(empty_folder, "".join(map(chr, range(32))) + "\x7f\x85")).read_text(
        "utf-8"
    )
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", html)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=60).filter(lambda text: text.strip()))
def test_any_text_as_every_name_gives_a_sound_page(
    tmp_path_factory, parsed: Callable, make_folder, name: str
):
    folder = make_folder(tmp_path_factory.mktemp("any") / "results")
    page = parsed(build_report(hostile_study(folder, name)))
    assert page.broken == []
    assert page.open == []
    assert {tag for tag, _ in page.elements} <= OWN_TAGS


@given(st.text(max_size=80))
def test_visible_text_has_no_hidden_character_and_keeps_every_seen_one(text: str):
    shown = words.visible(text)
    assert words.visible(shown) == shown
    kept = re.sub(r"⟨U\+[0-9A-F]{4,6}⟩", "", shown)
    seen = [letter for letter in text if words.visible(letter) == letter]
    assert [letter for letter in kept if letter not in "⟨⟩"] == [
        letter for letter in seen if letter not in "⟨⟩"
    ]


@given(st.text(min_size=1, max_size=400), st.integers(5, 60))
def test_shortened_labels_keep_both_ends(text: str, length: int):
    short = words.shortened(text, length)
    assert len(short) <= length
    assert short[0] == text[0]
    assert short[-1] == text[-1]
