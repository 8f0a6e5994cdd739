"""Words: how many there are, parted by white space."""

from __future__ import annotations

import re
from typing import Any

from monitors.characters import BLANK, Texts, edges
from monitors.textual import occurrences, text_measure

_WORD = re.compile(r"[^\t\n\f\r ]+")


def _plain(text: str) -> int:
    return len(_WORD.findall(text))


def _many(texts: Texts) -> Any:
    return texts.counted(edges(~texts.of(BLANK))[0])


@text_measure(gives="number", zero="nothing was written", plain=_plain, many=_many)
def words(text: Any) -> Any:
    """Runs of anything but white space.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        A whole number; null where there is no text.
    """
    return occurrences(text, r"[^\s]+")
