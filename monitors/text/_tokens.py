"""The words of a text in small letters, for measures that compare words."""

from __future__ import annotations

import re
from functools import lru_cache

# Scripts that part no words have a word a character: kana, Han, Hangul.
_PARTLESS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_PARTLESS}]|[^\W_{_PARTLESS}]+")

_BETWEEN = str.maketrans({chr(i): " " for i in range(128) if not chr(i).isalnum()})


@lru_cache(maxsize=16)  # the texts of one row, each looked at by several measures
def tokens(text: str) -> tuple[str, ...]:
    """Runs of letters and digits.

    >>> tokens("BP 120/80, señora; 患者.")
    ('bp', '120', '80', 'señora', '患', '者')
    """
    lowered = text.lower()
    return tuple(lowered.translate(_BETWEEN).split() if lowered.isascii() else _WORD.findall(lowered))
