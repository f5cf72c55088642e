"""`init` drafts with the preset that the words on the raw files speak for."""

from __future__ import annotations

import pytest

from exoraw.io.inventory import DatasetHeader, Header, RawFile
from exoraw.study.likely_presets import likeliest
from exoraw.study.presets import presets


def files(*labels: str) -> list[RawFile]:
    return [
        RawFile(f"tube_{n}.fcs", "0" * 64, 10, 0, "fcs", Header((DatasetHeader(0, fields={"$P4S": label}),)))
        for n, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("Annexin V", "PI"), "annexin_pi"),
        (("CD24 PE", "CD44 APC"), "cd44_cd24"),
        (("ALDEFLUOR", "PI"), "aldefluor"),
        (("PKH67", ""), "uptake_flow"),
        (("", ""), "annexin_pi"),  # nothing speaks for any: the usual one
        (("CD244", "CD3"), "annexin_pi"),  # a sign is a word, not a part of one
    ],
)
def test_the_words_on_the_files_choose_the_preset(labels: tuple[str, ...], expected: str) -> None:
    of_flow = [preset for preset in presets() if preset.assay == "flow"]
    found = likeliest(of_flow, files(*labels))
    assert found[0].name == expected
    assert {preset.name for preset in found} == {preset.name for preset in of_flow}
