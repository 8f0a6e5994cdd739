"""Numbers: how many stand in a text."""

from __future__ import annotations

from typing import Any

from monitors.textual import occurrences, text_measure


@text_measure(gives="number", zero="no number stands in it")
def numbers(text: Any) -> Any:
    """Runs of digits, with a point or comma inside them: doses, values, ages, dates in parts.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        A whole number; null where there is no text.
    """
    return occurrences(text, r"[0-9]+([.,][0-9]+)*")
