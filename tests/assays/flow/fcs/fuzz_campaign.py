"""Damaged FCS files: each gives a FormatError, the same values, or other values with another finding.

Run as a script in a process of its own, so that its memory can be measured:
    python tests/assays/flow/fcs/fuzz_campaign.py --count 10000 --seed 1 [--real ../shared/data/flow]
It prints one JSON object: how many mutants ended how, the slowest CPU time and the peak memory.

Outcomes, strictest first:
    refused    FormatError
    same       events, seconds and spillover matrix equal those of the sound file
    warned     other values, and a warning or error that the sound file does not have
    noted      other values, and another info finding than the sound file's, apart from `conversion`
    recorded   other values, told only by the record of the conversion (`conversion`): a legal file with
               another scale, such as $P3G = 2 instead of 1, which no reader can tell from the truth
    silent     other values with the very same findings: a defect
    crashed    any other exception: a defect
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exoraw.assays.flow.fcs import FcsData, FcsDataset, header, read_fcs, write_datasets
from exoraw.assays.flow.spillover import Spillover
from exoraw.io.errors import FormatError

Random = np.random.Generator
LARGEST = 5_000_000  # bytes; larger real files are left out


# ------------------------------------------------------------------------------- sound files


def written_variants(folder: Path) -> Iterator[Path]:
    """One small, plausible file per variant of the standard."""
    rng = np.random.default_rng(7)
    n, names = 400, ["FSC-A", "SSC-A", "FITC-A", "PE-A", "Time"]
    signal = rng.lognormal(6.0, 1.0, (n, 4))
    clock = np.arange(n)[:, np.newaxis] * 3.0
    decimals = np.hstack([signal, clock])
    whole = np.floor(np.clip(decimals, 0, 65_000))
    channels = np.hstack([rng.normal(500, 150, (n, 4)).clip(0, 1023), clock.clip(0, 1023)]).astype(int)
    matrix = Spillover(("FITC-A", "PE-A"), np.array([[1.0, 0.21], [0.03, 1.0]]), "test")
    common = {"timestep": 0.01, "markers": ["", "", "CD44", "CD24", ""]}
    logs = {"FITC-A": (4.0, 1.0), "PE-A": (4.0, 0.1)}
    recipes: list[list[FcsDataset]] = []
    for order in ("little", "big"):
        recipes += [
            [FcsDataset(decimals, names, byteorder=order, spillover=matrix, **common)],
            [FcsDataset(decimals, names, "3.0", "D", order, gains={"SSC-A": 2.0, "Time": 0.01}, **common)],
            [FcsDataset(channels, names, "2.0", "I", order, 16, [1024] * 5, amplification=logs)],
            [FcsDataset(whole, names, "3.0", "I", order, [16, 24, 32, 40, 64], **common)],
            [FcsDataset(channels, names, "2.0", "I", order, 10, packed=order == "big", amplification=logs)],
            [FcsDataset(whole, names, "3.1", "I", order, 32, [262_144] * 5, spillover=matrix, **common)],
            [FcsDataset(whole, names, "3.2", "F", order, 16, datatypes={"Time": "I", "PE-A": "D"}, **common)],
        ]
    recipes += [
        [FcsDataset(decimals, names, "3.0", "F", (3, 4, 1, 2), **common)],
        [FcsDataset(channels, names, "3.0", "I", (2, 1, 4, 3), 32, **common)],
        [FcsDataset(channels, names, "3.0", "A", bits=6, **common)],
        [FcsDataset(channels, names, "3.0", "A", bits=0, **common)],
        [FcsDataset(decimals, names, "3.0", supplemental={"NOTE": "more", "OPERATOR": "x"}, **common)],
        [FcsDataset(decimals, names, header_offsets=False, delimiter="|", **common)],
        [
            FcsDataset(channels, names, "2.0", "I", bits=16, ranges=[1024] * 5, delimiter="\\"),
            FcsDataset(decimals, names, "3.0"),
        ],
    ]
    for number, recipe in enumerate(recipes):
        yield write_datasets(folder / f"variant_{number:02d}.fcs", recipe)


def real_files(folder: Path) -> list[Path]:
    """Real files small enough to be damaged thousands of times."""
    found = (p for p in folder.rglob("*") if p.suffix.lower() in (".fcs", ".lmd"))
    return sorted(p for p in found if p.stat().st_size <= LARGEST)


# ------------------------------------------------------------------------------- damage


def text_span(sound: bytes) -> tuple[int, int]:
    return int(sound[10:18]), int(sound[18:26]) + 1


def damage_header(sound: bytes, rng: Random) -> tuple[bytes, str]:
    """A byte, a digit, or a whole offset of the first 58 bytes."""
    out = bytearray(sound)
    how = rng.integers(5)
    if how == 0:
        out[rng.integers(58)] = rng.integers(256)
        return bytes(out), "header byte"
    digits = [k for k in range(58) if 48 <= sound[k] <= 57]
    if how == 1:
        out[rng.choice(digits)] = 48 + rng.integers(10)
        return bytes(out), "header digit"
    if how == 2:
        out[3:6] = rng.choice([b"2.0", b"3.0", b"3.1", b"3.2", b"1.0", b"4.7", b"   "])
        return bytes(out), "version"
    place = 10 + 8 * int(rng.integers(6))
    old = sound[place : place + 8].strip()
    near = str(int(old or b"0") + int(rng.integers(-40, 41))).encode()
    choices = [b"0", b"", b"99999999", b"-1", b"58", str(len(sound)).encode(), near, near, near]
    out[place : place + 8] = choices[rng.integers(len(choices))][:8].rjust(8)
    return bytes(out), "header offset"


def damage_text(sound: bytes, rng: Random) -> tuple[bytes, str]:
    """A byte of the keywords changed, lost or added."""
    begin, end = text_span(sound)
    place = int(rng.integers(begin, min(end, len(sound))))
    how = rng.integers(6)
    if how == 0:
        return sound[:place] + bytes([rng.integers(256)]) + sound[place + 1 :], "text byte"
    if how == 1:
        return sound[:place] + sound[place + 1 :], "text byte lost"
    if how == 2:
        return sound[:place] + bytes([rng.integers(32, 127)]) + sound[place:], "text byte added"
    if how == 3:
        return sound[:place] + bytes([sound[place] ^ (1 << rng.integers(8))]) + sound[place + 1 :], "text bit"
    if how == 4:
        return sound[:place] + sound[begin : begin + 1] + sound[place + 1 :], "text delimiter added"
    run = int(rng.integers(1, 200))
    return sound[:place] + rng.bytes(run) + sound[place + run :], "text run of bytes"


NUMERIC = re.compile(
    rb"\$?(BYTEORD|DATATYPE|PAR|TOT|MODE|P\d+[BERGN]|P\d+DATATYPE|TIMESTEP|SPILLOVER|SPILL|NEXTDATA"
    rb"|(BEGIN|END)(DATA|STEXT))",
    re.IGNORECASE,
)
WORDS = "0 1 2 -1 16 32 64 8 7 1e308 nan L C F D I A 1,2,3,4 4,3,2,1 1,2 2,1 3,4,1,2 1,1,1,1 4,1 0,0 5,0 0,1"
WORDS += " 400,1 1024 262144 * 0.001 2147483647 99999999999999999999999999999999"
VALUES = [b"", b"\xff\xfe", *WORDS.encode().split()]


def tokens_of(sound: bytes) -> tuple[int, int, bytes, list[bytes]]:
    begin, end = text_span(sound)
    delimiter = sound[begin : begin + 1]
    return begin, end, delimiter, sound[begin + 1 : end].split(delimiter)


def damage_keyword(sound: bytes, rng: Random) -> tuple[bytes, str]:
    """A keyword that decides numbers: another value, another name, lost, doubled; offsets kept or shifted."""
    begin, end, delimiter, tokens = tokens_of(sound)
    places = [k for k in range(0, len(tokens) - 1, 2) if NUMERIC.fullmatch(tokens[k].strip())]
    if not places:
        return damage_text(sound, rng)
    place = int(rng.choice(places))
    key, value = tokens[place], tokens[place + 1]
    label = "keyword " + re.sub(r"\d+", "n", key.strip().decode("latin-1"))
    how = rng.integers(6)
    new = list(tokens)
    if how == 0:
        new[place + 1] = VALUES[rng.integers(len(VALUES))]
    elif how == 1:
        digits = [k for k, c in enumerate(value) if 48 <= c <= 57] or [0]
        spot = int(rng.choice(digits))
        new[place + 1] = value[:spot] + bytes([48 + rng.integers(10)]) + value[spot + 1 :]
    elif how == 2:
        other = tokens[int(rng.choice(places)) + 1]
        new[place + 1] = other
    elif how == 3:
        del new[place : place + 2]
    elif how == 4:
        new[place:place] = [key, VALUES[rng.integers(len(VALUES))]]
    else:
        spot = int(rng.integers(len(key))) if key else 0
        new[place] = key[:spot] + bytes([rng.integers(33, 127)]) + key[spot + 1 :]
    text = delimiter + delimiter.join(new)
    keep = rng.integers(3) > 0
    if keep:  # of the same length, so that the data stay where they are
        text = fitted(text, end - begin, delimiter)
    return sound[:begin] + text + sound[end:], label + ("" if keep else " shifted")


def fitted(text: bytes, length: int, delimiter: bytes) -> bytes:
    """Pad with blanks behind the last delimiter, or cut the longest harmless value."""
    if len(text) <= length:
        return text.ljust(length)
    surplus = len(text) - length
    tokens = text[1:].split(delimiter)
    harmless = [k for k in range(1, len(tokens), 2) if not NUMERIC.fullmatch(tokens[k - 1].strip())]
    longest = max(harmless, key=lambda k: len(tokens[k]), default=1)
    tokens[longest] = tokens[longest][: max(len(tokens[longest]) - surplus, 1)]
    return (delimiter + delimiter.join(tokens))[:length]


def damage_length(sound: bytes, rng: Random) -> tuple[bytes, str]:
    """Cut off, grown, or with a piece missing or doubled."""
    how = rng.integers(6)
    if how == 0:
        return sound[: rng.integers(len(sound))], "cut off"
    if how == 1:
        return sound[: len(sound) - int(rng.integers(1, 64))], "last bytes lost"
    if how == 2:
        return sound + rng.bytes(int(rng.integers(1, 5_000))), "grown"
    start = int(rng.integers(58, len(sound)))
    run = int(rng.integers(1, 300))
    if how == 3:
        return sound[:start] + sound[start + run :], "piece lost"
    if how == 4:
        return sound[:start] + sound[start : start + run] + sound[start:], "piece doubled"
    return sound[: rng.integers(200)], "only the start"


DAMAGES: tuple[Callable[[bytes, Random], tuple[bytes, str]], ...] = (
    damage_header,
    damage_text,
    damage_text,
    damage_keyword,
    damage_keyword,
    damage_keyword,
    damage_length,
)


# ------------------------------------------------------------------------------- judgement


@dataclass(frozen=True)
class Reading:
    """All numbers of a file, and what was said about them."""

    data: FcsData
    findings: frozenset[tuple[str, str, str]]


def reading(path: Path) -> Reading:
    data = read_fcs(path)
    header(path)
    return Reading(data, frozenset((f.severity, f.code, f.message) for f in data.findings))


def same_values(one: FcsData, other: FcsData) -> bool:
    """Events, raw values, seconds and matrix are the same, bit for bit (NaN equals NaN)."""
    names = [None if d.spillover is None else d.spillover.channels for d in (one, other)]
    if names[0] != names[1]:
        return False
    matrices = [None if d.spillover is None else d.spillover.matrix for d in (one, other)]
    pairs = [
        (one.events, other.events),
        (one.raw, other.raw),
        (one.time_seconds, other.time_seconds),
        matrices,
    ]
    for a, b in pairs:
        if (a is None) != (b is None):
            return False
        if a is not None and b is not None and not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            return False
    return True


def judge(sound: Reading, path: Path) -> str:
    """Outcome of one mutant, in the words of the module's docstring."""
    try:
        mutant = reading(path)
        same = same_values(sound.data, mutant.data)
    except FormatError:
        return "refused"
    except Exception:  # noqa: BLE001 (that is what the campaign looks for)
        traceback.print_exc()
        return "crashed"
    if same:
        return "same"
    new = mutant.findings - sound.findings
    if any(severity in ("warning", "error") for severity, _, _ in new):
        return "warned"
    lost = sound.findings - mutant.findings
    codes = {code for _, code, _ in new | lost}
    if codes - {"conversion"}:
        return f"noted {' '.join(sorted(codes - {'conversion'}))}"
    return "recorded" if codes else "silent"


def campaign(count: int, seed: int, real: Path | None, folder: Path) -> dict[str, object]:
    """Damage files in turn and judge each."""
    warnings.simplefilter("error")  # a warning of numpy is a crash in a strict test run
    rng = np.random.default_rng(seed)
    sound_files = list(written_variants(folder))
    if real is not None:
        sound_files += real_files(real)
    outcomes: Counter[str] = Counter()
    by_damage: dict[str, Counter[str]] = {}
    defects: list[str] = []
    noted: Counter[str] = Counter()
    slowest, slowest_name = 0.0, ""
    mutant = folder / "mutant.fcs"
    per_file = -(-count // len(sound_files))
    for path in sound_files:
        content = path.read_bytes()
        sound = reading(path)
        for _ in range(min(per_file, count - sum(outcomes.values()))):
            damaged, label = DAMAGES[rng.integers(len(DAMAGES))](content, rng)
            mutant.unlink(missing_ok=True)  # a new inode: the arrays of the last one may still be mapped
            mutant.write_bytes(damaged)
            started = time.process_time()
            outcome = judge(sound, mutant)
            spent = time.process_time() - started
            if spent > slowest:
                slowest, slowest_name = spent, f"{path.name}: {label}"
            if outcome.startswith("noted"):
                outcome, _, told = outcome.partition(" ")
                noted[told] += 1
            outcomes[outcome] += 1
            by_damage.setdefault(label, Counter())[outcome] += 1
            if outcome in ("silent", "crashed"):
                kept = folder / f"defect_{len(defects)}_{path.name}"
                kept.write_bytes(damaged)
                defects.append(f"{outcome}: {path.name}: {label} -> {kept}")
    return {
        "files": len(sound_files),
        "mutants": sum(outcomes.values()),
        "seed": seed,
        "outcomes": dict(outcomes),
        "recorded_by": {k: v["recorded"] for k, v in sorted(by_damage.items()) if v["recorded"]},
        "noted_by": dict(sorted(noted.items(), key=lambda item: -item[1])),
        "defects": defects,
        "slowest_cpu_s": round(slowest, 3),
        "slowest": slowest_name,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, default=None)
    parser.add_argument("--keep", type=Path, default=None, help="folder for mutants that show a defect")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        found = campaign(options.count, options.seed, options.real, options.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = campaign(options.count, options.seed, options.real, Path(folder))
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
