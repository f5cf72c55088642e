"""Speed and memory of the FCS reader on 5 million events x 16 float32 (320 MB), beside its peers.

    python tests/bench/bench_fcs.py [--runs 5] [--events 5000000] [--no-flowkit]

Every job runs in a process of its own, jobs alternate, medians are compared. CPU = user + system time of
the job alone, without imports. Peak = largest resident memory minus what the imports took.
FlowKit needs pandas < 3 and therefore an environment of its own, which `uv` makes; it is left out
where `uv` is absent.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHANNELS = [f"D{n}-A" for n in range(1, 16)] + ["Time"]
TWO = ["D4-A", "D11-A"]
# Goals: CPU relative to numpy on the same file, doing the same job
LIMITS = {"exoraw": 1.5, "exoraw, 2 of 16": 0.7}
NUMPY = "np.fromfile"

_MEASURE = """
import json, re, resource, sys, time
def resident():  # ru_maxrss would start with the size of the process that started this one
    try:
        return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
path, offset, order = sys.argv[1], int(sys.argv[2]), sys.argv[3]
{imports}
base = resident()
before = time.process_time()
{job}
cpu = time.process_time() - before
peak = resident()
print(json.dumps({{"cpu": cpu, "peak": (peak - base) / 1024, "sum": float(total)}}))
"""


@dataclass(frozen=True)
class Job:
    """Something to measure: imports are not counted, `job` sets `total`."""

    name: str
    imports: str
    job: str
    command: tuple[str, ...] = (sys.executable,)


NUMPY_JOB = """
values = np.fromfile(path, dtype=order + "f4", offset=offset, count={count})
if order == ">":
    values = values.byteswap(inplace=True).view("<f4")
total = values.sum(){rest}
"""


def jobs(count: int, flowkit: bool) -> list[Job]:
    """Everything that is compared; `count` values are in the file."""
    whole = NUMPY_JOB.format(count=count, rest="")
    two = whole.replace("values.sum()", "values.reshape(-1, 16)[:, [3, 10]].sum()")
    reader = "import numpy as np\nfrom exoraw.assays.flow import read_fcs\nread_fcs"
    found = [
        Job(NUMPY, "import numpy as np", whole),
        Job("exoraw", reader, "total = read_fcs(path).events.sum()"),
        Job(f"{NUMPY}, 2 of 16", "import numpy as np", two),
        Job("exoraw, 2 of 16", reader, f"total = read_fcs(path, channels={TWO}).events.sum()"),
        Job("FlowIO", "import flowio", "total = flowio.FlowData(path).as_array(preprocess=False).sum()"),
    ]
    if flowkit:
        alone = ("uv", "run", "--no-project", "--isolated", "--with", "flowkit==1.3.1", "--with", "pandas<3")
        job = "total = flowkit.Sample(path).get_events(source='raw').sum()"
        found.append(Job("FlowKit", "import flowkit", job, (*alone, "python")))
    return found


def write_files(folder: Path, events: int) -> dict[Path, int]:
    """Little-endian, big-endian and unaligned files of the same values; byte at which their data start."""
    from exoraw.assays.flow.fcs import header, write_fcs

    rng = np.random.default_rng(1)
    values = rng.normal(1_000.0, 300.0, (events, 16)).astype(np.float32)
    values[:, 15] = np.arange(events) // 100
    made = {}
    for order in ("little", "big"):
        path = write_fcs(
            folder / f"{order}.fcs", values, CHANNELS, byteorder=order
        )  # no $TIMESTEP: FlowKit applies it to "raw"
        made[path] = int(header(path).datasets[0].fields["$BEGINDATA"])
    shifted = folder / "little_unaligned.fcs"
    made[shifted] = shift_by_one(folder / "little.fcs", shifted, made[folder / "little.fcs"])
    return made


def shift_by_one(path: Path, shifted: Path, begin: int) -> int:
    """The same file with its data one byte later, as three of four instruments' files have them."""
    content = path.read_bytes()
    head = content[:begin]
    end = begin + len(content) - begin - 8 - 1  # the CRC follows
    for old, new in ((begin, begin + 1), (end, end + 1)):
        head = head.replace(b"%8d" % old, b"%8d" % new).replace(b"%015d" % old, b"%015d" % new)
    with shifted.open("wb") as file:
        file.write(head + b" ")
        file.write(content[begin:])
    return begin + 1


def measure(job: Job, path: Path, offset: int, order: str) -> dict[str, float]:
    """Run one job in a fresh process."""
    code = _MEASURE.format(imports=job.imports, job=job.job)
    command = [*job.command, "-c", code, str(path), str(offset), order]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job.name} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(listed: Sequence[Job], path: Path, offset: int, order: str, runs: int) -> bool:
    """Measure all jobs in turn and print the table; whether every limit is kept."""
    measured: dict[str, list[dict[str, float]]] = {job.name: [] for job in listed}
    for _ in range(runs):
        for job in listed:
            measured[job.name].append(measure(job, path, offset, order))
    cpu = {name: statistics.median(run["cpu"] for run in found) for name, found in measured.items()}
    peak = {name: max(run["peak"] for run in found) for name, found in measured.items()}
    sums = {name: found[0]["sum"] for name, found in measured.items()}
    megabytes = path.stat().st_size / 2**20
    print(f"\n{path.name}: {megabytes:.0f} MiB; medians of {runs} alternating runs")
    print(f"{'':24}{'CPU s':>8}{'x numpy':>9}{'limit':>7}{'peak MiB':>10}{'limit':>7}")
    kept = True
    for name, seconds in cpu.items():
        ratio = seconds / cpu[NUMPY]
        limit = LIMITS.get(name)
        room = {"exoraw": 2.0 * megabytes, "exoraw, 2 of 16": megabytes * 1.125}.get(name)
        good = (limit is None or ratio <= limit) and (room is None or peak[name] <= room)
        kept = kept and good
        tail = f"{peak[name]:10.0f}{'' if room is None else f'{room:7.0f}'}{'' if good else '  MISSED'}"
        print(f"{name:24}{seconds:8.3f}{ratio:9.2f}{'' if limit is None else f'{limit:7.1f}':>7}{tail}")
    for name, total in sums.items():
        reference = sums[f"{NUMPY}, 2 of 16"] if "2 of 16" in name else sums[NUMPY]
        if abs(total - reference) > 1e-4 * abs(reference):
            raise SystemExit(f"{name} sums to {total}, numpy to {reference}: not the same job")
    return kept


def main() -> int:
    """Write the files, measure, say whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--no-flowkit", action="store_true")
    options = parser.parse_args()
    flowkit = not options.no_flowkit and shutil.which("uv") is not None
    with tempfile.TemporaryDirectory() as folder:
        made = write_files(Path(folder), options.events)
        listed = jobs(16 * options.events, flowkit)
        kept = []
        for path, offset in made.items():
            order = ">" if path.stem == "big" else "<"
            kept.append(compare(listed, path, offset, order, options.runs))
    print("\nall goals met" if all(kept) else "\nNOT all goals met")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
