"""Matters: what lies before a committee, who voted how, what was decided, and what is still owed.

A report without a decision is open, and ages. Nothing here is ever changed: a later decision on
the same matter stands over the earlier, and both remain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from monitors.ledger import Entry, Ledger
from monitors.window import Window

REPORT, RAISED, SIGNED, DECIDED = "report", "matter_raised", "report_signed", "decision_recorded"
ACTION, CLOSED = "action_agreed", "action_closed"
ROLES = (
    "clinical owner",
    "statistician outside the model's team",
    "ethics or equity lead",
    "quality or patient safety",
    "privacy",
    "patient or community member",
    "executive sponsor",
)
VOTES = ("approve", "approve with conditions", "reject", "abstain")
DECISIONS = (
    "continue",
    "continue with conditions",
    "restrict use",
    "change threshold",
    "recalibrate",
    "pause",
    "retire",
    "collect more data",
)
WORKED = ("yes", "no", "cannot tell")
# Who hears of what is overdue, after so many working days.
HEARS = ((20, "executive sponsor"), (5, "chair"))


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's sign-off: their role, vote, conflict of interest and words."""

    by: str
    role: str
    vote: str
    conflict: str
    comment: str
    at: datetime
    seq: int

    @property
    def dissents(self) -> bool:
        """Whether it has to be printed as dissent."""
        return self.vote in ("reject", "abstain") and bool(self.comment)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, why, on which conditions, and which roles had not voted by then."""

    decision: str
    reason: str
    conditions: tuple[str, ...]
    by: str
    role: str
    recheck: date | None
    absent: tuple[str, ...]
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Action:
    """Something somebody owes by a day, and how one will know that it worked."""

    key: str
    matter: str
    model: str
    what: str
    owner: str
    due: date
    check: str
    at: datetime
    seq: int
    closed_by: str | None = None
    outcome: str | None = None
    worked: str | None = None
    closed_at: datetime | None = None

    def overdue(self, now: datetime) -> int:
        """Days past its due day while it is open; 0 otherwise."""
        return max(0, (now.date() - self.due).days) if self.closed_at is None else 0

    def hears(self, now: datetime) -> str | None:
        """Who else hears of it by now; None while nobody has to."""
        return heard(self.due, now) if self.overdue(now) else None


@dataclass(frozen=True, slots=True)
class Matter:
    """A report, or what somebody raised, with everything said to it."""

    key: str
    model: str
    question: str
    kind: str
    at: datetime
    seq: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    votes: tuple[Vote, ...] = ()
    decisions: tuple[Decision, ...] = ()
    actions: tuple[Action, ...] = ()

    @property
    def decision(self) -> Decision | None:
        """The one that stands."""
        return self.decisions[-1] if self.decisions else None

    @property
    def open(self) -> bool:
        """Whether nobody has decided it."""
        return not self.decisions

    def days(self, now: datetime) -> int:
        """How many days it has waited, or waited until it was decided."""
        return ((self.decisions[0].at if self.decisions else now) - self.at).days

    def hears(self, now: datetime) -> str | None:
        """Who else hears that it is still open; None while nobody has to."""
        return heard(self.at.date(), now) if self.open else None

    @property
    def absent(self) -> tuple[str, ...]:
        """The roles that ought to vote and have not."""
        voted = {vote.role for vote in self.votes}
        return tuple(role for role in ROLES if role not in voted)


def matters(ledger: Ledger, model: str | None = None) -> list[Matter]:
    """Every matter, newest first, as it stands. A report issued anew is still the matter it was."""
    votes, decisions = (_by_matter(ledger.entries(kind, model=model)) for kind in (SIGNED, DECIDED))
    closings = {entry.key: entry for entry in ledger.entries(CLOSED, model=model)}
    agreed = _by_matter(ledger.entries(ACTION, model=model))
    brought = [
        *(
            (e, _of_report(e))
            for e in ledger.entries(REPORT, model=model, bodies=False)
            if "of" not in e.summary
        ),
        *((e, str(e.body["question"])) for e in ledger.entries(RAISED, model=model)),
    ]
    found = [
        Matter(
            entry.key,
            str(entry.model),
            question,
            entry.kind,
            entry.at,
            entry.seq,
            entry.summary,
            tuple(_vote(e) for e in votes.get(entry.key, ())),
            tuple(_decision(e) for e in decisions.get(entry.key, ())),
            tuple(_action(e, closings.get(e.key)) for e in agreed.get(entry.key, ())),
        )
        for entry, question in brought
    ]
    return sorted(found, key=lambda m: m.seq, reverse=True)


def actions(found: Iterable[Matter]) -> list[Action]:
    """Every action of these matters, the longest overdue first, closed ones last."""
    held = [action for matter in found for action in matter.actions]
    return sorted(held, key=lambda a: (a.closed_at is not None, a.due, a.seq))


def paused(ledger: Ledger, model: str) -> tuple[str, Decision] | None:
    """The matter and the decision by which a model is advised to be paused; None where none stands.

    What was decided last about a model counts, on whatever matter.
    """
    last = max(ledger.entries(DECIDED, model=model), key=lambda e: e.seq, default=None)
    if last is None or last.body["decision"] != "pause":
        return None
    return str(last.body["matter"]), _decision(last)


def heard(since: date, now: datetime) -> str | None:
    """Who hears of something that has waited since a day, counted in working days.

    >>> from datetime import UTC
    >>> [heard(date(2026, 3, 2), datetime(2026, 3, d, tzinfo=UTC)) for d in (6, 9, 30)]
    [None, 'chair', 'executive sponsor']
    """
    days = working_days(since, now.date())
    return next((who for least, who in HEARS if days >= least), None)


def working_days(start: date, end: date) -> int:
    """Days from Monday to Friday after `start` up to `end`; holidays count as days.

    >>> working_days(date(2026, 3, 6), date(2026, 3, 9))
    1
    """
    days = max((end - start).days, 0)
    whole, rest = divmod(days, 7)
    return whole * 5 + sum((start + timedelta(days=i)).weekday() < 5 for i in range(1, rest + 1))


def _of_report(entry: Entry) -> str:
    """What a report asks of the committee; both editions of one period are a matter each."""
    period, edition = Window.parse(str(entry.window)), entry.summary.get("edition", "")
    days = f"{period.start:%-d %b %Y} to {period.end:%-d %b %Y}"
    return f"Bias audit of {entry.model}, {days}{f', {edition} edition' if edition else ''}"


def _by_matter(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda e: e.seq):
        found.setdefault(entry.body["matter"], []).append(entry)
    return found


def _vote(entry: Entry) -> Vote:
    said = entry.body
    by, role, vote = said["by"], said["role"], said["vote"]
    return Vote(by, role, vote, said["conflict"], said["comment"], entry.at, entry.seq)


def _decision(entry: Entry) -> Decision:
    said = entry.body
    recheck = date.fromisoformat(said["recheck"]) if said["recheck"] else None
    return Decision(
        said["decision"], said["reason"], tuple(said["conditions"]), said["by"], said["role"], recheck,
        tuple(said["absent"]), entry.at, entry.seq,
    )  # fmt: skip


def _action(entry: Entry, closing: Entry | None) -> Action:
    said: Mapping[str, Any] = entry.body
    over: Mapping[str, Any] = closing.body if closing else {}
    return Action(
        entry.key, said["matter"], str(entry.model), said["what"], said["owner"],
        date.fromisoformat(said["due"]), said["check"], entry.at, entry.seq,
        over.get("by"), over.get("outcome"), over.get("worked"), closing.at if closing else None,
    )  # fmt: skip
