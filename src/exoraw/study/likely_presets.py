"""Which preset a folder of raw files was most likely recorded for: by the words on its files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from exoraw.io.inventory import RawFile
from exoraw.study.presets import Preset


def likeliest(found: Sequence[Preset], files: Sequence[RawFile]) -> list[Preset]:
    """Presets of one assay, the likeliest first.

    Each is counted by the files whose name, or any text of whose header, holds one of its signs as a word;
    of equal ones the assay's usual preset comes first, then the others by name. It is a first draft: the
    others are named beside it, and a person decides.

    Parameters
    ----------
    files : the readable files of the assay's formats
    """
    texts = [_texts(file) for file in files]

    def rank(preset: Preset) -> tuple[int, bool, str]:
        if not preset.signs:
            return 0, not preset.usual, preset.name
        signs = "|".join(re.escape(sign) for sign in preset.signs)
        word = re.compile(rf"(?<![0-9a-z])(?:{signs})(?![0-9a-z])", re.IGNORECASE)
        return -sum(bool(word.search(text)) for text in texts), not preset.usual, preset.name

    return sorted(found, key=rank)


def _texts(file: RawFile) -> str:
    fields = (value for dataset in file.header.datasets for value in dataset.fields.values())
    return "\n".join((file.path, *fields))
