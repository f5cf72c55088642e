"""Two clicks a row: what the page shows, what it keeps, what runs again, and what it refuses."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.blot.review.clicks import decision, made_words, proposed, refuse_unread
from exoraw.assays.blot.review.film import CLIPPED, LARGEST_SIDE, film_of
from exoraw.assays.blot.review.looked import look, refuse_unusable
from exoraw.assays.blot.review.page import PAGE
from exoraw.assays.blot.review.places import asking, places
from exoraw.assays.contract import Finding
from exoraw.io.errors import StudyError
from exoraw.study.corrections import write_correction
from exoraw.study.view import Correction

SIGNED = {"who": "AB", "why": "two rows look alike"}
PHOSPHO, SECOND = "p-STAT3", "p-STAT3 S727"
BOTH = f"{PHOSPHO}, {SECOND}"  # title of the picture that shows them
SAMPLES = ("ctrl 1", "IL-6 1", "exo 1")


def entries(sitting) -> dict[str, dict]:
    """Title -> entry of the list, in its order."""
    return {
        item["title"]: item
        for one in sitting.study()["analyses"]
        for group in one["groups"]
        for item in group["items"]
    }


def ids(sitting) -> dict[str, str]:
    return {title: entry["id"] for title, entry in entries(sitting).items()}


def data_of(sitting, title: str = BOTH) -> dict:
    return sitting.item(ids(sitting)[title])["data"]


def preview(sitting, points, title: str = BOTH) -> dict:
    return sitting.preview(ids(sitting)[title], {"proposal": {"points": points}})


def apply(sitting, points, title: str = BOTH) -> dict:
    return sitting.apply(ids(sitting)[title], {"proposal": {"points": points}, **SIGNED})


def desk_of(sitting):
    """What the page may look at."""
    (desk,) = sitting._desks.values()
    return desk


def place_of(sitting, title: str = BOTH):
    return next(place for place in places(desk_of(sitting)) if place.title == title)


def words_of(answer: dict, row: int = 0) -> str:
    return " ".join(one["words"] for one in answer["rows"][row]["remarks"])


# ----------------------------------------------------------------- the list


def test_every_picture_is_listed_and_what_needs_points_comes_first(looking):
    found = entries(looking)
    assert list(found) == [BOTH, "STAT3", "GAPDH"]
    assert [entry["asks"] for entry in found.values()] == ["needs points", "", ""]
    assert found[BOTH]["errors"] >= 1
    assert found["GAPDH"]["errors"] == 0
    groups = looking.study()["analyses"][0]["groups"]
    assert [group["title"] for group in groups] == ["membrane 1"]


def test_each_page_of_a_file_is_a_picture_of_its_own(looking):
    films = {title: looking.part(name, "film") for title, name in ids(looking).items()}
    assert len(set(films.values())) == 3
    assert "page 2 of 2" in data_of(looking, "GAPDH")["picture"]["words"]
    with pytest.raises(KeyError):
        looking.part(ids(looking)[BOTH], "raw")


# ----------------------------------------------------------------- the picture


def test_a_row_that_needs_points_shows_its_reason_and_its_readings_and_no_number(looking):
    data = data_of(looking)
    row, second = data["rows"]
    assert (row["name"], row["state"], row["source"]) == (PHOSPHO, "needs_points", "found")
    assert (second["name"], second["state"]) == (SECOND, "needs_points")
    assert "another row is about as strong" in row["reason"]
    assert row["bands"] == []
    assert len(row["lanes"]) == 3
    assert 2 <= len(row["readings"]) <= 6
    assert (
        data["expected"]
        == "Expected: 3 lanes from ctrl 1 to exo 1 (2 to 4 of the membrane's 4), 2 rows of bands."
    )
    assert [lane["name"] for lane in data["lanes"]] == list(SAMPLES)
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_a_row_that_was_found_shows_the_numbers_of_the_results(looking, truth):
    (row,) = data_of(looking, "STAT3")["rows"]
    volumes = truth.numbers("adjusted_volume", "band:STAT3")
    folds = truth.numbers("fold_of_control", "protein:STAT3/GAPDH")
    assert [band["volume"] for band in row["bands"]] == [volumes[sample][0] for sample in SAMPLES]
    assert [band["fold"] for band in row["bands"]] == [folds[sample][0] for sample in SAMPLES]
    assert (row["state"], row["fold"]) == ("ok", "over GAPDH")


def test_bands_are_drawn_dark_and_clipped_pixels_are_marked():
    pixels = np.full((40, 60), 100, np.uint16)
    pixels[10:20, 10:30] = 900
    pixels[12:15, 40:50] = 4095
    film = film_of(pixels, 4095.0)
    assert film.levels.dtype == np.uint16
    assert film.levels[0, 0] == 0
    assert (film.levels[12:15, 40:50] == CLIPPED).all()
    assert np.count_nonzero(film.levels == CLIPPED) == 30
    assert film.white < film.dark
    assert np.frombuffer(film.packed(), "<u2").reshape(40, 60).tolist() == film.levels.tolist()


def test_a_huge_picture_travels_smaller_and_keeps_its_clipped_pixels():
    pixels = np.zeros((30, 3 * LARGEST_SIDE), np.float32)
    pixels[7, 5] = 10.0
    film = film_of(pixels, 10.0)
    assert (film.step, film.levels.shape) == (3, (10, LARGEST_SIDE))
    assert film.levels[2, 1] == CLIPPED


@pytest.mark.parametrize("value", [0, 7.5, 65535])
def test_a_flat_picture_is_drawn_without_complaint(value):
    film = film_of(np.full((30, 40), value, np.float32), None)
    assert film.levels.max() == 0
    assert film.dark > film.white


# ----------------------------------------------------------------- looking before applying


def test_two_clicks_are_measured_at_once_and_nothing_is_stored(looking, truth):
    row, second = preview(looking, [truth.row(PHOSPHO), None])["rows"]
    assert (row["state"], row["readings"]) == ("ok", [])
    assert words_of({"rows": [row]}) == ""
    assert (second["state"], second["bands"]) == ("needs_points", [])
    for band, sample in zip(row["bands"], SAMPLES, strict=True):
        x, y = truth.click(sample, PHOSPHO)
        x0, y0, x1, y1 = band["box"]
        assert x0 < x < x1
        assert y0 < y < y1
        assert band["volume"] == pytest.approx(truth.true(sample, "band_volume", f"band:{PHOSPHO}"), rel=0.04)
        assert band["fold"] == pytest.approx(truth.true(sample, "fold", f"protein:{PHOSPHO}"), rel=0.04)
    assert truth.kept() == []


def test_the_mass_tells_which_row_was_clicked(looking, truth):
    answer = preview(looking, [truth.row(PHOSPHO), truth.row(SECOND)])
    masses = [float(row["mass"].removesuffix(" kDa")) for row in answer["rows"]]
    assert masses[0] == pytest.approx(86, rel=0.08)
    assert masses[1] < 60
    assert answer["ladder"]["rungs"] == []  # it is in another picture


def test_points_beside_the_row_and_from_right_to_left_are_said(looking, truth):
    low = [(x, y + 21) for x, y in reversed(truth.row(PHOSPHO))]
    words = words_of(preview(looking, [low, None]))
    assert "above your first point" in words
    assert "from right to left" in words


def test_a_first_click_on_the_ladder_is_said(looking, truth):
    first, last = truth.row(PHOSPHO)
    pitch = (last[0] - first[0]) / 2
    beside = [(first[0] - pitch, first[1]), last]
    assert "not the ladder or an empty lane" in words_of(preview(looking, [beside, None]))


def test_too_many_lanes_for_the_bands_between_the_points_are_said(looking, truth):
    first, second = truth.click("ctrl 1", PHOSPHO), truth.click("IL-6 1", PHOSPHO)
    near = [first, [second[0] - 30, second[1]]]  # three lanes of the sheet over two bands of the picture
    words = words_of(preview(looking, [near, None]))
    assert "look whether there are really 3 lanes between your points" in words


def test_rows_in_another_order_and_two_names_for_one_row_are_said(looking, truth):
    upper, lower = truth.row(PHOSPHO), truth.row(SECOND)
    assert "clicked above p-STAT3, row 1" in words_of(preview(looking, [lower, upper]), 1)
    assert "along the same row of bands" in words_of(preview(looking, [upper, upper]), 1)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([[(100.0, 100.0)], None], "p-STAT3 has one point only"),
        ([None, [(100.0, 100.0)]], "S727 has one point only"),
        ([[], None], "Take back"),
        ([[(100.0, 100.0), (760.0, 100.0)], None], "outside the picture"),
        ([[(100.0, -0.1), (700.0, 100.0)], None], "outside the picture"),
        ([[(100.0, 100.0), (104.0, 100.0)], None], "4 pixels apart"),
        ([None], "other rows"),
        ([[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)], None], "cannot be read"),
        ([[("left", 1.0), (2.0, 2.0)], None], "cannot be read"),
        ([[(math.nan, 1.0), (700.0, 2.0)], None], "cannot be read"),
        ("two", "cannot be read"),
    ],
)
def test_points_that_cannot_be_used_are_refused_in_words(looking, truth, points, words):
    for work in (preview, apply):
        with pytest.raises(StudyError, match=words):
            work(looking, points)
    assert truth.kept() == []


def test_without_a_click_there_is_nothing_to_apply(looking):
    with pytest.raises(StudyError, match="nothing to apply"):
        apply(looking, [None, None])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(proposal=st.dictionaries(st.sampled_from(["points", "lane", "scope"]), json_values, max_size=2))
def test_whatever_a_browser_sends_is_read_or_refused(seen, proposal):
    try:
        found = proposed(seen, proposal, blind=False)
    except StudyError:
        return
    height, width = seen.image.pixels.shape
    assert all(0 <= x < width and 0 <= y < height for pair in found.values() for x, y in pair)


@pytest.fixture(scope="module")
def seen(looking):
    """The picture of p-STAT3, read."""
    return look(desk_of(looking), place_of(looking))


# ----------------------------------------------------------------- applying


def test_the_whole_story_of_a_row_that_needs_points(lab, run_now):
    sitting = lab.sitting()
    before = lab.tasks()
    pairs = [lab.row(PHOSPHO), lab.row(SECOND)]
    foreseen = preview(sitting, pairs)["rows"]
    answer = apply(sitting, pairs)
    assert answer["words"] == "first and last band of p-STAT3 and p-STAT3 S727"
    assert (answer["pending"]["again"], answer["pending"]["new"]) == (3, 0)
    (kept,) = lab.kept()
    assert (kept["kind"], kept["target"]) == ("points", "image:membrane1/p-STAT3.tif")
    assert kept["value"] == {"points": {"1/p-STAT3": pairs[0], "1/p-STAT3 S727": pairs[1]}}
    assert (kept["who"], kept["why"], kept["when"][-6:]) == ("AB", SIGNED["why"], "+00:00")
    entry = entries(sitting)[BOTH]
    assert (entry["asks"], entry["state"]) == ("", "to run again")
    progress = run_now(sitting)
    assert progress["words"].startswith("3 tasks computed")
    again = {unit for unit, task in lab.tasks().items() if before.get(unit) != task}
    assert again == {
        "western_blot/quantify/1/membrane1/p-STAT3.tif",
        "western_blot/normalise/1",
        "western_blot/summary",
    }
    for row in foreseen:
        volumes = lab.numbers("adjusted_volume", f"band:{row['name']}")
        folds = lab.numbers("fold_of_control", f"protein:{row['name']}/GAPDH")
        for band, sample in zip(row["bands"], SAMPLES, strict=True):
            assert volumes[sample] == (band["volume"], True)
            assert folds[sample] == (band["fold"], True)
            assert folds[sample][0] == pytest.approx(lab.true(sample, "fold", f"protein:{PHOSPHO}"), rel=0.04)
    assert not any(curated for _, curated in lab.numbers("adjusted_volume", "band:GAPDH").values())
    assert "needs_points" not in lab.codes()
    entry = entries(sitting)[BOTH]
    assert (entry["state"], entry["curated"], entry["errors"]) == ("up to date", True, 0)
    assert not entries(sitting)["STAT3"]["curated"]
    item = sitting.item(ids(sitting)[BOTH])
    assert [row["points"] for row in item["data"]["rows"]] == pairs
    assert {row["source"] for row in item["data"]["rows"]} == {"clicked"}
    (made,) = item["made"]
    assert (made["words"], made["reach"]) == (
        "first and last band of p-STAT3 and p-STAT3 S727",
        "this picture",
    )
    answer = sitting.withdraw(item["id"], {"made": made["id"], **SIGNED})
    assert (answer["pending"]["again"], answer["pending"]["known"]) == (0, 3)
    run_now(sitting)
    assert entries(sitting)[BOTH]["asks"] == "needs points"
    assert all(math.isnan(value) for value, _ in lab.numbers("adjusted_volume", f"band:{PHOSPHO}").values())


def test_points_for_one_page_leave_those_of_the_other_page_in_force(lab):
    sitting = lab.sitting()
    apply(sitting, [lab.row("STAT3")], "STAT3")
    states = {title: entry["state"] for title, entry in entries(sitting).items()}
    assert states == {BOTH: "up to date", "STAT3": "to run again", "GAPDH": "up to date"}
    apply(sitting, [lab.row("GAPDH")], "GAPDH")
    (kept,) = lab.kept()
    assert set(kept["value"]["points"]) == {"1/STAT3", "1/GAPDH"}
    assert [set(one["value"]["points"]) for one in lab.kept("earlier/*.json")] == [{"1/STAT3"}]
    (made,) = PAGE.made(desk_of(sitting), place_of(sitting, "STAT3").unit)
    assert made.words == "first and last band of STAT3"
    assert made.reach == "this picture, and 1 row of the same file elsewhere"


def test_points_that_somebody_typed_into_a_file_are_shown_and_replaced(lab):
    typed = {"points": {PHOSPHO: lab.row(PHOSPHO)}}
    write_correction(
        lab.folder, assay="blot", kind="points", target="image:membrane1/p-STAT3.tif", value=typed, who="CD",
        when="2026-01-31T10:00:00+00:00", why="typed",
    )  # fmt: skip
    sitting = lab.sitting()
    moved = lab.row(SECOND)
    apply(sitting, [moved, None])
    assert entries(sitting)[BOTH]["asks"] == "needs points"  # of the other row
    (kept,) = [one for one in lab.kept() if one.get("pipeline")]
    assert kept["value"]["points"] == {**typed["points"], "1/p-STAT3": moved}
    assert place_of(sitting).pairs() == {PHOSPHO: tuple(map(tuple, moved)), SECOND: None}


def correction_of(path: str, value: dict) -> Correction:
    return Correction(
        "blot", "points", f"image:{path}", value, "CD", "2026-01-31", "typed", "c.json", "0" * 64
    )


def test_points_of_the_study_file_that_cannot_be_used_ask_for_better_ones(lab, run_now):
    study = json.loads((lab.folder / "study.yaml").read_text("utf-8"))
    bands = study["pipelines"][0]["settings"]["blots"][0]["bands"]
    for name in (PHOSPHO, SECOND):
        bands[name] |= {"first": [100, 100], "last": [103, 100]}
    (lab.folder / "study.yaml").write_text(json.dumps(study), "utf-8")
    sitting = lab.sitting()
    assert entries(sitting)[BOTH]["asks"] == ""  # not known before they were used
    run_now(sitting)
    assert entries(sitting)[BOTH]["asks"] == "needs points"
    (row, _) = data_of(sitting)["rows"]
    assert (row["state"], row["source"], row["points"]) == (
        "needs_points",
        "typed",
        [[100.0, 100.0], [103.0, 100.0]],
    )


def test_a_row_whose_lanes_contradict_the_other_pictures_asks_for_points(looking):
    """As after a click on p-STAT3 that shows the other rows to be read wrongly."""
    desk, clicked = desk_of(looking), place_of(looking).unit
    lanes = [{"target": PHOSPHO, "pitch": 400.0, "by_points": True}]

    def outcome(key):
        earlier = desk.outcome(key)
        picture = {**earlier.data["picture"], "lanes": lanes}
        return replace(earlier, data={**earlier.data, "picture": picture}) if key == clicked else earlier

    doubted = replace(desk, outcome=outcome)
    place = place_of(looking, "GAPDH")
    assert place.unit in asking(doubted)
    assert place.unit not in asking(desk)
    (row,) = PAGE.item(doubted, place.unit)["rows"]
    assert row["state"] == "needs_points"
    assert "those of the membrane's other pictures are 400" in row["reason"]
    assert len(row["bands"]) == 3  # what was read is shown, though it is not used


def test_a_picture_that_is_gone_is_said_when_it_is_opened(lab):
    (lab.folder / "raw/membrane1/p-STAT3.tif").unlink()
    sitting = lab.sitting()
    with pytest.raises(StudyError, match=r"p-STAT3\.tif"):
        data_of(sitting)
    assert data_of(sitting, "GAPDH")["rows"][0]["state"] == "ok"


def test_points_of_an_exposure_series_are_kept_where_they_count(seen):
    """Of several corrections about one series the last counts, so new points go into that one."""
    pair = ((10.0, 10.0), (90.0, 10.0))
    made = tuple(correction_of(name, {"points": {PHOSPHO: pair}}) for name in ("a.tif", "b.tif"))
    assert (
        decision(replace(seen.place, made=made), made, {PHOSPHO: pair}, blind=False).target == "image:b.tif"
    )


def test_a_damaged_file_of_points_is_named_and_replaced(seen):
    made = correction_of("membrane1/p-STAT3.tif", {"points": "here"})
    place = replace(seen.place, made=(made,))
    assert made_words(place, (made,), made, blind=False) == ("points that cannot be used", "this picture")
    pair = ((10.0, 10.0), (90.0, 10.0))
    assert decision(place, (made,), {PHOSPHO: pair}, blind=False).value == {
        "points": {"1/p-STAT3": [[10.0, 10.0], [90.0, 10.0]]}
    }


def test_a_picture_that_is_no_measurement_takes_no_points(seen):
    error = Finding("drawn_over", "error", "Text was drawn over the picture.")
    photo = replace(seen, image=replace(seen.image, findings=(error,)))
    assert photo.measured({}) == ()
    with pytest.raises(StudyError, match="cannot be measured"):
        refuse_unusable(photo)


def test_a_row_that_cannot_be_read_with_its_points_is_not_stored(seen):
    near = ((100.0, 100.0), (104.0, 100.0))
    reads = seen.measured({PHOSPHO: near})
    with pytest.raises(StudyError, match="click the middle of the first and of the last band"):
        refuse_unread(reads, {PHOSPHO: near})


# ----------------------------------------------------------------- leaving out, blinded


def test_a_lane_is_left_out_as_its_sample(lab):
    sitting = lab.sitting()
    name = ids(sitting)[BOTH]
    sitting.exclude(name, {"proposal": {"lane": 2}, **SIGNED})
    with (lab.folder / "exclusions.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["kind"], row["target"], row["who"]) == ("sample", "IL-6 1", "AB")
    assert [lane["excluded"] for lane in data_of(sitting)["lanes"]] == [False, True, False]


@pytest.mark.parametrize("lane", [None, 0, 4, "3", 1.0, True])
def test_leaving_out_needs_a_lane(looking, lane):
    with pytest.raises(StudyError, match="Choose the lane first"):
        looking.exclude(ids(looking)[BOTH], {"proposal": {"lane": lane}, **SIGNED})


def test_blinded_answers_hold_no_name_and_no_fold(lab):
    sitting = lab.sitting(blind=True)
    found = ids(sitting)
    assert sorted(found) == ["No. 1", "No. 2", "No. 3"]
    first = next(iter(found.values()))  # what needs points comes first here too
    pairs = [lab.row(PHOSPHO), lab.row(SECOND)]
    answers = [
        sitting.study(),
        sitting.item(first),
        sitting.preview(first, {"proposal": {"points": pairs}}),
        sitting.apply(first, {"proposal": {"points": pairs}, **SIGNED}),
    ]
    text = json.dumps(answers)
    for word in ("STAT3", "GAPDH", "ctrl", "IL-6", "DOX", "exo 1", "membrane1", "probes", "membrane 1"):
        assert word not in text, word
    assert {band["fold"] for row in answers[2]["rows"] for band in row["bands"]} == {None}
    assert [row["name"] for row in answers[1]["data"]["rows"]] == ["row 1", "row 2"]
    assert lab.kept()[0]["who"] == "AB (blinded)"


# ----------------------------------------------------------------- the page itself


def test_scripts_are_plain_and_strict(project):
    folder = project / "src/exoraw/assays/blot/review"
    scripts = sorted(path.name for path in folder.glob("*.js"))
    assert scripts == sorted(name for name in PAGE.assets if name.endswith(".js"))
    for name in scripts:
        text = (folder / name).read_text("utf-8")
        assert '"use strict";' in text
        assert "innerHTML" not in text  # names are text, never markup
        assert "eval(" not in text
        assert text.count("\n") <= 400


def test_the_documentation_says_how_lanes_are_corrected(project):
    text = (project / "docs/assays/western_blot.md").read_text("utf-8")
    section = text.partition("## Correcting lanes by hand")[2].partition("\n## ")[0]
    for word in (
        "exoraw review",
        "Backspace",
        "Take A",
        "Leave out",
        "points_by_hand",
        "curated",
        "corrections/",
    ):
        assert word in section
    assert "western_blot.md#correcting-lanes-by-hand" in (project / "docs/review.md").read_text("utf-8")
