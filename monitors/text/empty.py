"""Empty: whether nothing but white space was written."""

from __future__ import annotations

from typing import Any

from monitors.textual import text_measure


@text_measure(gives="flag", zero="something was written")
def empty(text: Any) -> Any:
    """Whether nothing is left once white space is taken out.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        True or false; null where there is no text at all.
    """
    return ~text.re_search(r"[^\s]")
