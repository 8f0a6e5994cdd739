"""Rewritten: whether more than a fifth of a draft had to be typed anew."""

from __future__ import annotations

from typing import Any

from monitors.characters import Texts
from monitors.text.edit_distance import edit_distance, edit_distances
from monitors.textual import text_measure

MOST = 0.2  # a sentence in five; a suggestion and nobody's standard


def _many(draft: Texts, signed: Texts) -> Any:
    return edit_distances(draft, signed) > MOST


@text_measure(gives="flag", zero="signed much as it was drafted", texts=2, beside=True, many=_many)
def rewritten(draft: str, signed: str) -> bool:
    """Whether the edit distance is above 0.2; as a `decision` it says whose drafts need most work.

    Args:
        draft: what the tool wrote.
        signed: what the clinician signed.

    Returns:
        True or false.

    >>> rewritten("Take 5 mg daily.", "Take 10 mg daily."), rewritten("Rest.", "Return in two days.")
    (False, True)
    """
    return edit_distance(draft, signed) > MOST
