"""Gates: what has to be there before a tool moves on; a move despite what is unmet is kept as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from monitors.governance.matters import paused
from monitors.governance.registration import registered
from monitors.governance.tools import Tool
from monitors.ledger import Ledger
from monitors.release import released

USED = ("silent", "pilot", "live")  # what a tool has to be fit for, each more than the one before


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition: what is asked, whether it is met, and what was found."""

    asks: str
    met: bool
    found: str


def gates(tool: Tool, to: str, ledger: Ledger, now: datetime) -> list[Gate]:
    """The conditions of a move; none for moves that take a tool out of use or only look at it.

    To run silently: somebody answers for it, it is known what for, and how much depends on it. For a
    pilot: also what happens while it is off, and acceptance criteria approved before the data. To go
    live: also a silent run or a pilot behind it, a last audit with nothing beyond its margin (what
    `rounds run --fail-on beyond` asks), a day for looking again, and no standing advice to pause.
    """
    return list(_gates(tool, USED.index(to), ledger, now)) if to in USED else []


def _gates(tool: Tool, stage: int, ledger: Ledger, now: datetime) -> Iterator[Gate]:
    for name, asks in (
        ("purpose", "it is written down what it is for"),
        ("clinical_owner", "somebody answers for it in care"),
        ("tier", "its risk tier is set"),
    ):
        yield Gate(asks, bool(tool.fact(name)), tool.fact(name) or "nothing recorded")
    if stage >= 1:
        fallback = tool.fact("fallback")
        yield Gate(
            "it is known what people do while it is off", bool(fallback), fallback or "nothing recorded"
        )
        plans = [r for r in registered(ledger, tool.name) if r.approved_at is not None]
        before = [r for r in plans if not r.seen]
        said = before[-1].name if before else "approved only after a look" if plans else "none approved"
        yield Gate("acceptance criteria were approved before the data were looked at", bool(before), said)
    if stage >= 2:
        tried = [m.to for m in tool.moves if m.to in ("silent", "pilot")]
        yield Gate(
            "it ran silently or as a pilot before", bool(tried), ", ".join(tried) or "no such stage recorded"
        )
        yield _last_audit(tool, ledger)
        due = tool.review
        fine = due is not None and due >= now.date()
        yield Gate("a day is set for looking at it again", fine, due.isoformat() if due else "none set")
        stop = paused(ledger, tool.name)
        yield Gate("no committee advises to pause it", stop is None, stop[0] if stop else "no such advice")


def _last_audit(tool: Tool, ledger: Ledger) -> Gate:
    asks = "nothing is beyond its margin in its last audit here"
    heads = ledger.heads(tool.name)
    if not heads:
        return Gate(asks, False, "it has no audit here; scores and outcomes are enough for one")
    audit = released(ledger, heads[-1].digest)
    if audit is None:
        return Gate(asks, False, "its last audit was not released yet; audit it again")
    beyond = audit.counts()["beyond"]
    return Gate(asks, beyond == 0, f"{beyond} beyond, window from {audit.window.start:%Y-%m-%d}")
