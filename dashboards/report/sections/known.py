"""Appendix H: what is recorded of the tool, as a model card has it, and HTI-1's source attributes."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.cards.markdown import FACTS
from dashboards.report.model import Column, Row, Section, Table
from monitors.assessed import Edition
from monitors.governance.card import Card

NAMES = frozenset({"clinical_owner", "executive_owner", "device_by"})


def section(card: Card, attributes: Sequence[Row], edition: Edition) -> Section:
    """What people recorded; its results are the sections before, and its decisions section 14."""

    def told(name: str) -> str:
        hidden = name in NAMES and edition == "shareable" and card.facts.get(name)
        return "named in the restricted edition" if hidden else card.fact(name)

    facts = Table(
        id="card", number="", title="What is recorded of the tool",
        columns=(Column(title="What", width=1.0), Column(title="Recorded", width=2.6)),
        rows=tuple((label, told(name)) for label, name in FACTS),
        note="Recorded by people; Rounds has not checked it against practice. “rounds card” writes the card by itself.",
    )  # fmt: skip
    sources = Table(
        id="attributes", number="", title="The source attributes of HTI-1, 45 CFR 170.315(b)(11)(iv)(B)",
        columns=(
            Column(title="Attribute", width=0.7), Column(title="What it asks for", width=2.2),
            Column(title="What is kept here that answers it", width=2.2), Column(title="Evidence present?", width=0.8),
        ),
        rows=tuple(attributes),
        note="In our own words. They bind developers of federally listed health IT; a hospital may find them a useful list.",
    )  # fmt: skip
    return Section(
        number="H", id="card-of-the-tool", title="Model card and source attributes", blocks=(facts, sources)
    )
