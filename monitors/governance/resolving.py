"""Which margins a volume can resolve, told before the data are looked at.

From groups as large as they were in a period that everyone has seen, the reference, one can say
how wide an interval the planned period will leave, and so which question will come back "cannot
tell" whatever the truth is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitors.audit import Finding
from monitors.few import small
from monitors.governance.audit_plan import AuditPlan
from monitors.window import Window

FAR = timedelta(days=365 * 50)  # further off than anyone plans


@dataclass(frozen=True, slots=True)
class Flag:
    """A question that the period's volume cannot resolve for one group.

    `until` is when enough people will have been seen; None where that is too far off, or where so
    few are in the group that even this would tell how many.
    """

    question: str
    group: str
    margin: float
    until: datetime | None

    @property
    def said(self) -> str:
        """In a sentence."""
        when = f"until about {self.until:%B %Y}" if self.until else "for longer than anyone can plan"
        return (
            f"{self.question}, {self.group}: with your volumes a margin of {self.margin:g} will come back "
            f'"cannot tell" {when}'
        )

    def payload(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "question": self.question,
            "group": self.group,
            "margin": self.margin,
            "until": f"{self.until:%Y-%m}" if self.until else None,
        }


def flags(plan: AuditPlan, period: Window, seen: Sequence[Finding], over: Window) -> list[Flag]:
    """The questions that the period will not answer, judged by findings of an earlier stretch `over`."""
    return list(_flags(plan, period, seen, over))


def _flags(plan: AuditPlan, period: Window, seen: Sequence[Finding], over: Window) -> Iterator[Flag]:
    length = (over.end - over.start).total_seconds()
    share = (period.end - period.start).total_seconds() / length
    for finding in seen:
        question = plan.asks(finding)
        if question is None or finding.group is None:
            continue
        wanted = needed(finding, question.margin)
        if wanted is not None and (finding.n or 0) * share >= wanted:
            continue
        until = None
        if wanted is not None and finding.n and not small(finding.n):
            lasts = timedelta(seconds=min(length * wanted / finding.n, FAR.total_seconds()))
            until = period.start + lasts if lasts < FAR else None
        yield Flag(question.name, finding.group, question.margin, until)


def needed(finding: Finding, margin: float) -> int | None:
    """People in the denominator at whom the interval's half is the margin; None where nothing is known.

    Half an interval shrinks with the root of the number of people. At exactly this number a group
    without any gap comes out within its margin about every other time, so twice as many are asked for.

    >>> from monitors.audit import Verdict
    >>> seen = Finding(metric="true_positive_rate", family="fairness", subject="race", group="b", unit="",
    ...                verdict=Verdict.CANNOT_TELL, n=100, low=-0.2, high=0.2)
    >>> needed(seen, 0.1)
    800
    """
    if finding.low is None or finding.high is None or not finding.n:
        return None
    half = (finding.high - finding.low) / 2
    return max(30, math.ceil(2 * finding.n * (half / margin) ** 2))
