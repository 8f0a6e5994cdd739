"""ROUGE-L: how far a text runs along its source, word for word and in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitors.characters import Runs, Texts
from monitors.text._tokens import all_tokens, tokens
from monitors.textual import text_measure

_SURROGATES, _SKIPPED = 0xD800, 0x800  # numbers that are no character


def _many(text: Texts, source: Texts) -> Any:
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cpdist

    some, others = all_tokens(text), all_tokens(source)
    here, there = some.beside(others)
    alike = cpdist(
        _lines(some, here), _lines(others, there), scorer=Indel.normalized_similarity, dtype=np.float64
    )
    return np.where((some.counts() > 0) & (others.counts() > 0), alike, 0.0)


def _lines(found: Runs, places: Any) -> list[str]:
    """Each text with one character for each of its words: any, as long as it is the same for the same."""
    numbers = np.where(places < _SURROGATES, places, places + _SKIPPED).astype("<u4")
    whole, line, begin = numbers.tobytes().decode("utf-32-le"), [], 0
    for end in found.ends.tolist():
        line.append(whole[begin:end])
        begin = end
    return line


@text_measure(gives="number", zero="no word in common", texts=2, beside=True, many=_many)
def rouge_l(text: str, source: str) -> float:
    """F1 of the longest common subsequence of words: 2 × its length / (words + words).

    A short note of a long recording scores low however true it is: watch how the figure moves.

    Args:
        text: what the tool wrote.
        source: what it was made from: the transcript, the chart; or a note written by a person.

    Returns:
        0 to 1, where 1 is word for word the same; 0 where either has no word.

    Source:
        Lin (2004), ROUGE: a package for automatic evaluation of summaries, section 3.1.

    >>> rouge_l("police kill the gunman", "police killed the gunman")
    0.75
    """
    from rapidfuzz.distance import Indel

    some, others = tokens(text), tokens(source)
    return Indel.normalized_similarity(some, others) if some and others else 0.0
