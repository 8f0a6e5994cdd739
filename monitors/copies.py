"""Copies: which audits a copy was refused of until it was set aside, and that somebody asks for it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitors.errors import LedgerError
from monitors.ledger import Entry, Ledger

REFUSED, ASIDE, AGAIN, COPIED = "copy_refused", "copy_set_aside", "copy_again", "copied"
TAKEN = "copy_removed"  # from MLflow, its time being up


@dataclass(frozen=True, slots=True)
class Aside:
    """A copy that was set aside: of which audit, since when, and why in words."""

    digest: str
    model: str
    window: str
    at: datetime
    reason: str


def asides(ledger: Ledger, model: str | None = None) -> list[Aside]:
    """What is set aside now, oldest first: neither sent since, nor asked for again."""
    asked = {entry.key for entry in ledger.entries(AGAIN, model=model)}
    entries = [e for e in ledger.entries(ASIDE, model=model) if e.key not in asked]
    found = [e for e in entries if ledger.get(COPIED, copied_digest(e)) is None]
    return [
        Aside(copied_digest(e), str(e.model), str(e.window), e.at, e.body["reason"])
        for e in sorted(found, key=lambda e: e.seq)
    ]


def again(ledger: Ledger, digest: str) -> None:
    """Ask for a copy that was set aside; the model's next run sends it.

    Raises LedgerError where none is set aside under that digest or its beginning.
    """
    found = [e for e in ledger.entries(ASIDE) if copied_digest(e).startswith(digest)]
    open_ = [e for e in found if ledger.get(AGAIN, e.key) is None]
    if len({copied_digest(e) for e in open_}) != 1:
        raise LedgerError(f"{digest}: {len(open_)} copies are set aside under that digest; name one")
    for entry in open_:
        ledger.append(AGAIN, entry.key, {}, model=entry.model, window=entry.window)


def copied_digest(entry: Entry) -> str:
    """The audit that a refusal, or what followed from it, is about."""
    return entry.key.rpartition("|")[0]
