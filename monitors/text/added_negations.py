"""Added negations: how many things a text denies that its source does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from monitors.characters import Runs, Texts, lacking
from monitors.text._tokens import all_tokens
from monitors.textual import text_measure

_FILLERS = (
    "any", "known", "of", "the", "a", "an", "evidence", "history", "signs", "sign", "acute", "new", "have",
    "has", "had", "been", "is", "for", "de", "la", "el", "los", "las", "un", "una", "tiene", "hay", "ha",
)  # fmt: skip
# The words that a denial begins with, as far as its first sign that is no letter.
_BEGIN = frozenset((
    "no", "not", "denies", "denied", "without", "never", "negative", "absent", "don", "doesn", "didn",
    "hasn", "isn", "sin", "niega", "nunca", "ni",
))  # fmt: skip
_DENIED = re.compile(
    r"(?<![^\W_])(?:no|not|denies|denied|without|never|negative|absent|don't|doesn't|didn't|hasn't|isn't"
    r"|sin|niega|nunca|ni)"
    rf"(?:[ \t]+(?:{'|'.join(_FILLERS)}))*[ \t]+([^\W\d_]+)"
)


def _many(text: Texts, source: Texts) -> Any:
    lacks, _ = lacking(_all_denied(text), _all_denied(source))
    return lacks


@text_measure(
    gives="number", zero="whatever is denied is denied in the source too", texts=2, beside=True, many=_many
)
def added_negations(text: str, source: str) -> int:
    """Different words that follow a denial ("no", "denies", "sin") in the text and in no place of the source.

    A candidate, not a proof: "Any fever?" "No." said and "no fever" written counts. The other way about,
    `source~text.added_negations`, a denial was left out.

    Args:
        text: what the tool wrote.
        source: what it was made from.

    Returns:
        A whole number.

    >>> added_negations("Denies chest pain, no fever.", "She has no chest pain. Fever since Monday.")
    1
    """
    return len(_denied(text) - _denied(source))


def _denied(text: str) -> set[str]:
    return set(_DENIED.findall(text.lower().replace("’", "'")))


def _all_denied(texts: Texts) -> Runs:
    return texts.once("denied", lambda: Runs.of(_found(texts), len(texts)))


def _found(texts: Texts) -> Iterator[tuple[int, str]]:
    """What is denied, looked for only where a word stands that may begin it."""
    tokens, whole = all_tokens(texts), texts.lowered.replace("’", "'")
    assert tokens.starts is not None  # noqa: S101  runs of characters have one
    begin = tokens.told(_BEGIN.__contains__, bool)
    last = 0
    for row, start in zip(tokens.rows[begin].tolist(), tokens.starts[begin].tolist(), strict=True):
        found = _DENIED.match(whole, start) if start >= last else None
        if found:
            last = found.end()
            yield row, found[1]
