"""Other script: the share of a text that is not written in Latin letters."""

from __future__ import annotations

from typing import Any

from monitors.textual import occurrences, text_measure

# Greek to Georgian and on, without the Latin letters of Vietnamese; then kana, Han and Hangul.
LETTERS = "[\u0370-\u1dff\u1f00-\u1fff\u3040-\ud7ff\uf900-\ufaff]"


@text_measure(gives="number", zero="every letter is a Latin one")
def other_script(text: Any) -> Any:
    """Letters of Greek, Cyrillic, Arabic, Han and other scripts / characters, white space left out.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        0 to 1; null where nothing was written.
    """
    written = text.re_replace(r"\s+", "").length()
    return occurrences(text, LETTERS) / written.nullif(0)
