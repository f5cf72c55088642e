"""How three kinds of cytometer write a tube: FCS 3.0 big-endian, 3.1 little-endian, 2.0 log integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs import write_fcs
from exoraw.assays.flow.simulator.cells import CHANNELS, FITC, PE, Day, SimulatedTube
from exoraw.assays.flow.spillover import Spillover

TIMESTEP = 0.01  # seconds per tick
BITS, DECADES = 16, 4.5  # of the old instrument's log amplifiers
RANGE = 262_144.0


@dataclass(frozen=True)
class TubeLabel:
    """What the operator typed: tube name, number of the tube, day as DD-MON-YYYY, cell line."""

    name: str
    number: int
    date: str
    cells: str


class Instrument(Protocol):
    """Writes tubes as one kind of instrument does."""

    def file_name(self, label: TubeLabel) -> str:
        """Name of the file, as its software makes it."""

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:
        """Write the file."""


@dataclass(frozen=True)
class FacsDiva:
    """BD FACSCanto with FACSDiva: FCS 3.0, float, big-endian, voltages, the operator's matrix in SPILL."""

    columns: tuple[str, ...] = CHANNELS

    def file_name(self, label: TubeLabel) -> str:
        """Specimen and tube: Specimen_001_DOX 1_003.fcs."""
        return f"Specimen_001_{label.name}_{label.number:03d}.fcs"

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:
        """Write the file."""
        names = {"FITC": "FITC-A", "PE": "PE-A", "APC": "APC-A"}
        channels = [names.get(name, name) for name in self.columns]
        markers = [{"FITC": "Annexin V", "PE": "PI"}.get(name, "") for name in self.columns]
        rounded = np.round(day.matrix, 2)  # compensated by eye at the instrument, two digits
        write_fcs(
            path,
            with_time(picked(tube.events, self.columns), tube).astype(np.float32),
            [*channels, "Time"],
            version="3.0",
            byteorder="big",
            markers=[*markers, ""],
            ranges=[RANGE] * (len(channels) + 1),
            timestep=TIMESTEP,
            spillover=Spillover(("FITC-A", "PE-A"), rounded, "operator"),
            keywords={
                "$FIL": self.file_name(label),
                "$CYT": "FACSCantoII",
                "$SRC": "Specimen_001",
                "TUBE NAME": label.name,
                "EXPERIMENT NAME": "Apoptosis",
                "$DATE": label.date,
                "APPLY COMPENSATION": "FALSE",
                **_voltages(channels, {"FITC-A": 452, "PE-A": 418, "APC-A": 500}),
            },
        )


@dataclass(frozen=True)
class CytExpert:
    """Beckman Coulter CytoFLEX with CytExpert: FCS 3.1, float, little-endian, no matrix."""

    def file_name(self, label: TubeLabel) -> str:
        """Number of the tube: 01-Tube-3.fcs."""
        return f"01-Tube-{label.number}.fcs"

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:  # noqa: ARG002
        """Write the file."""
        names = {"FSC-W": "FSC-Width", "FITC": "FITC-A", "PE": "PE-A", "APC": "APC-A"}
        channels = [names.get(name, name) for name in CHANNELS]
        write_fcs(
            path,
            with_time(tube.events, tube).astype(np.float32),
            [*channels, "Time"],
            version="3.1",
            markers=["", "", "", "", "Annexin V-FITC", "PI", "", ""],
            ranges=[RANGE] * (len(channels) + 1),
            timestep=TIMESTEP,
            keywords={
                "$FIL": self.file_name(label),
                "$CYT": "CytoFLEX",
                "$SMNO": label.name,
                "$CELLS": label.cells,
                "$DATE": label.date,
                **_voltages(channels, {"FITC-A": 61, "PE-A": 88, "APC-A": 100}),
            },
        )


@dataclass(frozen=True)
class LogAmplifier:
    """Older analyser: FCS 2.0, 16-bit integers, log amplifiers over 4.5 decades, names of its own."""

    def file_name(self, label: TubeLabel) -> str:
        """Name, run number, tube: DOX 3 00002019 004.LMD."""
        return f"{label.name} 00002019 {label.number:03d}.LMD"

    def write(self, path: Path, tube: SimulatedTube, day: Day, label: TubeLabel) -> None:  # noqa: ARG002
        """Write the file."""
        names = [
            "FS INT LIN",
            "FS PEAK LIN",
            "FS TOF",
            "SS INT LIN",
            "FL1 INT LOG",
            "FL2 INT LOG",
            "FL4 INT LOG",
        ]
        top = 2**BITS - 1
        linear = np.round(tube.events[:, :FITC] / RANGE * (top + 1))
        log = stored_log(tube.events[:, FITC:])
        stored = np.clip(np.column_stack([linear, log, np.round(tube.seconds / TIMESTEP)]), 0, top)
        write_fcs(
            path,
            stored.astype(np.int64),
            [*names, "TIME"],
            version="2.0",
            datatype="I",
            bits=BITS,
            ranges=[top + 1] * (len(names) + 1),
            markers=["", "", "", "", "ANNEXIN V-FITC", "PI", "", ""],
            amplification=dict.fromkeys(names[4:], (DECADES, 1.0)),
            keywords={
                "$FIL": self.file_name(label),
                "$CYT": "Cytomics FC 500",
                "$SMNO": f"{label.number:08d}",
                "@SAMPLEID1": label.name,
                "$DATE": label.date,
                "$TIMESTEP": str(TIMESTEP),
                **_voltages(names, {"FL1 INT LOG": 452, "FL2 INT LOG": 520, "FL4 INT LOG": 600}),
            },
        )


def stored_log(linear: FloatArray) -> FloatArray:
    """Channel numbers of a log amplifier with the detector's top; what is below its bottom becomes 0."""
    bottom = RANGE / 10**DECADES
    decades = np.log10(np.maximum(linear, bottom) / bottom)
    return np.asarray(np.round(decades / DECADES * 2**BITS))


def with_time(events: FloatArray, tube: SimulatedTube) -> FloatArray:
    """Events with the time in ticks as the last column."""
    return np.column_stack([events, np.round(tube.seconds / TIMESTEP)])


def picked(events: FloatArray, columns: tuple[str, ...]) -> FloatArray:
    """Only these columns."""
    return events[:, [CHANNELS.index(name) for name in columns]]


def _voltages(channels: list[str], volts: Mapping[str, int]) -> dict[str, str]:
    """$PnV keywords; scatter detectors at 300 V."""
    return {f"$P{n}V": str(volts.get(name, 300)) for n, name in enumerate(channels, start=1)}


INSTRUMENTS: tuple[Instrument, ...] = (FacsDiva(), CytExpert(), LogAmplifier())
__all__ = ["FITC", "INSTRUMENTS", "PE", "CytExpert", "FacsDiva", "Instrument", "LogAmplifier", "TubeLabel"]
