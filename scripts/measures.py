"""dashboards/measures.json, the measures of the glossary, from their own docstrings and facts."""

from __future__ import annotations

import json
from inspect import getdoc

from monitors.discovery import metrics
from monitors.words.names import FAMILIES, measure


def page() -> str:
    """By family, each measure as its anchor, its name, what it is, and what zero means and its source."""
    held: dict[str, list[tuple[str, str, str, str]]] = {family: [] for family in FAMILIES}
    for name, declared in sorted(metrics().items()):
        facts = declared.facts
        said = (getdoc(declared.compute) or "").partition("\n\n")[0].replace("\n", " ")
        unit = f"In {facts.unit}." if facts.unit else ""
        more = " ".join(part for part in (unit, f"Zero: {facts.zero}.", f"Source: {facts.source}.") if part)
        held[facts.family].append((f"measure-{name.replace('_', '-')}", measure(name), said, more))
    kept = {family: terms for family, terms in held.items() if terms}
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
