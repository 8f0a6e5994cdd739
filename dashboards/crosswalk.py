"""Rows a report takes from the evidence map: what a bias audit itself speaks to, and HTI-1's attributes."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.report.model import Row
from monitors.governance import evidence, rules
from monitors.governance.evidence import House

# Where in a report a kind of evidence stands. What is not here is on the pages, not in a report.
WHERE: Mapping[str, str] = {
    "group_gaps": "sections 6 and 7",
    "local_performance": "section 5",
    "plan": "section 3",
    "resolving": "section 3",
    "quality": "section 4",
    "oversight": "section 8",
    "drift": "section 10",
    "not_measured": "page 1 and section 12",
    "withholding": "appendix C",
    "provenance": "page 1",
    "reported": "this report",
    "decided": "section 14",
    "actions": "section 14",
    "ledger": "appendix I",
}
SPOKEN_TO = {"group_gaps", "local_performance", "resolving", "withholding", "not_measured"}


def rows(house: House) -> list[Row]:
    """One row a requirement; the whole map is on the page /evidence.

    `house` holds the report's own model alone, so that "yes" means of this model.
    """
    found = evidence.gathered(house)
    made: list[Row] = []
    for text in rules.texts(rules.shipped()).values():
        for asked in text.requirements:
            if not SPOKEN_TO & set(asked.evidence):
                continue
            where = dict.fromkeys(WHERE.get(kind, "not in this report") for kind in asked.evidence)
            absent = [evidence.KINDS[k] for k in asked.evidence if found[k].said == "none yet"]
            gap = f"none yet of: {'; '.join(absent)}" if absent else "–"
            said = evidence.standing(asked.evidence, found)
            name = text.address.partition(",")[0]
            shown = "no" if said == "none yet" else said
            made.append(
                (
                    f"{name}: {asked.id} ({asked.mark})",
                    text.version,
                    text.status,
                    "; ".join(where),
                    shown,
                    gap,
                )
            )
    return made


def attributes(house: House) -> list[Row]:
    """The source attributes of HTI-1, each with what is kept here that answers it."""
    found = evidence.gathered(house)
    made: list[Row] = []
    for asked in rules.texts(rules.shipped())["hti-1-source-attributes"].requirements:
        kinds = "; ".join(evidence.KINDS[kind] for kind in asked.evidence)
        said = evidence.standing(asked.evidence, found)
        made.append(
            (
                asked.id,
                asked.asks,
                kinds or "only the developer can state it",
                "no" if said == "none yet" else said,
            )
        )
    return made
