"""Compensation controls: rows with their errors, controls that cannot be trusted, real tubes, pictures."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.assays.flow.compensation import (
    compensate,
    overcompensated,
)
from exoraw.assays.flow.compensation_pictures import compensation_picture
from exoraw.assays.flow.fcs import read_fcs
from exoraw.assays.flow.gate_findings import FINDING_KINDS as GATE_KINDS
from exoraw.assays.flow.main_population import main_population
from exoraw.assays.flow.singlets import singlet_gate
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.assays.flow.spillover_csv import spillover_from_csv
from exoraw.assays.flow.spillover_names import fit_to_channels
from exoraw.assays.flow.stain_controls import StainControl, spillover_from_controls
from exoraw.assays.flow.stain_findings import FINDING_KINDS

NAMES = ("FITC-A", "PE-A", "APC-A", "PE-Cy7-A")
MATRIX = np.array(
    [
        [1.0, 0.18, 0.001, 0.01],
        [0.01, 1.0, 0.002, 0.04],
        [0.0, 0.004, 1.0, 0.06],
        [0.0, 0.05, 0.02, 1.0],
    ]
)
CEILING = 262_143.0
KNOWN = {kind.code for kind in (*FINDING_KINDS, *GATE_KINDS)}
STAINS = {
    "FITC": ("Alexa Fluor 488-A", 0.005),
    "PE": ("PE-A", 0.005),
    "APC": ("Alexa Fluor 647-A", 0.015),
    "7AAD": ("7-AAD-A", 0.015),
}  # dye -> channel, largest difference that issue 4 allows


def stain(rng, dye, n=10_000, share=0.5, brightness=4.1, level=1.9, noise=60.0):
    signal = 10 ** rng.normal(level, 0.25, (n, 4))
    if dye is not None:
        lit = rng.random(n) < share
        signal[lit, dye] = 10 ** rng.normal(brightness, 0.25, np.count_nonzero(lit))
    return np.minimum(signal @ MATRIX + rng.normal(0, noise, (n, 4)), CEILING)


def controls(rng, **changes):
    return [StainControl(name, stain(rng, dye, **changes), f"tube {dye}") for dye, name in enumerate(NAMES)]


def codes(found):
    return [finding.code for finding in found.findings]


@pytest.mark.parametrize("kind", ["universal", "matched", "own"])
def test_four_dyes_give_their_matrix_with_every_kind_of_negative(rng, kind):
    blank = stain(rng, None)
    tubes = controls(rng)
    if kind == "matched":
        tubes = [StainControl(one.channel, one.events, one.name, blank) for one in tubes]
    found = spillover_from_controls(tubes, NAMES, universal=blank if kind == "universal" else None)
    np.testing.assert_allclose(found.spillover.matrix, MATRIX, atol=0.004)
    assert codes(found) == []
    assert {row.negative for row in found.rows} == {
        {"universal": "universal", "matched": "matched tube", "own": "own events"}[kind]
    }


def test_the_standard_error_of_a_coefficient_is_what_repeats_scatter_by():
    rows, errors = [], []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        found = spillover_from_controls(
            [StainControl("FITC-A", stain(rng, 0, n=3_000, noise=200.0))], NAMES, universal=stain(rng, None)
        )
        rows.append(found.rows[0].row)
        errors.append(found.rows[0].errors)
    ratio = np.mean(errors, axis=0)[1:] / np.std(rows, axis=0)[1:]
    assert (ratio > 0.6).all()
    assert (ratio < 1.6).all()


def test_swapped_tubes_are_named_and_give_no_row(rng):
    tubes = controls(rng)
    swapped = [
        StainControl("FITC-A", tubes[1].events, "PE tube"),
        StainControl("PE-A", tubes[0].events, "FITC tube"),
        *tubes[2:],
    ]
    found = spillover_from_controls(swapped, NAMES, universal=stain(rng, None))
    said = [one for one in found.findings if one.code == "single_stain_mislabelled"]
    assert len(said) == 2
    assert "swapped with FITC tube" in said[0].message
    np.testing.assert_array_equal(found.spillover.matrix[:2], np.eye(4)[:2])
    assert found.unsupported == ("FITC-A", "PE-A")


def test_a_tube_of_another_dye_is_asked_about(rng):
    tubes = controls(rng)
    wrong = [*tubes[:3], StainControl("PE-Cy7-A", stain(rng, 2), "Cy7 tube")]
    found = spillover_from_controls(wrong, NAMES, universal=stain(rng, None))
    (said,) = [one for one in found.findings if one.code == "single_stain_mislabelled"]
    assert "brightest channel of Cy7 tube (PE-Cy7-A) is APC-A" in said.message


def test_a_tube_without_positives_gives_the_others_their_rows(rng):
    tubes = [*controls(rng)[:3], StainControl("PE-Cy7-A", stain(rng, None), "empty")]
    found = spillover_from_controls(tubes, NAMES, universal=stain(rng, None))
    assert "single_stain_unusable" in codes(found)
    np.testing.assert_allclose(found.spillover.matrix[:3], MATRIX[:3], atol=0.004)
    with pytest.raises(SpilloverError, match="no compensation control gives a row: empty"):
        spillover_from_controls(tubes[3:], NAMES, universal=stain(rng, None))


def test_few_or_dim_positives_are_weak(rng):
    few = StainControl("FITC-A", stain(rng, 0, n=5_000, share=0.02))
    dim = StainControl("PE-A", stain(rng, 1, brightness=2.7))
    found = spillover_from_controls([few, dim], NAMES[:2] + NAMES[2:], universal=stain(rng, None))
    weak = {one.entity for one in found.findings if one.code == "weak_single_stain"}
    assert weak == {"channel:FITC-A", "channel:PE-A"}


def test_saturated_positives_are_left_out_and_said(rng):
    bright = StainControl("FITC-A", stain(rng, 0, brightness=5.3), "too bright")
    found = spillover_from_controls([bright], NAMES, universal=stain(rng, None), ceilings=[CEILING] * 4)
    assert "single_stain_saturated" in codes(found)
    assert found.rows[0].saturated > 0.3
    np.testing.assert_allclose(found.spillover.matrix[0], MATRIX[0], atol=0.003)
    clipped = spillover_from_controls([bright], NAMES, universal=stain(rng, None))
    assert np.abs(clipped.spillover.matrix[0] - MATRIX[0]).max() > 0.003  # what leaving them in would do


def test_a_wholly_saturated_control_is_unusable_and_says_why(rng):
    full = stain(rng, 0)
    full[full[:, 0] > 2_000, 0] = CEILING
    found = spillover_from_controls(
        [StainControl("FITC-A", full, "full"), *controls(rng)[1:]],
        NAMES,
        universal=stain(rng, None),
        ceilings=[CEILING] * 4,
    )
    (said,) = [one for one in found.findings if one.code == "single_stain_unusable"]
    assert "saturated" in said.message


def test_a_universal_negative_of_other_particles_is_noticed(rng):
    beads = [StainControl(one.channel, one.events + 400.0, one.name) for one in controls(rng, brightness=3.8)]
    found = spillover_from_controls(beads, NAMES, universal=stain(rng, None))
    assert "negative_unlike_stain" in codes(found)


def test_of_two_tubes_of_one_dye_the_brighter_is_used(rng):
    dim = StainControl("FITC-A", stain(rng, 0, brightness=3.3), "dim")
    found = spillover_from_controls([dim, *controls(rng)], NAMES, universal=stain(rng, None))
    assert [row.control.name for row in found.rows if row.used] == ["tube 0", "tube 1", "tube 2", "tube 3"]
    assert "single_stain_twice" in codes(found)


@pytest.mark.parametrize(("part", "refused"), [(1.0, True), (0.93, False)])
def test_one_stain_used_for_two_dyes_is_refused_or_named(rng, part, refused):
    one, two = stain(rng, 1), stain(rng, 1)
    for tube, other in ((one, part), (two, 1.0)):
        tube[:, 3] = tube[:, 1] * other + rng.normal(0, 60, len(tube))
    if refused:
        two = one
    tubes = [StainControl("PE-A", one, "one"), StainControl("PE-Cy7-A", two, "two")]
    if refused:
        with pytest.raises(SpilloverError, match="Alike are: PE-A and PE-Cy7-A"):
            spillover_from_controls(tubes, NAMES, universal=stain(rng, None))
        return
    found = spillover_from_controls(tubes, NAMES, universal=stain(rng, None))
    assert any("PE-A and PE-Cy7-A look nearly alike" in one.message for one in found.findings)


def test_a_channel_without_a_control_is_named(rng):
    found = spillover_from_controls(controls(rng)[:3], NAMES, universal=stain(rng, None))
    assert found.unsupported == ("PE-Cy7-A",)
    assert codes(found) == ["spillover_row_missing"]


def test_controls_of_unknown_channels_are_refused(rng):
    with pytest.raises(SpilloverError, match=r"no such channel: tube 9 \(Cy9-A\)"):
        spillover_from_controls([StainControl("Cy9-A", stain(rng, 0), "tube 9")], NAMES)
    with pytest.raises(SpilloverError, match="no tube was given"):
        spillover_from_controls([], NAMES)


def test_every_finding_is_declared(rng):
    tubes = [StainControl("FITC-A", stain(rng, 1), "a"), *controls(rng, n=900)[1:]]
    assert set(codes(spillover_from_controls(tubes, NAMES, universal=stain(rng, None)))) <= KNOWN


# ------------------------------------------------------------------------------------ names of a matrix


def test_parameter_numbers_become_channel_names():
    numbered = Spillover(("3", "4"), np.array([[1, 0.2], [0.1, 1]]), "spillover.csv")
    fitted, findings = fit_to_channels(numbered, ("FSC-A", "SSC-A", "FITC-A", "PE-A"), ("", "", "", ""))
    assert fitted.channels == ("FITC-A", "PE-A")
    assert findings[0].severity == "warning"
    assert "3 = FITC-A, 4 = PE-A" in findings[0].message


@pytest.mark.parametrize("written", [("cd8", "va2"), ("fitc-a", "pe-a"), ("FITC", "PE"), ("CD8", "PE-A")])
def test_markers_and_other_spellings_become_channel_names(written):
    fitted, findings = fit_to_channels(
        Spillover(written, np.eye(2), "x"), ("FSC-A", "FITC-A", "PE-A"), ("", "CD8", "Va2")
    )
    assert fitted.channels == ("FITC-A", "PE-A")
    assert findings[0].code in KNOWN


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (("FITC-A", "Cy9-A"), '"Cy9-A"'),
        (("FITC-A", "APC-B"), 'nearest: "APC-A"'),
        (("1", "9"), '"9"'),
        (("FITC", "CD8"), "two of its names mean FITC-A"),
    ],
)
def test_names_that_are_no_channels_are_refused_not_guessed(written, said):
    with pytest.raises(SpilloverError, match=said):
        fit_to_channels(Spillover(written, np.eye(2), "x"), ("FITC-A", "PE-A", "APC-A"), ("CD8", "", ""))


def test_a_matrix_in_the_files_own_names_is_left_alone():
    own = Spillover(("FITC-A",), np.eye(1), "x")
    assert fit_to_channels(own, ("FITC-A", "PE-A"), ("", "")) == (own, ())


# ------------------------------------------------------------------------------------ real controls


def main_events(path, channels=None):
    data = read_fcs(path)
    keep = main_population(data.column("FSC-A"), data.column("SSC-A")).keep
    if "FSC-H" in data.channels:
        keep[keep] = singlet_gate(data.column("FSC-A")[keep], data.column("FSC-H")[keep]).keep
    names = channels or [name for name in data.channels if name[:3] not in ("FSC", "SSC", "Tim")]
    return data.events[keep][:, [data.index(name) for name in names]].astype(np.float64), tuple(names)


@pytest.fixture(scope="module")
def published(shared):
    return spillover_from_csv(shared / "data/flow/cytoexplorer/Compensation-Spillover-Matrix.csv")


@pytest.fixture(scope="module")
def cyto(shared, published):
    folder = shared / "data/flow/cytoexplorer"
    names = published.channels
    tubes = [
        StainControl(channel, main_events(folder / f"Compensation-{dye}.fcs", names)[0], dye)
        for dye, (channel, _) in STAINS.items()
    ]
    blank, _ = main_events(folder / "Compensation-Unstained.fcs", names)
    return spillover_from_controls(tubes, names, universal=blank, ceilings=[CEILING] * len(names))


@pytest.mark.parametrize("dye", STAINS)
def test_every_entry_of_the_published_matrix_is_met(cyto, published, dye):
    channel, limit = STAINS[dye]
    row = published.channels.index(channel)
    for place, name in enumerate(published.channels):
        difference = abs(cyto.spillover.matrix[row, place] - published.matrix[row, place])
        assert difference <= limit, f"{dye} into {name}: {difference:.4f}"


def test_the_real_controls_are_firm_and_only_missing_tubes_are_said(cyto):
    assert codes(cyto) == ["spillover_row_missing"]
    assert all(row.used and row.brightest == row.control.channel for row in cyto.rows)


def test_a_real_stained_tube_is_remarked_on_only_when_compensated_twice(shared, published):
    data = read_fcs(shared / "data/flow/cytoexplorer/Activation_1.fcs")
    once = compensate(data.events, data.channels, published)
    twice = compensate(once, data.channels, published)
    names = published.channels
    places = [data.channels.index(name) for name in names]
    assert overcompensated(once[:, places], names, published) == ()
    assert {one.code for one in overcompensated(twice[:, places], names, published)} == {"compensated_twice"}


def test_real_beads_of_another_lab_give_a_plausible_matrix(shared):
    folder = shared / "data/flow/comp_alonyan"
    blank, names = main_events(folder / "Compensations_Blank.fcs")
    dyes = {dye: next(name for name in names if name.startswith(dye)) for dye in ("APC", "PE")}
    tubes = [
        StainControl(channel, main_events(folder / f"Compensations_{dye}.fcs", names)[0], dye)
        for dye, channel in dyes.items()
    ]
    found = spillover_from_controls(tubes, names, universal=blank)
    assert all(row.used and row.brightest == row.control.channel for row in found.rows)
    assert np.abs(found.spillover.matrix - np.eye(len(names))).max() < 1
    for row in found.rows:
        fixed = compensate(row.control.events, names, found.spillover)
        column = names.index(row.control.channel)
        bright = row.control.events[:, column] > row.populations.threshold
        left = np.median(fixed[bright], axis=0) - compensate(
            row.populations.median_negative[np.newaxis], names, found.spillover
        )
        left[0, column] = 0
        assert np.abs(left).max() < 0.01 * np.median(fixed[bright, column])


# ------------------------------------------------------------------------------------ pictures


def test_the_grid_has_a_panel_per_pair_and_its_bytes_repeat(rng):
    found = spillover_from_controls(controls(rng, n=2_000), NAMES, universal=stain(rng, None))
    drawn = compensation_picture(found, title="day1 $x")
    assert drawn.png.startswith(b"\x89PNG")
    assert len(drawn.pairs) == 12
    assert drawn.note == ""
    assert drawn.png == compensation_picture(found, title="day1 $x").png


def test_of_many_dyes_only_notable_pairs_are_drawn_and_that_is_said(rng):
    names = tuple(f"D{place}-A" for place in range(10))
    tubes = []
    for place, name in enumerate(names):
        signal = 10 ** rng.normal(1.9, 0.2, (3_000, 10))
        signal[::2, place] = 10 ** rng.normal(4.2, 0.2, 1_500)
        signal[:, (place + 1) % 10] += 0.1 * signal[:, place]
        tubes.append(StainControl(name, signal))
    drawn = compensation_picture(spillover_from_controls(tubes, names), title="ten dyes")
    assert sorted(drawn.pairs) == sorted((names[place], names[(place + 1) % 10]) for place in range(10))
    assert "80 pairs with less spillover are not shown" in drawn.note
