"""Sentences: what one finding means, filled into the forms that were agreed for a committee's page.

Whole numbers of every 100 people; "likely between" for an interval; no p-values, and no word that says
more than was measured.
"""

from __future__ import annotations

from dashboards.report.facts import LOSS, Facts, group_name, margin, measure
from monitors.audit import Finding, Verdict

# Of a measure: who is counted, and what becomes of them.
_SAID = {
    "true_positive_rate": ("who went on to have the outcome", "flagged"),
    "false_positive_rate": ("who did not have the outcome", "flagged"),
    "positive_predictive_value": ("who were flagged", "had the outcome"),
    "selection_rate": ("who were scored", "flagged"),
}


def about(facts: Facts, finding: Finding) -> str:
    """What a finding means, in the plain words of its verdict."""
    who = group_name(finding.subject, finding.group)
    match finding.verdict:
        case Verdict.WITHHELD:
            return f"{measure(finding.metric)}, {who}: too few people to report without risking someone being recognised. They are counted in the totals."
        case Verdict.CANNOT_TELL | Verdict.FAILED:
            return cannot(finding)
        case Verdict.WITHIN:
            return (
                f"Any difference in {measure(finding.metric).lower()} between {who} and everyone else is likely smaller "
                f"than the margin of {margin(finding)}."
            )
    return _seen(facts, finding)


def shortly(facts: Facts, finding: Finding) -> str:
    """A gap that is surely there, in one or two sentences for page 1."""
    if finding.metric not in _SAID or finding.level is None or finding.baseline is None:
        return about(facts, finding)
    who = group_name(finding.subject, finding.group)
    among, became = _SAID[finding.metric]
    past = (
        f"past the margin of {margin(finding)}"
        if finding.verdict is Verdict.BEYOND
        else "a gap of unclear size"
    )
    said = (
        f"Of every 100 people of {who} {among}, {finding.level * 100:.0f} {_were(became)}; "
        f"of everyone else, {finding.baseline * 100:.0f}: {past}."
    )
    held = facts.affected(finding)
    if held is None:
        return said
    what, value, low, high = held
    ends = sorted((abs(low), abs(high))) if low * high > 0 else [0.0, max(abs(low), abs(high))]
    more = "more" if value > 0 else "fewer"
    return f"{said} That is about {abs(value):.0f} {more} {what} per 1,000 of them (likely {ends[0]:.0f} to {ends[1]:.0f})."


def _seen(facts: Facts, finding: Finding) -> str:
    who = group_name(finding.subject, finding.group)
    if finding.metric not in _SAID or finding.level is None or finding.baseline is None:
        low, high = (f"{v:.2f}".replace("-", "−") for v in (finding.low or 0.0, finding.high or 0.0))
        return f"{measure(finding.metric)} for {who} differs from everyone else by {finding.value or 0:.2f}, likely between {low} and {high}.".replace(
            "-", "−"
        )
    among, became = _SAID[finding.metric]
    own = facts.own(finding.metric, finding.subject, finding.group)
    likely = ""
    if own is not None and own.low is not None and own.high is not None:
        likely = f" (likely between {own.low * 100:.0f} and {own.high * 100:.0f})"
    said = (
        f"Of every 100 people of {who} {among}, {finding.level * 100:.0f} {_were(became)}{likely}. "
        f"For everyone else it was {finding.baseline * 100:.0f}."
    )
    return f"{said} {_parts(facts, finding)}".strip()


def _were(became: str) -> str:
    return became if became.startswith("had") else f"were {became}"


def _parts(facts: Facts, finding: Finding) -> str:
    """How much of the gap the score itself makes, and what it comes to in people."""
    again = facts.recalibrated(finding.metric, finding.subject, finding.group or "")
    loss = facts.find(LOSS.get(finding.metric, ""), finding.subject, finding.group)
    said = []
    if (
        again is not None
        and loss is not None
        and loss.value is not None
        and loss.low is not None
        and loss.high is not None
    ):
        told = f"If the score were recalibrated for them it would be about {again * 100:.0f}"
        part = facts.miscalibrated(finding)
        if part is None:
            said.append(f"{told}; how much of the gap that explains cannot be told or shown.")
        elif part[1] <= 0 <= part[2]:
            said.append(f"{told}, but no part of the gap is surely the score's own.")
        else:
            points = round(abs(part[0]) * 100)
            way = "understates" if part[0] < 0 else "overstates"
            said.append(
                f"{told}: about {points} points are the score's own, which {way} their risk more than others'."
            )
    elif finding.metric in LOSS:
        said.append("How much of it the score itself makes cannot be told or shown.")
    held = facts.affected(finding)
    if held is not None:
        what, value, low, high = held
        more = "more" if value > 0 else "fewer"
        ends = sorted((abs(low), abs(high))) if low * high > 0 else (0.0, max(abs(low), abs(high)))
        said.append(
            f"That is about {abs(value):.0f} {more} people {what} per 1,000 scored (likely {ends[0]:.0f} to {ends[1]:.0f})."
        )
    return " ".join(said)


def cannot(finding: Finding) -> str:
    """Why it cannot be told, and what would tell it."""
    who = group_name(finding.subject, finding.group)
    needs = finding.needs or {}
    if finding.value is None or finding.margin is None:
        return f"{measure(finding.metric)}, {who}: {finding.reason or 'there is no value'}."
    said = f"We cannot say whether {measure(finding.metric).lower()} differs for {who}."
    if finding.n is not None:
        said += f" It rests on {finding.n:,} people; a gap of {margin(finding)} either way fits them."
    if n := needs.get("n"):
        said += f" About {int(n):,} would tell"
        windows = needs.get("windows")
        said += f", {int(windows)} periods at this volume." if windows else "."
    return said
