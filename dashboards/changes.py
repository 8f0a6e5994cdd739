"""What changed since the window before: verdicts that are others, checks that came or went, versions."""

from __future__ import annotations

from dataclasses import dataclass

from monitors.audit import WORST_FIRST, Audit, Finding, Verdict
from monitors.worst import SEVERITIES

UNTOLD = (Verdict.CANNOT_TELL, Verdict.WITHHELD)
ORDER = ("worse", "new", "no longer told", "better", "told again", "told no better", "gone")
TOLD = ("version", "stage", "config", "reference", "software")  # of an audit, beside its findings


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was. `what` is one of `ORDER`, or a fact's name."""

    what: str
    metric: str | None
    subject: str | None
    group: str | None
    was: str | None
    now: str | None
    finding: Finding | None = None


def changes(before: Audit | None, after: Audit) -> list[Change]:
    """Facts first, then checks that got worse, are new, got better or are gone; only shown ones left out."""
    if before is None:
        return []
    found = [
        Change(name, None, None, None, getattr(before, name), getattr(after, name))
        for name in TOLD
        if getattr(before, name) != getattr(after, name)
    ]
    was = {f.key: f for f in before.findings if f.severity != "info"}
    now = {f.key: f for f in after.findings if f.severity != "info"}
    moved = []
    for key, finding in now.items():
        earlier = was.get(key)
        if earlier is None:
            moved.append(_change("new", None, finding))
        elif earlier.verdict is not finding.verdict:
            moved.append(_change(_word(earlier.verdict, finding.verdict), earlier, finding))
    gone = [_change("gone", f, None) for key, f in was.items() if key not in now]
    return [*found, *sorted([*moved, *gone], key=_rank)]


def _word(was: Verdict, now: Verdict) -> str:
    """What became of a verdict; one that cannot be told is neither better nor worse.

    >>> _word(Verdict.WITHIN, Verdict.BEYOND), _word(Verdict.WITHIN, Verdict.WITHHELD)
    ('worse', 'no longer told')
    """
    if now in UNTOLD:
        return "told no better" if was in UNTOLD else "no longer told"
    worse = WORST_FIRST.index(now) < WORST_FIRST.index(was)
    if was in UNTOLD:
        return "told again" if now is Verdict.WITHIN else "worse"
    return "worse" if worse else "better"


def _change(what: str, before: Finding | None, after: Finding | None) -> Change:
    either = after or before
    assert either is not None  # noqa: S101  one of the two is given
    was, now = (str(f.verdict) if f else None for f in (before, after))
    return Change(what, either.metric, either.subject, either.group, was, now, either)


def _rank(change: Change) -> tuple[int, int, int, str]:
    finding = change.finding
    assert finding is not None  # noqa: S101  facts are not sorted
    order = ORDER.index(change.what)
    return order, SEVERITIES.index(finding.severity), WORST_FIRST.index(finding.verdict), finding.name
