"""Added negations: how many things a text denies that its source does not."""

from __future__ import annotations

import re

from monitors.textual import text_measure

_FILLERS = (
    "any", "known", "of", "the", "a", "an", "evidence", "history", "signs", "sign", "acute", "new", "have",
    "has", "had", "been", "is", "for", "de", "la", "el", "los", "las", "un", "una", "tiene", "hay", "ha",
)  # fmt: skip
_DENIED = re.compile(
    r"(?<![^\W_])(?:no|not|denies|denied|without|never|negative|absent|don't|doesn't|didn't|hasn't|isn't"
    r"|sin|niega|nunca|ni)"
    rf"(?:[ \t]+(?:{'|'.join(_FILLERS)}))*[ \t]+([^\W\d_]+)"
)


@text_measure(gives="number", zero="whatever is denied is denied in the source too", texts=2, beside=True)
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
