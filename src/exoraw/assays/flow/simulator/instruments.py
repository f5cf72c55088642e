"""How three kinds of cytometer write a tube: FCS 3.0 big-endian, 3.1 little-endian, 2.0 log integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs import write_fcs
from exoraw.assays.flow.simulator.cells import CHANNELS, Day, SimulatedTube
from exoraw.assays.flow.simulator.recording import Recording, Stain, TubeLabel
from exoraw.assays.flow.spillover import Spillover

TIMESTEP = 0.01  # seconds per tick
BITS, DECADES = 16, 4.5  # of the old instrument's log amplifiers
RANGE = 262_144.0
ANNEXIN_STAINS = {"FITC": Stain("Annexin V", "FITC"), "PE": Stain("PI", "PI")}
DIVA_NAMES = {"FITC": "FITC-A", "PE": "PE-A", "7-AAD": "PerCP-Cy5-5-A", "APC": "APC-A"}
DIVA_VOLTS = {"FITC": 452, "PE": 418, "7-AAD": 530, "APC": 500}
CYTEXPERT_NAMES = {"FSC-W": "FSC-Width", "FITC": "FITC-A", "PE": "PE-A", "7-AAD": "PC5.5-A", "APC": "APC-A"}
CYTEXPERT_GAINS = {"FITC": 61, "PE": 88, "7-AAD": 140, "APC": 100}
LOG_NAMES = {
    "FSC-A": "FS INT LIN", "FSC-H": "FS PEAK LIN", "FSC-W": "FS TOF", "SSC-A": "SS INT LIN",
    "FITC": "FL1 INT LOG", "PE": "FL2 INT LOG", "7-AAD": "FL3 INT LOG", "APC": "FL4 INT LOG",
}  # fmt: skip
LOG_VOLTS = {"FITC": 452, "PE": 520, "7-AAD": 640, "APC": 600}


class Instrument(Protocol):
    """Writes tubes as one kind of instrument does."""

    def file_name(self, label: TubeLabel) -> str:
        """Name of the file, as its software makes it."""

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:
        """Write an Annexin V / PI tube."""

    def record(self, path: Path, recording: Recording, label: TubeLabel) -> None:
        """Write any tube."""


@dataclass(frozen=True)
class FacsDiva:
    """BD FACSCanto with FACSDiva: FCS 3.0, float, big-endian, voltages, the operator's matrix in SPILL."""

    columns: tuple[str, ...] = CHANNELS

    def file_name(self, label: TubeLabel) -> str:
        """Specimen and tube: Specimen_001_DOX 1_003.fcs."""
        return f"Specimen_001_{label.name}_{label.number:03d}.fcs"

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:
        """Write an Annexin V / PI tube, with a matrix made by eye: two digits."""
        matrix = Spillover(("FITC", "PE"), np.round(day.matrix, 2), "operator")
        self.record(path, _annexin(tube, self.columns, matrix), label)

    def record(self, path: Path, recording: Recording, label: TubeLabel) -> None:
        """Write any tube."""
        channels = _renamed(recording.detectors, DIVA_NAMES)
        stains = recording.stains
        write_fcs(
            path,
            with_time(recording).astype(np.float32),
            [*channels, "Time"],
            version="3.0",
            byteorder="big",
            markers=[*(stains[name].target if name in stains else "" for name in recording.detectors), ""],
            ranges=[RANGE] * (len(channels) + 1),
            timestep=TIMESTEP,
            spillover=_named(recording.spillover, DIVA_NAMES),
            keywords={
                "$FIL": self.file_name(label),
                "$CYT": "FACSCantoII",
                "$SRC": "Specimen_001",
                "TUBE NAME": label.name,
                "EXPERIMENT NAME": recording.experiment,
                "$DATE": label.date,
                "APPLY COMPENSATION": "FALSE",
                **_voltages(recording.detectors, DIVA_VOLTS),
            },
        )


@dataclass(frozen=True)
class CytExpert:
    """Beckman Coulter CytoFLEX with CytExpert: FCS 3.1, float, little-endian."""

    def file_name(self, label: TubeLabel) -> str:
        """Number of the tube: 01-Tube-3.fcs."""
        return f"01-Tube-{label.number}.fcs"

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:  # noqa: ARG002
        """Write an Annexin V / PI tube; nobody made a matrix."""
        self.record(path, _annexin(tube, CHANNELS, None), label)

    def record(self, path: Path, recording: Recording, label: TubeLabel) -> None:
        """Write any tube."""
        channels = _renamed(recording.detectors, CYTEXPERT_NAMES)
        write_fcs(
            path,
            with_time(recording).astype(np.float32),
            [*channels, "Time"],
            version="3.1",
            markers=[*_full_names(recording), ""],
            ranges=[RANGE] * (len(channels) + 1),
            timestep=TIMESTEP,
            spillover=_named(recording.spillover, CYTEXPERT_NAMES),
            keywords={
                "$FIL": self.file_name(label),
                "$CYT": "CytoFLEX",
                "$SMNO": label.name,
                "$CELLS": label.cells,
                "$DATE": label.date,
                **_voltages(recording.detectors, CYTEXPERT_GAINS),
            },
        )


@dataclass(frozen=True)
class LogAmplifier:
    """Older analyser: FCS 2.0, 16-bit integers, log amplifiers over 4.5 decades, names of its own."""

    def file_name(self, label: TubeLabel) -> str:
        """Name, run number, tube: DOX 3 00002019 004.LMD."""
        return f"{label.name} 00002019 {label.number:03d}.LMD"

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:  # noqa: ARG002
        """Write an Annexin V / PI tube; nobody made a matrix."""
        self.record(path, _annexin(tube, CHANNELS, None), label)

    def record(self, path: Path, recording: Recording, label: TubeLabel) -> None:
        """Write any tube.

        Raises
        ------
        ValueError : the tube ran longer than its 16-bit clock counts
        """
        names = _renamed(recording.detectors, LOG_NAMES)
        top = 2**BITS - 1
        ticks = with_time(recording)[:, -1]
        if ticks.size and ticks.max() > top:
            raise ValueError(
                f"{path.name}: {recording.seconds.max():.0f} s long; the clock of this instrument ends at "
                f"{top * TIMESTEP:.0f} s. Simulate fewer events."
            )
        log = [name for name in names if name.endswith("LOG")]
        stored = [
            stored_log(column) if name in log else np.round(column / RANGE * (top + 1))
            for name, column in zip(names, recording.events.T, strict=True)
        ]
        write_fcs(
            path,
            np.clip(np.column_stack([*stored, ticks]), 0, top).astype(np.int64),
            [*names, "TIME"],
            version="2.0",
            datatype="I",
            bits=BITS,
            ranges=[top + 1] * (len(names) + 1),
            markers=[*(name.upper() for name in _full_names(recording)), ""],
            amplification=dict.fromkeys(log, (DECADES, 1.0)),
            spillover=_named(recording.spillover, LOG_NAMES),
            keywords={
                "$FIL": self.file_name(label),
                "$CYT": "Cytomics FC 500",
                "$SMNO": f"{label.number:08d}",
                "@SAMPLEID1": label.name,
                "$DATE": label.date,
                "$TIMESTEP": str(TIMESTEP),
                **_voltages(recording.detectors, LOG_VOLTS),
            },
        )


def stored_log(linear: FloatArray) -> FloatArray:
    """Channel numbers of a log amplifier with the detector's top; what is below its bottom becomes 0."""
    bottom = RANGE / 10**DECADES
    decades = np.log10(np.maximum(linear, bottom) / bottom)
    return np.asarray(np.round(decades / DECADES * 2**BITS))


def with_time(recording: Recording) -> FloatArray:
    """Events with the time in ticks as the last column."""
    return np.column_stack([recording.events, np.round(recording.seconds / TIMESTEP)])


def _annexin(tube: SimulatedTube, columns: tuple[str, ...], matrix: Spillover | None) -> Recording:
    """Those columns of an Annexin V / PI tube."""
    events = tube.events[:, [CHANNELS.index(name) for name in columns]]
    return Recording(events, tube.seconds, columns, ANNEXIN_STAINS, "Apoptosis", matrix)


def _renamed(detectors: tuple[str, ...], names: Mapping[str, str]) -> list[str]:
    return [names.get(name, name) for name in detectors]


def _named(matrix: Spillover | None, names: Mapping[str, str]) -> Spillover | None:
    """The matrix under the instrument's own channel names."""
    if matrix is None:
        return None
    return Spillover(tuple(_renamed(matrix.channels, names)), matrix.matrix, matrix.source)


def _full_names(recording: Recording) -> list[str]:
    stains = recording.stains
    return [stains[name].full if name in stains else "" for name in recording.detectors]


def _voltages(detectors: tuple[str, ...], volts: Mapping[str, int]) -> dict[str, str]:
    """$PnV keywords; scatter detectors at 300 V."""
    return {f"$P{n}V": str(volts.get(name, 300)) for n, name in enumerate(detectors, start=1)}


INSTRUMENTS: tuple[Instrument, ...] = (FacsDiva(), CytExpert(), LogAmplifier())
__all__ = ["INSTRUMENTS", "CytExpert", "FacsDiva", "Instrument", "LogAmplifier", "TubeLabel"]
