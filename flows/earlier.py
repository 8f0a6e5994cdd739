"""A model's earlier windows as people may see them: what slow change is summed over."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from monitors.audit import Audit
from monitors.errors import Removed
from monitors.ledger import Entry, Ledger
from monitors.plan import Rule
from monitors.release import shown
from monitors.slow import slow_findings

FURTHEST = 366  # windows back: a year of days, seven of weeks
_HELD = 2 * FURTHEST  # those of two models, as many as are audited at once
_held: OrderedDict[tuple[str, ...], Audit] = OrderedDict()
_lock = Lock()


def with_slow_change(audit: Audit, ledger: Ledger | None, rules: Mapping[str, Rule]) -> Audit:
    """The audit with a finding of slow change beside each finding whose rule asks for one.

    Args:
        audit: as judged, not yet recorded.
        ledger: where earlier windows stand, each at its newest version; None, and there are none.
        rules: those that watch for slow change, by where they stand.

    Only windows that ended before this one began are read, so a backfill finds what a live run did;
    and only back to where a retention rule let findings go.
    """
    if not rules:
        return audit
    history: list[Audit] = []
    if ledger is not None:
        for head in reversed(_before(ledger, audit)):
            try:
                earlier = _read(ledger, head, rules)
            except Removed:
                break
            if (earlier.config, earlier.reference) != (audit.config, audit.reference):
                break
            if any(f.severity != "info" for f in earlier.findings):  # else the calendar left it out
                history.append(earlier)
    return audit.with_findings((*audit.findings, *slow_findings(audit, history[::-1], rules)))


def _before(ledger: Ledger, audit: Audit) -> list[Entry]:
    """The audits of this version that stand for the windows before one, as far back as is looked."""
    many = FURTHEST
    while True:
        heads = ledger.heads(audit.model, before=audit.window.start, last=many)
        mine = [head for head in heads if head.version == audit.version]
        if len(mine) >= FURTHEST or len(heads) < many:
            return mine[-FURTHEST:]
        many *= 2  # other versions were audited for the same windows


def _read(ledger: Ledger, head: Entry, rules: Mapping[str, Rule]) -> Audit:
    """An audit's release, and of it what is watched; read once in a process, since a backfill asks again."""
    key = (ledger.url, head.digest, *rules)
    with _lock:
        if key in _held:
            _held.move_to_end(key)
            return _held[key]
    release = shown(ledger, [head])[0].audit
    found = release.with_findings(tuple(f for f in release.findings if f.rule in rules and f.slow is None))
    with _lock:
        _held[key] = found
        while len(_held) > _HELD:
            _held.popitem(last=False)
    return found
