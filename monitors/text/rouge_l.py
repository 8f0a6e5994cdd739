"""ROUGE-L: how far a text runs along its source, word for word and in order."""

from __future__ import annotations

from monitors.text._tokens import tokens
from monitors.textual import text_measure


@text_measure(gives="number", zero="no word in common", texts=2, beside=True)
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
