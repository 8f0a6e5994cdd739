"""What could not be read of a window: a failed finding for each column, so that silence is never health."""

from __future__ import annotations

from collections.abc import Iterator

from monitors.audit import Finding, Verdict
from monitors.profile import Profile


def unreadable(profile: Profile) -> Iterator[Finding]:
    """What could not be counted at all, said aloud."""
    for subject, reason in profile.unreadable.items():
        yield Finding(
            metric="readable",
            family="quality",
            subject=subject or "rows",
            unit="column",
            verdict=Verdict.FAILED,
            reason=reason,
            severity="ticket",
            action="Mend the column, or the model's file.",
        )
