"""Start-up of the command line beside the import of the two libraries that it stands on.

    python tests/bench/bench_cli.py [--runs 15]

CPU (user + system) of whole processes, run in turn; medians and their ratio. The goal: `exoraw --help` at
most 1.6 times `import typer, rich`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys

JOBS = {
    "python -c 'import typer, rich'": [sys.executable, "-c", "import typer, rich"],
    "exoraw --help": [sys.executable, "-m", "exoraw", "--help"],
}


def cpu_seconds(words: list[str]) -> float:
    """CPU of one whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    for words in JOBS.values():
        cpu_seconds(words)  # bytecode and page cache
    times = {name: [] for name in JOBS}
    for _ in range(runs):
        for name, words in JOBS.items():
            times[name].append(cpu_seconds(words))
    base, own = (statistics.median(values) for values in times.values())
    for name, values in times.items():
        print(f"{name:32} {statistics.median(values):.3f} s CPU")
    print(f"ratio {own / base:.2f} (goal: 1.6)")


if __name__ == "__main__":
    main()
