"""Guarded opening: what is refused before it can harm, and what is read as it is."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from exoraw.io.errors import FormatError
from exoraw.io.guard import (
    MAX_RECORD,
    check_declared,
    gzip_blocks,
    limited_lines,
    open_raw,
    open_regular,
)


def test_bytes_of_an_ordinary_file_are_read_and_viewed(tmp_path: Path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(100)))
    with open_raw(path) as raw:
        assert (raw.size, raw.read(10, 5, "a piece")) == (100, bytes(range(10, 15)))
        view = raw.array(90, 1_000)
        raw.forget(0, 100)
    np.testing.assert_array_equal(view, np.arange(90, 100, dtype=np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_reading_past_the_end_says_where_the_file_ends(tmp_path: Path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 100)
    with (
        open_raw(path) as raw,
        pytest.raises(FormatError, match=r"the keywords \(50 bytes from byte 80\)") as caught,
    ):
        raw.read(80, 50, "the keywords")
    assert caught.value.position == 80
    assert "100 bytes" in caught.value.found


def test_folders_pipes_missing_and_short_files_are_refused(tmp_path: Path):
    (tmp_path / "empty").touch()
    (tmp_path / "short").write_bytes(b"FCS")
    os.mkfifo(tmp_path / "pipe")
    for name, found in [
        ("", "a folder"),
        ("pipe", "a pipe"),
        ("nothing", "No such file"),
        ("empty", "an empty file"),
        ("short", "3 bytes"),
        ("a\0b", "null"),
    ]:
        with pytest.raises(FormatError, match=found):
            open_raw(tmp_path / name, least=58, expected="an FCS file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path):
    path = tmp_path / "locked"
    path.write_bytes(b"x" * 100)
    path.chmod(0)
    with pytest.raises(FormatError, match="Permission denied"):
        open_regular(path)


def test_a_header_that_declares_ten_thousand_times_the_file_is_refused():
    check_declared(Path("a.tif"), 1_000_000, 100, 8, "pixels")
    with pytest.raises(FormatError, match="at most 10,000 times the 100 bytes"):
        check_declared(Path("a.tif"), 1_000_001, 100, 8, "pixels")


def test_gzip_of_several_members_comes_back_whole(tmp_path: Path):
    path = tmp_path / "a.gz"
    lines = [f"read {k} {'ACGT' * 20}\n".encode() for k in range(30_000)]
    halves = (b"".join(lines[:10_000]), b"".join(lines[10_000:]))
    path.write_bytes(gzip.compress(halves[0]) + gzip.compress(halves[1]) + b"\0" * 512)
    assert list(limited_lines(path, gzip_blocks(path))) == [line[:-1] for line in lines]


def test_a_gzip_bomb_stops_before_it_fills_the_memory(tmp_path: Path):
    squeeze = zlib.compressobj(9, wbits=31)
    zeros = b"\0" * (1 << 20)
    bomb = b"".join(squeeze.compress(zeros) for _ in range(300)) + squeeze.flush()
    path = tmp_path / "bomb.gz"
    path.write_bytes(bomb)
    blocks = gzip_blocks(path)
    seen: list[int] = []
    with pytest.raises(FormatError, match="1,000:1"):
        seen.extend(len(block) for block in blocks)
    assert sum(seen) < len(bomb) * 1_001 + 2**21


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip at all", "sound gzip stream"),
        (gzip.compress(b"ACGT" * 1_000)[:-9], "the end of a gzip stream"),
        (b"", "the end of a gzip stream"),
        (gzip.compress(bytes(range(256)) * 99)[:20] + b"\xff" * 200, "gzip stream"),
    ],
    ids=["not gzip", "cut short", "empty", "foreign bytes within"],
)
def test_damaged_gzip_is_a_format_error(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        list(gzip_blocks(path))


def test_an_endless_line_is_refused_and_a_long_one_is_not(tmp_path: Path):
    path = tmp_path / "a.txt"
    longest = b"A" * MAX_RECORD
    assert list(limited_lines(path, [longest[:500], longest[500:] + b"\r\nC"])) == [longest, b"C"]
    with pytest.raises(FormatError, match="at most 1,000,000 bytes"):
        list(limited_lines(path, [b"A\n", longest, b"A"]))
    with pytest.raises(FormatError) as caught:
        list(limited_lines(path, [b"AB\n" + longest + b"A\nC"]))
    assert caught.value.position == 3


def test_pages_behind_the_end_of_a_file_are_let_go_without_a_word(tmp_path):
    path = tmp_path / "a.fcs"
    path.write_bytes(b"x" * 100)
    with open_raw(path) as raw:
        raw.forget(0, 100)
        raw.forget(0, 10**12)
        raw.forget(100, 0)
        raw.forget(10**9, 50)
        assert raw.read(0, 3, "text") == b"xxx"
