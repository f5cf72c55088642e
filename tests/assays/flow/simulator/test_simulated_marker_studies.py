"""The simulated marker studies: the files hold what the truth says, for our reader and for FlowIO."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from flowio import FlowData

from exoraw.assays.contract import Simulated
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.fcs import header, read_fcs
from exoraw.assays.flow.markers.counting_beads import BeadLot, bead_gate, cells_per_microlitre
from exoraw.assays.flow.sheet import COLUMNS, CONTROL_ROLES
from exoraw.assays.flow.simulate_markers import (
    BEADS,
    MARKER_STUDIES,
    simulate_aldefluor,
    simulate_cd44_cd24,
    simulate_surface_mfi,
    simulate_uptake_flow,
)
from exoraw.assays.flow.simulator import aldh, stem_cells, surface_markers, uptake
from exoraw.assays.flow.simulator.instruments import CYTEXPERT_NAMES, DIVA_NAMES, LOG_NAMES
from exoraw.assays.flow.simulator.staining import DETECTORS
from exoraw.assays.flow.simulator.writing import SETUPS
from exoraw.assays.flow.single_stains import spillover_from_single_stains
from exoraw.study.compare_entries import CompareEntry

FSC_CELLS, TOP = 30_000.0, 262_144.0  # between debris and cells, on the float instruments' scale
LOG_SCALE = {"Cytomics FC 500": (65_536 / TOP, 10**4.5 / TOP)}  # scatter and light relative to the others
HOUSE_COLUMNS = {
    "sample", "file", "treatment", "subject", "batch", "cell_line", "biological_replicate", "control_role",
    "stain", "dose", "dose_unit", "time_h",
}  # fmt: skip

Values = Mapping[str, np.ndarray]


def files(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def live_singlets(path: Path, dead_border: float) -> Values:
    """Detector -> compensated light of the live single cells, at gain 1, gated with the borders drawn."""
    data = read_fcs(path)
    gains = dict(zip(DETECTORS, SETUPS[int(path.parent.name.removeprefix("day")) - 1].gains, strict=True))
    scatter, light = LOG_SCALE.get(header(path).model, (1.0, 1.0))
    assert data.spillover is not None
    events = compensate(data.events.astype(np.float64), data.channels, data.spillover)
    area, height = events[:, 0] / scatter, events[:, 1] / scatter
    found = {
        detector: events[:, data.channels.index(name)] / light / gains[detector]
        for names in (DIVA_NAMES, CYTEXPERT_NAMES, LOG_NAMES)
        for detector, name in names.items()
        if name in data.channels and not detector.startswith(("FSC", "SSC"))
    }
    keep = (area > FSC_CELLS) & (area / height < 1.4) & (found["7-AAD"] < dead_border)
    return {name: values[keep] for name, values in found.items()}


def percent(mask: np.ndarray) -> float:
    return 100.0 * float(np.mean(mask))


def rows_of(simulated: Simulated, role: str) -> list[Mapping[str, str]]:
    return [row for row in simulated.rows if row["control_role"] == role]


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Simulated]]:
    made = {}
    for name, simulate in MARKER_STUDIES.items():
        raw = tmp_path_factory.mktemp(name)
        made[name] = (raw, simulate(raw, 11))
    return made


each_study = pytest.mark.parametrize("name", MARKER_STUDIES)


# ----------------------------------------------------------------- the folder and its sheet


@each_study
def test_one_seed_gives_the_same_bytes_and_another_seed_other_ones(tmp_path: Path, name: str) -> None:
    made = [
        MARKER_STUDIES[name](tmp_path / folder, seed, events=600)
        for folder, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert made[0] == made[1]
    again, other = files(tmp_path / "a"), files(tmp_path / "c")
    assert again.keys() == other.keys()
    assert all(again[path] != other[path] for path in again)


@each_study
def test_three_instruments_write_scatter_time_and_a_spillover_matrix(
    studies: Mapping[str, tuple[Path, Simulated]], name: str
) -> None:
    raw, simulated = studies[name]
    versions = set()
    for row in simulated.rows:
        head = header(raw / row["file"])
        data = read_fcs(raw / row["file"])
        versions.add((raw / row["file"]).read_bytes()[:6])
        assert float(data.keywords["$TIMESTEP"]) == 0.01
        assert data.spillover is not None
        assert not data.spillover.is_identity
        assert head.datasets[0].size >= 6_500
    assert versions == {b"FCS2.0", b"FCS3.0", b"FCS3.1"}


@each_study
def test_the_sheet_is_one_that_the_flow_assay_understands(
    studies: Mapping[str, tuple[Path, Simulated]], name: str
) -> None:
    raw, simulated = studies[name]
    roles = {"", *(role.name for role in CONTROL_ROLES)}
    known = HOUSE_COLUMNS | {column.name for column in COLUMNS}
    samples = [row["sample"] for row in simulated.rows]
    assert len(set(samples)) == len(samples)
    assert {row["file"] for row in simulated.rows} == set(files(raw))
    assert {row["control_role"] for row in simulated.rows} <= roles
    assert {column for row in simulated.rows for column in row} <= known
    assert all(row["stain"] for row in simulated.rows if row["control_role"] in ("single_stain", "fmo"))
    assert simulated.preset == name
    for entry in simulated.compare:
        CompareEntry.model_validate(entry)


@each_study
def test_every_sample_has_its_truth_and_no_control_has_one(
    studies: Mapping[str, tuple[Path, Simulated]], name: str
) -> None:
    _, simulated = studies[name]
    assert {sample for sample, _, _ in simulated.truth} == {row["sample"] for row in rows_of(simulated, "")}
    assert all(np.isfinite(value) and value >= 0 for value in simulated.truth.values())


@each_study
@pytest.mark.parametrize("day", ["day1", "day2", "day3"])
def test_flowio_reads_the_same_numbers(
    studies: Mapping[str, tuple[Path, Simulated]], name: str, day: str
) -> None:
    raw, simulated = studies[name]
    path = raw / next(row["file"] for row in simulated.rows if row["batch"] == day)
    ours = read_fcs(path)
    theirs = FlowData(str(path))
    assert theirs.event_count == len(ours.events)
    np.testing.assert_allclose(theirs.as_array(preprocess=True)[:, :-1], ours.events[:, :-1], rtol=1e-5)


def test_samples_of_all_studies_can_stand_in_one_sheet(
    studies: Mapping[str, tuple[Path, Simulated]],
) -> None:
    samples = [row["sample"] for _, simulated in studies.values() for row in simulated.rows]
    assert len(set(samples)) == len(samples) == 62


def test_a_fault_in_a_tube_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no tube is called CSC controll 1"):
        simulate_cd44_cd24(tmp_path, 1, faults={"CSC controll 1": "clog"})


# ----------------------------------------------------------------- truth, read back from the files


def is_stem_like(light: Values) -> np.ndarray:
    return (light["APC"] > stem_cells.CD44_BORDER) & (light["PE"] < stem_cells.CD24_BORDER)


def is_aldh_high(light: Values) -> np.ndarray:
    return light["FITC"] > aldh.ALDH_BORDER


def took_up(light: Values) -> np.ndarray:
    return light["FITC"] > uptake.UPTAKE_BORDER


# preset: border of dead cells, measure, cells that count, points allowed. What is left is overlap: ALDH-low
# cells reach the border, cells that took up little look like those that took up nothing.
SHARES = {
    "cd44_cd24": (stem_cells.DEAD_BORDER, "cd44_pos_cd24_low_share", is_stem_like, 0.2),
    "aldefluor": (aldh.DEAD_BORDER, "aldh_high_share", is_aldh_high, 1.0),
    "uptake_flow": (uptake.DEAD_BORDER, "uptake_share", took_up, 2.0),
}


def share_errors(raw: Path, simulated: Simulated) -> list[float]:
    """Distance of every sample's truth to what is counted in its file with the borders drawn, points."""
    dead_border, measure, counts, _ = SHARES[simulated.preset]
    return [
        abs(
            percent(counts(live_singlets(raw / row["file"], dead_border)))
            - simulated.truth[row["sample"], measure, ""]
        )
        for row in rows_of(simulated, "")
    ]


def ratio_errors(raw: Path, simulated: Simulated) -> list[float]:
    """Relative distance of every marker's true ratio to that of the medians in the files."""
    isotypes = {row["batch"]: row["file"] for row in rows_of(simulated, "isotype")}
    found = []
    for row in rows_of(simulated, ""):
        light = live_singlets(raw / row["file"], surface_markers.DEAD_BORDER)
        control = live_singlets(raw / isotypes[row["batch"]], surface_markers.DEAD_BORDER)
        for marker, dye in surface_markers.MARKERS.items():
            truth = simulated.truth[row["sample"], "median_fluorescence_ratio", f"marker:{marker}"]
            found.append(abs(float(np.median(light[dye]) / np.median(control[dye])) / truth - 1.0))
    return found


@pytest.mark.parametrize("name", SHARES)
def test_true_shares_are_in_the_files(studies: Mapping[str, tuple[Path, Simulated]], name: str) -> None:
    assert max(share_errors(*studies[name])) < SHARES[name][-1]


def test_true_marker_ratios_are_in_the_files(studies: Mapping[str, tuple[Path, Simulated]]) -> None:
    assert max(ratio_errors(*studies["surface_mfi"])) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARES)
def test_true_shares_are_in_the_files_of_twenty_seeds(tmp_path: Path, name: str) -> None:
    worst = [max(share_errors(tmp_path, MARKER_STUDIES[name](tmp_path, seed))) for seed in range(20)]
    print(f"{name}: worst of all {max(worst):.2f} points, median study {np.median(worst):.2f}")
    assert max(worst) < SHARES[name][-1]


@pytest.mark.slow
def test_true_marker_ratios_are_in_the_files_of_twenty_seeds(tmp_path: Path) -> None:
    worst = [max(ratio_errors(tmp_path, simulate_surface_mfi(tmp_path, seed))) for seed in range(20)]
    print(f"surface_mfi: worst of all {max(worst):.1%}, median study {np.median(worst):.1%}")
    assert max(worst) < 0.05


def test_the_extremes_of_aldefluor_are_nothing_and_nearly_all(
    studies: Mapping[str, tuple[Path, Simulated]],
) -> None:
    _, simulated = studies["aldefluor"]
    assert simulated.truth["ALDH1A1 knockout", "aldh_high_share", ""] == 0.0
    assert simulated.truth["ALDH-high sorted", "aldh_high_share", ""] > 97.0


# ----------------------------------------------------------------- what makes each assay hard


def test_an_isotype_lies_under_cd44_and_beside_negative_cd24(
    studies: Mapping[str, tuple[Path, Simulated]],
) -> None:
    raw, simulated = studies["cd44_cd24"]
    for row in rows_of(simulated, "isotype"):
        light = live_singlets(raw / row["file"], stem_cells.DEAD_BORDER)
        assert len(light["APC"]) > 5_000
        assert np.percentile(light["APC"], 99.5) < stem_cells.CD44_BORDER
        assert np.percentile(light["PE"], 99.5) < stem_cells.CD24_BORDER


def test_deab_takes_the_aldh_high_cells_away_and_leaves_the_dead_ones(
    studies: Mapping[str, tuple[Path, Simulated]],
) -> None:
    raw, simulated = studies["aldefluor"]
    for row in rows_of(simulated, "deab"):
        clean = live_singlets(raw / row["file"], aldh.DEAD_BORDER)
        everything = live_singlets(raw / row["file"], np.inf)
        assert percent(clean["FITC"] > aldh.ALDH_BORDER) < 0.6
        assert percent(everything["FITC"] > aldh.ALDH_BORDER) > 4.0  # dead cells lie in ALDH-high


def test_every_aldefluor_tube_has_a_deab_tube_of_its_own(
    studies: Mapping[str, tuple[Path, Simulated]],
) -> None:
    _, simulated = studies["aldefluor"]
    identity = ("treatment", "subject", "batch", "cell_line", "biological_replicate")

    def those(rows: Iterable[Mapping[str, str]]) -> list[tuple[str, ...]]:
        return sorted(tuple(row[name] for name in identity) for row in rows)

    samples = those(rows_of(simulated, ""))
    assert samples == those(rows_of(simulated, "deab"))
    assert len(set(samples)) == len(samples) == 8


def test_dye_alone_shines_more_than_no_exosomes_and_far_less_than_exosomes(
    studies: Mapping[str, tuple[Path, Simulated]],
) -> None:
    raw, simulated = studies["uptake_flow"]

    def median(sample: str) -> float:
        (row,) = (row for row in simulated.rows if row["sample"] == sample)
        return float(np.median(live_singlets(raw / row["file"], uptake.DEAD_BORDER)["FITC"]))

    for day in (1, 2, 3):
        nothing, dye, taken = (median(f"PKH {tube} {day}") for tube in ("no exosomes", "dye only", "24 h"))
        assert 1.3 * nothing < dye < 0.1 * taken


@pytest.mark.parametrize("name", ["cd44_cd24", "surface_mfi"])
def test_single_stains_give_the_matrix_that_the_files_carry(
    studies: Mapping[str, tuple[Path, Simulated]], name: str
) -> None:
    raw, simulated = studies[name]
    tubes = {row["stain"]: read_fcs(raw / row["file"]) for row in rows_of(simulated, "single_stain")}
    first = next(iter(tubes.values()))
    assert first.spillover is not None
    assert {DIVA_NAMES[dye] for dye in tubes} == set(first.spillover.channels)
    columns = [first.channels.index(channel) for channel in first.spillover.channels]

    def cells(events: np.ndarray) -> np.ndarray:
        single = (events[:, 0] > FSC_CELLS) & (events[:, 0] / events[:, 1] < 1.4)
        return events[single][:, columns].astype(np.float64)

    stains = {DIVA_NAMES[dye]: cells(tube.events) for dye, tube in tubes.items()}
    found = spillover_from_single_stains(stains, first.spillover.channels).spillover
    np.testing.assert_allclose(found.matrix, first.spillover.matrix, atol=0.015)


# ----------------------------------------------------------------- counting beads


def test_beads_and_cells_in_the_file_give_the_cells_per_microlitre(tmp_path: Path) -> None:
    lot = BeadLot(concentration=800.0, volume=50.0, sample_volume=250.0)
    simulated = simulate_cd44_cd24(tmp_path, 5, events=4_000, beads=lot)
    counted = [row for row in rows_of(simulated, "") if row["batch"] != "day3"]
    columns = ("bead_concentration", "bead_volume_ul", "sample_volume_ul")
    assert {tuple(row[name] for name in columns) for row in counted} == {("800", "50", "250")}
    for row in counted:
        events = read_fcs(tmp_path / row["file"]).events
        beads = bead_gate(events[:, [5, 6]])
        cells = len(live_singlets(tmp_path / row["file"], stem_cells.DEAD_BORDER)["APC"])
        truth = simulated.truth[row["sample"], "cells_per_volume", ""]
        assert cells_per_microlitre(cells, beads, lot).per_microlitre == pytest.approx(truth, rel=0.02)
        assert truth == pytest.approx(stem_cells.CELLS_PER_UL[row["treatment"]], rel=0.35)


def test_without_beads_there_are_no_bead_columns_and_no_counts(
    studies: Mapping[str, tuple[Path, Simulated]],
) -> None:
    _, simulated = studies["cd44_cd24"]
    assert {measure for _, measure, _ in simulated.truth} == {"cd44_pos_cd24_low_share"}
    assert not any("bead_volume_ul" in row for row in simulated.rows)


def test_beads_change_the_samples_only(tmp_path: Path) -> None:
    with_beads = simulate_cd44_cd24(tmp_path / "beads", 5, events=600, beads=BEADS)
    without = simulate_cd44_cd24(tmp_path / "plain", 5, events=600)
    changed = {
        row["sample"]
        for row in without.rows
        if (tmp_path / "plain" / row["file"]).read_bytes() != (tmp_path / "beads" / row["file"]).read_bytes()
    }
    assert changed == {row["sample"] for row in rows_of(with_beads, "")}


# ----------------------------------------------------------------- faults in a study


@pytest.mark.parametrize(
    ("simulate", "sample"),
    [
        (simulate_cd44_cd24, "CSC salinomycin 2"),
        (simulate_aldefluor, "ALDH control 1"),
        (simulate_surface_mfi, "MFI exosomes 3"),
        (simulate_uptake_flow, "PKH 24 h 1"),
    ],
)
def test_a_fault_changes_its_own_tube_only(
    tmp_path: Path, simulate: Callable[..., Simulated], sample: str
) -> None:
    clean = simulate(tmp_path / "clean", 3, events=600)
    faulty = simulate(tmp_path / "faulty", 3, events=600, faults={sample: "clog"})
    before, after = files(tmp_path / "clean"), files(tmp_path / "faulty")
    (own,) = (row["file"] for row in clean.rows if row["sample"] == sample)
    assert [path for path in before if before[path] != after[path]] == [own]
    assert clean.truth == faulty.truth
