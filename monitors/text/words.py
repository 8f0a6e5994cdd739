"""Words: how many there are, parted by white space."""

from __future__ import annotations

from typing import Any

from monitors.textual import occurrences, text_measure


@text_measure(gives="number", zero="nothing was written")
def words(text: Any) -> Any:
    """Runs of anything but white space.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        A whole number; null where there is no text.
    """
    return occurrences(text, r"[^\s]+")
