"""Reissue: a report as it was issued, with what the committee decided about it since.

The figures are the ones that were issued. The report before it stays as it was, and is superseded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from dashboards.report.model import Report, Row
from dashboards.report.sections import decision, evidence
from dashboards.report.sections.decision import Standing
from monitors.canonical import digest
from monitors.governance import matters as m
from monitors.governance.matters import Matter
from monitors.governance.signature import KIND as SIGNATURE
from monitors.ledger import Entry, Ledger
from monitors.window import utc

KIND = m.REPORT


def standing(ledger: Ledger, first: Entry, at: datetime, zone: tzinfo, rows: Sequence[Row] = ()) -> Report:
    """The report as it stands: the first where nobody decided, else one that says what was decided.

    Issued anew once for every state of the decision: a later decision, an action agreed on or closed.
    """
    report = Report.read(first.body)
    held = _held(ledger, first, report, zone)
    if held is None:
        return report
    issued = [e for e in ledger.entries(KIND, model=first.model) if e.summary.get("of") == first.key]
    last = max(issued, key=lambda e: e.seq, default=first)
    state = digest(_state(held.matter))
    if last.summary.get("state") == state:
        return Report.read(last.body)
    made = decided(
        report, held, Report.read(last.body), f"{first.key}-{len(issued) + 2}", ledger.head(), at, rows
    )
    ledger.append(
        KIND,
        made.id,
        made.payload(),
        model=first.model,
        version=first.version,
        window=first.window,
        stage=first.stage,
        summary={
            **first.summary, "id": made.id, "generated": made.generated, "head": made.head,
            "of": first.key, "supersedes": last.key, "because": "it was decided", "state": state,
        },
    )  # fmt: skip
    return made


def decided(
    first: Report, held: Standing, last: Report, name: str, head: str, at: datetime, rows: Sequence[Row] = ()
) -> Report:
    """The first report with the decision in it; `last` is the issue it supersedes."""
    sections = tuple(
        decision.decided(s, held)
        if s.id == "decision"
        else evidence.section(rows)
        if rows and s.id == "evidence"
        else s
        for s in first.sections
    )
    told = {
        "Report": f"{name}, {first.edition} edition, decided",
        "Ledger head": head,
        "Generated": f"{_moment(at)}; its figures {_moment(datetime.fromisoformat(first.generated))}",
        "Supersedes": f"{last.id}, {last.digest}, because it was decided",
    }
    control = [(label, told.pop(label, said)) for label, said in first.control]
    page = replace(
        first.page, fingerprint=head.removeprefix("sha256:")[:16], decided=decision.sentence(held),
        chosen=first.page.choices[m.DECISIONS.index(held.decision.decision)],
    )  # fmt: skip
    return replace(
        first, id=name, status="decided", generated=utc(at), head=head, sections=sections, page=page,
        control=(*control, *told.items()),
    )  # fmt: skip


def _moment(at: datetime) -> str:
    return utc(at).replace("T", " ").replace("Z", " UTC")


def _held(ledger: Ledger, first: Entry, report: Report, zone: tzinfo) -> Standing | None:
    """What was decided of the report itself, or else of its other edition."""
    found = {matter.key: matter for matter in m.matters(ledger, first.model)}
    others = [
        e.key for e in ledger.entries(KIND, model=first.model, window=first.window, bodies=False)
        if e.version == first.version and e.summary.get("edition") != report.edition
    ]  # fmt: skip
    for key in (first.key, *reversed(others)):
        matter = found.get(key)
        if matter is not None and matter.decisions:
            signed = {
                e.body["of"]: (e.body["meaning"], e.body["key"])
                for e in ledger.entries(SIGNATURE, model=first.model)
            }
            return Standing(
                matter=matter, signatures=signed, named=report.edition == "restricted", zone=zone,
                elsewhere=None if key == first.key else key,
            )  # fmt: skip
    return None


def _state(matter: Matter) -> list[object]:
    """What a reissue shows, by the entries it is of."""
    actions = [[a.seq, utc(a.closed_at) if a.closed_at else None] for a in matter.actions]
    return [matter.key, [d.seq for d in matter.decisions], actions]
