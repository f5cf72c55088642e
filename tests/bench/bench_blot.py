"""CPU and memory of a blot of 1,300 x 1,000 pixels with two rows of nine lanes; and of the rolling ball.

    python tests/bench/bench_blot.py

The goal is 1.5 s CPU and 400 MB for the whole of `quantify`, with OMP_NUM_THREADS=1 as in the workers.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from exoraw.assays.blot.background.rolling_ball import rolling_ball
from exoraw.assays.blot.quantification import quantify


def blot() -> np.ndarray:
    """Two rows of nine lanes with a smile, 16 bit."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[0:1_000, 0:1_300].astype(np.float32)
    image = 400 + 0.2 * columns
    for y in (320, 700):
        for lane in range(9):
            middle = 110 + 135 * lane
            height = y + 12 * ((columns - 650) / 650) ** 2
            band = np.exp(-(np.abs((columns - middle) / 50) ** 6) - 0.5 * ((rows - height) / 8) ** 2)
            image = image + rng.uniform(2_000, 9_000) * band
    return np.clip(np.round(rng.poisson(image) + rng.normal(0, 12, image.shape)), 0, 65_535).astype(np.uint16)


def main() -> None:
    import cv2

    cv2.setNumThreads(1)
    image = blot()
    points = [((110.0, 328.0), (1_190.0, 328.0)), ((110.0, 708.0), (1_190.0, 708.0))]
    quantify(image, lanes=9, rows=2)  # imports are not what is measured
    for title, asked in (("nothing given", {"rows": 2}), ("two points a row", {"points": points})):
        started = time.process_time()
        found = quantify(image, lanes=9, **asked)
        print(f"{title}: {time.process_time() - started:.2f} s CPU, {len(found)} bands, {found.state}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process {peak:.0f} MB")
    started = time.process_time()
    quantify(image, lanes=9, rows=2, background="rolling_ball")
    print(f"with the rolling ball: {time.process_time() - started:.2f} s CPU")
    started = time.process_time()
    rolling_ball(image)
    print(f"rolling ball of the whole image, radius 50: {time.process_time() - started:.2f} s CPU")


if __name__ == "__main__":
    main()
