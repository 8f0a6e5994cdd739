"""Edit distance: how much of a draft had to be typed anew before it was signed."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitors.characters import Texts
from monitors.textual import text_measure

_LIKELY = 0.1  # where most are below it, half the time; the figure is the same


def edit_distances(draft: Texts, signed: Texts) -> Any:
    """`edit_distance` of many texts."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    def find() -> Any:
        return cpdist(
            draft.texts, signed.texts, scorer=Levenshtein.normalized_distance,
            score_hint=_LIKELY, dtype=np.float64,
        )  # fmt: skip

    return draft.once(f"edit distance {id(signed)}", find)


@text_measure(gives="number", zero="signed as it was drafted", texts=2, beside=True, many=edit_distances)
def edit_distance(draft: str, signed: str) -> float:
    """Characters put in, taken out or changed / characters of the longer of the two (Levenshtein).

    A sentence moved elsewhere counts as taken out and put in.

    Args:
        draft: what the tool wrote.
        signed: what the clinician signed.

    Returns:
        0 to 1, where 1 is nothing in common; 0 of two empty texts.

    Source:
        Levenshtein (1966), Soviet Physics Doklady 10:707; computed by RapidFuzz.

    >>> edit_distance("Take 5 mg daily.", "Take 10 mg daily.")
    0.11764705882352941
    """
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.normalized_distance(draft, signed)
