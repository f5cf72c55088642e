"""Time quality on simulated tubes and on every real file: what is found, and what clean tubes lose.

    python tests/bench/accuracy_time_quality.py                  600 simulated tubes and the cost
    python tests/bench/accuracy_time_quality.py --tubes 2000     more of them
    python tests/bench/accuracy_time_quality.py --real           every real file: removed share and reasons
    python tests/bench/accuracy_time_quality.py --real --pictures FOLDER

A tube is clean, or has one fault; a fault counts as found when more than half of its events are taken out.
The rival is the usual short form: slices of 150 events or more, bin medians, 6 MAD.
"""

from __future__ import annotations

import argparse
import time as clock
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.fcs import read_fcs
from exoraw.assays.flow.margins import margin_events
from exoraw.assays.flow.quality.channels import judged_channels
from exoraw.assays.flow.quality.time import TimeQuality, time_quality
from exoraw.io.errors import FormatError

SIZES = (3_000, 10_000, 30_000, 100_000)
RATES = (50.0, 300.0, 1_500.0, 6_000.0)  # events per second
TICKS = (0.0, 0.01, 0.1)  # seconds; 0 = a fine clock
CHANNELS = 8
FAULTS = ("clean", "slow drift", "clog", "clog with signal", "step", "air", "pause", "burst")
CUT = frozenset({"clog", "clog with signal", "step", "air", "burst"})
FOUND_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Tube:
    """A simulated tube with its truth."""

    fault: str
    time: FloatArray
    signals: FloatArray
    bad: BoolArray  # events recorded during the fault; for a pause those right after it
    n: int
    rate: float


def simulate(seed: int, fault: str) -> Tube:
    """Mixtures of two populations in every channel, arrivals with a wandering rate, one fault."""
    rng = np.random.default_rng(seed)
    n, rate, tick = int(rng.choice(SIZES)), float(rng.choice(RATES)), float(rng.choice(TICKS))
    positive = rng.random((n, CHANNELS)) < rng.uniform(0.02, 0.9, CHANNELS)
    centre = np.where(positive, rng.uniform(3.0, 4.5, CHANNELS), rng.uniform(1.5, 2.5, CHANNELS))
    log = centre + rng.normal(0, rng.uniform(0.1, 0.35, CHANNELS), (n, CHANNELS))
    wander = np.exp(np.interp(np.arange(n), np.linspace(0, n, 12), rng.normal(0, 0.1, 12)))
    waits = rng.exponential(1 / rate, n) / wander
    start = int(rng.uniform(0.1, 0.8) * n)
    if fault == "step" and abs(start / n - 0.5) < 0.05:  # nobody can tell which of two halves is right
        start -= n // 10
    bad = np.zeros(n, dtype=bool)
    if fault == "slow drift":
        log += np.linspace(0, 1, n)[:, np.newaxis] * rng.uniform(-0.5, 0.5, CHANNELS)
    if fault in ("clog", "clog with signal"):
        bad[start : start + int(rng.uniform(0.01, 0.06) * n) + 100] = True
        waits[bad] /= rng.uniform(0.05, 0.4)
    if fault == "clog with signal":
        log[bad] += rng.uniform(-0.4, -0.15, CHANNELS)
    if fault == "step":  # a lasting change in some channels: the shorter side is wrong
        bad[start:] = True
        moved = rng.random(CHANNELS) < 0.5
        moved[int(rng.integers(CHANNELS))] = True
        log[bad] += np.where(moved, rng.choice([-1, 1], CHANNELS) * rng.uniform(0.15, 0.5, CHANNELS), 0)
        if np.count_nonzero(bad) > n / 2:
            bad = ~bad
    if fault == "air":
        bad[start : start + int(rng.uniform(0.005, 0.03) * n) + 150] = True
        log[bad] = rng.normal(1.0, 0.5, (np.count_nonzero(bad), CHANNELS))
    if fault == "burst":
        bad[start : start + int(rng.uniform(0.02, 0.08) * n) + 150] = True
        waits[bad] /= rng.uniform(3, 10)
    if fault == "pause":
        waits[start] += rng.uniform(100, 1000) / rate
        bad[start] = True
    seconds = np.cumsum(waits)
    if tick and rate * tick < min(n / 100, 50):  # no fault is shorter than three ticks
        seconds = np.floor(seconds / tick) * tick
    return Tube(fault, seconds, (10**log).astype(np.float32), bad, n, rate)


def usual_short_form(tube: Tube) -> BoolArray:
    """Bin medians on an arcsinh axis and the rate, 6 MAD about the tube's median: what many scripts do."""
    width = max(150, -(-tube.n // 500))
    bins = tube.n // width
    folded = np.arcsinh(tube.signals[: bins * width].reshape(bins, width, -1) / 150)
    waits = np.diff(tube.time[: bins * width + 1 : width], append=tube.time[-1])[:bins]
    pace = np.log(np.maximum(waits, tube.time[-1] * 1e-6))[:, np.newaxis]
    bad = np.zeros(bins, dtype=bool)
    for table, least in ((np.median(folded, axis=1), 0.0), (pace, np.log(1.5))):
        centre = np.median(table, axis=0)
        spread = 1.4826 * np.median(np.abs(table - centre), axis=0)
        bad |= (np.abs(table - centre) > np.maximum(6 * spread, least)).any(axis=1)
    return np.append(np.repeat(~bad, width), np.ones(tube.n - bins * width, dtype=bool))


def campaign(tubes: int, first: int) -> None:
    """Print, per fault: share found, events lost without need, and what was said."""
    names = [f"channel {place}" for place in range(CHANNELS)]
    rows: dict[str, list[tuple[bool, float, float, bool, bool, float]]] = defaultdict(list)
    for place in range(tubes):
        tube = simulate(first + place, FAULTS[place % len(FAULTS)])
        found = time_quality(tube.time, tube.signals, names=names)
        rival = usual_short_form(tube)
        lost = float(np.mean(~found.keep & ~tube.bad))
        caught = bool(tube.bad.any() and np.mean(~found.keep[tube.bad]) > FOUND_SHARE)
        other = bool(tube.bad.any() and np.mean(~rival[tube.bad]) > FOUND_SHARE)
        said = {remark.code for remark in found.findings}
        rows[tube.fault].append(
            (caught, lost, float(np.mean(~rival & ~tube.bad)), other, "signal_drift" in said, tube.n)
        )
        if (tube.fault in CUT and not caught) or lost > 0.05:
            reasons = [(one.reason, round(one.share, 4)) for one in found.removals]
            print(f"  seed {first + place}: {tube.fault}, n {tube.n}, {caught=}, {lost=:.3f}")
            print(f"    {reasons}")
    print(
        "| tube | n | found | good events lost, mean / worst | drift said | 6 MAD of medians: found | lost |"
    )
    print("|---|---|---|---|---|---|---|")
    for fault, found_rows in rows.items():
        table = np.array(found_rows, dtype=float)
        share = f"{100 * table[:, 0].mean():.1f} %" if fault in CUT or fault == "pause" else "-"
        rival_share = f"{100 * table[:, 3].mean():.1f} %" if fault in CUT or fault == "pause" else "-"
        lost, rival_lost = 100 * table[:, 1], 100 * table[:, 2].mean()
        print(
            f"| {fault} | {len(table)} | {share} | {lost.mean():.3f} / {lost.max():.2f} % | "
            f"{100 * table[:, 4].mean():.0f} % | {rival_share} | {rival_lost:.2f} % |"
        )


def cost() -> None:
    """CPU of 100,000 events x 12 channels, beside one pass over the same array."""
    rng = np.random.default_rng(0)
    signals = (10 ** rng.normal(3, 0.4, (100_000, 12))).astype(np.float32)
    seconds = np.cumsum(rng.exponential(1 / 1500, len(signals)))
    names = [str(place) for place in range(12)]

    def best(work) -> float:
        spent = []
        for _ in range(9):
            begin = clock.process_time()
            work()
            spent.append(clock.process_time() - begin)
        return 1000 * float(np.median(spent))

    ours = best(lambda: time_quality(seconds, signals, names=names))
    one_pass = best(lambda: np.ascontiguousarray(signals.T))
    medians = best(lambda: np.median(signals[:99_900].reshape(-1, 150, 12), axis=1))
    print(f"time_quality {ours:.1f} ms; one pass over the array {one_pass:.1f} ms; medians {medians:.1f} ms")


def real_files(shared: Path) -> list[Path]:
    """Every FCS file of the shared data."""
    flow = shared / "data" / "flow"
    return sorted(path for path in flow.rglob("*") if path.suffix.lower() in (".fcs", ".lmd"))


def judge_file(path: Path) -> tuple[TimeQuality, FloatArray, list[str]] | None:
    """Margins out, then time quality on all channels but Time; None where the file cannot be read."""
    try:
        data = read_fcs(path)
    except FormatError:
        return None
    columns = [place for place in judged_channels(data.channels) if not data.parameters[place].is_time]
    names = [data.channels[place] for place in columns]
    signals = data.events[:, columns]
    scatter = [place for place in columns if data.channels[place].upper().startswith(("FS", "SS"))]
    margins = margin_events(
        data.events[:, scatter],
        [data.channels[place] for place in scatter],
        [data.ranges[place] for place in scatter],
    )
    ticks = [place for place, one in enumerate(data.parameters) if one.is_time]
    time = data.time_seconds if data.time_seconds is not None else data.events[:, ticks[0]] if ticks else None
    usable = ~(margins.saturated | margins.low)
    return time_quality(time, signals, names=names, usable=usable), signals, names


def real(shared: Path, pictures: Path | None) -> None:
    """Print the removed share of every real file with its reasons; draw them where asked."""
    print("| file | events | removed | reasons | said |")
    print("|---|---|---|---|---|")
    for path in real_files(shared):
        judged = judge_file(path)
        if judged is None:
            print(f"| {path.name} | - | - | cannot be read | |")
            continue
        quality, signals, names = judged
        reasons = ", ".join(f"{one.reason} {100 * one.share:.1f} %" for one in quality.removals)
        said = ", ".join(remark.code for remark in quality.findings)
        print(
            f"| {path.name} | {len(signals):,} | {100 * quality.removed_share:.1f} % | {reasons} | {said} |"
        )
        if pictures is not None and quality.bins is not None:
            from exoraw.assays.flow.quality.time_picture import time_picture

            (pictures / f"{path.stem}.png").write_bytes(
                time_picture(quality, signals, names, title=path.name)
            )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tubes", type=int, default=600)
    parser.add_argument("--first", type=int, default=1_000)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[3] / "shared")
    asked = parser.parse_args()
    if asked.real:
        real(asked.shared, asked.pictures)
        return
    campaign(asked.tubes, asked.first)
    cost()


if __name__ == "__main__":
    main()
