"""Releases: audits as people may see them, worked out once and kept, each set against those before it.

The releases in the ledger are the register: what a new one shows is checked together with every
earlier one of the same model that shares time with it, so that nothing follows by subtraction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitors.audit import Audit, Finding, Verdict
from monitors.errors import Removed
from monitors.ledger import Entry, Ledger, Recorded
from monitors.window import Window, utc

if TYPE_CHECKING:
    from monitors.told import Release

RULES = 2  # of withholding; another number works every release out anew
_AT_ONCE = 50  # audits looked at together
REPORTED = "reported"  # the kind under which what a shareable report told stands in the ledger


def keep(ledger: Ledger, audit: Audit) -> Audit:
    """Work out the release of a recorded audit, set against the register, and enter it there."""
    if found := ledger.get("release", _key(audit)):
        return Audit.read(found.body)
    shown = _worked_out(ledger, audit)
    ledger.append(
        "release",
        _key(audit),
        shown.payload(),
        model=audit.model,
        version=audit.version,
        window=str(audit.window),
        stage=audit.stage,
        summary=summary(shown),
    )
    return shown


def summary(shown: Audit) -> dict[str, Any]:
    """What a list of windows says of one, so that it need not be opened."""
    return {
        **{name: getattr(shown, name) for name in ("rows", "config", "reference", "software")},
        "worst": str(shown.worst),
        "counts": shown.counts(),
        "over": any(f.over for f in shown.findings),
        "slow": [f.payload() for f in shown.findings if f.since is not None],
    }


def summed(ledger: Ledger, heads: Sequence[Entry]) -> list[dict[str, Any]]:
    """What a list of windows says of audits that stand, given their entries.

    `rows` (None where withheld), `worst`, `counts` by verdict, and `slow`, slow changes that stand.
    """
    keys = [f"{head.digest}|{RULES}" for head in heads]
    told = {entry.key: entry for entry in ledger.several("release", keys, bodies=False)}
    found = []
    for head in heads:
        release = told.get(f"{head.digest}|{RULES}")
        known = release is not None and "worst" in release.summary
        found.append(dict(release.summary) if release and known else summary(shown(ledger, [head])[0].audit))
    return found


def kept(ledger: Ledger, audit: Audit) -> Audit:
    """The release of an audit as it was kept, or worked out now where none was."""
    found = ledger.get("release", _key(audit))
    return Audit.read(found.body) if found else _worked_out(ledger, audit)


def released(ledger: Ledger, audit_digest: str) -> Audit | None:
    """What was kept as released of the audit with this digest; None where nothing was, or by older rules."""
    found = ledger.get("release", f"{audit_digest}|{RULES}")
    return Audit.read(found.body) if found else None


def register(ledger: Ledger, audit: Audit) -> list[Release]:
    """What people have seen of this window, and last of each other one that shares time with its figures."""
    from monitors.told import Release

    told = {str(audit.window), *(f.over for f in audit.findings if f.over is not None)}
    spans = [Window.parse(span) for span in told]
    found = [
        Release(Audit.read(entry.body))
        for entry in ledger.entries("release", model=audit.model, window=str(audit.window))
    ]
    for head in ledger.heads(audit.model, since=min(span.start for span in spans)):
        window = Window.parse(str(head.window))
        if window == audit.window or not any(window.overlaps(span) for span in spans):
            continue
        entry = ledger.get(head.kind, head.key)
        recorded = Audit.read(entry.body, entry.digest) if entry else None
        shown = ledger.get("release", _key(recorded)) if recorded else None
        if shown is not None:
            found.append(Release(Audit.read(shown.body), recorded))
    found += _looks(ledger, audit)
    for entry in ledger.entries(REPORTED, model=audit.model):
        told_once = Audit.read(entry.body["shown"])
        if any(told_once.window.overlaps(span) for span in spans):
            found.append(Release(told_once, Audit.read(entry.body["recorded"])))
    return found


def _looks(ledger: Ledger, audit: Audit) -> list[Release]:
    """What whoever looked at the window's reviews may have seen of what the audit tells."""
    from monitors.raters.form import QUESTIONS
    from monitors.raters.looks import looks
    from monitors.told import Release

    asked = [name for name in QUESTIONS if any(f.metric == f"{name}_share" for f in audit.findings)]
    if not asked:
        return []
    given = tuple(
        Finding(
            metric=f"{name}_share", family="performance", subject="model", unit="share of outputs",
            verdict=Verdict.WITHIN, n=n, events=events,
        )
        for name in asked
        for n, events in looks(ledger, audit.model, audit.version, str(audit.window), name)
    )  # fmt: skip
    return [Release(replace(audit, rows=None, findings=given))] if given else []


def _worked_out(ledger: Ledger, audit: Audit) -> Audit:
    # Only here: whoever reads releases that are kept needs none of the arithmetic behind them.
    from monitors.suppression import published

    return _carried(ledger, published(audit, register(ledger, audit)))


def _carried(ledger: Ledger, shown: Audit) -> Audit:
    """The release, what is withheld in it told as it was when the last period before was counted.

    Nothing new is told; and nothing is asked of anyone, since it was asked then.
    """
    wanting = {
        (f.metric, f.subject, f.group)
        for f in shown.findings
        if f.verdict is Verdict.WITHHELD and f.group is not None
    }
    period = _last_period(ledger, shown) if wanting else ()
    given = [f for f in period if any((f.metric, f.subject, m) in wanting for m in f.holds or ())]
    stands = {(f.metric, f.subject, member) for f in given for member in f.holds or ()}
    left = [
        f for f in shown.findings
        if not (f.verdict is Verdict.WITHHELD and (f.metric, f.subject, f.group) in stands)
    ]  # fmt: skip
    return replace(shown, findings=(*left, *(replace(f, severity="info") for f in given)))


def _last_period(ledger: Ledger, shown: Audit) -> tuple[Finding, ...]:
    """The findings over several windows that were told last, before this window."""
    start = utc(shown.window.start)
    before = [seq for seq, window in ledger.places(shown.model) if window.partition("/")[2] <= start]
    for head, known in _newest_first(ledger, before):
        if head.version != shown.version:
            continue
        if known is not None and known.summary.get("over") is False:
            continue  # it tells of no period, so that it need not be opened
        entry = ledger.get(head.kind, head.key)
        if entry is not None and entry.gone:
            return ()  # nor is anything older there
        told = kept(ledger, Audit.read(entry.body, entry.digest)) if entry else None
        ending = str(head.window).partition("/")[2]
        found = tuple(f for f in told.findings if f.over and f.over.endswith(ending)) if told else ()
        if found:
            return found
    return ()


def _newest_first(ledger: Ledger, seqs: Sequence[int]) -> Iterator[tuple[Entry, Entry | None]]:
    """Audits with what is kept of their releases, without bodies; a few at a time, whatever the years."""
    for last in range(len(seqs), 0, -_AT_ONCE):
        heads = ledger.those(seqs[max(0, last - _AT_ONCE) : last])
        keys = [f"{head.digest}|{RULES}" for head in heads]
        light = {entry.key: entry for entry in ledger.several("release", keys, bodies=False)}
        yield from ((head, light.get(f"{head.digest}|{RULES}")) for head in reversed(heads))


def releases(
    ledger: Ledger, model: str, *, before: datetime | None = None, last: int | None = None
) -> list[Recorded]:
    """A model's windows as people may see them, oldest first; `before` and `last` as in `Ledger.audits`.

    Without those whose findings a retention rule let go.
    """
    found = []
    for head in ledger.heads(model, before=before, last=last):
        with contextlib.suppress(Removed):
            found += shown(ledger, [head])
    return found


def shown(ledger: Ledger, heads: Sequence[Entry]) -> list[Recorded]:
    """The audits of these entries as people may see them, in their order."""
    found = []
    for head in heads:
        release = released(ledger, head.digest)
        if release is None:
            (recorded,) = ledger.read([head])
            found.append(replace(recorded, audit=_worked_out(ledger, recorded.audit)))
        else:  # the audit itself, as large again, stays closed
            revision = int(head.summary["revision"])
            found.append(Recorded(release, head.at, revision, head.digest, head.seq))
    return found


def _key(audit: Audit) -> str:
    return f"{audit.digest}|{RULES}"
