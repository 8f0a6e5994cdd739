"""Written: an assessed period as a report, section by section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dashboards.report.facts import Facts, dates
from dashboards.report.model import SCHEMA, Report, Row
from dashboards.report.sections import (
    bar,
    change,
    crossed,
    data,
    decision,
    evidence,
    front,
    gaps,
    groups,
    known,
    limits,
    log,
    options,
    overall,
    staff,
    target,
    tool,
)
from dashboards.report.sections.appendices import appendices
from monitors.assessed import Assessed
from monitors.audit import Audit
from monitors.canonical import digest
from monitors.governance.card import Card
from monitors.governance.registration import Registered
from monitors.release import RULES
from monitors.turns import Turn

LENGTH = 12  # hex digits of a report's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a report says beside its figures.

    Attributes:
        generated: when it was first made, UTC; head: the ledger's last entry then.
        live: the version that is live now.
        previous: id and digest of the report before it, and its figures; None for the first.
        changed: what changed in the period.
        evidence: rows of the evidence map.
        status: where it stands.
        plan: the approved plan whose period holds this one; None where there is none.
        plans: every version of the plans of this model.
        card: what is recorded of the tool; attributes: the rows of HTI-1's source attributes.
    """

    generated: str
    head: str
    live: str | None = None
    previous: tuple[str, str, Audit] | None = None
    changed: Sequence[Turn] = ()
    evidence: Sequence[Row] = ()
    status: Literal["draft", "for decision", "decided", "superseded"] = "for decision"
    plan: Registered | None = None
    plans: Sequence[Registered] = ()
    card: Card | None = None
    attributes: Sequence[Row] = ()


def written(assessed: Assessed, around: Around) -> Report:
    """The whole report; the same figures and surroundings give the same one."""
    facts = Facts(assessed, around.plan)
    config, audit = assessed.config, assessed.audit
    previous = around.previous
    sections = (
        tool.section(facts),
        bar.section(facts, around.plan),
        data.section(facts),
        overall.section(facts),
        groups.section(facts),
        gaps.section(facts),
        staff.section(facts),
        crossed.section(facts),
        change.section(facts, previous[2] if previous else None),
        target.section(facts),
        limits.section(facts),
        options.section(facts),
        decision.section(facts),
        evidence.section(around.evidence),
    )
    day = around.generated[:10]
    mark = (
        f"Screened for small cells on {day}, rule set v{RULES}"
        if assessed.edition == "shareable"
        else "Restricted: contains small counts"
    )
    made = Report(
        schema=SCHEMA,
        id="",
        title=f"Bias audit: {config.governance.title or config.model}",
        model=config.model,
        version=audit.version,
        period=dates(facts),
        edition=assessed.edition,
        watermark=mark,
        status=around.status,
        generated=around.generated,
        head=around.head,
        control=(),
        page=front.front(facts, around.changed, around.head),
        sections=sections,
        appendices=appendices(
            facts,
            log.section(around.changed, around.plans, previous[:2] if previous else None, assessed.edition),
            known.section(around.card, around.attributes, assessed.edition) if around.card else None,
        ),
        audit=assessed.shown.payload(),
    )
    named = replace(made, id=identity(assessed))
    return replace(named, control=_control(named, assessed, around))


def identity(assessed: Assessed) -> str:
    """A report's id: of the counts, the plan, the software and the edition."""
    audit = assessed.audit
    of = [assessed.edition, audit.digest, audit.software, SCHEMA]
    return f"R-{digest(of).removeprefix('sha256:')[:LENGTH]}"


def _control(report: Report, assessed: Assessed, around: Around) -> tuple[tuple[str, str], ...]:
    audit, entry = assessed.audit, assessed.entry
    previous = f"{around.previous[0]}, {around.previous[1]}" if around.previous else "none"
    config = assessed.config
    changed = (
        "" if config.digest == audit.config else "; the file has changed since these windows were audited"
    )
    return (
        ("Report", f"{report.id}, {report.edition} edition, {report.status}"),
        ("Model", f"{config.governance.title or config.model} ({config.model})"),
        ("Version audited", audit.version),
        ("Version live now", around.live or "not known"),
        ("Sites", config.columns.site or "not recorded"),
        ("Period", report.period),
        ("Data cut-off", f"{entry.at:%Y-%m-%d %H:%M} UTC"),
        ("Generated", around.generated.replace("T", " ").replace("Z", " UTC")),
        ("Software", audit.software),
        ("Configuration", audit.config + changed),
        *((("Plan", f"{around.plan.cited}, {around.plan.standing}"),) if around.plan else ()),
        ("Data snapshot", audit.profile),
        ("Ledger entry", f"{entry.seq}, {entry.hash}"),
        ("Ledger head", around.head),
        ("Previous report", previous),
    )
