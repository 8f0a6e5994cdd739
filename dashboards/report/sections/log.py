"""Appendix G: what changed, of the tool, of what was asked of it, and of this report."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.report.model import Column, Row, Section, Table
from monitors.assessed import Edition
from monitors.governance.registration import Registered
from monitors.turns import Turn


def section(
    changed: Sequence[Turn], plans: Sequence[Registered], previous: tuple[str, str] | None, edition: Edition
) -> Section:
    """The log, oldest first within each kind."""
    rows: list[Row] = [
        (f"{t.window.start:%Y-%m-%d}", "the tool", f"{t.words}", "the audits of its windows") for t in changed
    ]
    for plan in plans:
        rows.append((f"{plan.at:%Y-%m-%d}", "the plan", f"{plan.name} was registered", f"entry {plan.seq}"))
        if plan.approved_at is not None:
            who = plan.role if edition == "shareable" else f"{plan.approved_by}, {plan.role}"
            said = (
                f"{plan.name} was approved by the {who}"
                if edition == "shareable"
                else f"{plan.name} was approved by {who}"
            )
            rows.append((f"{plan.approved_at:%Y-%m-%d}", "the plan", said, f"entry {plan.approved_seq}"))
    said = f"follows {previous[0]}" if previous else "the first of this edition"
    rows.append(("this one", "the report", said, previous[1] if previous else "–"))
    return Section(
        number="G", id="log", title="What changed",
        blocks=(
            Table(
                id="log", number="", title="Change log",
                columns=(Column(title="Date", width=0.7), Column(title="Of what", width=0.7), Column(title="What", width=2.2), Column(title="Where it is kept", width=1.6)),
                rows=tuple(rows),
                note="A report is never changed: one that is issued anew names the one it supersedes in its control block, and both remain.",
            ),
        ),
    )  # fmt: skip
