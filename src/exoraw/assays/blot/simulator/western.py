"""A whole Western blot experiment: three membranes, probed for STAT3, p-STAT3 and GAPDH, with truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exoraw.assays.blot.simulator.drawing import Band, draw_band, recorded
from exoraw.assays.blot.simulator.faults import Faults, faults_of
from exoraw.assays.blot.simulator.ladder_picture import write_ladder_picture
from exoraw.assays.blot.simulator.membrane import (
    LADDER_KDA,
    Membrane,
    ladder_bands,
    lay_lanes,
    light_of,
    random_pose,
    row_of_bands,
)
from exoraw.assays.blot.simulator.tiff_writer import Shot, write_tiff
from exoraw.assays.contract import Simulated

STAT3, PHOSPHO, LOADING, TOTAL_PROTEIN = "STAT3", "p-STAT3", "GAPDH", "total protein"
WEIGHTS = {STAT3: 88.0, PHOSPHO: 86.0, LOADING: 36.0}  # kDa
CEILINGS = (65535, 65520, 64024)  # real imagers clip at all three
SERIES = (0.25, 1.0, 4.0)  # exposures of the series, times that of the main one
BIOLOGY_SD, LOADING_SD = 0.12, 0.18  # natural logarithm, from culture to culture and from lane to lane
TYPICAL_VOLUME, FAINT = 2.0e6, 0.06  # counts of an average band before its exposure
STAINED_BANDS = 22  # of a total-protein lane
DATES = ("2026:03:02 10:15:00", "2026:03:09 11:40:00", "2026:03:16 09:50:00")


@dataclass(frozen=True)
class Group:
    """One treatment: its name and the true folds of total and phosphorylated STAT3 over the control.

    A bridge is the same material on every membrane: it does not vary from culture to culture.
    """

    name: str
    stat3: float
    phospho: float
    bridge: bool = False


GROUPS = (
    Group("control", 1.0, 1.0),
    Group("IL-6", 1.1, 3.2),
    Group("IL-6 + exosomes", 1.05, 4.6),
    Group("exosomes", 1.3, 1.8),
    Group("DOX", 0.7, 0.45),
    Group("DOX + exosomes", 0.9, 0.8),
)


@dataclass(frozen=True)
class BlotDesign:
    """How large an experiment is and how badly it went.

    Parameters
    ----------
    groups : lanes of every membrane from left to right, behind the ladder; the first is the control
    layouts : lanes of each membrane, where they differ; only those that hold the first group have a control
    membranes : biological replicates, 1 to 3
    scenario : faults of every image ("clean", ... "all")
    series : whether STAT3 is imaged at three exposures, of which the longest is clipped
    overexposed : proteins whose only image is clipped
    total_protein : whether every membrane has a stained image too
    """

    groups: tuple[Group, ...] = GROUPS
    layouts: tuple[tuple[Group, ...], ...] = ()
    membranes: int = 3
    scenario: str = "all"
    series: bool = True
    overexposed: tuple[str, ...] = ()
    total_protein: bool = True

    def lanes_of(self, number: int) -> tuple[Group, ...]:
        """Return the lanes of a membrane, by its number from 1."""
        return self.layouts[number - 1] if self.layouts else self.groups


@dataclass(frozen=True)
class _Probed:
    """One protein on one membrane: its bands as they lie in its image, at the main exposure."""

    protein: str
    path: str
    bands: tuple[Band, ...]
    exposure: float
    ladder: str


@dataclass
class _Sheet:
    """What is gathered while the images are written."""

    rows: list[dict[str, str]] = field(default_factory=list)
    blots: list[dict[str, object]] = field(default_factory=list)
    truth: dict[tuple[str, str, str], float] = field(default_factory=dict)
    references: dict[tuple[str, str], list[float]] = field(default_factory=dict)


def simulate_experiment(raw: Path, seed: int, design: BlotDesign | None = None) -> Simulated:
    """Write the images of an experiment; return its sheet rows, its table of blots and its truth.

    Every membrane is stripped and probed again, so that its images are shifted and turned against each other.
    The truth holds, per sample: `band_volume` (noiseless integral in the main exposure), `band_x`, `band_y`
    (pixels, of the band's centre; of the stain one of its bands), and `fold` of STAT3 and p-STAT3 over the
    loading protein and of p-STAT3 over STAT3, relative to the control of the same membrane.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn; the same seed gives the same bytes
    design : how large and how bad; three membranes with all faults by default
    """
    chosen = design or BlotDesign()
    rng = np.random.default_rng(seed)
    sheet = _Sheet()
    for number in range(1, chosen.membranes + 1):
        _write_membrane(raw, rng, chosen, number, sheet)
    return Simulated(
        "western_blot", tuple(sheet.rows), ("treatment",), sheet.truth, settings={"blots": sheet.blots}
    )


def _write_membrane(
    raw: Path, rng: np.random.Generator, design: BlotDesign, number: int, sheet: _Sheet
) -> None:
    faults = faults_of(design.scenario, rng)
    groups = design.lanes_of(number)
    membrane = lay_lanes(rng, len(groups) + 1, faults)
    loaded = np.exp(rng.normal(0, LOADING_SD, len(groups)))
    amounts = _amounts(rng, groups, loaded)
    shot = Shot(10.0, DATES[(number - 1) % len(DATES)], white_zero=number % 2 == 0)
    probed = [
        _probe(raw, rng, design, membrane, protein, amounts[protein], f"membrane{number}", shot)
        for protein in (STAT3, PHOSPHO, LOADING)
    ]
    names = [f"{group.name} {number}" for group in groups]
    stain = ""
    lanes: tuple[Band, ...] = ()
    if design.total_protein:
        stain, lanes = _write_stain(raw, rng, membrane, loaded, number, shot)
    images = [item.path for item in probed] + [item.ladder for item in probed] + [stain] * bool(stain)
    _note_rows(sheet, design, number, names, ";".join(images))
    has_control = groups[0] == design.groups[0]
    sheet.blots.append(_blot_entry(number, names, probed, stain, names[0] if has_control else ""))
    for name, band in zip(names, lanes, strict=False):
        sheet.truth[(name, "band_x", f"band:{TOTAL_PROTEIN}")] = band.x
        sheet.truth[(name, "band_y", f"band:{TOTAL_PROTEIN}")] = band.y
    sheet.truth.update(_truth(names, probed))
    sheet.truth.update(_folds(names, amounts, has_control, sheet.references))


def _amounts(
    rng: np.random.Generator, groups: tuple[Group, ...], loaded: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Protein -> (lanes,) amounts: fold, culture and loading together; GAPDH follows the loading alone."""
    varies = np.array([not group.bridge for group in groups])
    culture = np.exp(rng.normal(0, BIOLOGY_SD, (2, len(groups))) * varies)
    return {
        STAT3: np.array([group.stat3 for group in groups]) * culture[0] * loaded,
        PHOSPHO: np.array([group.phospho for group in groups]) * culture[0] * culture[1] * loaded,
        LOADING: loaded.copy(),
    }


def _probe(
    raw: Path, rng: np.random.Generator, design: BlotDesign, membrane: Membrane, protein: str,
    amounts: npt.NDArray[np.float64], folder: str, shot: Shot,
) -> _Probed:  # fmt: skip
    """Draw and write the image (or the exposures) of one protein."""
    faults, pose = membrane.faults, random_pose(rng)
    typical = TYPICAL_VOLUME * rng.uniform(0.6, 1.4) * (FAINT if faults.faint else 1.0)
    lanes = tuple(range(1, len(amounts) + 1))
    row = row_of_bands(rng, membrane, lanes, WEIGHTS[protein], typical * amounts / np.median(amounts))
    bands = tuple(pose.applied(band) for band in row)
    light = light_of(rng, bands, faults, pose, rng.uniform(100, 500))
    ceiling = int(rng.choice(CEILINGS))
    exposure = _exposure(light, bands, faults, rng, clipped=protein in design.overexposed)
    series = SERIES if design.series and protein == STAT3 else (1.0,)
    main = f"{folder}/{protein}.tif"
    for factor in series:
        seconds = shot.exposure_s * factor
        path = main if factor == 1.0 else f"{folder}/{protein}_{seconds:g}s.tif"
        taken = Shot(seconds, shot.acquired_at, shot.white_zero, shot.channel, shot.pixel_um)
        pixels = recorded(light, rng, exposure=exposure * factor, ceiling=ceiling)
        write_tiff(raw / path, [(pixels, taken)])
    ladder = f"{folder}/ladder of {protein}.tif"
    write_ladder_picture(raw / ladder, rng.spawn(1)[0], membrane, pose, shot.acquired_at)
    return _Probed(protein, main, bands, exposure, ladder)


def _exposure(
    light: npt.NDArray[np.float32], bands: tuple[Band, ...], faults: Faults, rng: np.random.Generator,
    *, clipped: bool,
) -> float:  # fmt: skip
    """Exposure that brings the strongest band to 15-60 % of the range, or beyond it."""
    if faults.faint:
        return 1.0
    strongest = max(
        float(
            light[max(int(b.y) - 6, 0) : int(b.y) + 7, max(int(b.x) - 6, 0) : int(b.x) + 7].max(initial=1.0)
        )
        for b in bands
    )
    share = rng.uniform(1.3, 2.5) if clipped else rng.uniform(0.15, 0.60)
    return float(share * min(CEILINGS) / max(strongest, 1.0))


def _write_stain(
    raw: Path, rng: np.random.Generator, membrane: Membrane, loaded: npt.NDArray[np.float64], number: int,
    shot: Shot,
) -> tuple[str, tuple[Band, ...]]:  # fmt: skip
    """The total-protein stain: the same bands in every lane, as strong as it was loaded; a ladder.

    Returns its path and one of its rows of bands, for where the lanes lie.
    """
    weights = np.exp(rng.uniform(np.log(11.0), np.log(220.0), STAINED_BANDS))
    shares = rng.dirichlet(np.full(STAINED_BANDS, 1.2))
    pose = random_pose(rng)
    gentle = Faults(
        slope=membrane.faults.slope, smile=membrane.faults.smile, gradient=membrane.faults.gradient
    )
    light = light_of(rng, (), gentle, pose, rng.uniform(300, 900))
    lanes = tuple(range(1, len(loaded) + 1))
    bands: tuple[Band, ...] = ()
    for weight, share in zip(weights, shares, strict=True):
        row = row_of_bands(rng, membrane, lanes, float(weight), 8e6 * share * loaded)
        bands = tuple(pose.applied(band) for band in row)
        for band in bands:
            draw_band(light, band)
    for band in ladder_bands(rng, membrane, 5e5):
        draw_band(light, pose.applied(band))
    path = f"membrane{number}/total protein.tif"
    stain = Shot(shot.exposure_s, shot.acquired_at, shot.white_zero, "Stain", shot.pixel_um)
    exposure = 0.5 * min(CEILINGS) / float(light.max())
    write_tiff(raw / path, [(recorded(light, rng, exposure=exposure, ceiling=CEILINGS[0]), stain)])
    return path, bands


# ----------------------------------------------------------------- what is known of it


def _note_rows(sheet: _Sheet, design: BlotDesign, number: int, names: list[str], images: str) -> None:
    for lane, (group, name) in enumerate(zip(design.lanes_of(number), names, strict=True), start=2):
        control = group == design.groups[0]
        sheet.rows.append(
            {
                "sample": name,
                "file": images,
                "membrane": str(number),
                "lane": str(lane),
                "treatment": group.name,
                "biological_replicate": str(number),
                "control_role": "vehicle" if control else "bridge" if group.bridge else "",
            }
        )


def _blot_entry(
    number: int, names: list[str], probed: list[_Probed], stain: str, control: str
) -> dict[str, object]:
    """One entry of the table of blots, as a user types it (points left out: they are optional)."""
    roles = {LOADING: "loading", STAT3: "target", PHOSPHO: "target"}
    bands: dict[str, dict[str, object]] = {
        item.protein: {"image": item.path, "role": roles[item.protein], "ladder_image": item.ladder}
        for item in probed
    }
    bands[PHOSPHO]["total"] = STAT3
    if stain:
        bands[TOTAL_PROTEIN] = {"image": stain, "role": "total_protein"}
    return {
        "replicate": number,
        "lanes": ["ladder", *names],
        "ladder": list(LADDER_KDA),
        "control": control,
        "bands": bands,
    }


def _truth(names: list[str], probed: list[_Probed]) -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], float] = {}
    for item in probed:
        for name, band in zip(names, item.bands, strict=True):
            entity = f"band:{item.protein}"
            found[(name, "band_volume", entity)] = band.volume * item.exposure
            found[(name, "band_x", entity)] = band.x
            found[(name, "band_y", entity)] = band.y
    return found


def _folds(
    names: list[str],
    amounts: dict[str, npt.NDArray[np.float64]],
    has_control: bool,
    references: dict[tuple[str, str], list[float]],
) -> dict[tuple[str, str, str], float]:
    """Folds of the membrane's control; without one, of the mean control of the membranes before it."""
    found = {}
    for pair in _ratios():
        protein, over = pair
        ratio = amounts[protein] / amounts[over]
        if has_control:
            references.setdefault(pair, []).append(float(ratio[0]))
        reference = ratio[0] if has_control else np.mean(references[pair])
        entity = f"protein:{protein}" if over == LOADING else f"protein:{protein}/{over}"
        found.update({(n, "fold", entity): float(r / reference) for n, r in zip(names, ratio, strict=True)})
    return found


def _ratios() -> Iterator[tuple[str, str]]:
    yield STAT3, LOADING
    yield PHOSPHO, LOADING
    yield PHOSPHO, STAT3
