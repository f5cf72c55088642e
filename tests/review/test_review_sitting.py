"""What a person sees and decides, on plates: the frame knows nothing of gates."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from exoraw.io.errors import StudyError
from exoraw.review.blinding import KEY_FILE
from exoraw.study.corrections import FOLDER

SIGNED = {"who": "AB", "why": "bubble in the well"}
DOX_1 = "DOX on P1"


def items(sitting) -> dict[str, dict]:
    """Title -> entry of the list."""
    study = sitting.study()
    found = [item for one in study["analyses"] for group in one["groups"] for item in group["items"]]
    return {item["title"]: item for item in found}


def correct(sitting, *, well: str = "A2", signal: float = 5.0, plate: str = "plate P1", **signed) -> dict:
    body = {"proposal": {"well": well, "signal": signal}, **(signed or SIGNED)}
    return sitting.apply(items(sitting)[plate]["id"], body)


def files(lab, pattern: str) -> list[dict]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(lab.folder.glob(f"{FOLDER}/{pattern}"))]


def test_items_stand_under_their_batch_with_state_and_warnings(plates):
    study = plates.sitting().study()
    groups = study["analyses"][0]["groups"]
    assert [group["title"] for group in groups] == ["week 1", "week 2", "week 3"]
    entry = groups[1]["items"][0]
    assert (entry["title"], entry["state"]) == ("plate P2", "up to date")
    assert (entry["errors"], entry["warnings"], entry["curated"]) == (0, 1, False)
    assert study["pending"] == {"again": 0, "known": 0, "new": 0, "steps": [], "tasks": []}


def test_what_has_findings_comes_first_within_its_batch(plates):
    sheet = plates.folder / "samples.csv"
    sheet.write_text(
        sheet.read_text("utf-8").replace("week 2", "week 1").replace("week 3", "week 1"), "utf-8"
    )
    assert list(items(plates.sitting())) == ["plate P2", "plate P1", "plate P3"]


def plates_like(monkeypatch, **changed):
    """The page lists its plates with other facts."""
    from wellassay.page import PlatePage

    listed = PlatePage.items
    monkeypatch.setattr(
        PlatePage,
        "items",
        lambda self, desk: [
            replace(item, **{name: value(item) for name, value in changed.items()})
            for item in listed(self, desk)
        ],
    )


@pytest.mark.parametrize("blind", [False, True])
def test_what_asks_for_a_person_comes_first_with_its_group(plates, monkeypatch, blind):
    plates_like(monkeypatch, asks=lambda item: "needs points" if item.key == "P3" else "")
    groups = plates.sitting(blind=blind).study()["analyses"][0]["groups"]
    asking = [item["asks"] for group in groups for item in group["items"]]
    assert asking == ["needs points", "", ""]
    assert blind or [group["title"] for group in groups] == ["week 3", "week 1", "week 2"]


def test_an_item_without_samples_of_its_own_shows_what_its_unit_found(plates, monkeypatch, run_now):
    plates_like(monkeypatch, samples=lambda item: ())
    sitting = plates.sitting()
    assert items(sitting)["plate P2"]["warnings"] == 1
    assert items(sitting)["plate P1"]["warnings"] == 0
    correct(sitting)
    run_now(sitting)
    assert items(sitting)["plate P1"]["curated"]
    assert not items(sitting)["plate P2"]["curated"]


def test_an_item_brings_findings_and_what_its_page_draws(plates):
    sitting = plates.sitting()
    item = sitting.item(items(sitting)["plate P2"]["id"])
    assert item["remarks"] == [
        {"severity": "warning", "message": "DOX on P2 is bright.", "advice": "Look at it."}
    ]
    assert item["data"] == {
        "wells": {"A1": 4.0, "A2": 500.0},
        "samples": ["vehicle on P2", "DOX on P2"],
        "computed": True,
    }
    assert sitting.part(item["id"], "picture") == bytes(range(256))


def test_a_preview_stores_nothing(plates):
    sitting = plates.sitting()
    found = sitting.preview(items(sitting)["plate P1"]["id"], {"proposal": {"well": "A2", "signal": 9}})
    assert found == {"signal": 9.0}
    assert files(plates, "*.json") == []


def test_a_correction_is_kept_beside_the_study_and_touches_one_task(plates):
    answer = correct(plates.sitting())
    assert answer["words"] == "signal of A2 5"
    assert (answer["pending"]["again"], answer["pending"]["new"]) == (1, 0)
    assert answer["pending"]["tasks"][0]["task"] == "viability/read/P1"
    assert "correction" in answer["pending"]["tasks"][0]["reason"]
    (kept,) = files(plates, "*.json")
    assert (kept["kind"], kept["target"], kept["value"]) == ("signal", "well:P1:A2", {"signal": 5.0})
    assert (kept["who"], kept["why"], kept["pipeline"]) == ("AB", "bubble in the well", "viability")
    assert kept["when"].endswith("+00:00")


def test_run_now_computes_what_was_touched_and_nothing_else(plates, run_now):
    sitting = plates.sitting()
    correct(sitting)
    progress = run_now(sitting)
    assert progress["state"] == "done"
    assert progress["words"].startswith("1 task computed")
    assert plates.runs[0].counts["ok"] == 1
    assert plates.value(DOX_1, "signal") == (5.0, True)
    assert items(sitting)["plate P1"]["curated"]
    assert not items(sitting)["plate P2"]["curated"]


def test_taking_a_correction_back_returns_the_automatic_number_without_computing(plates, run_now):
    sitting = plates.sitting()
    correct(sitting)
    run_now(sitting)
    item = sitting.item(items(sitting)["plate P1"]["id"])
    (made,) = item["made"]
    assert (made["words"], made["reach"], made["who"]) == ("signal 5", "one well", "AB")
    answer = sitting.withdraw(item["id"], {"made": made["id"], "who": "CD", "why": "it was right"})
    assert files(plates, "*.json") == []
    (record,) = files(plates, "earlier/*.json")
    assert record["withdrawn"]["who"] == "CD"
    assert record["withdrawn"]["why"] == "it was right"
    assert record["who"] == "AB"
    assert (answer["pending"]["again"], answer["pending"]["known"]) == (0, 1)  # its number is still there
    assert items(sitting)["plate P1"]["state"] == "to run again"
    run_now(sitting)
    assert items(sitting)["plate P1"]["state"] == "up to date"
    assert plates.runs[-1].counts.get("ok", 0) == 0
    assert plates.value(DOX_1, "signal") == (2.0, False)


def test_a_new_decision_moves_the_old_one_to_the_record(plates):
    sitting = plates.sitting()
    correct(sitting, signal=5.0)
    correct(sitting, signal=6.0)
    assert [one["value"]["signal"] for one in files(plates, "*.json")] == [6.0]
    assert [one["value"]["signal"] for one in files(plates, "earlier/*.json")] == [5.0]


@pytest.mark.parametrize("signed", [{"who": " ", "why": "x"}, {"who": "AB"}, {"who": "AB", "why": "\n\t"}])
def test_without_who_or_why_nothing_is_kept(plates, signed):
    with pytest.raises(StudyError, match="Type"):
        correct(plates.sitting(), **signed)
    assert files(plates, "*.json") == []


def test_a_reason_longer_than_a_page_is_refused(plates):
    with pytest.raises(StudyError, match="At most 500 letters"):
        correct(plates.sitting(), who="AB", why="x" * 501)


def test_what_the_page_refuses_is_said_in_its_words(plates):
    with pytest.raises(StudyError, match="no well 'H9'"):
        correct(plates.sitting(), well="H9")


def test_an_excluded_well_stands_in_exclusions_with_its_reason(plates, run_now):
    sitting = plates.sitting()
    name = items(sitting)["plate P2"]["id"]
    sitting.exclude(name, {"proposal": {"well": "A2"}, **SIGNED})
    with (plates.folder / "exclusions.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["kind"], row["target"], row["reason"], row["who"]) == ("well", "P2:A2", SIGNED["why"], "AB")
    assert items(sitting)["plate P2"]["excluded"]
    assert sitting.item(name)["reason"] == "bubble in the well"
    with pytest.raises(StudyError, match="already"):
        sitting.exclude(name, {"proposal": {"well": "A2"}, **SIGNED})


def test_a_correction_of_somebody_else_is_seen_without_a_restart(plates):
    sitting, other = plates.sitting(), plates.sitting()
    correct(other)
    assert items(sitting)["plate P1"]["state"] == "to run again"


def test_tasks_that_never_ran_are_left_to_exoraw_run(plates, run_now):
    (plates.folder / "raw/P4_export.wells").write_bytes(b'WELL1\n{"A1": 1.0}')
    with (plates.folder / "samples.csv").open("a", encoding="utf-8") as sheet:
        sheet.write("vehicle on P4,P4,A1,week 4,vehicle\n")
    sitting = plates.sitting()
    answer = correct(sitting)
    assert (answer["pending"]["again"], answer["pending"]["new"]) == (1, 1)
    run_now(sitting)
    assert items(sitting)["plate P4"]["state"] == "not run yet"


def test_a_study_that_never_ran_is_said(plates):
    import shutil

    shutil.rmtree(plates.folder / "results")
    with pytest.raises(StudyError, match="Run the study first"):
        plates.sitting()


def test_a_run_of_somebody_else_is_said_not_waited_for(plates, run_now):
    from exoraw.store.lock import locked

    sitting = plates.sitting()
    correct(sitting)
    with locked(plates.folder / "results"):
        progress = run_now(sitting)
    assert progress["state"] == "failed"
    assert "run" in progress["words"]


# ----------------------------------------------------------------- blinded


def secrets_of(lab) -> list[str]:
    return ["DOX", "vehicle", "Paclitaxel", "P1", "P2", "P3", "week", "_export", ".wells"]


def test_blinded_items_have_numbers_and_no_answer_holds_a_name(plates):
    sitting = plates.sitting(blind=True)
    study = sitting.study()
    answers = [study, *(sitting.item(entry["id"]) for entry in items(sitting).values())]
    text = json.dumps(answers)
    for word in secrets_of(plates):
        assert word not in text
    assert sorted(items(sitting)) == ["No. 1", "No. 2", "No. 3"]


def test_blinded_numbers_stay_and_their_key_is_on_record(plates):
    first = {title: entry["id"] for title, entry in items(plates.sitting(blind=True)).items()}
    assert {title: entry["id"] for title, entry in items(plates.sitting(blind=True)).items()} == first
    with (plates.folder / KEY_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows if row["what"] == "item"} == {"P1", "P2", "P3"}
    assert {row["name"] for row in rows if row["what"] == "set"} == {"week 1", "week 2", "week 3"}
    assert len({row["seed"] for row in rows}) == 1


def test_blinded_order_differs_between_studies_and_never_follows_the_findings(plates):
    orders = set()
    for _ in range(12):
        (plates.folder / KEY_FILE).unlink(missing_ok=True)
        sitting = plates.sitting(blind=True)
        titles = list(items(sitting))
        sets = [group["title"] for group in sitting.study()["analyses"][0]["groups"]]
        assert sets == ["Set 1", "Set 2", "Set 3"]
        orders.add(
            tuple(sitting.item(items(sitting)[title]["id"])["data"]["wells"]["A1"] for title in titles)
        )
    assert len(orders) > 1


def test_a_later_item_gets_a_new_number_and_the_old_ones_stay(plates):
    before = {title: entry["id"] for title, entry in items(plates.sitting(blind=True)).items()}
    with (plates.folder / "samples.csv").open("a", encoding="utf-8") as sheet:
        sheet.write("vehicle on P4,P4,A1,week 1,vehicle\n")
    (plates.folder / "raw/P4_export.wells").write_bytes(b'WELL1\n{"A1": 1.0}')
    after = {title: entry["id"] for title, entry in items(plates.sitting(blind=True)).items()}
    assert after.items() > before.items()
    assert "No. 4" in after


def test_a_blinded_decision_says_that_it_was_blinded(plates):
    sitting = plates.sitting(blind=True)
    name = next(
        entry["id"] for entry in items(sitting).values() if "B1" in sitting.item(entry["id"])["data"]["wells"]
    )
    sitting.apply(
        name, {"proposal": {"well": "B1", "signal": 5.0}, "who": "AB", "why": "DOX on P1 looks odd"}
    )
    (kept,) = files(plates, "*.json")
    assert kept["who"] == "AB (blinded)"
    shown = sitting.item(name)
    assert "DOX" not in json.dumps(shown)
    assert len(shown["made"]) == 1


def test_a_damaged_key_is_said_and_left_as_it_is(plates):
    key = plates.folder / KEY_FILE
    key.parent.mkdir()
    key.write_text("number,name\n1,P1\n", "utf-8")
    with pytest.raises(StudyError, match="not the key"):
        plates.sitting(blind=True)
    assert key.read_text("utf-8") == "number,name\n1,P1\n"


def test_an_error_of_a_blinded_page_names_nothing(serving, plates):
    served = serving(plates, blind=True)
    (plates.folder / "raw/P1_export.wells").unlink()
    answers = [served.get(f"/api/item/{entry['id']}") for entry in items(served.sitting).values()]
    assert all("P1" not in answer.text for answer in answers)
    assert 409 in {answer.status for answer in answers}


# ----------------------------------------------------------------- through the app


def test_the_whole_way_through_the_app(serving, plates):
    served = serving(plates)
    name = items(served.sitting)["plate P1"]["id"]
    body = {"proposal": {"well": "A2", "signal": 5.0}, **SIGNED}
    assert served.post(f"/api/item/{name}/preview", body).json == {"signal": 5.0}
    assert served.get(f"/api/item/{name}/part/picture").content == bytes(range(256))
    assert served.post(f"/api/item/{name}/apply", body).status == 200
    assert served.get("/api/pending").json["again"] == 1
    assert served.post("/api/run", {}).status == 200
    while served.get("/api/run/progress").json["state"] == "running":
        pass
    assert plates.value(DOX_1, "signal") == (5.0, True)


@pytest.mark.parametrize("path", ["/api/item/nothing", "/api/item/nothing/part/events"])
def test_an_unknown_item_is_said(serving, plates, path):
    answer = serving(plates).get(path)
    assert answer.status == 404
    assert "not in the study" in answer.json["error"]
