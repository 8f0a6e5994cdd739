"""Standing in: which of a group, its pool and its period people see, where not all of them can be shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from monitors.audit import Finding, Verdict
from monitors.told import FLOOR, Release, telling


def waiting(findings: Sequence[Finding]) -> set[int]:
    """Findings that say nothing yet of groups too small for one window: held back for the whole period.

    Shown window by window, the last one would follow from the period, which then could not be told.
    """
    return {i for i, f in enumerate(findings) if _counted_again(f) and _few(f)}


def _counted_again(finding: Finding) -> bool:
    own = finding.group is not None and finding.holds is None
    return own and finding.needs is not None and "pooled_windows" in finding.needs


def _few(finding: Finding) -> bool:
    """Whether it shows a count of 1 to 10, or one so near that another window of the period may."""
    counts = (finding.n, finding.events, (finding.n or 0) - (finding.events or 0))
    return telling(finding) or any(count is not None and 0 < count < 2 * FLOOR for count in counts)


def unsure(
    findings: Sequence[Finding], hidden: Collection[int], alone: Collection[str], earlier: Sequence[Release]
) -> set[int]:
    """Pools and periods to hide of measures looked at `alone`, whose people no other measure counts.

    There a pool is shown with none of its members, a period with none of its windows.
    """
    own = {
        (f.metric, f.subject, f.group) for i, f in enumerate(findings) if f.holds is None and i not in hidden
    }
    before = {
        (f.metric, f.subject, f.group)
        for release in earlier
        for f in release.shown.findings
        if f.verdict is not Verdict.WITHHELD
    }
    return {
        i
        for i, f in enumerate(findings)
        if f.holds and f.metric in alone
        and any((f.metric, f.subject, member) in own | (before if f.over else set()) for member in f.holds)
    }  # fmt: skip


def preferred(findings: Sequence[Finding]) -> list[Finding]:
    """Findings as withheld, each withheld part giving way to what is shown of it in a pool or a period.

    A pool stands for its withheld members also where it is withheld itself.
    """
    shown = {
        (f.metric, f.subject, member)
        for f in findings
        if f.holds and f.verdict is not Verdict.WITHHELD
        for member in f.holds
    }
    closed = {(f.metric, f.subject, f.group) for f in findings if f.verdict is Verdict.WITHHELD}
    kept, named = [], set()
    for finding in findings:
        places = {(finding.metric, finding.subject, member) for member in finding.holds or ()}
        if finding.verdict is Verdict.WITHHELD and finding.holds:
            if finding.over or len((places & closed) - shown) < 2:
                continue
            named |= places
        kept.append(_true_of(finding, shown))
    stood_for = shown | named
    return [
        f
        for f in kept
        if f.holds or f.verdict is not Verdict.WITHHELD or (f.metric, f.subject, f.group) not in stood_for
    ]


def _true_of(finding: Finding, shown: Collection[tuple[str, str, str]]) -> Finding:
    """What a period would give is not told where the period itself is withheld."""
    if not finding.needs or "pooled_n" not in finding.needs:
        return finding
    if (finding.metric, finding.subject, finding.group) in shown:
        return finding
    needs = {key: value for key, value in finding.needs.items() if key not in ("pooled_n", "tells")}
    return replace(finding, needs=needs)
