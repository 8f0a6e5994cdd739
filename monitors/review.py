"""The alert review: a month of alerts by rule, and what to change so that people keep reading them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from monitors.acting import Held

LAST = 10  # firings a proposal rests on
WORTH = 0.5  # below this share of firings that led to something, a rule is proposed for less
_LESS = {"page": "a ticket", "ticket": "the daily digest", "committee": "the daily digest"}


@dataclass(frozen=True, slots=True)
class Line:
    """One rule's month.

    Attributes:
        rule: the measure, and whether between groups; severity: who it calls.
        fired: times it told somebody; trial: times it would have, were it not on trial.
        acted: somebody took it; alone: it was over without; again: the same check within the month.
        useless: somebody said it should not have come.
        answer, open_for: medians until somebody took it, and until it was over.
        actionable: of those that fired, how many were taken and not called useless.
        proposal: what to change; a person decides.
    """

    rule: str
    severity: str
    fired: int
    trial: int
    acted: int
    alone: int
    again: int
    useless: int
    answer: timedelta | None
    open_for: timedelta | None
    actionable: float | None
    proposal: str


def month_of(text: str) -> tuple[datetime, datetime]:
    """A month's two ends. Raises ValueError with the remedy.

    >>> [f"{end:%Y-%m-%d}" for end in month_of("2026-12")]
    ['2026-12-01', '2027-01-01']
    """
    try:
        start = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        return start, (start + timedelta(days=32)).replace(day=1)
    except (ValueError, OverflowError):  # the last month there is has no next
        raise ValueError(f"must be a month such as 2026-11 (got {text[:20]!r})") from None


def review(alerts: Sequence[Held], start: datetime, end: datetime) -> list[Line]:
    """A line a rule, those that fired most first."""
    by_rule: dict[tuple[str, str], list[Held]] = {}
    for alert in sorted(alerts, key=lambda held: held.raised):
        if alert.raised < end:
            by_rule.setdefault((rule(alert), alert.notice.severity), []).append(alert)
    lines = [
        _line(name, severity, [held for held in known if held.raised >= start], known)
        for (name, severity), known in by_rule.items()
        if known[-1].raised >= start
    ]
    return sorted(lines, key=lambda line: (-line.fired, -line.trial, line.rule))


def rule(alert: Held) -> str:
    """What people know the rule by."""
    labels = alert.notice.labels
    name = labels.get("metric") or labels.get("alertname", "")
    return f"{name} by {labels['attribute']}" if labels.get("attribute") else name


def _line(name: str, severity: str, month: Sequence[Held], known: Sequence[Held]) -> Line:
    told = [held for held in month if not held.notice.silent]
    trial = len(month) - len(told)
    taken = [held for held in told if held.acknowledged is not None]
    closed = [held for held in told if held.closed is not None]
    checks = Counter(held.notice.check for held in told)
    return Line(
        rule=name,
        severity=severity,
        fired=len(told),
        trial=trial,
        acted=len(taken),
        alone=sum(held.acknowledged is None for held in closed),
        again=sum(count - 1 for count in checks.values()),
        useless=sum(held.not_useful is not None for held in told),
        answer=_median(held.acknowledged.at - held.raised for held in taken if held.acknowledged),
        open_for=_median(held.closed - held.raised for held in closed if held.closed),
        actionable=_share(told),
        proposal=_proposal(severity, trial, [held for held in known if not held.notice.silent][-LAST:]),
    )


def _share(told: Sequence[Held]) -> float | None:
    if not told:
        return None
    return sum(held.acknowledged is not None and held.not_useful is None for held in told) / len(told)


def _median(times: Iterable[timedelta]) -> timedelta | None:
    found = [time.total_seconds() for time in times]
    return timedelta(seconds=median(found)) if found else None


def _proposal(severity: str, trial: int, last: Sequence[Held]) -> str:
    if trial:
        return f"on trial: it would have told {trial} {'time' if trial == 1 else 'times'}"
    if len(last) < LAST:
        return f"none: {len(last)} of the {LAST} firings it takes to say"
    share = _share(last) or 0.0
    if share >= WORTH:
        return "none"
    less = _LESS.get(severity, "nobody")
    return f"tell {less} instead: {share:.0%} of its last {LAST} firings led to something"
