"""Template: whether something was left that ought to have been filled in."""

from __future__ import annotations

from typing import Any

from monitors.textual import text_measure

PATTERN = (
    r"\[(insert|enter|add|name|patient|date|doctor|provider|xxx|tbd|placeholder)[^\]]*\]"
    r"|\{\{|\}\}|<(insert|name|date|patient)[^>]*>|\*\*\*|____|lorem ipsum"
)


@text_measure(gives="flag", zero="nothing of a template was left")
def template(text: Any) -> Any:
    """Whether a placeholder stands in the text: [insert name], {{date}}, ***, ____.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        True or false; null where there is no text.
    """
    return text.lower().re_search(PATTERN)
