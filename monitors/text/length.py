"""Length: how many characters a text has."""

from __future__ import annotations

from typing import Any

from monitors.textual import text_measure


def _plain(text: str) -> int:
    return len(text.strip(" \t\n\r\v\f"))


@text_measure(gives="number", zero="nothing was written", plain=_plain)
def length(text: Any) -> Any:
    """Characters, white space at either end left out.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        A whole number; null where there is no text.
    """
    return text.strip().length()
