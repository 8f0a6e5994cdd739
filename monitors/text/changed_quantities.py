"""Changed quantities: whether a dose or a value differs between two versions of a text."""

from __future__ import annotations

from typing import Any

from monitors import characters
from monitors.characters import Texts
from monitors.text._quantities import all_quantities, lacking, plain_quantities, quantities
from monitors.textual import text_measure


def _plain(draft: str, signed: str) -> bool:
    return plain_quantities(draft) != plain_quantities(signed)


def _many(draft: Texts, signed: Texts) -> Any:
    before, after = all_quantities(draft), all_quantities(signed)
    return (characters.lacking(before, after)[0] > 0) | (characters.lacking(after, before)[0] > 0)


@text_measure(gives="flag", zero="both hold the same quantities", texts=2, plain=_plain, many=_many)
def changed_quantities(draft: Any, signed: Any) -> Any:
    """Whether a number with its unit stands in one of the two texts and not in the other.

    Args:
        draft: the draft's column, as an expression of the engine's.
        signed: the column of what the clinician signed.

    Returns:
        True or false; null where either is missing.
    """
    before, after = quantities(draft), quantities(signed)
    return (lacking(before, after) > 0) | (lacking(after, before) > 0)
