"""Which finding a reader has to see first, and for how many windows it has been so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors.audit import WORST_FIRST, Audit, Finding, Verdict

SEVERITIES = ("page", "ticket", "committee", "info")
RATIOS = ("rows",)  # measures whose margin is a share of the baseline, not a difference from it
SILENT = (Verdict.CANNOT_TELL, Verdict.WITHHELD, Verdict.FAILED)  # neither fire nor heal


def excess(finding: Finding) -> float:
    """How far the value is from where it ought to be, in margins; 0 where it cannot be said."""
    if finding.value is None or not finding.margin:
        return 0.0
    if finding.group is not None:
        return abs(finding.value) / finding.margin
    if finding.metric in RATIOS and finding.baseline:
        return abs(finding.value / finding.baseline - 1) / finding.margin
    return abs(finding.value - (finding.baseline or 0.0)) / finding.margin


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Verdict first, then who has to act, then how far beyond, then by name."""
    return sorted(
        findings,
        key=lambda f: (
            WORST_FIRST.index(f.verdict),
            SEVERITIES.index(f.severity),
            -excess(f),
            f.metric,
            f.subject,
            f.group or "",
        ),
    )


@dataclass(frozen=True, slots=True)
class Running:
    """For how many windows in a row a check has been beyond, and since which window's start."""

    windows: int
    since: datetime | None


def running(history: Sequence[Audit], key: tuple[str, str, str | None]) -> Running:
    """Walk back from the newest audit (the last); windows that cannot tell are passed over."""
    count, since = 0, None
    for audit in reversed(history):
        found = audit.finding(key)
        if found is None or found.verdict in SILENT or found.severity == "info":  # left out by the calendar
            continue
        if found.verdict is not Verdict.BEYOND:
            break
        count, since = count + 1, audit.window.start
    return Running(count, since)
