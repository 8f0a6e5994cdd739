"""Truncated: whether a text ends in the middle of a sentence."""

from __future__ import annotations

from typing import Any

from monitors.textual import text_measure


@text_measure(gives="flag", zero="it ends as sentences and lists do")
def truncated(text: Any) -> Any:
    """Whether the last character closes neither a sentence, a bracket nor a quotation.

    A list that ends without a full stop counts as cut off: watch the share, not the note.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        True or false; false where nothing was written; null where there is no text.
    """
    return text.re_search(r"[^\s.!?:;…)\]}\"'”’»]\s*$")
