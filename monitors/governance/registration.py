"""Registering a plan, approving it, and citing it: which plan was in force for which window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitors.acting import LONGEST_TEXT, NotAccepted
from monitors.governance.audit_plan import AuditPlan
from monitors.governance.resolving import Flag
from monitors.ledger import Entry, Ledger
from monitors.window import Window

REGISTERED, APPROVED = "plan_registered", "plan_approved"


@dataclass(frozen=True, slots=True)
class Registered:
    """One version of a plan as it stands.

    Attributes:
        number: the version, from 1; digest: what was hashed and approved.
        window: the period, in the model's own days; flags: what its volume cannot resolve.
        approved_by, role, reason, approved_at: who approved it; None where nobody has.
        seen: how many windows of the period had been audited by the time it was approved.
    """

    plan: AuditPlan
    number: int
    digest: str
    window: Window
    at: datetime
    seq: int
    flags: tuple[Mapping[str, Any], ...] = ()
    approved_by: str | None = None
    role: str | None = None
    reason: str | None = None
    approved_at: datetime | None = None
    approved_seq: int | None = None
    seen: int = 0

    @property
    def name(self) -> str:
        """What people cite: the plan and its version."""
        return f"{self.plan.plan} v{self.number}"

    @property
    def standing(self) -> str:
        """What may be said of its answers."""
        if self.approved_at is None:
            return "registered, not approved: its answers are exploratory"
        if self.seen:
            return (
                f"approved after {self.seen} {'window' if self.seen == 1 else 'windows'} of its period had "
                f"been audited: its answers are exploratory"
            )
        return "approved before the data were looked at"

    @property
    def cited(self) -> str:
        """What an audit or an alert cites it by."""
        return f"{self.name} {self.digest}"


def register(ledger: Ledger, plan: AuditPlan, window: Window, found: Sequence[Flag]) -> Registered:
    """Write a plan down as its next version; the same plan again is the version it was."""
    earlier = [r for r in registered(ledger) if r.plan.plan == plan.plan]
    for known in earlier:
        if known.digest == plan.digest:
            return known
    if earlier and earlier[0].plan.model != plan.model:
        raise NotAccepted(
            f"{plan.plan} is a plan of {earlier[0].plan.model}; choose another name for this one"
        )
    number = len(earlier) + 1
    ledger.append(
        REGISTERED,
        f"{plan.plan}|{number}",
        {
            "plan": plan.model_dump(mode="json", by_alias=True),
            "digest": plan.digest,
            "flags": [flag.payload() for flag in found],
        },
        model=plan.model,
        version=str(number),
        window=str(window),
    )
    return find(ledger, plan.plan, number)


def approve(ledger: Ledger, name: str, number: int, by: str, role: str, reason: str) -> Registered:
    """Approve a version. Raises NotAccepted where it is not there, or is approved already."""
    known = find(ledger, name, number)
    said = {"by": by.strip(), "role": role.strip(), "reason": reason.strip()}
    for what, text in said.items():
        if not text or len(text) > LONGEST_TEXT:
            raise NotAccepted(
                f"say {what!r} in 1 to {LONGEST_TEXT} characters: an approval has a name and a reason"
            )
    if known.approved_by is not None:
        raise NotAccepted(f"{known.name} was approved already, by {known.approved_by}")
    newest = max(r.number for r in registered(ledger) if r.plan.plan == name)
    if number != newest:
        raise NotAccepted(f"{known.name} was followed by version {newest}; approve that one")
    body = {**said, "digest": known.digest, "seen": _seen(ledger, known)}
    ledger.append(
        APPROVED, f"{name}|{number}", body,
        model=known.plan.model, version=str(number), window=str(known.window),
    )  # fmt: skip
    return find(ledger, name, number)


def registered(ledger: Ledger, model: str | None = None) -> list[Registered]:
    """Every version of every plan, oldest first."""
    approvals = {entry.key: entry for entry in ledger.entries(APPROVED, model=model)}
    found = [_read(entry, approvals.get(entry.key)) for entry in ledger.entries(REGISTERED, model=model)]
    return sorted(found, key=lambda r: r.seq)


def find(ledger: Ledger, name: str, number: int | None = None) -> Registered:
    """One version of a plan, by default its last. Raises NotAccepted where there is none."""
    found = [r for r in registered(ledger) if r.plan.plan == name and number in (None, r.number)]
    if not found:
        which = f"version {number} of " if number else ""
        raise NotAccepted(f"there is no {which}plan {name[:100]!r}; `rounds plan` lists them")
    return found[-1]


def in_force(ledger: Ledger, model: str, window: Window) -> Registered | None:
    """The approved plan that a window is judged under: the one approved last whose period holds it."""
    found = [
        r for r in registered(ledger, model)
        if r.approved_seq is not None and r.window.start <= window.start and window.end <= r.window.end
    ]  # fmt: skip
    return max(found, key=lambda r: r.approved_seq or 0, default=None)


def cited(ledger: Ledger, model: str, window: Window) -> str | None:
    """The approved plan that a window is judged under, as it is cited; None where there is none."""
    plan = in_force(ledger, model, window)
    return plan.cited if plan else None


def _seen(ledger: Ledger, known: Registered) -> int:
    """How many windows of the period had been audited, with outcomes where the questions need them."""
    needs_outcomes = _needs_outcomes(known.plan)
    return sum(
        Window.parse(str(head.window)).overlaps(known.window)
        for head in ledger.heads(known.plan.model)
        if head.stage == "outcome" or not needs_outcomes
    )


def _needs_outcomes(plan: AuditPlan) -> bool:
    from monitors.discovery import metrics  # reads every metric's file

    known = metrics()
    return all(q.measure in known and "outcome" in known[q.measure].facts.needs for q in plan.questions)


def _read(entry: Entry, approval: Entry | None) -> Registered:
    said: Mapping[str, Any] = approval.body if approval else {}
    return Registered(
        AuditPlan.model_validate(entry.body["plan"]),
        int(entry.version or 1),
        entry.body["digest"],
        Window.parse(str(entry.window)),
        entry.at,
        entry.seq,
        tuple(entry.body["flags"]),
        said.get("by"),
        said.get("role"),
        said.get("reason"),
        approval.at if approval else None,
        approval.seq if approval else None,
        int(said.get("seen", 0)),
    )
