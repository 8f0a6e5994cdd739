"""Kept: the share of a draft's words that are still there in what was signed."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitors import characters
from monitors.characters import Texts
from monitors.text._quantities import all_words, lacking, plain_words, words
from monitors.textual import text_measure


def _plain(draft: str, signed: str) -> float:
    drafted = plain_words(draft)
    return len(drafted & plain_words(signed)) / len(drafted)


def _many(draft: Texts, signed: Texts) -> Any:
    drafted, left = all_words(draft), all_words(signed)
    lost, had = characters.lacking(drafted, left)
    # Two texts without a word have all there was in common.
    return np.where(had > 0, (had - lost) / np.maximum(had, 1), left.counts() == 0)


@text_measure(gives="number", zero="not one word of the draft was kept", texts=2, plain=_plain, many=_many)
def kept(draft: Any, signed: Any) -> Any:
    """Different words of the draft that the signed text has too / different words of the draft.

    Which words, not in which order: sentences moved about count as kept. 1 for note after note
    says that nobody changes anything.

    Args:
        draft: the draft's column, as an expression of the engine's.
        signed: the column of what the clinician signed.

    Returns:
        0 to 1; null where either is missing.
    """
    drafted = words(draft)
    return 1 - lacking(drafted, words(signed)) / drafted.unique().length()
