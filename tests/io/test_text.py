"""Encodings and line ends of text files, as people and instruments write them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.io.errors import FormatError
from exoraw.io.text import decode, read_bytes, read_text

TEXT = "sample;dose µM\nMüller;0,5\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32-le"),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "utf-32-be"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_every_encoding_that_excel_writes_gives_the_same_text(data: bytes, encoding: str):
    decoded = decode(data)
    assert decoded.text == TEXT
    assert decoded.encoding == encoding


def test_a_code_page_is_assumed_aloud_and_names_the_line():
    remarks = decode(b"a\nb\nM\xfcller").remarks
    assert len(remarks) == 1
    assert "line 3" in remarks[0]
    assert "0xFC" in remarks[0]


def test_bytes_that_windows_1252_does_not_define_are_latin_1():
    decoded = decode(b"\x81\x8d")
    assert decoded.encoding == "latin-1"
    assert decoded.text == "\x81\x8d"


def test_utf_8_needs_no_remark():
    assert decode(TEXT.encode()).remarks == ()


@pytest.mark.parametrize(("end", "kept"), [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\r")])
def test_every_line_end_becomes_a_newline_and_is_remembered(end: str, kept: str):
    decoded = decode(f"a{end}b{end}".encode())
    assert decoded.text == "a\nb\n"
    assert decoded.newline == kept


def test_text_without_a_line_end_counts_as_unix():
    assert decode(b"a").newline == "\n"


def test_a_nul_byte_is_refused_with_its_place():
    with pytest.raises(FormatError) as caught:
        decode(b"sample,file\nA\x00,b.fcs", Path("samples.csv"))
    assert caught.value.position == 13
    assert "samples.csv" in str(caught.value)
    assert "save it as CSV" in str(caught.value)


def test_a_nul_character_in_utf_16_is_refused_too():
    with pytest.raises(FormatError, match="NUL"):
        decode(codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le"))


def test_marked_text_that_breaks_its_own_encoding_is_refused():
    with pytest.raises(FormatError, match="UTF-16") as caught:
        decode(codecs.BOM_UTF16_LE + b"a\x00b")
    assert caught.value.position == 4


def test_a_file_over_the_limit_is_refused_without_reading_on(tmp_path: Path):
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 1001)
    with pytest.raises(FormatError, match="at most 1,000 bytes"):
        read_bytes(path, 1000)
    assert read_text(path, 1001).text == "x" * 1001


@given(st.binary(max_size=300))
def test_any_bytes_become_text_or_a_format_error(data: bytes):
    try:
        decoded = decode(data)
    except FormatError:
        return
    assert "\r" not in decoded.text
    assert "\0" not in decoded.text


@given(st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1))
def test_any_text_written_as_utf_8_comes_back(text: str):
    if text.startswith("\ufeff"):
        return
    assert decode(text.encode()).text == text
    assert decode(codecs.BOM_UTF16_LE + text.encode("utf-16-le")).text == text
