"""Other script: the share of a text that is not written in Latin letters."""

from __future__ import annotations

import re
from typing import Any

from monitors.textual import occurrences, text_measure

# Greek to Georgian and on, without the Latin letters of Vietnamese; then kana, Han and Hangul.
LETTERS = "[\u0370-\u1dff\u1f00-\u1fff\u3040-\ud7ff\uf900-\ufaff]"

_LETTER = re.compile(LETTERS)
_PLAIN, _WHITE = bytes(range(128)), b"\t\n\f\r "


def _plain(text: str) -> float | None:
    # Of most texts next to nothing is left once ASCII is taken out, and only that is looked through.
    laid = text.encode()
    written = len(text) - len(laid) + len(laid.translate(None, _WHITE))
    return len(_LETTER.findall(laid.translate(None, _PLAIN).decode())) / written if written else None


@text_measure(gives="number", zero="every letter is a Latin one", plain=_plain)
def other_script(text: Any) -> Any:
    """Letters of Greek, Cyrillic, Arabic, Han and other scripts / characters, white space left out.

    Args:
        text: the column, as an expression of the engine's.

    Returns:
        0 to 1; null where nothing was written.
    """
    written = text.re_replace(r"\s+", "").length()
    return occurrences(text, LETTERS) / written.nullif(0)
