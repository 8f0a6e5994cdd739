"""The words of a text in small letters, for measures that compare words."""

from __future__ import annotations

import re
from functools import lru_cache

from monitors.characters import LETTER, PARTLESS, PARTLESS_SCRIPTS, Runs, Texts

_WORD = re.compile(rf"[{PARTLESS_SCRIPTS}]|[^\W_{PARTLESS_SCRIPTS}]+")

_BETWEEN = str.maketrans({chr(i): " " for i in range(128) if not chr(i).isalnum()})


@lru_cache(maxsize=16)  # the texts of one row, each looked at by several measures
def tokens(text: str) -> tuple[str, ...]:
    """Runs of letters and digits.

    >>> tokens("BP 120/80, señora; 患者.")
    ('bp', '120', '80', 'señora', '患', '者')
    """
    lowered = text.lower()
    return tuple(lowered.translate(_BETWEEN).split() if lowered.isascii() else _WORD.findall(lowered))


def all_tokens(texts: Texts) -> Runs:
    """The tokens of many texts."""
    return texts.once("tokens", lambda: texts.runs(texts.of(LETTER | PARTLESS), texts.of(PARTLESS)))
