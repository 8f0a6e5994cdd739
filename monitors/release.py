"""Releases: audits as people may see them, worked out once and kept beside the audit itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitors.audit import Audit
from monitors.ledger import Ledger, Recorded
from monitors.suppression import published

RULES = 1  # of withholding; another number works every release out anew


def keep(ledger: Ledger, audit: Audit) -> Audit:
    """Work out the release of a recorded audit, set against earlier ones of its window, and keep it."""
    if found := ledger.get("release", _key(audit)):
        return Audit.read(found.body)
    before = ledger.entries("release", model=audit.model, window=str(audit.window))
    shown = published(audit, tuple(Audit.read(entry.body) for entry in before))
    ledger.append(
        "release",
        _key(audit),
        shown.payload(),
        model=audit.model,
        version=audit.version,
        window=str(audit.window),
        stage=audit.stage,
    )
    return shown


def kept(ledger: Ledger, audit: Audit) -> Audit:
    """The release of an audit as it was kept, or worked out now where none was."""
    found = ledger.get("release", _key(audit))
    return Audit.read(found.body) if found else published(audit)


def releases(
    ledger: Ledger, model: str, *, before: datetime | None = None, last: int | None = None
) -> list[Recorded]:
    """A model's windows as people may see them, oldest first; `before` and `last` as in `Ledger.audits`."""
    found = []
    for recorded in ledger.audits(model, before=before, last=last):
        release = ledger.get("release", f"{recorded.digest}|{RULES}")
        shown = Audit.read(release.body) if release else published(recorded.audit)
        found.append(replace(recorded, audit=shown))
    return found


def _key(audit: Audit) -> str:
    return f"{audit.digest}|{RULES}"
