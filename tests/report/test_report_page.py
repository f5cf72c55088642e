"""What stands in report.html, in which order, and that it needs nothing from outside."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode

import pytest

from exoraw.io.errors import StoreError
from exoraw.report import build_report, cards, concerns, grids
from exoraw.store.schemas import TABLES

DEMO_BYTES = 3_000_000


def ids(page) -> list[str]:
    return page.attribute("id")


def test_verdict_of_a_sound_study_is_one_sentence(sound_report, parsed):
    text = parsed(sound_report).text()
    assert "✓ Sound 18 samples gave 90 numbers; nothing failed." in text


def test_sections_stand_in_the_order_a_reader_needs(troubled_report, parsed):
    page = parsed(troubled_report)
    wanted = [
        "top",
        "attention",
        "p1",
        "p1-figures",
        "p1-groups",
        "p1-samples",
        "p1-evidence",
        "p1-methods",
        "p1-details",
        "provenance",
        "provenance-runs",
        "provenance-tasks",
        "provenance-files",
        "provenance-versions",
    ]
    assert [name for name in ids(page) if name in wanted] == wanted


def test_every_failed_task_stands_above_every_result(troubled_report):
    html = troubled_report.read_text("utf-8")
    top = html[: html.index('id="p1"')]
    assert "1 task failed (MDA_PTX_3)" in top
    assert "expected 8 ASCII digits" in top
    assert "day1/MDA_PTX_3.fcs" in top


def test_many_failed_tasks_are_all_named_at_the_top(empty_folder):
    states = ("failed", "crashed", "timeout", "skipped")
    for i in range(200):
        empty_folder.add(
            "tasks",
            task_id=f"t{i}",
            attempt=1,
            pipeline="apoptosis",
            unit=f"u{i}",
            samples=[f"tube-{i:03d}"],
            status=states[i % 4],
            error=f"broken at {i}",
        )
    html = build_report(empty_folder.write()).read_text("utf-8")
    top = html[: html.index('id="p1"')]
    assert all(f"tube-{i:03d}" in top and f"broken at {i}" in top for i in range(200))
    assert "200 tasks failed" in top


def test_findings_come_worst_first_with_meaning_value_limit_and_advice(troubled_report, parsed):
    text = parsed(troubled_report).text()
    truncated = text.index("A file holds fewer events than it declares.")
    few = text.index("A control tube has too few events to place a gate well.")
    assert truncated < few
    assert "3 samples · 3 remarks" in text[few:]
    assert "What to do: Record at least 5,000 gated events of every control." in text
    row = re.search(r"MDA_DOX_1 The unstained control has 813 events after gating\. 813 5,000", text)
    assert row is not None


def test_sample_without_number_and_without_failed_task_is_an_error(study, parsed):
    study.sample("forgotten", treatment="DOX")
    text = parsed(build_report(study.write())).text()
    assert "A sample of the sheet has no number, and no failed task says why." in text
    assert "18 of 19 samples gave 90 numbers; 1 error (no number: 1)." in text


def test_unusable_file_of_the_sheet_is_an_error_and_a_stray_file_is_not(study, parsed):
    study.add("files", path="a.fcs", problem="0 bytes", used_by=["MDA_DOX_1"])
    study.add("files", path="b.txt", problem="no format", used_by=[])
    page = parsed(build_report(study.write()))
    assert "1 error (file unusable: 1)" in page.text()
    assert "A file in the raw folder was not read" in page.text()


@pytest.mark.parametrize("outcome", ["running", "interrupted", "disk_full"])
def test_run_that_did_not_end_is_said_under_the_verdict(study, parsed, outcome):
    study["runs"][0]["outcome"] = outcome
    text = parsed(build_report(study.write())).text()
    assert "the numbers are those committed so far" in text
    assert "✓ Sound" not in text


def test_group_table_holds_mean_sd_and_n(study, parsed):
    for row in study["measurements"]:
        if row["measure"] == "late_apoptotic" and row["sample"].startswith("MDA_control"):
            row["value"] = {"1": 2.0, "2": 3.0, "3": 4.0}[row["sample"][-1]]
    text = parsed(build_report(study.write())).text()
    table = text[text.index("Results by group") : text.index("Results by sample")]
    assert "Treatment Live % Early apoptotic % Late apoptotic % Necrotic % Mean SD n" in table
    assert re.search(r"control( [\d.]+ [\d.]+ 3){2} 3\.00 1\.00 3 ", table)


def test_sample_table_holds_qc_codes_exclusions_and_curation(troubled_report, parsed):
    text = parsed(troubled_report).text()
    table = text[text.index("Results by sample") : text.index("Evidence", text.index("Results by sample"))]
    assert "MDA_DOX_1 warning few_control_events" in table
    assert "MDA_bad_tube excluded" in table
    assert "1 control without a number of their own: MDA_unstained." in table
    assert "1 curated number" in table
    assert "tube was left at room temperature for 3 h" in text


def test_methods_settings_versions_hashes_and_definitions_are_there(sound_report, parsed):
    text = parsed(sound_report).text()
    digest = hashlib.sha256(b"MDA_DOX_1").hexdigest()
    for wanted in (
        "Single cells were gated on FSC-A and FSC-H.",
        "debris.method",
        "numpy",
        "2.4.6",
        digest,
        "FACSCanto II",
        "Share of single cells in the late apoptotic quadrant.",
        "0 to 100",
    ):
        assert wanted in text


def test_settings_that_differ_between_tasks_are_counted(study, parsed):
    study["tasks"][0]["params"] = json.dumps({"debris": {"method": "fixed"}, "annexin": "FITC-A"})
    text = parsed(build_report(study.write())).text()
    assert "density (17 tasks); fixed (1 task)" in text


def test_comparisons_are_tabulated_with_unit_of_replication(study, parsed):
    study.add(
        "comparisons",
        comparison_id="c",
        pipeline="apoptosis",
        measure="late_apoptotic",
        factor="treatment",
        group="DOX",
        reference="control",
        n_group=3,
        n_reference=3,
        replication_unit="culture",
        estimate=18.57,
        ci_low=16.0,
        ci_high=21.0,
        test="Welch t",
        p=0.0004,
        p_adjusted=0.0012,
        adjustment="Holm",
        stars="**",
    )
    text = parsed(build_report(study.write())).text()
    assert "Late apoptotic · one n is culture" in text
    assert "DOX vs control 3, 3 18.57 16 to 21 Welch t 4.00 × 10⁻⁴" in text
    assert "0.0012" in text
    assert "(Holm) **" in text


def test_a_comparison_without_a_p_says_why_and_is_never_called_not_significant(study, parsed):
    study.add(
        "comparisons", comparison_id="c", pipeline="apoptosis", measure="late_apoptotic", factor="treatment",
        group="DOX", reference="control", n_group=2, n_reference=3, replication_unit="culture",
        test="Welch t", name="Rescue", state="too few units", message="DOX: 2 units", exclusions="applied",
    )  # fmt: skip
    text = parsed(build_report(study.write())).text()
    assert "Rescue : Late apoptotic · one n is culture" in text
    assert "not tested: too few units" in text
    assert "not significant" not in text


def test_page_is_well_formed_with_unique_ids_and_no_dead_inner_link(troubled_report, parsed):
    page = parsed(troubled_report)
    assert page.broken == []
    assert page.open == []
    assert len(ids(page)) == len(set(ids(page)))
    inner = {link.removeprefix("#") for link in page.attribute("href") if link.startswith("#")}
    assert inner <= set(ids(page))


def test_page_is_accessible(troubled_report, parsed):
    page = parsed(troubled_report)
    assert page.all("html")[0]["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("main", "nav", "h1")] == [1, 1, 1]
    assert all(image["alt"].strip() for image in page.all("img"))
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in page.all("svg"))
    assert all(header.get("scope") in {"col", "row", "colgroup"} for header in page.all("th"))
    scrolled = [attrs for attrs in page.all("div") if attrs.get("class") == "scroll"]
    assert scrolled
    assert all(attrs["tabindex"] == "0" and attrs["aria-label"] for attrs in scrolled)


def test_nothing_comes_from_the_network_and_nothing_runs(troubled_report, parsed):
    path = troubled_report
    page = parsed(path)
    assert page.all("script") == []
    for name in ("src", "href", "xlink:href", "action", "srcset", "poster", "data"):
        for address in page.attribute(name):
            assert not re.match(r"(?!data:)[a-z][a-z0-9+.-]*:|//", address, re.IGNORECASE), address
    css = re.search(r"<style>(.*?)</style>", path.read_text("utf-8"), re.DOTALL)
    assert css is not None
    assert "url(" not in css[1]
    assert "@import" not in css[1]
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]


def test_policy_allows_the_page_its_own_style_and_nothing_else(sound_report, parsed):
    path = sound_report
    page = parsed(path)
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    css = re.search(r"<style>(.*?)</style>", path.read_text("utf-8"), re.DOTALL)
    assert css is not None
    digest = b64encode(hashlib.sha256(css[1].encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert page.attribute("style") == []


def test_demo_sized_report_with_30_pictures_stays_below_3_mb(study, picture, parsed):
    while len(study["artefacts"]) < 30:
        study.evidence("MDA_DOX_1", f"more{len(study['artefacts'])}.png", picture(200, 160))
    for row in study["artefacts"]:
        content = picture(200, 160, seed=len(row["path"]))
        assert len(content) > 30_000
        (study.path / row["path"]).write_bytes(content)
        row["sha256"] = hashlib.sha256(content).hexdigest()
    path = build_report(study.write())
    assert path.stat().st_size < DEMO_BYTES
    assert len(parsed(path).all("img")) == 30


def test_same_results_give_the_same_bytes(troubled):
    first = build_report(troubled.write()).read_bytes()
    assert build_report(troubled.path).read_bytes() == first


def test_report_elsewhere_links_to_the_evidence_from_there(study, tmp_path, parsed):
    target = tmp_path / "talks" / "today" / "apoptosis.html"
    assert build_report(study.write(), target) == target
    links = [link for link in parsed(target).attribute("href") if link.endswith(".png")]
    assert links
    for link in links:
        assert (target.parent / link.replace("%20", " ")).resolve().is_file()


def test_old_report_is_replaced_whole_and_no_temporary_file_is_left(study):
    study.write()
    (study.path / "report.html").write_text("old", "utf-8")
    before = {path.name for path in study.path.iterdir()}
    build_report(study.path)
    assert {path.name for path in study.path.iterdir()} == before
    assert (study.path / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_folder_that_is_no_results_folder_is_refused_in_words(tmp_path):
    with pytest.raises(StoreError, match="not a results folder"):
        build_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_empty_results_give_a_report_that_says_so(empty_folder, parsed):
    text = parsed(build_report(empty_folder.write())).text()
    assert "0 samples gave 0 numbers" in text
    assert "no sample, no task and no number yet" in text
    assert "✓ Sound" not in text


@pytest.mark.parametrize("name", [name for name in TABLES if name != "objects"])
def test_each_missing_table_still_gives_a_report(troubled, parsed, name):
    troubled.rows["figures"] = troubled["figures"][:1]
    page = parsed(build_report(troubled.write(without=(name,))))
    assert page.broken == []
    if name in {"runs", "samples", "files", "tasks", "measurements"}:
        assert f"The results folder holds no {name}.parquet" in page.text()


def test_no_table_at_all_still_gives_a_report(empty_folder, parsed):
    page = parsed(build_report(empty_folder.write(without=tuple(empty_folder.rows))))
    assert "The results folder holds no runs.parquet, samples.parquet" in page.text()


def test_study_whose_tasks_all_failed_says_so_first(study, parsed):
    for task in study["tasks"]:
        task.update(status="crashed", error="killed by signal 11")
    for name in ("measurements", "artefacts", "methods"):
        study.rows[name] = []
    text = parsed(build_report(study.write())).text()
    assert "0 of 18 samples gave 0 numbers; 18 tasks failed (" in text
    assert "No number of this figure was computed." in text


def test_results_without_declared_figures_are_drawn_all_the_same(study, parsed):
    study.rows["figures"] = []
    page = parsed(build_report(study.write()))
    assert len(page.all("svg")) == 5


def test_more_figures_than_a_page_can_hold_are_counted(study, parsed, monkeypatch):
    monkeypatch.setattr(cards, "MOST_FIGURES", 4)
    template = study["figures"][1]
    study.rows["figures"] = [template | {"name": f"f{i}", "order": i} for i in range(cards.MOST_FIGURES + 3)]
    page = parsed(build_report(study.write()))
    assert len(page.all("svg")) == cards.MOST_FIGURES
    assert "4 of 7 figures are drawn here" in page.text()


def test_unknown_kind_of_figure_is_named_not_dropped(study, parsed):
    study["figures"][1]["kind"] = "volcano"
    text = parsed(build_report(study.write())).text()
    assert 'cannot draw a figure of the kind "volcano"' in text


def test_thousands_of_samples_are_bounded_and_the_bound_is_said(empty_folder, parsed):
    for i in range(1200):
        empty_folder.sample(f"s{i}", treatment=f"compound {i % 60}", biological_replicate=str(i))
        empty_folder.number(f"s{i}", "share", i % 97, qc="error" if i == 1199 else "ok")
        empty_folder.add("files", path=f"{i}.fcs", sha256="0" * 64, used_by=[f"s{i}"])
        empty_folder.add(
            "findings",
            finding_id=str(i),
            pipeline="apoptosis",
            sample=f"s{i}",
            code="clogged",
            severity="warning",
            message=f"clog {i}",
        )
    path = build_report(empty_folder.write())
    text = parsed(path).text()
    assert path.stat().st_size < DEMO_BYTES
    assert f"{grids.MOST_SAMPLE_ROWS} of 1,200 samples are shown" in text
    assert f"{concerns.MOST_ITEMS} of 1,200 remarks shown" in text
    assert "1,000 of 1,200 rows shown; all are in files.parquet." in text
    assert "40 of 60 groups are drawn" in text
    assert re.search(r"Results by sample Sample QC .{0,90} s1199 error", text), "the worst come first"
