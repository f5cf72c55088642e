"""Speed of the batched curve fits: 10,000 curves x 24 points, without and with profile intervals.

Run: python tests/bench/bench_curves.py [--curves 10000]
CPU seconds of this process; the limits are 2 s without and 20 s with intervals of relative and absolute IC50.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time

import numpy as np

from exoraw.statistics.curves import CurveState, fit_curves

LIMIT_S, LIMIT_WITH_INTERVALS_S = 2.0, 20.0


def screen(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return doses (24,), responses (count, 24) and the true IC50 of simulated curves with 5 % noise."""
    rng = np.random.default_rng(seed)
    dose = np.repeat([0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10], 3).astype(float)
    ic50 = np.exp(rng.normal(np.log(0.3), 1.2, count))
    slope, top = np.exp(rng.normal(0, 0.4, count)), 100 + rng.normal(0, 3, count)
    bottom = rng.uniform(0, 40, count)
    share = 1 / (1 + (dose / ic50[:, None]) ** slope[:, None])
    return dose, bottom[:, None] + (top - bottom)[:, None] * share + rng.normal(0, 5, (count, 24)), ic50


def main() -> int:
    """Print seconds, states and the coverage of the intervals; exit 1 above a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--curves", type=int, default=10_000)
    count = parser.parse_args().curves
    dose, response, ic50 = screen(count)
    seconds = {}
    for intervals in (False, True):
        start = time.process_time()
        found = fit_curves(dose, response, intervals=intervals)
        seconds[intervals] = time.process_time() - start
        print(f"{count} curves, intervals {'on' if intervals else 'off'}: {seconds[intervals]:.2f} s CPU")
    print(dict(collections.Counter(str(state) for state in found.relative.state)))
    inside = (found.relative.raw_low <= ic50) & (ic50 <= found.relative.raw_high)
    print(f"coverage of the 95 % interval: {inside[found.relative.state == CurveState.IN_RANGE].mean():.1%}")
    scale = count / 10_000
    return int(seconds[False] > LIMIT_S * scale or seconds[True] > LIMIT_WITH_INTERVALS_S * scale)


if __name__ == "__main__":
    sys.exit(main())
