"""The glossary: every word the pages use of numbers, in plain language, and every measure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from dashboards.templating import HERE
from monitors.words.names import FAMILIES


@dataclass(frozen=True, slots=True)
class Term:
    """A word, the name its place on the page has, what it means, and what zero or its source is."""

    anchor: str
    word: str
    meaning: str
    more: str = ""


def words() -> list[Term]:
    """The words of `glossary.txt`: each on a line of its own with its anchor, its meaning indented below.

    >>> [term.word for term in words()][:2]
    ['Window', 'Reference']
    """
    found = []
    for part in (HERE / "glossary.txt").read_text(encoding="utf-8").strip().split("\n\n"):
        head, _, meaning = part.partition("\n")
        word, _, anchor = head.partition(" #")
        found.append(Term(anchor, word, " ".join(meaning.split())))
    return found


@cache
def measures() -> list[tuple[str, list[Term]]]:
    """Every measure by family: what it is, what zero means, where it comes from.

    Out of a file that is written from the measures' own (`make docs`): to look one up nobody loads them all.

    >>> dict(measures())["Drift"][0].word
    'Shift (Anderson–Darling)'
    """
    held = json.loads((HERE / "measures.json").read_text(encoding="utf-8"))
    return [(FAMILIES[family], [Term(*term) for term in terms]) for family, terms in held.items()]
