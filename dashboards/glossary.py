"""The glossary: every word the pages use of numbers, in plain language, and every measure."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import getdoc

from dashboards.names import FAMILIES, measure
from dashboards.templating import HERE
from monitors.discovery import metrics


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


def measures() -> list[tuple[str, list[Term]]]:
    """Every measure by family: what it is, what zero means, where it comes from."""
    held: dict[str, list[Term]] = {family: [] for family in FAMILIES}
    for name, declared in sorted(metrics().items()):
        facts = declared.facts
        said = (getdoc(declared.compute) or "").partition("\n\n")[0].replace("\n", " ")
        unit = f"In {facts.unit}." if facts.unit else ""
        more = " ".join(part for part in (unit, f"Zero: {facts.zero}.", f"Source: {facts.source}.") if part)
        held[facts.family].append(Term(f"measure-{name.replace('_', '-')}", measure(name), said, more))
    return [(FAMILIES[family], terms) for family, terms in held.items() if terms]
