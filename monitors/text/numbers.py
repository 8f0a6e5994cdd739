"""Numbers: how many stand in a text."""

from __future__ import annotations

import re
from typing import Any

from monitors.characters import FIGURE, POINT, Texts, edges
from monitors.textual import occurrences, text_measure

_NUMBER = r"[0-9]+([.,][0-9]+)*"
_FOUND = re.compile(_NUMBER)


def _plain(text: str) -> int:
    return sum(1 for _ in _FOUND.finditer(text))


def _many(texts: Texts) -> Any:
    return texts.counted(edges(texts.joined(FIGURE, POINT))[0])


@text_measure(gives="number", zero="no number stands in it", plain=_plain, many=_many)
def numbers(text: Any) -> Any:
    """Runs of digits, with a point or comma inside them: doses, values, ages, dates in parts.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        A whole number; null where there is no text.
    """
    return occurrences(text, _NUMBER)
