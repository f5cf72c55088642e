"""Gates that a person drags, on the simulated Annexin study: what is kept, what runs, what is said."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

import exoraw
from exoraw.engine.project import open_project
from exoraw.io.errors import StudyError
from exoraw.study.corrections import write_correction

SIGNED = {"who": "AB", "why": "the shoulder is background"}
TUBE, OTHER, OTHER_DAY = "DOX 1", "control 1", "DOX 2"
BATCH = "day1 | MDA-MB-231"


def ids(sitting) -> dict[str, str]:
    study = sitting.study()
    return {
        item["title"]: item["id"]
        for one in study["analyses"]
        for group in one["groups"]
        for item in group["items"]
    }


def data_of(sitting, tube: str = TUBE) -> dict:
    return sitting.item(ids(sitting)[tube])["data"]


def border_of(data: dict, dye: str = "annexin") -> float:
    return next(gate["value"] for gate in data["gates"] if gate["name"] == dye)


def percent_of(rows: list[dict], name: str) -> float:
    return next(row["percent"] for row in rows if row["name"] == name)


def apply(sitting, proposal: dict, tube: str = TUBE) -> dict:
    return sitting.apply(ids(sitting)[tube], {"proposal": proposal, **SIGNED})


def apoptotic(tubes, sample: str) -> tuple[float, bool]:
    return tubes.value(sample, "apoptotic_share")


def put(tubes, target: str, value: dict, kind: str = "gate") -> None:
    """A correction as somebody wrote it by hand."""
    write_correction(
        tubes.folder, assay="flow", kind=kind, target=target, value=value, who="CD",
        when="2026-01-31T10:00:00+00:00", why="typed",
    )  # fmt: skip


def said_by_check(tubes) -> list[str]:
    return [
        f"{problem.severity}: {problem}"
        for problem in open_project(tubes.folder).problems
        if "corrections/" in str(problem)
    ]


# ----------------------------------------------------------------- looking


def test_the_page_shows_the_numbers_of_the_results(tubes):
    data = data_of(tubes.sitting())
    assert percent_of(data["numbers"], "apoptotic") == pytest.approx(apoptotic(tubes, TUBE)[0], abs=1e-9)
    live = tubes.value(TUBE, "quadrant_share", "population:live")[0]
    assert percent_of(data["numbers"], "live") == pytest.approx(live, abs=1e-9)
    singles = next(row["count"] for row in data["numbers"] if row["name"] == "single cells")
    assert singles == tubes.value(TUBE, "population_events", "population:single cells")[0]


def test_the_events_of_the_browser_give_the_counts_of_the_analysis(tubes):
    """Counted from the bytes alone, as the browser does."""
    sitting = tubes.sitting()
    data = data_of(sitting)
    packed = sitting.part(ids(sitting)[TUBE], "events")
    shown, names = data["events"]["shown"], data["columns"]
    assert len(packed) == 8 * shown * len(names)
    values = np.array(struct.unpack(f"<{shown * len(names)}d", packed)).reshape(len(names), shown)
    import base64

    bits = np.frombuffer(base64.b64decode(data["singles"]), np.uint8)
    singles = np.unpackbits(bits, bitorder="little", count=shown).astype(bool)
    annexin, dead = values[names.index("annexin")], values[names.index("dead")]
    early = singles & (annexin > border_of(data)) & (dead <= border_of(data, "dead"))
    found = next(row["count"] for row in data["numbers"] if row["name"] == "early apoptotic")
    assert np.count_nonzero(early) == found


def test_axes_are_linear_values_that_rise_with_ticks_inside(tubes):
    data = data_of(tubes.sitting())
    for axis in data["axes"].values():
        grid = np.array(axis["grid"])
        assert np.all(np.diff(grid) >= 0)
        assert grid[0] < grid[-1]
        assert all(-1e-9 <= place <= 1 + 1e-9 for place in axis["ticks"]["major"])
        assert len(axis["ticks"]["major"]) == len(axis["ticks"]["labels"])
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_the_automatic_outline_holds_exactly_the_cells_of_the_debris_gate(tubes):
    sitting = tubes.sitting()
    data = data_of(sitting)
    outline = next(gate["corners"] for gate in data["gates"] if gate["name"] == "cells")
    answer = sitting.preview(ids(sitting)[TUBE], {"proposal": {"cells": outline}})
    assert answer["numbers"] == data["numbers"]
    assert answer["singles"] == data["singles"]


# ----------------------------------------------------------------- applying


def test_a_border_of_a_tube_runs_that_tube_and_the_summary_only(tubes, run_now):
    sitting = tubes.sitting()
    wanted = border_of(data_of(sitting)) * 2
    foreseen = sitting.preview(ids(sitting)[TUBE], {"proposal": {"borders": {"annexin": wanted}}})
    answer = apply(sitting, {"borders": {"annexin": wanted}, "scope": "sample"})
    assert {one["step"]: one["count"] for one in answer["pending"]["steps"]} == {"gate": 1, "summary": 1}
    run_now(sitting)
    value, curated = apoptotic(tubes, TUBE)
    assert (value, curated) == (pytest.approx(percent_of(foreseen["numbers"], "apoptotic")), True)
    assert not tubes.value(TUBE, "events")[1]
    assert not tubes.value(TUBE, "gated_share")[1]
    (finding,) = tubes.findings("gate_corrected")
    assert (finding["sample"], finding["severity"]) == (TUBE, "info")
    assert f"Annexin V border is {wanted:,.0f} instead of" in finding["message"]
    assert "for this tube" in finding["message"]
    assert "AB, 20" in finding["message"]
    assert SIGNED["why"] in finding["message"]


def test_a_border_of_the_batch_runs_the_batch_and_leaves_the_other_day_alone(tubes, run_now):
    before = apoptotic(tubes, OTHER_DAY)
    sitting = tubes.sitting()
    answer = apply(sitting, {"borders": {"dead": 2500.0}, "scope": "batch"})
    assert {one["step"]: one["count"] for one in answer["pending"]["steps"]} == {
        "thresholds": 1, "gate": 3, "summary": 1,
    }  # fmt: skip
    run_now(sitting)
    assert apoptotic(tubes, OTHER)[1]
    assert apoptotic(tubes, OTHER_DAY) == before
    assert border_of(data_of(sitting, OTHER), "dead") == 2500.0
    assert {one["sample"] for one in tubes.findings("gate_corrected")} == {TUBE, OTHER, "DOX + exosomes 1"}
    methods = " ".join(
        row["text"] for row in exoraw.open(tubes.folder / "results").arrow("methods").to_pylist()
    )
    assert "In 3 of 6 tubes a gate was set by a person who looked at the plot (for the batch: 3)" in methods
    assert "dead-cell dye 2,500 from a person's correction" in methods


def test_a_border_of_the_strategy_reaches_every_batch(tubes, run_now):
    sitting = tubes.sitting()
    apply(sitting, {"borders": {"dead": 2500.0}, "scope": "strategy"})
    run_now(sitting)
    assert apoptotic(tubes, TUBE)[1]
    assert apoptotic(tubes, OTHER_DAY)[1]
    assert border_of(data_of(sitting, OTHER_DAY), "dead") == 2500.0


def test_the_tube_counts_before_the_batch_and_the_batch_before_the_strategy(tubes, run_now):
    before, _ = apoptotic(tubes, TUBE)
    sitting = tubes.sitting()
    apply(sitting, {"borders": {"dead": 3000.0}, "scope": "strategy"})
    apply(sitting, {"borders": {"dead": 2500.0}, "scope": "batch"})
    apply(sitting, {"borders": {"dead": 2000.0}, "scope": "sample"})
    run_now(sitting)
    data = data_of(sitting, TUBE)
    assert border_of(data, "dead") == 2000.0
    assert percent_of(data["automatic"], "apoptotic") == pytest.approx(before)
    assert border_of(data_of(sitting, OTHER), "dead") == 2500.0
    assert border_of(data_of(sitting, OTHER_DAY), "dead") == 3000.0
    made = sitting.item(ids(sitting)[TUBE])["made"]
    assert [one["reach"] for one in made] == ["this tube", "the batch", "all batches"]
    (finding,) = [one for one in tubes.findings("gate_corrected") if one["sample"] == TUBE]
    assert "2,000" in finding["message"]


def test_a_second_border_of_a_tube_keeps_the_first(tubes):
    sitting = tubes.sitting()
    apply(sitting, {"borders": {"annexin": 1500.0}})
    apply(sitting, {"borders": {"dead": 2500.0}})
    (file,) = tubes.folder.glob("corrections/*.json")
    assert json.loads(file.read_text("utf-8"))["value"] == {"borders": {"annexin": 1500.0, "dead": 2500.0}}


def test_an_outline_of_the_batch_cleans_its_controls_too(tubes, run_now):
    sitting = tubes.sitting()
    automatic = border_of(data_of(sitting))
    corners = [[60_000.0, 0.0], [120_000.0, 0.0], [120_000.0, 60_000.0], [60_000.0, 60_000.0]]
    apply(sitting, {"cells": corners, "scope": "batch"})
    run_now(sitting)
    assert tubes.value(OTHER, "gated_share")[1]
    assert border_of(data_of(sitting)) != automatic  # found again on the outlined cells of the controls


def test_taken_back_the_automatic_gate_returns_to_the_last_digit(tubes, run_now):
    before = apoptotic(tubes, TUBE)
    sitting = tubes.sitting()
    apply(sitting, {"borders": {"annexin": 5000.0}})
    run_now(sitting)
    assert apoptotic(tubes, TUBE) != before
    name = ids(sitting)[TUBE]
    (made,) = sitting.item(name)["made"]
    sitting.withdraw(name, {"made": made["id"], **SIGNED})
    run_now(sitting)
    assert apoptotic(tubes, TUBE) == before
    assert tubes.findings("gate_corrected") == []


def test_the_corrected_gate_stands_in_populations_and_reference(tubes, run_now):
    sitting = tubes.sitting()
    apply(sitting, {"borders": {"annexin": 5000.0}})
    run_now(sitting)
    rows = exoraw.open(tubes.folder / "results").arrow("objects_flow").to_pylist()
    own = [row for row in rows if row["sample"] == TUBE]
    assert {row["annexin_threshold"] for row in own} == {5000.0}
    assert {row["annexin_threshold_source"] for row in own} == {"corrected by hand"}
    numbers = exoraw.open(tubes.folder / "results").arrow("measurements").to_pylist()
    (share,) = [row for row in numbers if (row["sample"], row["measure"]) == (TUBE, "apoptotic_share")]
    assert "corrected by hand" in share["reference"]


# ----------------------------------------------------------------- what cannot be used


@pytest.mark.parametrize(
    ("proposal", "words"),
    [
        ({}, "No gate was moved"),
        ({"borders": {}}, "No gate was moved"),
        ({"borders": {"annexin": "high"}}, "borders.annexin"),
        ({"borders": {"annexin": 1e300}}, "borders.annexin"),
        ({"borders": {"annexin": None}}, "borders.annexin"),
        ({"borders": {"cd44": 5.0}}, "no border of cd44"),
        ({"cells": [[0, 0], [1, 1]]}, "cells"),
        ({"cells": [[0, 0], [1, 1], [2]]}, "cells"),
        ({"cells": [[0, 0]] * 101}, "cells"),
        ({"gate": 5}, "gate"),
        ({"borders": {"annexin": 5.0}, "scope": "everything"}, "A gate holds for"),
    ],
)
def test_a_proposal_that_is_no_gate_is_refused_in_words(tubes, proposal, words):
    sitting = tubes.sitting()
    with pytest.raises(StudyError, match=words):
        apply(sitting, proposal)
    assert not (tubes.folder / "corrections").exists()


@pytest.mark.parametrize(
    ("target", "value", "words"),
    [
        ("sample:DOX 9", {"borders": {"annexin": 5.0}}, 'no stained tube "DOX 9"'),
        ("batch:day9", {"borders": {"annexin": 5.0}}, f'no batch "day9" (there are: {BATCH}'),
        ("gates", {"borders": {"annexin": 5.0}}, "neither sample:NAME"),
        (f"sample:{TUBE}", {"borders": {"cd44": 5.0}}, "border of cd44, but this analysis has annexin, dead"),
    ],
)
def test_check_warns_of_a_correction_that_nothing_uses(tubes, target, value, words):
    put(tubes, target, value)
    (said,) = said_by_check(tubes)
    assert said.startswith("warning")
    assert words in said


def test_check_names_a_correction_that_holds_no_gate_and_only_its_task_fails(tubes, run_now):
    put(tubes, f"sample:{TUBE}", {"border": 5.0})
    (said,) = said_by_check(tubes)
    assert said.startswith("error")
    sitting = tubes.sitting()
    with pytest.raises(StudyError, match="Correct the file or remove it"):
        sitting.item(ids(sitting)[TUBE])
    progress = run_now(sitting)
    assert "1 failed" in progress["words"]
    assert apoptotic(tubes, OTHER) == apoptotic(tubes, "control 2")


def test_a_correction_of_another_kind_is_said(tubes):
    put(tubes, f"sample:{TUBE}", {"x": 1}, kind="lanes")
    (said,) = said_by_check(tubes)
    assert 'the correction "lanes"' in said


def test_a_border_of_an_unknown_dye_leaves_a_finding_beside_the_automatic_number(tubes, run_now):
    before = apoptotic(tubes, TUBE)
    put(tubes, f"sample:{TUBE}", {"borders": {"cd44": 5.0}})
    run_now(tubes.sitting())
    assert apoptotic(tubes, TUBE) == before
    (finding,) = tubes.findings("gate_correction_unused")
    assert (finding["sample"], finding["severity"]) == (TUBE, "warning")
    assert "cd44" in finding["message"]


def test_a_tube_whose_batch_never_ran_is_said(tubes):
    sheet = tubes.folder / "samples.csv"
    text = sheet.read_text("utf-8").replace("DOX 2,day2/", "DOX new,day2/").replace(",day2,", ",day3,")
    sheet.write_text(text, "utf-8")
    sitting = tubes.sitting()
    with pytest.raises(StudyError, match="Run the study"):
        sitting.item(ids(sitting)["DOX new"])


def test_an_unknown_part_of_a_tube_is_unknown(tubes):
    sitting = tubes.sitting()
    with pytest.raises(KeyError):
        sitting.part(ids(sitting)[TUBE], "raw")


def test_a_blinded_tube_says_nothing_of_its_own_controls(tubes):
    sitting = tubes.sitting(blind=True)
    texts = [json.dumps(sitting.item(name)) for name in ids(sitting).values()]
    for text in texts:
        for word in ("vehicle", "DOX", "unstained", "day1", "matched"):
            assert word not in text
