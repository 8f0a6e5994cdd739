"""Refusal: whether the tool says that it will not or cannot answer."""

from __future__ import annotations

from typing import Any

from monitors.textual import said, text_measure

# As chat models phrase it; a clinician's "I cannot feel a pulse" has none of these objects.
PHRASES = (
    r"as an ai", r"as a (large )?language model", r"i('m| am) (just |only )?an ai",
    r"i('m| am) (not able|unable) to (assist|help|answer|provide|generate|complete|comply)",
    r"i (can't|cannot|can not|won't|will not) (assist|help|answer|provide|generate|complete|comply)",
    r"i('m| am) sorry,? but i", r"(lo siento|disculpe),? (pero )?no puedo",
)  # fmt: skip


@text_measure(gives="flag", zero="no phrase of refusing stands in it")
def refusal(text: Any) -> Any:
    """Whether a phrase of refusing stands in the text.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        True or false; null where there is no text.
    """
    return said(text, *PHRASES)
