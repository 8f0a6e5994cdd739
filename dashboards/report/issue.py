"""Issue: a report written once, kept in the ledger, and set again from there, the same to the byte.

Once the committee has decided, it is issued anew with the decision in it; the first stays beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from dashboards.crosswalk import attributes
from dashboards.report.model import Report, Row
from dashboards.report.reissue import KIND, standing
from dashboards.report.written import Around, identity, written
from monitors.assessed import Assessed
from monitors.audit import Audit
from monitors.governance.card import gathered
from monitors.governance.evidence import House
from monitors.governance.registration import in_force, registered
from monitors.ledger import Entry, Ledger
from monitors.turns import turns
from monitors.window import Window, utc


def issue(ledger: Ledger, assessed: Assessed, at: datetime, evidence: Sequence[Row] = ()) -> Report:
    """The report of an assessed period: as it stands, or written now and entered in the ledger.

    Standing is: as it was issued, or with what was decided about it since.
    """
    first = ledger.get(KIND, identity(assessed)) or _first(ledger, assessed, at, evidence)
    return standing(ledger, first, at, assessed.config.zone, evidence)


def _first(ledger: Ledger, assessed: Assessed, at: datetime, evidence: Sequence[Row]) -> Entry:
    name = identity(assessed)
    report = written(assessed, _around(ledger, assessed, at, evidence))
    return ledger.append(
        KIND,
        name,
        report.payload(),
        model=report.model,
        version=report.version,
        window=str(assessed.window),
        stage=assessed.audit.stage,
        summary={
            "id": report.id,
            "edition": report.edition,
            "generated": report.generated,
            "head": report.head,
            "counts": dict(report.page.counts),
            **({"plan": plan.cited} if (plan := in_force(ledger, report.model, assessed.window)) else {}),
        },
    )


def digests(made: Mapping[str, bytes]) -> dict[str, str]:
    """The SHA-256 of each file, to be kept with a signature."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}


def _around(ledger: Ledger, assessed: Assessed, at: datetime, evidence: Sequence[Row]) -> Around:
    model, window = assessed.config.model, assessed.window
    configs = {entry.key: entry.body for entry in ledger.entries("config", model=model)}
    inside = [t for t in turns(assessed.history, configs) if window.start <= t.window.start < window.end]
    heads = ledger.heads(model)
    house = House(ledger, {model: assessed.config}, at, only=True)
    return Around(
        generated=utc(at),
        head=ledger.head(),
        live=heads[-1].version if heads else None,
        previous=_previous(ledger, assessed),
        changed=tuple(inside),
        evidence=tuple(evidence),
        plan=in_force(ledger, model, window),
        plans=tuple(registered(ledger, model)),
        card=gathered(ledger, {model: assessed.config}, model),
        attributes=tuple(attributes(house)),
    )


def _previous(ledger: Ledger, assessed: Assessed) -> tuple[str, str, Audit] | None:
    def before(entry: Entry) -> bool:
        held = Window.parse(str(entry.window))
        return (
            entry.body["edition"] == assessed.edition
            and entry.version == assessed.audit.version
            and held != assessed.window
            and held.end <= assessed.window.end
        )

    found = [e for e in ledger.entries(KIND, model=assessed.config.model) if before(e)]
    if not found:
        return None
    last = max(found, key=lambda e: (str(e.window_end), e.seq))
    return str(last.body["id"]), last.digest, Audit.read(last.body["audit"])
