"""The committee's pack: what a period brought, what is open and overdue, from the ledger alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from monitors.acting import held
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.governance.anchor import PROVES, PROVES_NOT
from monitors.governance.inventory import queue
from monitors.governance.matters import REPORT, Action, Matter, actions, matters
from monitors.governance.registration import registered
from monitors.governance.tools import MOVED, SEEN, TOOL, Tool, alike, tools
from monitors.ledger import Entry, Ledger
from monitors.release import released
from monitors.review import review
from monitors.window import Window, utc

SCHEMA = 1
_PERIOD = re.compile(r"(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")
_NONE = "–"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the pack: sentences, and a table where there is something to list."""

    title: str
    said: Sequence[str]
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """What a committee gets before it meets.

    Attributes:
        period, start, end: as asked for, and its bounds; generated: when it was made.
        entries, head: of the ledger, when it was read.
        parts: in the order of the meeting.
    """

    schema: int
    period: str
    start: str
    end: str
    generated: str
    entries: int
    head: str
    parts: Sequence[Part]

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """Of what it says about the period; not of when it was made, nor of the record's last entry."""
        return digest([self.period, [asdict(part) for part in self.parts[:-1]]])


def period_of(text: str) -> Window:
    """A year, a quarter or a month, in UTC. Raises ValueError with the remedy.

    >>> str(period_of("2026-Q3"))
    '2026-07-01T00:00:00Z/2026-10-01T00:00:00Z'
    """
    match = _PERIOD.fullmatch(text)
    if match is None or int(match["year"]) < 1970:
        raise ValueError(f"must be a year, quarter or month such as 2026, 2026-Q3 or 2026-07 (got {text!r})")
    year, first, months = int(match["year"]), 1, 12
    if match["quarter"]:
        first, months = 3 * int(match["quarter"]) - 2, 3
    elif match["month"]:
        first, months = int(match["month"]), 1
    after = first + months
    end = datetime(year + (after > 12), after - 12 if after > 12 else after, 1, tzinfo=UTC)
    return Window(datetime(year, first, 1, tzinfo=UTC), end)


def pack(ledger: Ledger, configs: Mapping[str, ModelConfig], period: str, at: datetime) -> Pack:
    """The pack of a period as things stand at a moment. Raises ValueError where the period is none."""
    span = period_of(period)
    found, known = matters(ledger), tools(ledger, configs)
    waiting = [s.name for s in queue(ledger, configs)]
    parts = (
        _agenda(found, known, waiting, ledger, at),
        _open(found, at),
        _owed(actions(found), at),
        _decided(found, span),
        _worked(actions(found), span),
        _audits(ledger, span),
        _plans(ledger, span),
        _changes(ledger, span),
        _inventory(ledger, known, waiting, span),
        _alerts(ledger, span, at),
        _record(ledger),
    )
    last = ledger.last()
    entries, head = (last.seq, last.hash) if last else (0, ledger.head())
    start, end = utc(span.start), utc(span.end)
    return Pack(SCHEMA, period, start, end, utc(at), entries, head, parts)


def _agenda(
    found: Sequence[Matter], known: Mapping[str, Tool], waiting: Sequence[str], ledger: Ledger, at: datetime
) -> Part:
    overdue = [a for a in actions(found) if a.overdue(at)]
    review_due = [t.name for t in known.values() if t.review_overdue(at)]
    unapproved = [r.name for r in registered(ledger) if r.approved_at is None]
    items = (
        ("Decide", [m.key for m in found if m.open]),
        ("Ask about actions that are overdue", [a.key for a in overdue]),
        ("Approve plans, before their data are looked at", unapproved),
        ("Look again at tools whose review is due", review_due),
        ("Say what was seen in use", list(waiting)),
    )
    asked = [(what, which) for what, which in items if which]
    rows = [
        (str(i), what, str(len(which)), ", ".join(which)[:300]) for i, (what, which) in enumerate(asked, 1)
    ]
    said = () if rows else ("Nothing waits for the committee.",)
    return Part("Agenda", said, ("No.", "Item", "How many", "Which"), rows)


def _open(found: Sequence[Matter], at: datetime) -> Part:
    waiting = sorted((m for m in found if m.open), key=lambda m: m.seq)
    rows = [
        (
            m.key,
            m.model,
            m.question,
            str(m.days(at)),
            m.hears(at) or _NONE,
            str(len(m.votes)),
            ", ".join(m.absent),
        )
        for m in waiting
    ]
    columns = ("Matter", "Model", "Question", "Days open", "Also hears", "Votes", "Not voted")
    return Part("Open matters", () if rows else ("Nothing waits for a decision.",), columns, rows)


def _owed(held_actions: Sequence[Action], at: datetime) -> Part:
    owed = [a for a in held_actions if a.closed_at is None]
    rows = [
        (a.key, a.what, a.owner, a.due.isoformat(), str(a.overdue(at)) if a.overdue(at) else _NONE,
         a.hears(at) or _NONE, a.check)
        for a in owed
    ]  # fmt: skip
    late = sum(bool(a.overdue(at)) for a in owed)
    said = (f"{late} of {len(owed)} open actions are overdue.",) if owed else ("Nothing is owed.",)
    return Part(
        "Actions",
        said,
        ("Action", "What", "Owner", "Due", "Days overdue", "Also hears", "It worked if"),
        rows,
    )


def _decided(found: Sequence[Matter], span: Window) -> Part:
    rows = []
    for matter in reversed(found):
        for decision in matter.decisions:
            if span.start <= decision.at < span.end:
                dissent = "; ".join(f"{v.role}: {v.comment}" for v in matter.votes if v.dissents)
                day, conditions = decision.at.date().isoformat(), "; ".join(decision.conditions)
                told = (day, matter.model, matter.question, decision.decision, decision.reason)
                rows.append((*told, conditions or _NONE, dissent or _NONE, str(decision.seq)))
    columns = ("On", "Model", "Question", "Decision", "Reason", "Conditions", "Dissent", "Entry")
    return Part("Decisions of the period", () if rows else ("Nothing was decided.",), columns, rows)


def _worked(held_actions: Sequence[Action], span: Window) -> Part:
    closed = [a for a in held_actions if a.closed_at and span.start <= a.closed_at < span.end]
    rows = [
        (a.key, a.what, a.check, a.worked or _NONE, a.outcome or _NONE, a.closed_by or _NONE) for a in closed
    ]
    columns = ("Action", "What was done", "It worked if", "Did it", "What came of it", "Closed by")
    return Part("What earlier actions came to", () if rows else ("No action was closed.",), columns, rows)


def _audits(ledger: Ledger, span: Window) -> Part:
    rows: list[tuple[str, ...]] = []
    for model in ledger.models():
        heads = [h for h in ledger.heads(model) if span.start < Window.parse(str(h.window)).end <= span.end]
        if not heads:
            rows.append((model, "0", _NONE, _NONE, _NONE, _NONE, "no window of the period was audited"))
            continue
        shown = released(ledger, heads[-1].digest)
        counts = shown.counts() if shown else {}
        told = (str(counts.get(v, _NONE)) for v in ("beyond", "different", "cannot_tell", "failed"))
        plan = shown.plan if shown and shown.plan else "rules of the model's file"
        rows.append((model, str(len(heads)), *told, plan))
    columns = ("Model", "Windows", "Beyond", "Different", "Cannot tell", "Failed", "Judged by")
    reports = _during(ledger.entries(REPORT, bodies=False), span)
    said = [f"Figures are of the last window of the period. Bias audits written: {len(reports)}."]
    said += [
        f"{r.key}: {r.model}, {r.summary.get('edition', 'edition not known')}, entry {r.seq}."
        for r in reports
    ]
    return Part("Audits", said, columns, rows)


def _plans(ledger: Ledger, span: Window) -> Part:
    rows = [
        (r.name, r.plan.model, str(len(r.plan.questions)), str(len(r.flags)), r.standing, r.digest[7:19])
        for r in registered(ledger)
        if span.start <= (r.approved_at or r.at) < span.end
    ]
    columns = ("Plan", "Model", "Questions", "Cannot be resolved", "Standing", "Hash begins")
    return Part("Plans", () if rows else ("No plan was registered or approved.",), columns, rows)


def _changes(ledger: Ledger, span: Window) -> Part:
    rows = [
        (
            e.at.date().isoformat(),
            str(e.model),
            f"declaration of version {e.version}",
            e.digest[7:19],
            str(e.seq),
        )
        for e in _during(ledger.entries("config", bodies=False), span)
    ]
    rows += [
        (
            e.at.date().isoformat(),
            str(e.model),
            f"told nobody until {e.body['until']}",
            e.body["reason"],
            str(e.seq),
        )
        for e in _during(ledger.entries("silenced"), span)
    ]
    columns = ("On", "Model", "What", "Why, or hash", "Entry")
    return Part(
        "Changes and silences", () if rows else ("Nothing was changed or silenced.",), columns, sorted(rows)
    )


def _inventory(ledger: Ledger, known: Mapping[str, Tool], waiting: Sequence[str], span: Window) -> Part:
    rows = [
        (e.at.date().isoformat(), e.body["name"], f"moved to {e.body['to']}",
         f"unmet then: {'; '.join(e.body['unmet'])}" if e.body["unmet"] else e.body["reason"], str(e.seq))
        for e in _during(ledger.entries(MOVED), span)
    ]  # fmt: skip
    rows += [
        (e.at.date().isoformat(), e.body["name"], said, e.body.get("source", ""), str(e.seq))
        for kind, said in ((TOOL, "recorded"), (SEEN, "seen in use"))
        for e in _during(ledger.entries(kind), span)
    ]
    by_tier = {
        tier: sum(t.fact("tier") == tier for t in known.values()) for tier in ("high", "medium", "low", "")
    }
    told = ", ".join(f"{n} {tier or 'without a tier'}" for tier, n in by_tier.items() if n)
    said = [f"{len(known)} tools are known: {told or 'none'}. {len(waiting)} were seen and are not known."]
    said += [
        f"Same function, {function}: {', '.join(names)}." for function, names in alike(known.values()).items()
    ]
    return Part("Inventory", said, ("On", "Tool", "What", "Why or whence", "Entry"), sorted(rows))


def _alerts(ledger: Ledger, span: Window, at: datetime) -> Part:
    lines = review(held(ledger, at), span.start, span.end)
    rows = [
        (line.rule, line.severity, str(line.fired), str(line.acted), str(line.useless),
         _NONE if line.actionable is None else f"{line.actionable:.0%}", line.proposal)
        for line in lines
    ]  # fmt: skip
    columns = ("Rule", "Who acts", "Fired", "Acted on", "Not useful", "Actionable", "Proposed")
    return Part("Alerts", () if rows else ("No alert was raised.",), columns, rows)


def _record(ledger: Ledger) -> Part:
    checked = ledger.checked()
    said = [
        f"The chain of {checked.entries} entries was checked and held then. Keep its head; it is below.",
        *(f"Let go: {many:,} under {rule}." for rule, many in checked.removed.items()),
    ]
    said += [f"Shown: {line}" for line in PROVES[:1]] + [f"Not shown: {line}" for line in PROVES_NOT]
    return Part("The record", said)


def _during(entries: Iterable[Entry], span: Window) -> list[Entry]:
    return sorted((e for e in entries if span.start <= e.at < span.end), key=lambda e: e.seq)
