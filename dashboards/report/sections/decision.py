"""Section 14: the decision log and the sign-off, open until people fill them."""

from __future__ import annotations

from dashboards.report.facts import Facts, group_name, measure
from dashboards.report.model import Column, Section, Table, Text
from monitors.audit import Verdict
from monitors.worst import worst_first

ROLES = (
    "Clinical owner", "Data scientist or statistician, not of the model's team", "Ethics or equity lead", "Quality and patient safety",
    "Privacy and regulation", "Patient or community member", "Executive sponsor",
)  # fmt: skip
OPEN = ""
LISTED = 8


def section(facts: Facts) -> Section:
    """Tables 9 and 10."""
    found = [f for f in worst_first(facts.judged) if f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)]
    rows = []
    for place, finding in enumerate(found[:LISTED], start=1):
        said = f"{measure(finding.metric)}, {group_name(finding.subject, finding.group)}: {finding.verdict} the margin"
        said = said.replace("different the margin", "different, size unclear")
        rows.append((f"F{place}", said, "tables 4 and 3", facts.people(finding), *(OPEN,) * 9))
    if not rows:
        rows.append(("F1", "No gap was beyond its margin or surely there.", "table 4", "–", *(OPEN,) * 9))
    findings = (
        ("Finding ID", 0.6), ("Finding in one sentence", 2.0), ("Evidence", 0.8), ("Severity (harm × people)", 1.3), ("Options considered", 0.9),
        ("Decision", 0.9), ("Reason", 0.9), ("Owner", 0.8), ("Due", 0.7), ("How we will know it worked", 1.0), ("Re-check date", 0.7),
        ("Status", 0.6), ("Ledger entry", 0.7),
    )  # fmt: skip
    signing = (
        ("Role", 1.8), ("Name", 1.2), ("Present", 0.6), ("Conflict of interest declared", 0.9), ("Vote", 0.9), ("Comment or dissent", 1.3),
        ("Date and time (UTC and local)", 1.0), ("Signature meaning", 0.9), ("Signature / key id", 1.0), ("Ledger entry", 0.7),
    )  # fmt: skip
    more = f" {len(found) - LISTED} further findings are in appendix B." if len(found) > LISTED else ""
    return Section(
        number="14", id="decision", title="Decision log and sign-off",
        blocks=(
            Text(paragraphs=(f"This audit is open: no decision is recorded for it.{more}",)),
            Table(
                id="t9", number="9", title="Findings and actions",
                columns=tuple(Column(title=t, width=w) for t, w in findings), rows=tuple(rows), wide=True,
            ),
            Table(
                id="t10", number="10", title="Sign-off",
                columns=tuple(Column(title=t, width=w) for t, w in signing), rows=tuple((role, *(OPEN,) * 9) for role in ROLES), wide=True,
                note="Vote: approve, approve with conditions, reject, or abstain. Dissent is printed.",
            ),
        ),
    )  # fmt: skip
