"""Repetition: the share of lines that say what another line has said."""

from __future__ import annotations

from typing import Any

from monitors.textual import text_measure


def _plain(text: str) -> float:
    if "\n" not in text:
        return 0.0
    parts = (part.lstrip(" \t\f\r").rstrip(" \t\r") for part in text.strip(" \t\n\r\v\f").lower().split("\n"))
    lines = [part for part in parts if part] or [""]
    return 1 - len(set(lines)) / len(lines)


@text_measure(gives="number", zero="no line is said twice", plain=_plain)
def repetition(text: Any) -> Any:
    """1 - different lines / lines, of those that are not blank.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        0 to under 1; null where nothing was written.
    """
    lines = text.lower().re_replace(r"[ \t\r]*\n\s*", "\n").strip().split("\n")
    return 1 - lines.unique().length() / lines.length()
