"""Pictures stand beside the numbers; what does not fit, is missing or was changed is said, never dropped."""

from __future__ import annotations

import base64

import pytest

from exoraw.report import build_report, evidence


def sources(page) -> list[str]:
    return [image["src"] for image in page.all("img")]


def test_pictures_are_embedded_byte_for_byte(study, parsed):
    page = parsed(build_report(study.write()))
    held = {base64.b64decode(source.partition(",")[2]) for source in sources(page)}
    assert held == {(study.path / row["path"]).read_bytes() for row in study["artefacts"]}
    assert all(source.startswith("data:image/png;base64,") for source in sources(page))


def test_replicates_of_a_group_stand_side_by_side_with_their_captions(study, parsed):
    text = parsed(build_report(study.write())).text()
    album = text[text.index("Evidence", text.index("Results by sample")) :]
    dox = album[album.index(" DOX Close MDA_DOX_1: ") : album.index(" DOX + exosomes Close ")]
    places = [dox.index(f"MDA_DOX_{i}: debris, singlets, quadrants") for i in (1, 2, 3)]
    assert places == sorted(places)


def test_pictures_beyond_the_budget_are_linked_and_counted_worst_samples_first(troubled, parsed, monkeypatch):
    sizes = {row["sample"]: (row["path"], 0) for row in troubled["artefacts"]}
    one = len((troubled.path / sizes["MDA_DOX_1"][0]).read_bytes())
    monkeypatch.setattr(evidence.Budget.__init__, "__defaults__", (one * 5,))
    page = parsed(build_report(troubled.write()))
    shown = {image["alt"].partition(":")[0] for image in page.all("img")}
    assert {"MDA_PTX_exosomes_1", "MDA_DOX_1", "MDA_DOX_2", "MDA_DOX_3"} <= shown
    total = len(troubled["artefacts"])
    assert f"{len(shown)} of {total} pictures are shown; the others are listed below" in page.text()
    linked = [link for link in page.attribute("href") if link.endswith(".png")]
    assert len(set(linked)) == total


def test_missing_picture_is_named(study, parsed):
    (study.path / study["artefacts"][0]["path"]).unlink()
    page = parsed(build_report(study.write()))
    assert len(sources(page)) == 17
    assert "missing in the results folder" in page.text()


def test_changed_picture_is_shown_with_a_warning(study, parsed, picture):
    (study.path / study["artefacts"][0]["path"]).write_bytes(picture(20, 20))
    page = parsed(build_report(study.write()))
    assert "this file was changed after it was computed" in page.text()


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)></svg>", b"GIF89a" + b"\0" * 20])
def test_file_that_is_no_png_or_jpeg_is_linked_not_embedded(study, parsed, content):
    study.evidence("MDA_DOX_1", "odd.png", content)
    page = parsed(build_report(study.write()))
    assert len(sources(page)) == 18
    assert "neither PNG nor JPEG" in page.text()


@pytest.mark.parametrize("path", ["../outside.png", "/etc/hostname", "evidence/../../outside.png", "a\0b"])
def test_path_that_leaves_the_results_folder_is_neither_read_nor_linked(study, parsed, picture, path):
    (study.path.parent / "outside.png").write_bytes(picture(8, 8))
    study.add(
        "artefacts",
        task_id="t",
        pipeline="apoptosis",
        kind="picture",
        path=path,
        caption="c",
        sample="MDA_DOX_1",
    )
    page = parsed(build_report(study.write()))
    assert len(sources(page)) == 18
    assert not [link for link in page.attribute("href") if "outside" in link or "hostname" in link]


def test_matrices_are_listed_with_a_link(study, parsed):
    study.evidence("", "spillover.csv", b"FITC,PE\n1,0.1\n", kind="matrix", caption="Spillover of day1")
    page = parsed(build_report(study.write()))
    assert "Spillover of day1" in page.text()
    assert [link for link in page.attribute("href") if link.endswith("spillover.csv")]
