"""Quantities of a text, and words: lists that two texts can be set against each other by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from monitors.characters import BETWEEN, FIGURE, POINT, Runs, Texts, edges
from monitors.textual import MARK

# Symbols that medicine writes behind a number, and the few words that stand for one.
UNITS = (
    "mcg", "µg", "mg", "kg", "g", "ml", "dl", "l", "meq", "mmol", "mmhg", "iu", "cm", "mm", "%",
    "unit", "unidad", "tablet", "tableta", "capsule", "puff", "drop",
)  # fmt: skip
PATTERN = r"([0-9]+([.,][0-9]+)*)[ -]?(" + "|".join(UNITS) + r")(s|es)?($|[^a-z])"
_BEGIN = "\x02"
# The same of a plain text whose spaces are as they were.
_PLAIN = re.compile(
    r"([0-9]+(?:[.,][0-9]+)*)(?:[ \t\n\f\r]+|-)?(" + "|".join(UNITS) + r")(?:s|es)?(?:\Z|[^a-z])"
)
_BETWEEN = str.maketrans(dict.fromkeys('\t\n\f\r.,;:!?()[]"', " "))


def quantities(text: Any) -> Any:
    """The numbers with a unit that stand in a text, as a list: "400 mg", "2 g"."""
    plain = text.lower().replace(MARK, "").replace(_BEGIN, "").re_replace(r"\s+", " ")
    # The fifth is what stood behind: it belongs to the text, not to the quantity.
    marked = plain.re_replace(PATTERN, rf"{MARK}{_BEGIN}\1 \3{MARK}\5")
    return marked.split(MARK).filter(lambda part: part.startswith(_BEGIN))


def words(text: Any) -> Any:
    """The words of a text in small letters, without what stands between them, as a list."""
    return text.lower().re_replace(r"[\s.,;:!?()\[\]\"]+", " ").strip().split(" ")


def lacking(some: Any, others: Any) -> Any:
    """How many different members of one list the other has not; null where either is null.

    By the size of both together: a list looked for in another, member by member, would be made
    anew for each.
    """
    more = some.concat(others).unique().length() - others.unique().length()
    return (some.isnull() | others.isnull()).ifelse(None, more)


@lru_cache(maxsize=16)  # the texts of one row, each looked at by several measures
def plain_quantities(text: str) -> frozenset[str]:
    """`quantities` of a plain text.

    >>> sorted(plain_quantities("Give 400mg, then 2 g."))
    ['2 g', '400 mg']
    """
    bare = text.lower().replace(MARK, "").replace(_BEGIN, "")
    return frozenset([f"{number} {unit}" for number, unit in _PLAIN.findall(bare)])


@lru_cache(maxsize=16)
def plain_words(text: str) -> frozenset[str]:
    """`words` of a plain text; of none the empty one.

    >>> sorted(plain_words("Rest, and [rest]."))
    ['and', 'rest']
    """
    return frozenset(text.lower().translate(_BETWEEN).split(" ")) - {""} or frozenset([""])


def all_quantities(texts: Texts) -> Runs:
    """The quantities of many texts."""
    return texts.once("quantities", lambda: Runs.of(_found(texts), len(texts)))


def _found(texts: Texts) -> Iterator[tuple[int, str]]:
    """The quantities, looked for only where a number stands."""
    if MARK in texts.lowered or _BEGIN in texts.lowered:  # which lie between nothing
        for row, text in enumerate(texts.texts):
            yield from ((row, found) for found in plain_quantities(text))
        return
    starts, stops = edges(texts.joined(FIGURE, POINT))
    last = 0
    for row, start, stop in zip(texts.rows(starts).tolist(), starts.tolist(), stops.tolist(), strict=True):
        if stop <= last:
            continue
        # What stands behind a unit may be the next number's first figure.
        found = _PLAIN.match(texts.lowered, max(start, last))
        if found:
            last = found.end()
            yield row, f"{found[1]} {found[2]}"


def all_words(texts: Texts) -> Runs:
    """The words of many texts; of one without any, none."""
    return texts.once("words", lambda: texts.runs(~texts.of(BETWEEN)))
