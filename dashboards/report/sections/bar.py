"""Section 3: what was checked, and the bar that was set for it."""

from __future__ import annotations

from dashboards.report.facts import NOTHING, Facts, margin, measure
from dashboards.report.model import Column, Section, Table, Text
from monitors.audit import Finding
from monitors.governance.audit_plan import Question
from monitors.governance.registration import Registered


def section(facts: Facts, plan: Registered | None = None) -> Section:
    """Measures, comparators, margins, whom they were taken of, and what was registered before."""
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
            NOTHING if facts.shareable else finding.owner or "not named",
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
    if plan is not None:
        when = _registered(plan, facts.shareable)
    return Section(
        number="3",
        id="bar",
        title="What we checked, and the bar",
        blocks=(
            Text(paragraphs=(kinds, when)),
            *((_questions(facts, plan),) if plan is not None else ()),
            Table(
                id="questions", number="", title="Measures with a margin",
                columns=(
                    Column(title="Measure", width=1.6), Column(title="Against"), Column(title="Margin", width=0.9),
                    Column(title="Where it was set", width=1.2), Column(title="Owner"),
                ),
                rows=rows,
                note=(
                    "A margin in points is of every 100 people. Net benefit is in people rightly flagged per person."
                    + (" Owners are named in the restricted edition." if facts.shareable else "")
                ),
            ),
            Table(
                id="groups", number="", title="Groups of interest",
                columns=(Column(title="By"), Column(title="Groups", width=2.2), Column(title="Counted together", width=2.2)),
                rows=groups, note=f"Groups are named as they stand in the record. {approved}",
            ),
        ),
    )  # fmt: skip


def _registered(plan: Registered, shareable: bool) -> str:
    """Who approved which plan, and what that lets its answers be."""
    who = plan.role if shareable else f"{plan.approved_by}, {plan.role}"
    day = f"{plan.approved_at:%Y-%m-%d}" if plan.approved_at else "no day"
    return (
        f"The plan {plan.name} (hash {plan.digest}) was approved on {day} by {who}. It was {plan.standing}. "
        f"It asks: {plan.plan.question} What it did not ask is exploratory. Looked at: {plan.plan.looks}."
    )


def _margin(facts: Facts, asked: Question) -> str:
    """As the findings that answer it say it, where there is one."""
    found = next((f for f in facts.judged if (f.metric, f.margin) == (asked.measure, asked.margin)), None)
    return margin(found) if found else f"{asked.margin:g}"


def _questions(facts: Facts, plan: Registered) -> Table:
    """The registered questions, each with its margin and reason, and for whom it cannot be resolved."""
    rows = []
    for asked in plan.plan.questions:
        unresolved = [str(flag["group"]) for flag in plan.flags if flag["question"] == asked.name]
        reason = f"{asked.people}. {asked.reason}" if asked.people else asked.reason
        rows.append(
            (
                f"{measure(asked.measure)}, by {asked.by}",
                ", ".join(asked.groups) or "every group",
                "everyone else" if asked.against == "rest" else asked.against,
                f"± {_margin(facts, asked)}",
                asked.family,
                reason,
                ", ".join(unresolved) or "none",
            )
        )
    titles = (
        ("Question", 1.3), ("Of", 1.1), ("Against", 0.8), ("Margin", 0.6), ("Family", 0.8), ("Why this margin", 2.2),
        ("Volume too small for", 1.2),
    )  # fmt: skip
    left = "; ".join(f"{e.what} ({e.reason})" for e in plan.plan.exclusions)
    return Table(
        id="registered", number="", title="Registered questions",
        columns=tuple(Column(title=t, width=w) for t, w in titles), rows=tuple(rows),
        note=f"Left out: {left or 'nobody'}. Volumes are those of the reference.",
    )  # fmt: skip
