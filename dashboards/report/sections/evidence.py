"""Section 15: where in this report the evidence for a requirement stands, as far as it was declared."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report.model import Column, Row, Section, Table, Text

TITLES = (
    ("Requirement id", 1.0), ("Text version", 1.0), ("Status", 0.8), ("Where in this report", 1.3), ("Evidence present?", 0.7), ("Gap and owner", 1.4),
)  # fmt: skip


def section(rows: Sequence[Row]) -> Section:
    """Table 11, from the rules the site keeps; without any, that there are none."""
    if not rows:
        said = "No map of requirements is kept with this service, so none is shown. This report is evidence, and no judgement in law."
        return Section(number="15", id="evidence", title="Evidence map", blocks=(Text(paragraphs=(said,)),))
    return Section(
        number="15", id="evidence", title="Evidence map",
        blocks=(
            Text(paragraphs=("The requirements this report itself speaks to, and where its evidence stands; V was read in the text itself, V2 in a secondary source. Whether a requirement is met is for people with the duty to judge it.",)),
            Table(
                id="t11", number="11", title="Evidence for requirements",
                columns=tuple(Column(title=t, width=w) for t, w in TITLES), rows=tuple(rows),
            ),
        ),
    )  # fmt: skip
