"""dashboards/measures.json, the measures of the glossary, from their own docstrings and facts."""

from __future__ import annotations

import json

from monitors.described import told
from monitors.discovery import metrics
from monitors.words.names import FAMILIES, measure


def page() -> str:
    """By family, each measure as its anchor, its name, what it asks, and how, what zero means, its source."""
    held: dict[str, list[tuple[str, str, str, str]]] = {family: [] for family in FAMILIES}
    for name, declared in sorted(metrics().items()):
        facts = declared.facts
        said = told(declared)
        asked = f"{said.question[:1].upper()}{said.question[1:]}"
        unit = "" if facts.unit in ("", "pure number") else f"In {facts.unit}."
        how = f"Computed as: {said.formula.rstrip('.').replace('`', '')}."
        parts = (how, unit, f"Zero: {facts.zero}.", f"Source: {facts.source}.")
        more = " ".join(part for part in parts if part)
        held[facts.family].append((f"measure-{name.replace('_', '-')}", measure(name), asked, more))
    kept = {family: terms for family, terms in held.items() if terms}
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"
