"""Which channel a word of the settings finds."""

from __future__ import annotations

import pytest

from exoraw.assays.flow.panel import (
    UnknownChannelError,
    find_channel,
    find_pulse,
    labelled_otherwise,
    same_dye,
)

MACSQUANT = (
    ("HDR-TM", "FSC-A", "SSC-A", "FL1-A", "FL2-A", "FL4-A"),
    ("Time", "FSC-A", "SSC-A", "cd45 VioBlue-A", "Annexin V-FITC-A", "PI/PE-Cy5-A"),
)


@pytest.mark.parametrize(
    ("asked", "channels", "markers", "found"),
    [
        (["FITC-A"], ("FITC-A", "FITC-H"), ("", ""), "FITC-A"),
        (["fitc"], ("FITC-H", "FITC-A"), ("", ""), "FITC-A"),
        (["FITC"], ("FL1-A", "FL1-H"), ("FITC-A", "FITC-H"), "FL1-A"),
        (["Annexin V"], ("B530-A", "R660-A"), ("AnnexinV", "CD44"), "B530-A"),
        (["Annexin V", "FITC"], *MACSQUANT, "FL2-A"),
        (["PI"], *MACSQUANT, "FL4-A"),
        (["PE"], ("PE-Cy7-A", "PE-Texas Red-A", "PE-A"), ("", "", ""), "PE-A"),
        (["7-AAD"], ("7AAD-A", "APC-A"), ("", ""), "7AAD-A"),
        (["Propidium Iodide"], ("YL2-A",), ("Propidium Iodide (PI)",), "YL2-A"),
        (["FITC"], ("FITC-W", "FITC-H"), ("", ""), "FITC-H"),
    ],
)
def test_a_word_finds_its_channel_by_name_or_marker(
    asked: list[str], channels: tuple[str, ...], markers: tuple[str, ...], found: str
) -> None:
    assert find_channel(asked, channels, markers, what="dye").channel == found


def test_a_marker_match_says_so_and_carries_the_word_that_found_it() -> None:
    match = find_channel(["Annexin V", "FITC"], *MACSQUANT, what="Annexin V")
    assert (match.by, match.asked, match.label) == ("marker", "Annexin V", "FL2-A (Annexin V-FITC-A)")


def test_pi_is_not_found_inside_other_words() -> None:
    with pytest.raises(UnknownChannelError):
        find_channel(["PI"], ("SPIN-A", "PIG-A"), ("", "pip"), what="dye")


@pytest.mark.parametrize("tandem", ["PE-Cy7-A", "PE/Cyanine7-A", "PE-Texas Red-A", "PE-CF594-A"])
def test_the_donor_of_a_tandem_dye_is_not_the_dye(tandem: str) -> None:
    for channels, markers in [((tandem,), ("",)), (("FL3-A",), (tandem,))]:
        with pytest.raises(UnknownChannelError):
            find_channel(["PI", "PE"], channels, markers, what="dye")


@pytest.mark.parametrize(
    ("channel", "marker", "doubtful"),
    [
        ("FITC-A", "CD44", True),
        ("Blue FITC-A", "CD44", True),
        ("FITC-A", "", False),
        ("FITC-A", "FITC", False),
        ("FITC-A", "FITC-A", False),
        ("FITC-A", "AnxV FITC", False),
        ("FITC-A", "Annexin V", False),
        ("FL1-A", "FITC-A", False),
        ("FL1-A", "CD44 FITC", False),  # found by its label, which says FITC
    ],
)
def test_a_label_that_names_another_stain_is_doubted(channel: str, marker: str, doubtful: bool) -> None:
    asked = ["Annexin V", "AnxV", "FITC"]
    match = find_channel(asked, (channel,), (marker,), what="Annexin V")
    assert labelled_otherwise(match, asked) is doubtful


def test_a_channel_written_out_in_the_settings_is_not_doubted() -> None:
    match = find_channel(["FITC-A"], ("FITC-A",), ("CD44",), what="Annexin V")
    assert not labelled_otherwise(match, ["FITC-A"])


def test_two_channels_that_answer_are_an_error_with_both_names() -> None:
    with pytest.raises(UnknownChannelError, match=r"could mean 2 channels: B1-A \(FITC\), V1-A \(FITC\)"):
        find_channel(["FITC"], ("B1-A", "V1-A"), ("FITC", "FITC"), what="dye")


def test_an_unknown_channel_is_an_error_with_the_nearest_name_and_all_channels() -> None:
    with pytest.raises(UnknownChannelError) as caught:
        find_channel(["FICT"], ("FITC-A", "PE-A"), ("", "CD24"), what="Annexin V")
    message = str(caught.value)
    assert "Did you mean FITC-A?" in message
    assert "Channels in the file: FITC-A, PE-A (CD24)." in message


@pytest.mark.parametrize(
    ("channels", "places"),
    [
        (("FSC-A", "FSC-H", "FSC-W"), (0, 1, 2)),
        (("FS INT LIN", "FS PEAK LIN", "SS INT LIN"), (0, 1, None)),
        (("FSC LogH", "FSC LinH", "FSC LinA"), (2, 0, None)),
        (("FSC-H", "SSC-H"), (0, 0, None)),
        (("SSC-A",), (None, None, None)),
        (("FSC-Width", "FSC-Height", "FSC-Area"), (2, 1, 0)),
    ],
)
def test_scatter_signals_are_found_under_the_names_of_many_makers(
    channels: tuple[str, ...], places: tuple[int | None, ...]
) -> None:
    names = ("FSC", "FS")
    assert tuple(find_pulse(names, pulse, channels) for pulse in ("area", "height", "width")) == places


def test_dye_names_are_compared_without_case_blanks_and_endings() -> None:
    assert same_dye("Annexin-V", "annexin v")
    assert same_dye("FITC-A", "fitc")
    assert not same_dye("PE", "PE-Cy7")
