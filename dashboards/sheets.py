"""Sheets: what the governance pages show, as rows and columns for programs and spreadsheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dashboards.standing import owing, waiting
from dashboards.tables import Table
from monitors.governance.matters import Matter, actions
from monitors.governance.tools import FACTS, Sighting, Tool
from monitors.ledger import Entry
from monitors.raters.form import Reading
from monitors.raters.queue import Queue
from monitors.raters.reviewed import Reviewed
from monitors.window import utc


def decided(found: Iterable[Matter], now: datetime) -> Table:
    """A row a matter: how it stands, votes by kind, dissent, and the decision."""
    columns = (
        "matter", "model", "question", "since", "standing", "votes", "dissent", "not_voted", "decision",
        "reason", "conditions", "by", "role", "decided", "recheck", "plan", "entry",
    )  # fmt: skip
    rows = []
    for m in found:
        d = m.decision
        told = (
            (d.decision, d.reason, "; ".join(d.conditions), d.by, d.role, utc(d.at),
             d.recheck.isoformat() if d.recheck else None)
            if d else (None,) * 7
        )  # fmt: skip
        rows.append((
            m.key, m.model, m.question, utc(m.at), waiting(m, now),
            "; ".join(f"{v.role}: {v.vote}" for v in m.votes),
            "; ".join(f"{v.role}: {v.comment}" for v in m.votes if v.dissents), "; ".join(m.absent),
            *told, m.facts.get("plan"), m.seq,
        ))  # fmt: skip
    return Table(columns, tuple(rows))


def owed(found: Iterable[Matter], now: datetime) -> Table:
    """A row an action: who owes what, since when it is overdue, and what came of it."""
    columns = (
        "action", "matter", "model", "what", "owner", "due", "check", "standing", "days_overdue", "closed",
        "closed_by", "outcome", "worked", "entry",
    )  # fmt: skip
    return Table(columns, tuple(
        (a.key, a.matter, a.model, a.what, a.owner, a.due.isoformat(), a.check, owing(a, now), a.overdue(now),
         utc(a.closed_at) if a.closed_at else None, a.closed_by, a.outcome, a.worked, a.seq)
        for a in actions(found)
    ))  # fmt: skip


def tool_rows(found: Iterable[Tool], now: datetime) -> Table:
    """A row a tool, every fact as it stands; empty where nobody gave it."""
    columns = ("name", "lifecycle", "monitored", "review_overdue", *FACTS)
    return Table(columns, tuple(
        (t.name, t.lifecycle, "yes" if t.audited else "declared" if t.declared else "no",
         "yes" if t.review_overdue(now) else "no", *(t.fact(name) or None for name in FACTS))
        for t in found
    ))  # fmt: skip


def seen_rows(found: Iterable[Sighting]) -> Table:
    """A row a sighting: where it was seen, and what somebody said it is."""
    columns = ("sighting", "name", "vendor", "function", "source", "by", "at", "match", "outcome", "tool",
               "settled_by", "reason")  # fmt: skip
    return Table(columns, tuple(
        (s.key, s.name, s.facts.get("vendor"), s.facts.get("function"), s.source, s.by, utc(s.at), s.match,
         s.outcome, s.tool, s.settled_by, s.reason)
        for s in found
    ))  # fmt: skip


def issued(found: Iterable[Entry], known: Iterable[Matter], now: datetime) -> Table:
    """A row a report, newest first: what it is of, and whether it is open, decided or superseded."""
    columns = (
        "report",
        "model",
        "period",
        "edition",
        "beyond",
        "standing",
        "superseded_by",
        "issued",
        "entry",
    )
    newest = sorted(found, key=lambda e: e.seq, reverse=True)
    later = {e.summary["supersedes"]: e.key for e in newest if "supersedes" in e.summary}
    stands = {matter.key: waiting(matter, now) for matter in known}
    return Table(columns, tuple(
        (e.key, e.model, e.window, e.summary.get("edition"), e.summary["counts"]["Beyond the agreed margin"],
         "superseded" if e.key in later else stands.get(e.summary.get("of", e.key)), later.get(e.key),
         utc(e.at), e.seq)
        for e in newest
    ))  # fmt: skip


def voted(found: Iterable[Matter]) -> Table:
    """A row a vote."""
    columns = ("matter", "model", "role", "by", "vote", "conflict", "comment", "at", "entry")
    return Table(columns, tuple(
        (m.key, m.model, v.role, v.by, v.vote, v.conflict, v.comment, utc(v.at), v.seq)
        for m in found for v in m.votes
    ))  # fmt: skip


def drawn(found: Iterable[tuple[Queue, Sequence[Reading]]]) -> Table:
    """A row a review queue: what was drawn, and how much of it is read."""
    columns = ("queue", "model", "window", "drawn_by", "outputs", "read", "entry")
    return Table(columns, tuple(
        (q.key, q.model, str(q.window), q.by or "lot", len(q.outputs), len({r.output for r in told}), q.seq)
        for q, told in found
    ))  # fmt: skip


def found(held: Reviewed) -> Table:
    """A row a question and group; a share that would tell of a handful is not there, and says why."""
    columns = ("question", "group", "share", "low", "high", "verdict", "reason")
    rates = [*held.rates, *([held.judged.rate] if held.judged else [])]
    return Table(columns, tuple(
        (r.question, r.group, r.estimate.value, r.estimate.low, r.estimate.high,
         str(r.verdict) if r.verdict else None, r.estimate.why or None)
        for r in rates
    ))  # fmt: skip
