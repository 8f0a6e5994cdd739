"""What a finding of slow change says, in plain language: since when, which way and how far."""

from __future__ import annotations

from datetime import datetime

from monitors.audit import Finding, Verdict
from monitors.checks import facts
from monitors.words.figures import date, measured
from monitors.words.names import measure, raised, subject


def slowly(finding: Finding, who: str = "patients") -> str:
    r"""One sentence for somebody on the ward.

    >>> crept = Finding(metric="slow:wasserstein", family="drift", subject="lactate", verdict=Verdict.BEYOND,
    ...     unit="standard errors", value=4.4, margin=4.2, shift=0.15, since="2026-03-02T00:00:00Z")
    >>> slowly(crept)
    'Lactate has drifted slowly upward since 2 Mar 2026, by 0.150\xa0SD so far.'
    """
    what, watched = _what(finding, who), facts(finding.slow or finding.metric)
    if finding.since is None:
        if finding.verdict is Verdict.WITHIN:
            return f"{what} shows no slow change."
        return f"Whether {what[:1].lower()}{what[1:]} changes slowly cannot be told: {finding.reason}."
    since = date(datetime.fromisoformat(finding.since))
    if finding.shift is None:
        told = f"{what} has slowly moved away from the reference since {since}"
    else:
        way = "upward" if (finding.value or 0.0) > 0 else "downward"
        points = watched.unit.startswith("share")
        far = measured(abs(finding.shift), watched.unit, gap=points).lstrip("+")
        told = f"{what} has drifted slowly {way} since {since}, by {far} so far"
    return f"{told}, and is on its way back." if finding.verdict is Verdict.DIFFERENT else f"{told}."


def _what(finding: Finding, who: str) -> str:
    watched = finding.slow or finding.metric
    if finding.group is not None:
        return f"{measure(watched)} for {who} of {finding.subject} {finding.group}"
    if facts(watched).reads == "distance":
        ordered = facts(watched).ordered
        return raised(subject(finding)) if ordered else f"The mix of {subject(finding)}"
    named = measure(watched)
    return named if finding.subject in ("rows", "model", "") else f"{named}, {subject(finding)},"
