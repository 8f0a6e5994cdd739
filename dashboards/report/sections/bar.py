"""Section 3: what was checked, and the bar that was set for it."""

from __future__ import annotations

from dashboards.report.facts import Facts, margin, measure
from dashboards.report.model import Column, Section, Table, Text
from monitors.audit import Finding


def section(facts: Facts) -> Section:
    """Measures, comparators, margins, and whom they were taken of."""
    config = facts.assessed.config
    seen: dict[str, Finding] = {}
    for finding in facts.judged:
        seen.setdefault(finding.metric, finding)
    rows = tuple(
        (
            measure(metric),
            "everyone else"
            if finding.against == "rest"
            else "its own target"
            if finding.against is None
            else str(finding.against),
            f"± {margin(finding)}",
            "in the model's plan" if finding.rule != "default" else "shipped starting point",
            "named in the restricted edition" if facts.shareable else finding.owner or "not named",
        )
        for metric, finding in seen.items()
    )
    own = sum(finding.rule != "default" for finding in seen.values())
    pooled = config.pooling
    groups = tuple(
        (
            attribute,
            ", ".join(facts.groups(attribute)),
            "; ".join(
                f"{name}: {', '.join(held)}" for name, held in facts.assessed.pools.get(attribute, {}).items()
            )
            or "none",
        )
        for attribute in (*facts.attributes, *facts.intersections)
    )
    approved = (
        f"The pooling map was approved by {pooled.approved.by} on {pooled.approved.when:%Y-%m-%d}: {pooled.approved.why}"
        if pooled is not None
        else "No pooling map was approved: every group stands alone."
    )
    kinds = (
        f"{len(rows)} measures have a margin; {own} of them {'was' if own == 1 else 'were'} set for this model. The others are "
        "starting points that Rounds ships, and the committee should put its own in their place."
    )
    when = (
        "The plan is a file kept under version control, and its fingerprint stands in the control block. "
        "It is not shown here that it was registered and approved before the data were seen, unless section 14 says so."
    )
    return Section(
        number="3",
        id="bar",
        title="What we checked, and the bar",
        blocks=(
            Text(paragraphs=(kinds, when)),
            Table(
                id="questions", number="", title="Measures with a margin",
                columns=(
                    Column(title="Measure", width=1.6), Column(title="Against"), Column(title="Margin", width=0.9),
                    Column(title="Where it was set", width=1.2), Column(title="Owner"),
                ),
                rows=rows,
                note="A margin in points is of every 100 people. Net benefit is in people rightly flagged per person.",
            ),
            Table(
                id="groups", number="", title="Groups of interest",
                columns=(Column(title="By"), Column(title="Groups", width=2.2), Column(title="Counted together", width=2.2)),
                rows=groups, note=f"Groups are named as they stand in the record. {approved}",
            ),
        ),
    )  # fmt: skip
