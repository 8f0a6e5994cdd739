"""Repetition: the share of lines that say what another line has said."""

from __future__ import annotations

from typing import Any

from monitors.textual import text_measure


@text_measure(gives="number", zero="no line is said twice")
def repetition(text: Any) -> Any:
    """1 - different lines / lines, of those that are not blank.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        0 to under 1; null where nothing was written.
    """
    lines = text.lower().re_replace(r"[ \t\r]*\n\s*", "\n").strip().split("\n")
    return 1 - lines.unique().length() / lines.length()
